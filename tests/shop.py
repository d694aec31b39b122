"""A small shop's log for tests: string users, integer items, tastes, times, repeatable."""
import numpy as np

from program import run


def write_log(path, users=300, items=120, seed=1):
    random = np.random.default_rng(seed)
    taste = random.normal(size=(users, 4)) @ random.normal(size=(4, items)) + 1.2 * random.normal(size=items)
    with open(path, "w") as file:
        file.write("user_id,item_id,rating,timestamp\n")
        for user in range(users):
            count = 3 + int(random.exponential(20))
            order = np.argsort(-(taste[user] + random.gumbel(size=items)))[:count]
            for item in order:
                rating = int(np.clip(np.round(3 + taste[user, item] / 2 + random.normal() / 2), 1, 5))
                file.write(f"c{user:04d},{item * 7 + 3},{rating},{1_600_000_000 + int(random.integers(10_000_000))}\n")
    return path


def write_model(folder, users, items):
    """The paths of a dataset of folder/log.csv, a tenth of it held out, and of a small model of it."""
    data, model = folder / "data.h5", folder / "model.h5"
    for step in (["prepare", "--input", write_log(folder / "log.csv", users, items), "--split", "random:0.1", "--output", data],
                 ["als", "--data", data, "--factors", "4", "--epochs", "2", "--model", model]):
        done = run(step)
        assert done.code == 0, done
    return data, model
