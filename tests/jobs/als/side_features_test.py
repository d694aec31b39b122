"""`als --user-features --item-features`: equal to an independent numpy implementation, the same bits on any ranks, threads and
targets and after an interruption, cold users and items served, what goes wrong is told."""
import json
import pathlib
import random
import re
import shutil
import unittest

import h5py
import numpy as np

import numpy_als
from described_als import DescribedAls, Features
from side_features_case import ITEM_KINDS, KINDS, USER_KINDS, SideFeaturesCase


class SideFeaturesTest(SideFeaturesCase):
    def reference(self, objective, start, trained):
        tables = []
        for side, table, kinds, is_trained in (("users", self.users, USER_KINDS, trained[0]), ("items", self.items, ITEM_KINDS, trained[1])):
            rows = [table[key] for key in self.ids("data.h5", side)]
            tables.append(Features({c: [row[c] or None for row in rows] for c in kinds}, kinds, is_trained))
        with h5py.File(self.path / "data.h5") as file:
            matrix = numpy_als.read_csr(file, "interactions")
        return tables, DescribedAls(matrix, [tables[0].matrix, tables[1].matrix], start, objective)

    def test_equals_an_independent_implementation_from_the_same_start(self):
        trained = self.trained_rows()
        self.assertGreater((~trained[0]).sum(), 5)
        self.assertGreater((~trained[1]).sum(), 5)
        for kind, (options, objective) in KINDS.items():
            with self.subTest(kind=kind):
                self.train("start.h5", *options, epochs=0)
                start = numpy_als.read_model(self.path / "start.h5")[1]
                self.train("model.h5", *options, *self.FEATURES)
                users, items, user_biases, item_biases, attributes = numpy_als.read_model(self.path / "model.h5")
                objective = {**objective, "penalty": 3}
                if "implicit" in kind:
                    objective["alpha0"] = float(attributes["unobserved-weight"])
                tables, reference = self.reference(objective, start, trained)
                reference.train(4)
                served = [reference.served(side, tables[side].known) for side in (0, 1)]
                if "biases" in kind:
                    users, items = np.column_stack([users, user_biases]), np.column_stack([items, item_biases])
                for side, (actual, expected) in enumerate(((users, served[0]), (items, served[1]))):
                    self.assertLess(np.abs(actual - expected).max(), 3e-4 * np.abs(expected).max())
                    cold = ~trained[side]
                    self.assertTrue((np.abs(actual[cold & tables[side].known]).max(axis=1) > 0).all())
                    self.assertTrue((actual[cold & ~tables[side].known] == 0).all())
                with h5py.File(self.path / "model.h5") as file:
                    losses = file["history/loss"][:]
                    for side, name in enumerate(("user-features", "item-features")):
                        self.assertEqual(list(file[name]["names"].asstr()[:]), tables[side].names)
                        self.assertLess(np.abs(file[name]["weights"][:] - reference.maps[side]).max(), 3e-4 * np.abs(reference.maps[side]).max())
                        self.assertAlmostEqual(file[name].attrs["penalty"], reference.penalty(side), delta=1e-6 * reference.penalty(side))
                np.testing.assert_allclose(losses, reference.losses, rtol=2e-5)
                self.assertTrue((np.diff(losses) <= 1e-9 * losses[0]).all())

    def test_same_bits_on_any_ranks_threads_and_simd_targets(self):
        flags = pathlib.Path("/proc/cpuinfo").read_text().split()
        targets = [target for target, flag in (("avx512", "avx512bw"), ("avx2", "avx2")) if flag in flags] or ["auto"]
        for kind in ("implicit", "explicit biases"):
            expected = None
            for ranks, threads, simd in [(1, 1, targets[0]), (1, 2, targets[-1]), (2, 1, "auto"), (3, 2, "auto"), (5, 1, "auto")]:
                with self.subTest(kind=kind, ranks=ranks, threads=threads, simd=simd):
                    self.train("bits.h5", *KINDS[kind][0], *self.FEATURES, "--threads", threads, "--simd", simd, ranks=ranks)
                    expected = expected or self.digests("bits.h5")
                    self.assertEqual(self.digests("bits.h5"), expected)

    def test_a_resumed_training_has_the_same_bits(self):
        options = (*KINDS["implicit"][0], *self.FEATURES)
        self.train("whole.h5", *options, epochs=6)
        shutil.rmtree(self.path / "kept", ignore_errors=True)
        self.train("part.h5", *options, "--checkpoint", "@kept", "--checkpoint-every", "1", epochs=3)
        self.train("resumed.h5", *options, "--checkpoint", "@kept", "--resume", "auto", epochs=6, ranks=3)
        self.assertEqual(self.digests("resumed.h5"), self.digests("whole.h5"))
        done = self.train("refused.h5", *options[:-1], "4", "--checkpoint", "@kept", "--resume", "auto", epochs=6, code=65)
        self.assertIn("feature-penalty", done.err)
        self.prepare_mixed_items()
        done = self.job("als", "--data", "@mixed.h5", "--model", "@refused.h5", "--factors", "5", "--epochs", "6", *options, "--checkpoint", "@kept", code=65)
        self.assertIn("its features are from tables of the digest", done.err)

    def test_memory_beyond_the_budget_is_said(self):
        done = self.train("features.h5", *self.FEATURES, "--memory-budget", "64MiB", "--log-json", "@log.jsonl", "--quiet")
        self.assertIn("warning: each rank holds", done.err)
        events = [json.loads(line) for line in (self.path / "log.jsonl").read_text().splitlines()]
        widths = [(event["features"], event["matrix_bytes"]) for event in events if event["event"] == "features"]
        self.assertEqual([bytes for _, bytes in widths], [4 * width * (width + 1) for width, _ in widths])
        self.assertNotIn("warning: each rank", self.train("plain.h5", "--memory-budget", "64MiB").err)

    def test_same_bits_where_rows_are_shared_and_come_in_batches(self):
        rng = random.Random(7)
        with open(self.path / "lopsided.csv", "w") as log:  # item 0 has half of all entries: more than a part of a row
            log.write("user,item\n")
            for user in range(12000):
                log.write(f"{user},0\n" + (f"{user},{1 + rng.randrange(400)}\n" if user % 3 == 0 else ""))
        with open(self.path / "lopsided-goods.csv", "w") as file:
            file.write("id,shelf,price\n" + "".join(f"{i},s{i % 9},{i % 31}\n" for i in range(401)))
        with open(self.path / "lopsided-people.csv", "w") as file:
            file.write("id,town\n" + "".join(f"{i},t{i % 13}\n" for i in range(12000)))
        self.job("prepare", "--input", "@lopsided.csv", "--items", "@lopsided-goods.csv", "--item-types", "shelf=category,price=number", "--users",
                 "@lopsided-people.csv", "--user-types", "town=category", "--output", "@lopsided.h5")
        options = ["als", "--data", "@lopsided.h5", "--factors", "96", "--epochs", "3", "--item-features", "all", "--user-features", "all"]
        for kind in (["--weighting", "log", "--alpha", "2"], []):
            self.job(*options, *kind, "--model", "@lopsided1.h5")
            expected = self.digests("lopsided1.h5")
            for ranks, threads in ((3, 1), (1, 2)):
                with self.subTest(kind=kind, ranks=ranks, threads=threads):
                    done = self.job(*options, *kind, "--model", "@lopsided2.h5", "--threads", threads, "--log-json", "@lopsided.jsonl", ranks=ranks)
                    self.assertEqual(self.digests("lopsided2.h5"), expected)
                    events = [json.loads(line) for line in (self.path / "lopsided.jsonl").read_text().splitlines()]
                    self.assertEqual(any(event["event"] == "shared_rows" for event in events), ranks == 3, done)

    def test_same_bits_where_rows_come_in_batches(self):
        self.job("synthesize", "--shape", "shop", "--users", "6000", "--items", "3000", "--interactions", "60000", "--output", "@wide.csv")
        with open(self.path / "wide-goods.csv", "w") as file:
            file.write("id,shelf,price\n" + "".join(f"{i},s{i % 9},{i % 31}\n" for i in range(1, 3001)))
        self.job("prepare", "--input", "@wide.csv", "--columns", "user=user_id,item=item_id", "--split", "items:0.2", "--items", "@wide-goods.csv",
                 "--item-types", "shelf=category,price=number", "--output", "@wide.h5")
        options = ["als", "--data", "@wide.h5", "--factors", "300", "--epochs", "2", "--item-features", "all", "--node-sharing", "off", "--threads", "1"]
        self.job(*options, "--model", "@wide1.h5")
        for ranks in (1, 3):
            refused = self.job(*options, "--model", "@wide2.h5", "--memory-budget", "1MiB", code=2, ranks=ranks)
            least = float(re.search("one rank takes ([0-9.]+) MiB; expected", refused.err).group(1)) * 1.048576
            self.job(*options, "--model", "@wide2.h5", "--memory-budget", f"{least + 1.6:.2f}MB", "--log-json", "@wide.jsonl", ranks=ranks)
            self.assertEqual(self.digests("wide2.h5"), self.digests("wide1.h5"))
            (batches,) = [event for event in map(json.loads, (self.path / "wide.jsonl").read_text().splitlines()) if event["event"] == "batches"]
            self.assertGreater(max(batches["users"], batches["items"]), 1)

    def test_a_sweep_compares_columns_and_penalties(self):
        self.job("sweep", "plan", "@search", "--data", "@data.h5", "--item-features", "brand+price,title", "--feature-penalty", "1,10", "--factors", "2",
                 "--epochs", "1", "--validation", "interactions:2", "--optimize", "ndcg@10", "--calibrate", "0")
        plan = json.loads((self.path / "search/plan.json").read_text())
        self.assertEqual(len(plan["trials"]), 4)
        self.assertEqual({trial["point"]["item-features"] for trial in plan["trials"]}, {"brand+price", "title"})
        self.job("sweep", "run", "@search", "--cores", "1")
        # Records of other tables are not taken over, and tables do not change beneath a plan.
        self.prepare_mixed_items()
        search = ["--item-features", "brand+price,title", "--feature-penalty", "1,10", "--factors", "2", "--epochs", "1", "--validation", "interactions:2",
                  "--optimize", "ndcg@10", "--calibrate", "0", "--reuse", "@search"]
        self.assertIn("8 of 8 records are taken over", self.job("sweep", "plan", "@again", "--data", "@data.h5", *search).err)
        self.assertIn("0 of 8 records are taken over", self.job("sweep", "plan", "@mixed", "--data", "@mixed.h5", *search).err)
        done = self.job("sweep", "run", "@search", "--cores", "1", "--data", "@mixed.h5", code=65, ranks=1)
        self.assertIn("has other tables than this sweep was planned on", done.err)
        self.train("both.h5", "--item-features", "brand+price")
        self.train("comma.h5", "--item-features", "brand,price")
        self.assertEqual(self.digests("both.h5"), self.digests("comma.h5"))

    def test_columns_are_hashed_beyond_the_width(self):
        done = self.train("hashed.h5", *KINDS["implicit"][0], "--item-features", "title,brand", "--feature-width", "3")
        self.assertIn("hashed", done.err)
        with h5py.File(self.path / "hashed.h5") as file:
            group = file["item-features"]
            self.assertEqual(list(group["kinds"].asstr()[:]), ["hashed words", "categories"])
            self.assertEqual(list(group["buckets"][:]), [3, 0])
            self.assertEqual(group["weights"].shape[0], 1 + 3 + 1 + 3)  # the constant, buckets, missing titles, brands
        self.train("hashed3.h5", *KINDS["implicit"][0], "--item-features", "title,brand", "--feature-width", "3", ranks=3)
        self.assertEqual(self.digests("hashed.h5"), self.digests("hashed3.h5"))
        self.job("verify", "@hashed.h5")

    def test_bad_input_gets_one_line_and_leaves_nothing(self):
        self.job("prepare", "--input", "@log.csv", "--columns", "user=user,item=item,value=value", "--output", "@bare.h5")
        for code, words, options in (
                (65, "holds no table of items, which --item-features needs; expected a dataset of prepare --items FILE", ["--item-features", "brand", "--data", "@bare.h5"]),
                (2, "--item-features: the table has no column 'colour'; expected some of 'brand', 'price', 'title'", ["--item-features", "colour"]),
                (2, "a name is given twice", ["--item-features", "brand,brand"]),
                (2, "a name is empty", ["--item-features", "brand,"]),
                (2, "--feature-width has a meaning only with", ["--feature-width", "10"]),
                (2, "--feature-penalty has a meaning only with", ["--feature-penalty", "10"]),
                (2, "--feature-penalty 0: expected a number from", ["--item-features", "brand", "--feature-penalty", "0"]),
                (2, "--feature-penalty: 'nan' does not fit; expected a number", ["--item-features", "brand", "--feature-penalty", "nan"]),
                (2, "--feature-width 4096: expected a number from 2 to 4095", ["--item-features", "brand", "--feature-width", "4096"]),
                (2, "need --solver auto or primal", ["--item-features", "brand", "--solver", "cg"]),
                (2, "need --solver auto or primal", ["--user-features", "age", "--solver", "dual"]),
                (2, "need a --regularization above 0", ["--item-features", "brand", "--regularization", "0"])):
            with self.subTest(words=words):
                data = [] if "--data" in options else ["--data", "@data.h5"]
                done = self.job("als", *data, "--model", "@refused.h5", "--factors", "2", *options, code=code)
                self.assertIn(words, done.err)
                self.assertFalse((self.path / "refused.h5").exists())

    def test_forged_features_are_refused(self):
        self.train("forged.h5", *KINDS["implicit"][0], *self.FEATURES)
        forgeries = {
            "weights: row 0 holds a value that is not finite": lambda group: group["weights"].__setitem__((0, 0), np.nan),
            "kinds: holds a word that is none of the known ones": lambda group: group["kinds"].__setitem__(0, b"magic"),
            "deviations: holds a value that is not above 0": lambda group: group["deviations"].__setitem__(0, 0.0),
            "means: holds a value that is not finite": lambda group: group["means"].__setitem__(0, np.inf),
            "labels-in-column: counts more labels than labels has": lambda group: group["labels-in-column"].__setitem__(0, 4000),
            "labels-in-column: holds -1": lambda group: group["labels-in-column"].__setitem__(0, -1),
            "labels: those of a column do not ascend": lambda group: group["labels"].__setitem__(0, b"zzz"),
            "buckets: row 0 does not fit": lambda group: group["buckets"].__setitem__(0, 5),
            "attribute penalty": lambda group: group.attrs.__setitem__("penalty", np.nan),
        }
        for words, forge in forgeries.items():
            with self.subTest(words=words):
                shutil.copy(self.path / "forged.h5", self.path / "copy.h5")
                with h5py.File(self.path / "copy.h5", "r+") as file:
                    forge(file["item-features"])
                done = self.job("evaluate", "--data", "@data.h5", "--model", "@copy.h5", "--verify-inputs", "no", code=65)
                self.assertIn(words, done.err)

    def test_columns_that_say_nothing_are_left_out(self):
        with open(self.path / "dull.csv", "w") as file:
            file.write("id,brand,weight,shape\n")
            for key, row in self.items.items():
                file.write(f"{key},{row['brand'] or ''},7,\n")
        self.job("prepare", "--input", "@log.csv", "--columns", "user=user,item=item,value=value,split=part", "--split", "column", "--min-user-count", "1",
                 "--min-item-count", "1", "--items", "@dull.csv", "--item-types", "brand=category,weight=number,shape=category", "--output", "@dull.h5")
        done = self.job("als", "--data", "@dull.h5", "--model", "@dull-model.h5", "--factors", "2", "--item-features", "all", "--quiet")
        self.assertIn("2 columns have one value or none in the training and are left out: weight, shape", done.err)
        done = self.job("als", "--data", "@dull.h5", "--model", "@none.h5", "--factors", "2", "--item-features", "weight", "--quiet", code=65)
        self.assertIn("no column has two values in the training", done.err)


if __name__ == "__main__":
    unittest.main()
