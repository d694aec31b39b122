"""A planted log whose best number of factors and regularization are known, for tests of sweeps, and what such sweeps record."""
import json

import numpy as np


def write_ratings(path, users=240, items=80, factors=4, noise=0.25, density=0.35, seed=3):
    """Ratings <x_u, y_i> + noise of so many planted factors: too few factors cannot hold them, and without regularization more
    than these fit the noise."""
    random = np.random.default_rng(seed)
    x, y = random.normal(size=(users, factors)), random.normal(size=(items, factors))
    ratings = 3 + x @ y.T / np.sqrt(factors) + noise * random.normal(size=(users, items))
    with open(path, "w") as file:
        file.write("user,item,rating\n")
        for user, item in zip(*np.nonzero(random.random((users, items)) < density)):
            file.write(f"{user},{item},{ratings[user, item]:.4f}\n")
    return path


def recorded(directory):
    """What a sweep's records say that may not depend on how they came about, by task."""
    found = {}
    for path in (directory / "records").glob("*.json"):
        record = json.loads(path.read_text())
        found[record["task"]] = (record["key"], record["metrics"], record["losses"], record["epochs"])
    return found
