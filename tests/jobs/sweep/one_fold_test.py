"""A sweep on one fold: trials are compared by its users, whose metrics each task keeps beside its record."""
import csv
import json
import math
import os
import pathlib
import random
import shutil
import tempfile
import unittest

import h5py
import numpy as np

from program import run

os.environ |= {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}


class OneFoldTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        draw = random.Random(3)
        rows = {(user, (user % 4) * 12 + min(draw.randrange(12), draw.randrange(14))) for user in range(150) for _ in range(9)}
        (cls.path / "log.csv").write_text("user,item\n" + "".join(f"{user},{item}\n" for user, item in sorted(rows)))
        cls.data = cls.path / "data.h5"
        cls.done("prepare", "--input", cls.path / "log.csv", "--split", "random:0.1", "--validation", "random:0.2", "--output", cls.data)
        cls.sweep = cls.path / "sweep"
        cls.plan(cls.sweep)
        cls.done("sweep", "run", cls.sweep)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def done(cls, *arguments, **how):
        done = run(arguments, **how)
        assert done.code == 0, done
        return done

    @classmethod
    def plan(cls, directory, *options):
        cls.done("sweep", "plan", directory, "--data", cls.data, "--calibrate", "0", "--factors", "2, 4, 8", "--epochs", "3", "--optimize", "ndcg@10", *options)

    def collected(self, directory):
        done = self.done("sweep", "collect", directory)
        return done, json.loads((directory / "results/summary.json").read_text())

    def copied(self, name):
        return pathlib.Path(shutil.copytree(self.sweep, self.path / name))

    def values(self, trial):
        tasks = json.loads((self.sweep / "plan.json").read_text())["tasks"]
        key = next(task["key"] for task in tasks if task["name"] == f"t{trial}.f1.r0")
        with h5py.File(self.sweep / f"users/{key}.h5") as file:
            values = file["metrics/ndcg@10"][:]
        return values[np.isfinite(values)]

    def test_differences_are_those_of_users(self):
        done, summary = self.collected(self.sweep)
        best = summary["best"]["trial"]
        users = len(self.values(best))
        self.assertEqual(summary["paired_users"], users)
        self.assertIn(f"{users} users", summary["legend"])
        self.assertNotIn("no pairs", summary["conclusion"] + " ".join(summary["notes"]))
        for trial in summary["trials"]:
            if trial["trial"] == best:
                continue
            differences = self.values(best) - self.values(trial["trial"])
            error = differences.std(ddof=1) / math.sqrt(users)
            behind = trial["behind_best"]
            self.assertAlmostEqual(behind["difference"], differences.mean(), places=12)
            self.assertAlmostEqual(behind["standard_error"], error, places=12)
            self.assertTrue(1.9 * error < behind["confidence_95"] < 2.1 * error)
            self.assertEqual(trial["trial"] in summary["as_good_as_best"], differences.mean() <= error)
        with open(self.sweep / "results/trials.csv", newline="") as file:
            lines = list(csv.DictReader(file))
        by_trial = {line["trial"]: line for line in lines}
        self.assertEqual(by_trial[str(best)]["behind_best"], "")
        for trial in summary["trials"]:
            if trial["trial"] != best:
                self.assertEqual(float(by_trial[str(trial["trial"])]["behind_best_p"]), trial["behind_best"]["p"])
        self.assertFalse(done.err.count("warning"), done)

    def test_files_that_are_missing_damaged_or_of_another_run_are_told_in_one_line(self):
        def swap(files):
            shutil.copy(files[1], files[0])

        def damage(files):
            content = bytearray(files[0].read_bytes())
            content[-40] ^= 255
            files[0].write_bytes(content)

        for name, spoil in (("missing", lambda files: files[0].unlink()), ("damaged", damage), ("other", swap)):
            with self.subTest(name):
                directory = self.copied(name)
                spoil(sorted((directory / "users").glob("*.h5")))
                done, summary = self.collected(directory)
                told = [line for line in done.our_lines if "not compared by users" in line]
                self.assertEqual(len(told), 1, done)
                self.assertIn(".h5", told[0])
                self.assertNotIn("paired_users", summary)
                self.assertIn("no pairs of values", summary["conclusion"])
                self.assertEqual(summary["winner"]["trial"], summary["best"]["trial"])

    def test_a_task_without_a_record_writes_its_file_again(self):
        directory = self.copied("resumed")
        record = sorted((directory / "records").glob("*.json"))[0]
        users = directory / "users" / (record.stem + ".h5")
        expected = users.read_bytes()
        record.unlink()
        users.write_bytes(b"left by a run that was killed")
        self.done("sweep", "resume", directory)
        self.assertEqual(users.read_bytes(), expected)
        self.assertIn("paired_users", self.collected(directory)[1])
        self.done("verify", users)

    def test_reuse_takes_users_along_and_ranks_give_the_same_bytes(self):
        reused, ranks = self.path / "reused", self.path / "ranks"
        self.plan(reused, "--reuse", self.sweep)
        self.assertEqual(self.collected(reused)[1]["paired_users"], self.collected(self.sweep)[1]["paired_users"])
        self.plan(ranks, "--ranks", "2")
        self.done("sweep", "run", ranks)
        for file in (self.sweep / "users").glob("*.h5"):
            self.assertEqual((ranks / "users" / file.name).read_bytes(), file.read_bytes())

    def test_ratings_keep_no_users(self):
        directory = self.path / "ratings"
        self.done("sweep", "plan", directory, "--data", self.data, "--calibrate", "0", "--objective", "explicit", "--factors", "2, 4", "--epochs", "2", "--optimize", "rmse")
        self.done("sweep", "run", directory)
        self.assertFalse((directory / "users").exists())
        self.assertNotIn("paired_users", self.collected(directory)[1])


if __name__ == "__main__":
    unittest.main()
