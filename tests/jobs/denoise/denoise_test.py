"""rankwise denoise: planted wrong ratings are found, what is found leaves the training part and nothing else, the same bytes on any ranks and
threads, and nobody removes what helps without a warning."""
import csv
import json
import pathlib
import tempfile
import unittest

import h5py
import numpy as np
import scipy.sparse

from program import run

RATINGS = ["--objective", "explicit", "--biases", "--factors", "4", "--epochs", "4", "--folds", "3"]
SHOP = ["--factors", "6", "--epochs", "3", "--folds", "2"]


def matrix(path, name="interactions"):
    with h5py.File(path) as file:
        group = file[name]
        return scipy.sparse.csr_matrix((group["data"][:], group["indices"][:], group["indptr"][:]), shape=group.attrs["shape"])


def contents(path):
    """All datasets but digests, and all attributes but those of the run that wrote the file."""
    free = {"configuration", "version", "metadata-digest", "source-digest", "source-configuration"}
    found = {}

    def add(name, thing):
        if name.startswith("digests"):
            return
        for key, value in thing.attrs.items():
            if key not in free:
                found[f"{name}@{key}"] = np.asarray(value).tolist()
        if isinstance(thing, h5py.Dataset):
            found[name] = (str(thing.dtype), repr(thing[()].tolist()))  # equal NaN, too

    with h5py.File(path) as file:
        add("/", file)
        file.visititems(add)
    return found


class DenoiseTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.shared = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.shared.cleanup)
        cls.data = pathlib.Path(cls.shared.name)
        for command in (
                "synthesize --kind ratings --users 450 --items 80 --interactions 9000 --wrong-ratings 0.06 --output r.csv --wrong-ratings-truth wrong.csv",
                "prepare --input r.csv --split random:0.1 --validation random:0.1 --output r.h5",
                "synthesize --users 200 --items 80 --interactions 3000 --output s.csv",
                "prepare --input s.csv --duplicates sum --split random:0.15 --output s.h5"):
            done = run([*command.split(), "--quiet"], cwd=cls.data)
            assert done.code == 0, done

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def denoise(self, data, *options, ranks=1, code=0):
        arguments = ["denoise", "--data", self.data / data, "--output", self.folder / "c.h5", "--quarantine", self.folder / "q.csv", "--report",
                     self.folder / "c.json", *options]
        done = run(arguments, ranks=ranks)
        self.assertEqual(done.code, code, done)
        return done

    def found(self):
        return list(csv.DictReader((self.folder / "q.csv").read_text().splitlines()))

    def report(self):
        return json.loads((self.folder / "c.json").read_text())

    def outputs(self):
        return [(self.folder / name).read_bytes() for name in ("c.h5", "q.csv", "c.json")]

    def test_planted_wrong_ratings_are_found(self):
        self.denoise("r.h5", *RATINGS, "--threshold", "2.5", "--truth", self.data / "wrong.csv")
        with h5py.File(self.data / "r.h5") as file:
            users, items = file["users/ids"][:], file["items/ids"][:]
        before = matrix(self.data / "r.h5").tocoo()
        training = {(int(users[u]), int(items[i])) for u, i in zip(before.row, before.col)}
        wrong = {(int(row["user_id"]), int(row["item_id"])) for row in csv.DictReader((self.data / "wrong.csv").read_text().splitlines())}
        found = {(int(row["user_id"]), int(row["item_id"])) for row in self.found()}
        truth = self.report()["truth"]
        self.assertEqual(truth["listed"], len(wrong))
        self.assertEqual(truth["in_training"], len(wrong & training))
        self.assertEqual(truth["hits"], len(wrong & found))
        self.assertAlmostEqual(truth["precision"], len(wrong & found) / len(found))
        self.assertAlmostEqual(truth["recall"], len(wrong & found) / len(wrong & training))
        self.assertGreater(truth["precision"], 0.5)  # 0.06 by chance
        self.assertGreater(truth["recall"], 0.25)
        scale = self.report()["scale"]
        for row in self.found():
            z = (float(row["value"]) - float(row["prediction"])) / scale
            self.assertAlmostEqual(float(row["z"]), z, delta=1e-4)
            self.assertGreater(abs(z), 2.5)

    def test_what_is_found_leaves_the_training_part_and_nothing_else(self):
        self.denoise("r.h5", *RATINGS, "--threshold", "2.5")
        before, after = contents(self.data / "r.h5"), contents(self.folder / "c.h5")
        self.assertEqual(set(before), set(after))
        changed = {name.split("@")[0].split("/")[0] for name in before if before[name] != after[name]}
        self.assertEqual(changed, {"", "interactions", "interactions_by_item"})  # "": the digest
        with h5py.File(self.data / "r.h5") as old, h5py.File(self.folder / "c.h5") as new:
            self.assertEqual(new.attrs["source-digest"], old.attrs["dataset-digest"])
            self.assertEqual(new.attrs["source-configuration"], old.attrs["configuration"])
            users, items = list(old["users/ids"]), list(old["items/ids"])
        expected = matrix(self.data / "r.h5").tolil()
        for row in self.found():
            place = users.index(int(row["user_id"])), items.index(int(row["item_id"]))
            self.assertEqual(expected[place], float(row["value"]))
            expected[place] = 0
        self.assertEqual((expected.tocsr() != matrix(self.folder / "c.h5")).nnz, 0)
        self.assertEqual((matrix(self.folder / "c.h5").T.tocsr() != matrix(self.folder / "c.h5", "interactions_by_item")).nnz, 0)
        self.assertEqual(run(["verify", self.folder / "c.h5"]).code, 0)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["c.h5", "c.json", "q.csv"])

    def test_the_same_bytes_on_any_ranks_and_threads(self):
        for data, options in (("r.h5", [*RATINGS, "--threshold", "3"]), ("s.h5", [*SHOP, "--threshold", "80"])):
            with self.subTest(data):
                self.denoise(data, *options)
                expected = self.outputs()
                self.assertGreater(len(self.found()), 5)
                for ranks, threads in ((2, 1), (3, 2)):
                    self.denoise(data, *options, "--threads", threads, ranks=ranks)
                    self.assertEqual(self.outputs(), expected)

    def test_a_dataset_of_which_nothing_is_dropped_is_the_same(self):
        (self.folder / "log.csv").write_text("user,item,value,time,part\n" + "".join(
            f"u{k % 17},i{k * 7 % 13},{1 + k % 5},{1_600_000_000 + k * 9999 * (1 + k % 3)},{(k % 17 + k * 7 % 13) % 3}\n" for k in range(600)))
        columns = "user=user,item=item,value=value,time=time,fold=part"
        (self.folder / "items.csv").write_text("item,colour,price\n" + "".join(f"i{k},{'red' if k % 3 else 'blue'},{k}.5\n" for k in range(12)))
        (self.folder / "users.csv").write_text("user,city\n" + "".join(f"u{k},{'Ulm' if k % 2 else 'Bonn'}\n" for k in range(16)))
        key = self.folder / "key"
        key.touch(mode=0o600)
        key.write_text("6b" * 32 + "\n")
        tables = ["--items", self.folder / "items.csv", "--users", self.folder / "users.csv"]
        for split, validation, ranks in (("temporal:0.3", "temporal:0.2", 2), ("leave-last:2", "none", 1), ("users:0.3", "users:0.3", 3),
                                         ("random:0.2", "random:0.2", 1)):
            with self.subTest(split):
                done = run(["prepare", "--input", self.folder / "log.csv", "--columns", columns, "--duplicates", "max", "--repeats", "keep", "--split",
                            split, "--validation", validation, *tables, *(["--pseudonyms", key] if split == "random:0.2" else []), "--output", self.data / "parts.h5"])
                self.assertEqual(done.code, 0, done)
                done = self.denoise("parts.h5", "--objective", "explicit", "--factors", "2", "--epochs", "1", "--folds", "2", "--threshold", "1e6", ranks=ranks)
                self.assertIn("nothing found", done.out)
                self.assertEqual(self.report()["verdict"], "nothing found")
                before, after = contents(self.data / "parts.h5"), contents(self.folder / "c.h5")
                self.assertIn("items/table/price", before)
                self.assertEqual(before, after)

    def test_pairs_leave_all_that_holds_their_rows(self):
        (self.folder / "log.csv").write_text("user,item,value,time\n" + "".join(
            f"u{k % 17},i{k * 7 % 13},{1 + k * k % 5},{1_600_000_000 + k * 9999}\n" for k in range(500)))
        done = run(["prepare", "--input", self.folder / "log.csv", "--duplicates", "sum", "--split", "temporal:0.3", "--validation", "temporal:0.2",
                    "--repeats", "keep", "--output", self.data / "rows.h5"])
        self.assertEqual(done.code, 0, done)
        self.denoise("rows.h5", "--objective", "explicit", "--factors", "2", "--epochs", "2", "--folds", "2", "--threshold", "1", "--metrics", "mae")
        with h5py.File(self.data / "rows.h5") as file:
            users, items = [id.decode() for id in file["users/ids"]], [id.decode() for id in file["items/ids"]]
        pairs = {(users.index(row["user_id"]), items.index(row["item_id"])) for row in self.found()}
        self.assertGreater(len(pairs), 3)
        for name in ("log_rows", "heldout/repeated", "validation/repeated"):
            before, after = matrix(self.data / "rows.h5", name).tocoo(), matrix(self.folder / "c.h5", name).tocoo()
            kept = [(u, i, v) for u, i, v in zip(before.row, before.col, before.data) if (u, i) not in pairs]
            self.assertLess(len(kept), before.nnz, name)
            self.assertEqual(kept, list(zip(after.row, after.col, after.data)), name)
        model = self.folder / "m.h5"
        for part in ("all", "training+validation"):
            self.assertEqual(run(["als", "--data", self.folder / "c.h5", "--model", model, "--factors", "2", "--epochs", "1", "--train-on", part]).code, 0)

    def test_pairs_of_all_three_parts_stay(self):
        rows = [(f"u{k % 8}", f"i{k * 5 % 7}", 1 + k * k % 5, 1_600_000_000 + era * 10_000_000 + k * 1000) for era in range(3) for k in range(56)]
        (self.folder / "log.csv").write_text("user,item,value,time\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))
        done = run(["prepare", "--input", self.folder / "log.csv", "--duplicates", "sum", "--split", "temporal:0.34", "--validation", "temporal:0.5",
                    "--repeats", "keep", "--output", self.data / "eras.h5"])
        self.assertEqual(done.code, 0, done)
        self.denoise("eras.h5", "--objective", "explicit", "--factors", "2", "--epochs", "1", "--folds", "2", "--threshold", "0.3", ranks=2)
        report = self.report()
        self.assertGreater(report["spared_repeats"], 0)
        done = run(["als", "--data", self.folder / "c.h5", "--train-on", "all", "--factors", "2", "--epochs", "1", "--model", self.folder / "all.h5"])
        self.assertEqual(done.code, 0, done)

    def test_models_are_those_of_als_and_stay_in_a_folder_of_the_user(self):
        work = self.folder / "models"
        self.denoise("r.h5", *RATINGS, "--threshold", "3", "--work", work)
        expected = self.outputs()
        names = sorted(path.name for path in work.iterdir())
        self.assertEqual(names[1:4], ["fold-1.h5", "fold-2.h5", "fold-3.h5"])
        model = self.folder / "m.h5"
        plain = [option for option in RATINGS if option not in ("--folds", "3")]
        done = run(["als", "--data", self.data / "r.h5", "--model", model, *plain, "--fold", "interactions:2/3"])
        self.assertEqual(done.code, 0, done)
        self.assertEqual(model.read_bytes(), (work / "fold-2.h5").read_bytes())

        (work / "fold-2.h5").unlink()  # as if the run had been stopped
        done = self.denoise("r.h5", *RATINGS, "--threshold", "3", "--work", work)
        self.assertEqual(done.err.count("an earlier run has trained it"), 4)
        self.assertEqual(done.err.count("trains "), 1)
        self.assertEqual(self.outputs(), expected)
        done = self.denoise("r.h5", *RATINGS, "--threshold", "2", "--work", work)
        self.assertEqual(done.err.count("trains "), 1)  # the model of the cleaned dataset
        done = self.denoise("r.h5", *RATINGS, "--regularization", "0.2", "--work", work, code=2)
        self.assertIn("other data or settings", done.err)

    def test_cleaning_that_hurts_is_a_warning_under_quiet_too(self):
        done = self.denoise("s.h5", *SHOP, "--threshold", "30", "--quiet")  # most of what is right
        self.assertIn("rankwise: warning: cleaning hurts: ndcg@100", done.err)
        self.assertIn("cleaning hurts: ndcg@100", done.out)
        report = self.report()
        self.assertEqual(report["verdict"], "cleaning hurts")
        self.assertEqual(report["compared_on"], "heldout")
        first = report["metrics"][0]
        self.assertAlmostEqual(first["difference"], first["cleaned"] - first["as_it_is"])
        self.assertLess(first["interval"][1], 0)
        self.assertLess(first["interval"][0], first["difference"])

    def test_wrong_ratings_that_are_dropped_help(self):
        for command in ("synthesize --kind ratings --users 800 --items 120 --interactions 24000 --output clean.csv",
                        "synthesize --kind ratings --users 800 --items 120 --interactions 24000 --wrong-ratings 0.25 --output wrong.csv"):
            self.assertEqual(run([*command.split(), "--quiet"], cwd=self.folder).code, 0)
        clean, wrong = [(self.folder / name).read_text().splitlines() for name in ("clean.csv", "wrong.csv")]
        self.assertEqual(len(clean), len(wrong))
        # What is held out has no wrong ratings, so that it shows what the model has learned.
        held = [clean[k] if k % 5 == 0 else wrong[k] for k in range(1, len(clean))]
        (self.folder / "log.csv").write_text("user,item,rating,time\n" + "".join(
            f"{','.join(line.split(',')[:3])},{2_000_000_000 if k % 5 == 0 else 1_600_000_000}\n" for k, line in enumerate(held, start=1)))
        done = run(["prepare", "--input", self.folder / "log.csv", "--split", "temporal:0.25", "--output", self.data / "mixed.h5"])
        self.assertEqual(done.code, 0, done)
        done = self.denoise("mixed.h5", *RATINGS, "--threshold", "1.3")
        self.assertIn("warning: the comparison reads the held-out part", done.err)
        self.assertEqual(self.report()["verdict"], "cleaning helps", done)
        self.assertIn("cleaning helps: rmse", done.out)

    def test_implicit_interactions_are_dropped_or_count_less(self):
        self.denoise("s.h5", *SHOP, "--threshold", "80")
        for row in self.found():
            self.assertGreater(float(row["percentile"]), 80)
            self.assertLessEqual(float(row["percentile"]), 100)
            self.assertEqual(row["z"], "")
        dropped = len(self.found())
        self.assertEqual(matrix(self.folder / "c.h5").nnz, matrix(self.data / "s.h5").nnz - dropped)
        self.assertEqual(self.report()["metrics"][0]["metric"], "ndcg@100")

        self.denoise("s.h5", *SHOP, "--threshold", "80", "--weighting", "log", "--action", "weight", "--weight", "0.5")
        with h5py.File(self.data / "s.h5") as file:
            users, items = list(file["users/ids"]), list(file["items/ids"])
        expected = matrix(self.data / "s.h5").tolil()
        for row in self.found():
            expected[users.index(int(row["user_id"])), items.index(int(row["item_id"]))] *= 0.5
        self.assertEqual((expected.tocsr() != matrix(self.folder / "c.h5")).nnz, 0)

    def test_a_user_of_whom_nothing_would_be_left_keeps_all(self):
        self.denoise("r.h5", *RATINGS, "--threshold", "0.001")
        report = self.report()
        after = matrix(self.folder / "c.h5")
        self.assertEqual(np.count_nonzero(np.diff(after.indptr)), np.count_nonzero(np.diff(matrix(self.data / "r.h5").indptr)))
        self.assertGreater(report["spared_users"], 0)
        self.assertGreaterEqual(report["spared_interactions"], report["spared_users"])

    def test_what_makes_no_sense_is_refused(self):
        for words, options in (("--action weight: a rating has no weight", [*RATINGS, "--action", "weight"]),
                               ("--weighting linear or log", [*SHOP, "--action", "weight"]),
                               ("--weight has a meaning only", [*SHOP, "--weight", "0.5"]),
                               ("percentile", [*SHOP, "--threshold", "100"]),
                               ("robust deviations", [*RATINGS, "--threshold", "0"]),
                               ("only with --objective explicit", [*SHOP, "--metrics", "rmse"]),
                               ("one of accuracy", [*SHOP, "--metrics", "coverage@10"]),
                               ("--folds 1", ["--folds", "1"])):
            with self.subTest(words):
                self.assertIn(words, self.denoise("s.h5", *options, code=2).err)
        (self.folder / "few.csv").write_text("user_id,item_id\n1,2\n3\n")
        self.assertIn("few.csv: line 3: has 1 fields, expected 2", self.denoise("s.h5", *SHOP, "--truth", self.folder / "few.csv", code=65).err)
        (self.folder / "few.csv").write_text("item_id,rating\n1,2\n")
        self.assertIn("no column of users", self.denoise("s.h5", *SHOP, "--truth", self.folder / "few.csv", code=65).err)
        self.assertEqual(run(["prepare", "--input", self.data / "s.csv", "--duplicates", "sum", "--output", self.data / "whole.h5"]).code, 0)
        self.assertIn("holds nothing out", self.denoise("whole.h5", *SHOP, code=65).err)
        self.assertFalse((self.folder / "c.h5").exists())

    def test_what_cannot_be_compared_is_refused_before_any_training(self):
        for words, log, options in (("revenue@10: a held-out value is -", "{u},{i},{v},{t}", [*SHOP, "--metrics", "revenue@10"]),
                                    ("training has every pair that is to be found", "{u},{i},3,{t}", [*SHOP])):
            rows = [(u, i, t) for t in (1, 2) for u in range(20) for i in range(u % 5, 20, 3)]  # everything twice, the second time held out
            (self.folder / "log.csv").write_text("user,item,value,time\n" + "".join(
                log.format(u=u, i=i if t == 1 or "3" in log else i + 1, v=3 - 5 * (t == 2), t=t * 1_000_000_000) + "\n" for u, i, t in rows))
            done = run(["prepare", "--input", self.folder / "log.csv", "--duplicates", "sum", "--split", "temporal:0.5", "--repeats", "keep", "--min-total", "none",
                        "--output", self.data / "odd.h5"])
            self.assertEqual(done.code, 0, done)
            done = self.denoise("odd.h5", *options, "--work", self.folder / "models", code=65)
            self.assertIn(words, done.err)
            self.assertEqual([path for path in (self.folder / "models").glob("fold-*")], [])

    def test_ratings_without_spread_are_not_called_judged(self):
        (self.folder / "log.csv").write_text("user,item,rating\n" + "".join(f"{u},{i},3\n" for u in range(30) for i in range(12)))
        done = run(["prepare", "--input", self.folder / "log.csv", "--split", "random:0.2", "--output", self.data / "flat.h5"])
        self.assertEqual(done.code, 0, done)
        done = self.denoise("flat.h5", *RATINGS)
        self.assertIn("they have no spread", done.err)
        self.assertNotIn("judged by models", done.err)
        self.assertEqual(self.found(), [])

    def test_planted_wrong_ratings_are_listed_on_any_ranks(self):
        outputs = set()
        for ranks in (1, 3):
            done = run(["synthesize", "--kind", "ratings", "--users", "300", "--items", "80", "--interactions", "5000", "--wrong-ratings", "0.1",
                        "--output", self.folder / "w.csv", "--wrong-ratings-truth", self.folder / "t.csv", "--dirt-truth", self.folder / "d.csv"],
                       ranks=ranks)
            self.assertEqual(done.code, 0, done)
            outputs.add(tuple((self.folder / name).read_bytes() for name in ("w.csv", "t.csv", "d.csv")))
        self.assertEqual(len(outputs), 1)
        self.assertEqual(run(["synthesize", "--kind", "ratings", "--users", "300", "--items", "80", "--interactions", "5000", "--output",
                              self.folder / "clean.csv"]).code, 0)
        clean, wrong = [(self.folder / name).read_text().splitlines() for name in ("clean.csv", "w.csv")]
        self.assertEqual(len(clean), len(wrong))
        other = [k for k, (one, two) in enumerate(zip(clean, wrong), start=1) if one != two]
        lines = [int(row["line"]) for row in csv.DictReader((self.folder / "d.csv").read_text().splitlines())]
        self.assertEqual(other, lines)  # a wrong rating is another one
        self.assertEqual((self.folder / "t.csv").read_text().splitlines()[1:], [wrong[k - 1].rsplit(",", 1)[0] for k in other])
        self.assertTrue(0.07 < len(other) / len(clean) < 0.13)
        refused = ["synthesize", "--output", self.folder / "x.csv"]
        self.assertIn("--kind ratings", run([*refused, "--wrong-ratings", "0.1"]).err)
        self.assertIn("needs --wrong-ratings", run([*refused, "--wrong-ratings-truth", self.folder / "y.csv"]).err)


if __name__ == "__main__":
    unittest.main()
