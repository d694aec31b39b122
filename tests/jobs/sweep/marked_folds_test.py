"""Folds that a log's own times or fold numbers make: what is stored, who is trained on and validated, and what is refused."""
import json
import pathlib
import random
import shutil
import tempfile
import unittest

import h5py
import numpy as np

from program import run


class MarkedFoldsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        draw = random.Random(4)
        # Repeated pairs at several times; few distinct times, so that many are ties.
        cls.rows = []
        fold_of = {}
        for _ in range(2500):
            user, item = draw.randrange(120) // draw.randint(1, 3), draw.randrange(50) // draw.randint(1, 3)
            fold = fold_of.setdefault((user, item), draw.choice([0, 3, 4]))
            cls.rows.append((user, item, draw.randint(1, 5), draw.randint(90_000, 90_100) + draw.choice([0, 0.25, 0.75]), fold))
        cls.log = cls.write("log.csv", "user,item,rating,when,part\n", cls.rows)
        cls.data = cls.path / "data.h5"
        cls.prepared(cls.log, cls.data)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def write(cls, name, header, rows):
        path = cls.path / name
        path.write_text(header + "".join(",".join(map(str, row)) + "\n" for row in rows))
        return path

    @classmethod
    def prepared(cls, log, output, *options, ranks=1, columns="user=user,item=item,value=rating,time=when,fold=part"):
        done = run(["prepare", "--input", log, "--columns", columns, *(options if "--duplicates" in options else ["--duplicates", "sum", *options]), "--output", output], ranks=ranks)
        assert done.code == 0, done
        return output

    def refused(self, code, words, *arguments):
        done = run(arguments)
        self.assertEqual(done.code, code, done)
        self.assertEqual(len(done.our_lines), 1, done)
        self.assertIn(words, done.our_lines[0])

    def marks(self, path, group, mark, users="/users/ids"):
        """{(user, item): mark}, by the row and column that each entry has."""
        with h5py.File(path) as file:
            user_ids, item_ids = file[users][:], file["/items/ids"][:]
            indptr, indices, values = (file[f"{group}/{name}"][:] for name in ("indptr", "indices", mark))
            self.assertEqual(len(values), len(indices))
        rows = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
        if group == "/interactions_by_item":
            rows, indices = indices, rows
        return {(user_ids[row], item_ids[column]): value for row, column, value in zip(rows, indices, values)}

    def expected_marks(self):
        times, folds = {}, {}
        for user, item, _, when, fold in self.rows:
            times[user, item] = max(times.get((user, item), -1000), when)
            folds[user, item] = fold
        return {pair: int(np.floor(when)) for pair, when in times.items()}, folds

    def test_times_and_folds_are_stored_with_both_sides(self):
        times, folds = self.expected_marks()
        for ranks in (2, 7):  # the whole file is compared with that of one rank
            path = self.prepared(self.log, self.path / "alike.h5", "--threads", 1 + ranks % 2, ranks=ranks)
            for group in ("/interactions", "/interactions_by_item"):
                self.assertEqual(self.marks(path, group, "time"), times)
                self.assertEqual(self.marks(path, group, "fold"), folds)
            self.assertEqual(path.read_bytes(), self.data.read_bytes())
        with h5py.File(self.data) as file:
            self.assertEqual((file["interactions/time"].dtype, file["interactions/fold"].dtype), (np.int64, np.int32))
        split = self.prepared(self.log, self.path / "split.h5", "--split", "users:0.3")
        together = self.marks(split, "/interactions", "time")
        for group in ("/heldout/interactions", "/heldout/given"):
            together |= self.marks(split, group, "time", "/heldout/users/ids")
        self.assertEqual(together, times)

    def test_files_of_logs_without_them_are_as_before(self):
        plain = self.prepared(self.log, self.path / "plain.h5", columns="user=user,item=item,value=rating")
        with h5py.File(plain) as file, h5py.File(self.data) as marked:
            self.assertNotIn("time", file["interactions"])
            self.assertNotIn("fold", file["interactions"])
            self.assertNotEqual(file.attrs["dataset-digest"], marked.attrs["dataset-digest"])
            for name in ("data", "indices", "indptr"):
                self.assertEqual(file["interactions"][name][:].tobytes(), marked["interactions"][name][:].tobytes())
        for fold, words in (("temporal:1/2", "holds no times"), ("column:0", "holds no folds")):
            self.refused(65, words, "als", "--data", plain, "--model", self.path / "x.h5", "--fold", fold)
        self.refused(65, "holds no times", "sweep", "plan", self.path / "never", "--data", plain, "--validation", "temporal:2")
        self.refused(2, "at least two folds", "sweep", "plan", self.path / "never", "--data", plain, "--validation", "column")

    def parts(self, fold):
        """Pairs that are trained on and validated, by plain counting."""
        times, folds = self.expected_marks()
        if fold.startswith("column:"):
            number = int(fold[7:])
            return {p for p in folds if folds[p] != number}, {p for p in folds if folds[p] == number}
        number, count = map(int, fold.removeprefix("temporal:").split("/"))
        events = {(user, item, int(np.floor(when))) for user, item, _, when, _ in self.rows}
        ordered = sorted(time for *_, time in events)

        def before(cut):
            """Pairs with rows among the first so many events in time, and all others of the last one's time."""
            wanted = cut * len(ordered) // (count + 1)
            return {(user, item) for user, item, time in events if time <= ordered[wanted - 1]}

        # What is trained on is not validated, though it has rows of later times too.
        return before(number), before(number + 1) - before(number)

    def test_trains_on_and_validates_what_the_fold_says_on_any_ranks(self):
        with h5py.File(self.data) as file:
            users, items = file["users/ids"][:], file["items/ids"][:]
        for fold in ("temporal:1/3", "temporal:3/3", "column:3"):
            trained, validated = self.parts(fold)
            results = set()
            for ranks in (1, 2, 7) if fold == "temporal:1/3" else (1, 3):
                model, metrics = self.path / "model.h5", self.path / "metrics.json"
                done = run(["als", "--data", self.data, "--model", model, "--fold", fold, "--factors", "5", "--epochs", "2", "--threads", 1 + ranks % 2], ranks=ranks)
                self.assertEqual(done.code, 0, done)
                done = run(["evaluate", "--data", self.data, "--model", model, "--metrics", "ndcg@10", "--output", metrics], ranks=min(ranks, 3))
                self.assertEqual(done.code, 0, done)
                with h5py.File(model) as file:
                    x, y = file["users/factors"][:], file["items/factors"][:]
                results.add((x.tobytes(), y.tobytes(), metrics.read_text()))
            self.assertEqual(len(results), 1, fold)
            self.assertEqual({user for user, known in zip(users, x.any(axis=1)) if known}, {user for user, _ in trained})
            self.assertEqual({item for item, known in zip(items, y.any(axis=1)) if known}, {item for _, item in trained})
            found = json.loads(metrics.read_text())
            self.assertEqual(found["heldout_interactions"], len(validated))
            # Users without anything to train on count too.
            self.assertEqual(found["users"], len({user for user, _ in validated}))

    def test_every_interaction_is_validated_once_or_is_of_the_first_part(self):
        times, folds = self.expected_marks()
        temporal = [self.parts(f"temporal:{n}/4") for n in (1, 2, 3, 4)]
        self.assertEqual(sum(len(validated) for _, validated in temporal) + len(temporal[0][0]), len(times))
        self.assertEqual(sum(len(self.parts(f"column:{n}")[1]) for n in (0, 3, 4)), len(folds))

    def test_a_temporal_fold_trains_on_what_a_shop_had_at_that_time(self):
        """The same bits as a training on the log as it was then, pairs that were bought again later included."""
        draw = random.Random(6)
        rows = [(user, item, draw.choice([0.1, 0.7, 1.3]), 1_600_000_000 + when)
                for when in range(300) for user, item in [(draw.randrange(12), draw.randrange(9))]]
        then = rows[:150]  # half of all: temporal:1/1
        self.assertEqual([{row[side] for row in then} for side in (0, 1)], [{row[side] for row in rows} for side in (0, 1)])
        self.assertGreater(len({row[:2] for row in then} & {row[:2] for row in rows[150:]}), 20)
        factors = []
        for name, part, fold in (("all", rows, ["--fold", "temporal:1/1"]), ("then", then, [])):
            for policy, ranks in (("sum", 1), ("last", 3), ("mean", 2)):
                log, data, model = (self.path / f"{name}.{end}" for end in ("csv", "h5", "model.h5"))
                self.write(log.name, "user,item,rating,when\n", part)
                self.prepared(log, data, "--duplicates", policy, columns="user=user,item=item,value=rating,time=when")
                done = run(["als", "--data", data, "--model", model, "--factors", "3", "--epochs", "2", "--weighting", "linear", *fold],
                           ranks=ranks)
                self.assertEqual(done.code, 0, done)
                with h5py.File(model) as file:
                    factors.append((policy, file["users/factors"][:].tobytes() + file["items/factors"][:].tobytes()))
        self.assertEqual(factors[:3], factors[3:])
        self.assertEqual(len({bits for _, bits in factors}), 3)

    def test_files_of_the_first_format_are_read_or_told_of(self):
        old = self.path / "old.h5"
        shutil.copy(self.data, old)
        with h5py.File(old, "r+") as file:
            file.attrs["format-version"] = np.int64(1)
            for name in ("log_rows", "log_rows_by_item", "digests"):
                del file[name]
            for name in ("duplicates", "repeats", "metadata-digest"):
                del file.attrs[name]
        als = ["als", "--data", old, "--model", self.path / "x.h5", "--epochs", "1", "--factors", "2"]
        for fold in ([], ["--fold", "column:3"], ["--fold", "interactions:1/2"]):
            done = run([*als, *fold])
            self.assertEqual(done.code, 0, done)
        self.refused(65, "old.h5: its format-version 1 does not hold what temporal folds need; run prepare again", *als, "--fold",
                     "temporal:1/2")

    def test_a_sweep_over_them_tells_the_same_as_the_jobs_by_hand(self):
        for validation, folds in (("temporal:2", ["temporal:1/2", "temporal:2/2"]), ("column", ["column:0", "column:3", "column:4"])):
            directory = self.path / validation.replace(":", "-")
            done = run(["sweep", "plan", directory, "--data", self.data, "--calibrate", "0", "--validation", validation, "--factors", "3",
                        "--epochs", "2", "--optimize", "ndcg@10"])
            self.assertEqual(done.code, 0, done)
            self.assertEqual(json.loads((directory / "plan.json").read_text())["folds"], folds)
            done = run(["sweep", "run", directory, "--cores", "2"])
            self.assertEqual(done.code, 0, done)
            records = [json.loads(path.read_text()) for path in (directory / "records").glob("*.json")]
            by_task = {record["task"]: record["metrics"]["ndcg@10"] for record in records}
            for number, fold in enumerate(folds, 1):
                model, metrics = self.path / "hand.h5", self.path / "hand.json"
                done = run(["als", "--data", self.data, "--model", model, "--fold", fold, "--factors", "3", "--epochs", "2"])
                self.assertEqual(done.code, 0, done)
                done = run(["evaluate", "--data", self.data, "--model", model, "--metrics", "ndcg@10", "--output", metrics])
                self.assertEqual(done.code, 0, done)
                self.assertEqual(by_task[f"t1.f{number}.r0"], json.loads(metrics.read_text())["metrics"]["ndcg@10"]["model"])

    def test_faulty_requests_are_told_in_one_line(self):
        als = ["als", "--data", self.data, "--model", self.path / "x.h5", "--fold"]
        self.refused(65, "0 to validate; expected some of each; its folds are 0, 3, 4", *als, "column:1")
        self.refused(65, "few times", *als, "temporal:3000/5000")
        for fold in ("temporal:0/2", "temporal:3/2", "temporal:1/2@2", "column:", "column:-1", "column:10000", "column:1/2"):
            self.refused(2, f"--fold {fold}: expected", *als, fold)
        for validation in ("temporal:0", "temporal", "temporal:2@2", "column:3"):
            self.refused(2, f"--validation {validation}: expected", "sweep", "plan", self.path / "never", "--data", self.data,
                         "--validation", validation)
        other = self.path / "other.h5"
        shutil.copy(self.data, other)
        with h5py.File(other, "r+") as file:
            file["interactions/fold"][7] = 10000
        self.refused(65, "entry 7 holds the fold 10000, expected a number from 0 to 9999", "als", "--data", other, "--model",
                     self.path / "x.h5", "--fold", "column:0", "--verify-inputs", "no")

    def test_faulty_folds_of_logs_are_named(self):
        rows = [(1, 2, 3), (2, 2, 0), (1, 3, 1)] * 400
        columns = ["--columns", "user=user,item=item,fold=part", "--output", self.path / "x.h5"]
        for added, words in (((2, 2, 1), "bad.csv:1202: repeats the user and item of bad.csv:1200 with another fold; expected one fold"),
                             ((4, 4, -1), "bad.csv:1202: fold '-1' is not a number from 0 to 9999"),
                             ((4, 4, 1.5), "bad.csv:1202: fold '1.5' is not a number"),
                             ((4, 4, ""), "bad.csv:1202: the fold field is empty (--missing skip")):
            log = self.write("bad.csv", "user,item,part\n", [*rows, added, (9, 9, 0)])
            for ranks in (1, 3):
                done = run(["prepare", "--input", log.name, *columns], ranks=ranks, cwd=self.path)
                self.assertEqual(done.code, 65, done)
                self.assertEqual(len(done.our_lines), 1, done)
                self.assertIn(words, done.our_lines[0])
            self.assertFalse((self.path / "x.h5").exists())


if __name__ == "__main__":
    unittest.main()
