"""What docs/FORMATS.md shows works: its examples run on files of the program, and its tables name all that files hold."""
import csv
import json
import os
import pathlib
import re
import tempfile
import unittest
import warnings

import anndata
import anndata.experimental
import h5py
import numpy as np
import scipy.sparse

from program import SOURCE, run

TEXT = (SOURCE / "docs/FORMATS.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", TEXT, re.S)
COMMANDS = re.findall(r"```sh\nrankwise (.*?)```", TEXT, re.S)


class FormatsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="rankwise-formats-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.run_all("synthesize --users 300 --items 120 --interactions 4000 --segments 4 --ids string --dirt 0.1 --kind purchases "
                    "--output log.csv --truth truth.h5")
        cls.write_tables()
        for command in COMMANDS:
            cls.run_all(command.replace("\\\n", " "))
        cls.run_all("campaign assign --campaign spring.ini --data baskets.h5 --key campaign.key --created 2023-09-01 --assignment spring.h5")
        cls.run_all("als --data shop.h5 --model model.h5 --factors 8 --epochs 2")
        cls.run_all("itemcf --data shop.h5 --model items.h5 --neighbours 5")
        cls.run_all("recommend --data shop.h5 --model model.h5 --top 3 --output recommendations.h5")
        cls.run_all("similar --model model.h5 --top 3 --data named.h5 --columns title --output similar.h5")
        cls.run_all("similar --model model.h5 --top 3 --rows users --output similar-users.h5")
        cls.run_all("export --model model.h5 --output exported.npz")
        cls.run_all("export --model items.h5 --output exported-items.npz")
        cls.run_all("prepare --input log.csv --missing skip --min-value 1 --split users:0.2 --duplicates max --output users.h5")
        cls.run_all("kmeans --input model.h5 --rows users --clusters 3 --scale standard --output clusters.h5")
        cls.run_all("als --data users.h5 --model taste.h5 --factors 4 --epochs 2")
        cls.run_all("evaluate --data users.h5 --model taste.h5 --metrics ndcg@100 --per-user user-metrics.h5")
        cls.run_all("als --data users.h5 --model biased.h5 --factors 4 --epochs 2 --objective explicit --biases")

    @classmethod
    def write_tables(cls):
        """A row for each id of the log that begins and ends without blanks."""
        with open(cls.folder / "log.csv", encoding="utf-8") as log:
            rows = list(csv.DictReader(log))
        users, items = (sorted({row[name] or "" for row in rows} - {""}) for name in ("user_id", "item_id"))
        (cls.folder / "items.csv").write_text("item,title,brand,price\n" + "".join(f'{i},"Title of {i}",{"AB"[n % 2]},{n}.5\n' for n, i in enumerate(items)))
        (cls.folder / "users.jsonl").write_text("".join(json.dumps({"user": u, "country": ["UK", "DE"][n % 2], "age": n}) + "\n" for n, u in enumerate(users)))

        (cls.folder / "spring.ini").write_text("[campaign]\nname = spring\nstart = 2023-10-01\nhorizon = 60d\nhold-out = 10%\n"
                                               "[offer tea]\nmargin = 5\nprobability = 0.2\ncapacity = 80\n")
        (cls.folder / "campaign.key").write_text("a key of this test alone")
        (cls.folder / "campaign.key").chmod(0o600)

    @classmethod
    def run_all(cls, command):
        done = run(command.split(), cwd=cls.folder)
        if done.code != 0:
            raise AssertionError(done)

    def setUp(self):
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)
        warnings.simplefilter("ignore")  # anndata's, on packages that it could also use

    def test_every_example_runs(self):
        self.assertGreaterEqual(len(EXAMPLES), 6)
        for example in EXAMPLES:
            with self.subTest(example):
                exec(example, {"h5py": h5py, "np": np, "scipy": scipy, "anndata": anndata})  # pylint: disable=exec-used

    def test_examples_give_what_they_say(self):
        found = {"h5py": h5py, "np": np, "scipy": scipy, "anndata": anndata}
        for example in EXAMPLES:
            exec(example, found)  # pylint: disable=exec-used
        with h5py.File("shop.h5") as dataset, h5py.File("model.h5") as model:
            users, items = len(dataset["users/ids"]), len(dataset["items/ids"])
            self.assertEqual(found["matrix"].shape, (users, items))
            self.assertEqual(found["scores"].shape, (items,))
            self.assertEqual(list(found["users"]), list(model["users/ids"].asstr()))
            # The best three unseen items by these scores are the first three recommendations.
            scores = found["scores"].copy()
            scores[found["matrix"][0].indices] = -np.inf
            best = dataset["items/ids"][:][np.argsort(-scores, kind="stable")[:3]]
            self.assertEqual(list(found["best"]), list(best))
        with h5py.File("clusters.h5") as clusters:
            self.assertEqual(len(found["largest"]), clusters["clusters/sizes"][:].max())
        with h5py.File("named.h5") as dataset:
            self.assertEqual(list(found["catalogue"].index), list(dataset["items/ids"].asstr()))
        self.assertTrue(all(found["catalogue"]["title"] == "Title of " + found["catalogue"].index))
        self.assertEqual(set(found["segment_of"].values()), set(range(4)))
        self.assertTrue(found["intact"])
        self.assertEqual(found["weights"].shape, (items, items))
        np.testing.assert_allclose(found["first_scores"], found["scores"], rtol=1e-4, atol=1e-6)
        self.assertEqual(len(found["exported_ids"]), items)
        self.assertEqual(found["weights"].getnnz(axis=0).max(), 5)
        self.assertEqual(len(found["basket_sizes"]), found["frequency"].sum())
        self.assertEqual(len(found["money"]), len(found["frequency"]))

    def test_tables_name_everything(self):
        named = set(re.findall(r"`(/[a-z_/]+)`", TEXT))
        attributes = set(re.findall(r"`([a-z_-]+)`", TEXT))
        for name in ["shop.h5", "named.h5", "users.h5", "model.h5", "items.h5", "baskets.h5", "biased.h5", "recommendations.h5", "similar.h5", "similar-users.h5",
                     "clusters.h5", "customers.h5", "scores.h5", "spring.h5", "truth.h5"]:
            with h5py.File(name) as file:
                seen = []
                file.visit(seen.append)
                tables = {path for path in seen if path.startswith("digests/") and isinstance(file[path], h5py.Dataset)}
                datasets = {path for path in seen if isinstance(file[path], h5py.Dataset)} - tables
                self.assertEqual(tables, {"digests/" + path for path in datasets}, name)
                for path in ("/" + path for path in seen):
                    if path.startswith("/digests/"):
                        self.assertLessEqual(set(file[path].attrs), {"rows"})
                        continue
                    parent, leaf = path.rsplit("/", 1)
                    table, inside, column = path.partition("/table/")
                    if inside:
                        table += "/table"
                        self.assertIn(table, named, name)
                        column, *of_category = column.split("/")
                        self.assertIn(column, ["_index", *file[table].attrs["column-order"]], f"{name} {path}")
                        self.assertIn(of_category, ([], ["codes"], ["categories"]), f"{name} {path}")
                        self.assertLessEqual(set(file[path].attrs), attributes, f"{name} {path}")
                        continue
                    if isinstance(file[path], h5py.Group) and path not in named:
                        self.assertTrue(any(known.startswith(path + "/") for known in named), f"{name} {path}")
                    elif leaf in ("data", "indices", "indptr", "time", "fold") and file[parent].attrs.get("encoding-type") in ("csr_matrix", "csc_matrix"):
                        self.assertIn(parent, named, name)
                    else:
                        self.assertIn(path, named, name)
                    self.assertLessEqual(set(file[path].attrs), attributes, f"{name} {path}")
                self.assertLessEqual(set(file.attrs), attributes, name)

    def test_the_configuration_attribute_repeats_the_run(self):
        for name, command in [("truth.h5", "synthesize --output again.csv --truth again.h5"),
                              ("shop.h5", "prepare --input log.csv --output again.h5"),
                              ("model.h5", "als --data shop.h5 --model again.h5"),
                              ("clusters.h5", "kmeans --input model.h5 --output again.h5")]:
            with h5py.File(name) as file:
                pathlib.Path("again.ini").write_text(file.attrs["configuration"])
            self.run_all(command + " --config again.ini")
            self.assertEqual(pathlib.Path("again.h5").read_bytes(), pathlib.Path(name).read_bytes(), name)
        self.assertEqual(pathlib.Path("again.csv").read_bytes(), pathlib.Path("log.csv").read_bytes())


if __name__ == "__main__":
    unittest.main()
