"""Folds that `prepare --folds` puts into a dataset: rolling ones, those of whole users, and sweeps over them."""
import json
import pathlib
import random
import tempfile
import unittest

import h5py
import numpy as np

from program import run

CUTS = (1_600_400_000, 1_600_900_000, 1_601_300_000)


class PreparedFoldsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        draw = random.Random(9)
        cls.rows = [(draw.randrange(80), draw.randrange(40), 1, 1_600_000_000 + draw.randrange(20) * 86_400) for _ in range(1800)]
        cls.latest = {}
        for user, item, _, time in cls.rows:
            cls.latest[user, item] = max(cls.latest.get((user, item), 0), time)
        log = cls.path / "log.csv"
        log.write_text("user,item,value,time\n" + "".join(",".join(map(str, row)) + "\n" for row in cls.rows))
        for name, rule in (("times", "times:" + ",".join(map(str, CUTS))), ("users", "users:4"), ("bands", "bands:2")):
            done = run(["prepare", "--input", log, "--duplicates", "sum", "--folds", rule, "--output", cls.path / f"{name}.h5"])
            assert done.code == 0, done

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def refused(self, code, words, *arguments):
        done = run(arguments)
        self.assertEqual(done.code, code, done)
        self.assertEqual(len(done.our_lines), 1, done)
        self.assertIn(words, done.our_lines[0])

    def measured_alike(self, data, fold):
        """What a training without the fold knows, and its metrics: the same on any ranks."""
        results = set()
        model, metrics = self.path / "model.h5", self.path / "metrics.json"
        for ranks, threads in ((1, 1), (3, 2)):
            for command in (["als", "--data", data, "--model", model, "--fold", fold, "--factors", "4", "--epochs", "2", "--threads", threads],
                            ["evaluate", "--data", data, "--model", model, "--metrics", "ndcg@10", "--output", metrics]):
                done = run(command, ranks=ranks)
                self.assertEqual(done.code, 0, done)
            with h5py.File(model) as file:
                x, y = file["users/factors"][:], file["items/factors"][:]
            results.add((x.tobytes(), y.tobytes(), metrics.read_text()))
        self.assertEqual(len(results), 1, fold)
        return x.any(axis=1), y.any(axis=1), json.loads(metrics.read_text())

    def test_rolling_folds_train_on_earlier_parts_alone(self):
        data = self.path / "times.h5"
        with h5py.File(data) as file:
            users, items = file["users/ids"][:], file["items/ids"][:]
        fold_of = {pair: sum(cut <= time for cut in CUTS) for pair, time in self.latest.items()}
        for number in (1, 2, 3):
            known_users, known_items, found = self.measured_alike(data, f"rolling:{number}")
            trained = {pair for pair, fold in fold_of.items() if fold < number}
            self.assertEqual(set(users[known_users]), {user for user, _ in trained})
            self.assertEqual(set(items[known_items]), {item for _, item in trained})
            self.assertEqual(found["heldout_interactions"], sum(fold == number for fold in fold_of.values()))

    def test_a_rolling_fold_is_a_training_on_the_log_until_then(self):
        """The same factors as of a log that ends before the part; users and items without rows are rows of zeros."""
        then = [row for row in self.rows if (row[0], row[1]) in {pair for pair, time in self.latest.items() if time < CUTS[1]}]
        log, data, model = self.path / "then.csv", self.path / "then.h5", self.path / "then-model.h5"
        log.write_text("user,item,value,time\n" + "".join(",".join(map(str, row)) + "\n" for row in then))
        for command in (["prepare", "--input", log, "--duplicates", "sum", "--output", data],
                        ["als", "--data", data, "--model", model, "--factors", "4", "--epochs", "2"]):
            done = run(command)
            self.assertEqual(done.code, 0, done)
        self.measured_alike(self.path / "times.h5", "rolling:2")
        with h5py.File(model) as then_file, h5py.File(self.path / "model.h5") as file:
            if list(then_file["users/ids"][:]) == list(file["users/ids"][:]) and list(then_file["items/ids"][:]) == list(file["items/ids"][:]):
                self.assertEqual(then_file["users/factors"][:].tobytes(), file["users/factors"][:].tobytes())
            else:
                self.fail("the log until then has fewer users or items: choose other cuts")

    def test_users_of_a_fold_are_validated_by_what_is_given_of_them(self):
        data = self.path / "users.h5"
        with h5py.File(data) as file:
            indptr, folds = file["interactions/indptr"][:], file["interactions/fold"][:]
        of_user = np.array([folds[begin] for begin in indptr[:-1]])
        for number in (0, 3):
            known_users, _, found = self.measured_alike(data, f"column:{number}")
            self.assertTrue(np.array_equal(known_users, of_user != number))
            validated = int(np.diff(indptr)[of_user == number].sum())
            # Of each one a part is given for fold-in, at least one interaction; the others are predicted.
            self.assertLess(found["heldout_interactions"], 0.35 * validated)
            self.assertGreater(found["heldout_interactions"], 0.1 * validated)
            self.assertEqual(found["users"], int((of_user == number).sum()))

    def test_sweeps_over_them_tell_the_same_as_the_jobs_by_hand(self):
        for name, validation, folds in (("times", "rolling", ["rolling:1", "rolling:2", "rolling:3"]), ("users", "column", [f"column:{n}" for n in range(4)])):
            data, directory = self.path / f"{name}.h5", self.path / f"sweep-{name}"
            done = run(["sweep", "plan", directory, "--data", data, "--calibrate", "0", "--validation", validation, "--factors", "4", "--epochs", "2", "--optimize", "ndcg@10"])
            self.assertEqual(done.code, 0, done)
            self.assertEqual(json.loads((directory / "plan.json").read_text())["folds"], folds)
            done = run(["sweep", "run", directory, "--cores", "2"])
            self.assertEqual(done.code, 0, done)
            by_task = {record["task"]: record["metrics"]["ndcg@10"] for record in map(lambda path: json.loads(path.read_text()), (directory / "records").glob("*.json"))}
            by_hand = self.measured_alike(data, folds[-1])[2]["metrics"]["ndcg@10"]["model"]
            self.assertEqual(by_task[f"t1.f{len(folds)}.r0"], by_hand)
            done = run(["sweep", "collect", directory])
            self.assertEqual(done.code, 0, done)

    def test_faulty_requests_are_told_in_one_line(self):
        als = ["als", "--model", self.path / "x.h5", "--fold"]
        self.refused(65, "0 interactions to train on", *als, "rolling:0", "--data", self.path / "times.h5")
        self.refused(65, "its folds are 0, 1, 2, 3", *als, "rolling:7", "--data", self.path / "times.h5")
        for name, divided in (("users", "users"), ("bands", "values")):
            self.refused(65, f"{name}.h5: its folds divide {divided}, and rolling folds are parts of the time line", *als, "rolling:1", "--data", self.path / f"{name}.h5")
            self.refused(65, f"its folds divide {divided}", "sweep", "plan", self.path / "never", "--data", self.path / f"{name}.h5", "--validation", "rolling")
        for fold in ("rolling", "rolling:", "rolling:1/2", "rolling:-1"):
            self.refused(2, f"--fold {fold}: expected", *als, fold, "--data", self.path / "times.h5")
        # A column of folds that are in no order of time.
        log, data = self.path / "mixed.csv", self.path / "mixed.h5"
        log.write_text("user,item,value,time,part\na,x,1,1600000000,1\na,y,1,1600000900,0\nb,x,1,1600000500,1\n")
        done = run(["prepare", "--input", log, "--columns", "user=user,item=item,value=value,time=time,fold=part", "--folds", "column", "--output", data])
        self.assertEqual(done.code, 0, done)
        self.refused(65, "mixed.h5: folds before 1 have interactions that are later than some of it", *als, "rolling:1", "--data", data)


if __name__ == "__main__":
    unittest.main()
