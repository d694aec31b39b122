"""A shop with tables of users and items, on which models with features are trained."""
import hashlib
import pathlib
import random
import tempfile
import unittest

import h5py
import numpy as np

import numpy_als
from program import ranks_of_refusal, run

USERS, ITEMS = 90, 60
KINDS = {
    "implicit": (["--regularization", "0.01"], {"lambda": 0.01}),
    "implicit exponent": (["--regularization", "0.05", "--regularization-exponent", "0.5", "--weighting", "linear", "--alpha", "2",
                           "--unobserved-weight", "0.3"], {"lambda": 0.05, "nu": 0.5, "alpha": 2, "alpha0": 0.3}),
    "explicit": (["--objective", "explicit", "--regularization", "0.1"], {"lambda": 0.1}),
    "explicit biases": (["--objective", "explicit", "--biases", "--regularization", "0.1"], {"lambda": 0.1, "biases": True}),
}
USER_KINDS = {"city": "category", "age": "number"}
ITEM_KINDS = {"brand": "category", "price": "number", "title": "text"}
TITLES = ("Big Red pot", "small red cup", "BIG cup", "tea", "\u00c4pfel und Tee", "")


def write_shop(path):
    """A log in which cities buy brands; item 0 has more entries than one part of a row. Users and items above some number are
    held out whole by a column."""
    rng = random.Random(5)
    users = {f"u{u:03d}": {"city": rng.choice(["Rome", "Oslo", "Bern"]) if u % 9 else None, "age": rng.randint(18, 80) if u % 7 else None}
             for u in range(USERS)}
    items = {f"i{i:03d}": {"brand": rng.choice(["ajax", "bold", "cave"]), "price": round(rng.uniform(1, 90), 2) if i % 6 else None,
                           "title": rng.choice(TITLES)} for i in range(ITEMS)}
    items[f"i{ITEMS - 1:03d}"] = {"brand": None, "price": None, "title": None}  # nothing is known of it
    items[f"i{ITEMS - 2:03d}"] = {"brand": "delta", "price": 10.0, "title": "unheard of"}
    users[f"u{USERS - 1:03d}"] = {"city": "Lima", "age": None}  # nothing that training knows
    fits = {"Rome": "ajax", "Oslo": "bold", "Bern": "cave"}
    with open(path / "log.csv", "w") as log:
        log.write("user,item,value,part\n")
        for u, (user, of_user) in enumerate(users.items()):
            for i, (item, of_item) in enumerate(items.items()):
                likes = fits.get(of_user["city"]) == of_item["brand"]
                if rng.random() < (0.5 if likes else 0.12):
                    cold = u >= USERS - 12 or i >= ITEMS - 8
                    log.write(f"{user},{item},{rng.randint(3, 5) if likes else rng.randint(1, 4)},{'heldout' if cold else 'training'}\n")
    for name, table in (("people", users), ("goods", items)):
        columns = list(next(iter(table.values())))
        with open(path / f"{name}.csv", "w", encoding="utf-8") as file:
            file.write(",".join(["id", *columns]) + "\n")
            for key, row in table.items():
                file.write(",".join([key, *("" if row[c] is None else str(row[c]) for c in columns)]) + "\n")
    return users, items


class SideFeaturesCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        cls.users, cls.items = write_shop(cls.path)
        done = run(["prepare", "--input", cls.path / "log.csv", "--columns", "user=user,item=item,value=value,split=part", "--split", "column",
                    "--min-user-count", "1", "--min-item-count", "1", "--users", cls.path / "people.csv", "--user-types", "city=category,age=number",
                    "--items", cls.path / "goods.csv", "--item-types", "brand=category,price=number,title=text", "--output", cls.path / "data.h5"])
        assert done.code == 0, done

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def job(self, *args, code=0, ranks=None, **how):
        args = [str(self.path / arg[1:]) if str(arg).startswith("@") else str(arg) for arg in args]
        done = run(args, ranks=ranks or (ranks_of_refusal(self, code) if code else 1), **how)
        self.assertEqual(done.code, code, done)
        if code:
            self.assertEqual(len([line for line in done.our_lines if "warning" not in line]), 1, done)
        return done

    def train(self, name, *options, epochs=4, **how):
        return self.job("als", "--data", "@data.h5", "--model", f"@{name}", "--factors", "5", "--epochs", epochs, *options, **how)

    FEATURES = ("--user-features", "all", "--item-features", "brand,price,title", "--feature-penalty", "3")

    def ids(self, name, side):
        with h5py.File(self.path / name) as file:
            return list(file[f"{side}/ids"].asstr()[:])

    def digests(self, name):
        with h5py.File(self.path / name) as file:
            found = {}
            file.visititems(lambda key, value: found.update({key: hashlib.sha256(value[()].tobytes()).hexdigest()})
                            if isinstance(value, h5py.Dataset) and not key.startswith("digests") else None)
            return found

    def trained_rows(self):
        with h5py.File(self.path / "data.h5") as file:
            matrix = numpy_als.read_csr(file, "interactions")
        return np.diff(matrix.indptr) > 0, np.diff(matrix.tocsc().indptr) > 0

    def prepare_mixed_items(self):
        """mixed.h5: the same log, with a table whose rows are of other items, which says nothing."""
        lines = (self.path / "goods.csv").read_text().splitlines()
        keys, rest = [line.split(",", 1)[0] for line in lines[1:]], [line.split(",", 1)[1] for line in lines[1:]]
        random.Random(3).shuffle(rest)
        (self.path / "mixed.csv").write_text("\n".join([lines[0], *(",".join(row) for row in zip(keys, rest))]) + "\n")
        self.job("prepare", "--input", "@log.csv", "--columns", "user=user,item=item,value=value,split=part", "--split", "column", "--min-user-count", "1",
                 "--min-item-count", "1", "--users", "@people.csv", "--user-types", "city=category,age=number", "--items", "@mixed.csv", "--item-types",
                 "brand=category,price=number,title=text", "--output", "@mixed.h5")
