"""A small shop's log for tests: string users, integer items, tastes, times, repeatable."""
import numpy as np


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
