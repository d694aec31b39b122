"""`rankwise sweep --job itemcf`: trials of item models are the jobs by hand, each distinct setting once, the same records whatever happens,
and the setting that the log was planted with is chosen."""
import json
import pathlib
import signal
import tempfile
import unittest

import numpy as np

from program import run
from sweep_test import SweepTestCase


def write_twins(path, users=400, pairs=40, seed=5):
    """Items come in pairs: who has one has the other, nearly always. One neighbour an item says it all; what others say is chance."""
    random = np.random.default_rng(seed)
    with open(path, "w") as file:
        file.write("user,item\n")
        for user in range(users):
            for pair in random.choice(pairs, size=5, replace=False):
                for item in (2 * pair, 2 * pair + 1):
                    if random.random() < 0.95:
                        file.write(f"u{user},{item}\n")
    return path


class ItemSweepTest(SweepTestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        cls.data = cls.path / "data.h5"
        done = run(["prepare", "--input", write_twins(cls.path / "log.csv"), "--split", "random:0.1", "--output", cls.data])
        assert done.code == 0, done

    def plan(self, name, *options, code=0):
        return super().plan(name, "--job", "itemcf", *options, code=code)

    def points(self, directory):
        return [trial["point"] for trial in json.loads((directory / "plan.json").read_text())["trials"]]

    def test_finds_the_planted_neighbours_and_refits_them(self):
        directory = self.plan("twins", "--neighbours", "1, 10, 60", "--similarity", "cosine", "--metrics", "recall@5", "--optimize", "ndcg@10")
        self.sweep("run", directory, "--cores", "2", "--refit", self.path / "winner.h5", "--refit-metrics", self.path / "test.json")
        summary = self.summary(directory)
        self.assertEqual(summary["winner"]["point"]["neighbours"], "1")
        self.assertIn("lists by popularity", summary["conclusion"])
        self.assertTrue(summary["baseline"]["is_beaten"])
        self.assertEqual(summary["tasks_done"], 9)
        # A trial, and the refit, are the jobs by hand.
        model, metrics = self.path / "model.h5", self.path / "metrics.json"
        for extra in (["--fold", "interactions:2/3"], []):
            done = run(["itemcf", "--data", self.data, "--model", model, "--neighbours", "1", "--similarity", "cosine", *extra])
            self.assertEqual(done.code, 0, done)
            done = run(["evaluate", "--data", self.data, "--model", model, "--metrics", "ndcg@10,recall@5", "--output", metrics])
            self.assertEqual(done.code, 0, done)
            found = {name: value["model"] for name, value in json.loads(metrics.read_text())["metrics"].items()}
            if extra:
                self.assertEqual(self.metrics(directory)["t1.f2.r0"][1], found)
        self.assertEqual((self.path / "winner.h5").read_bytes(), model.read_bytes())
        refitted = json.loads((self.path / "test.json").read_text())["metrics"]
        self.assertEqual({name: value["model"] for name, value in refitted.items()}, found)
        # The winner's file is one of itemcf.
        again = self.path / "again.h5"
        done = run(["itemcf", "--config", directory / "results/winner.ini", "--data", self.data, "--model", again])
        self.assertEqual(done.code, 0, done)
        self.assertEqual(again.read_bytes(), model.read_bytes())
        # For serving.
        self.sweep("refit", directory, "--model", self.path / "all.h5", "--train-on", "all")
        done = run(["itemcf", "--data", self.data, "--model", again, "--neighbours", "1", "--similarity", "cosine", "--train-on", "all"])
        self.assertEqual(again.read_bytes(), (self.path / "all.h5").read_bytes())
        done = self.sweep("refit", directory, "--model", again, "--epochs-of", self.path / "winner.h5", code=2)
        self.assertIn("--epochs-of has a meaning only for sweeps of als", done.err)

    def test_each_distinct_setting_is_tried_once_and_that_is_told(self):
        directory = self.path / "distinct"
        done = run(["sweep", "plan", directory, "--data", self.data, "--job", "itemcf", "--weights", "similarity, ridge",
                    "--penalty", "5, 50", "--shrinkage", "0, 10", "--similarity", "cosine, rp3beta"])
        self.assertEqual(done.code, 0, done)
        self.assertEqual(len(self.points(directory)), 3 + 3 * 2)
        self.assertIn("9 trials x 3 folds; 16 combinations: options without a meaning beside the others are left out, each setting is one trial", done.out)
        # What is named in the file may depend on another option.
        directory = self.plan("alternatives", "--weights", "ridge", "--normalization", "0, 0.5",
                              "--penalty", "10, 100 if normalization = 0 | 0.5, 5 if normalization = 0.5")
        self.assertEqual([(point["normalization"], point["penalty"]) for point in self.points(directory)],
                         [("0", "10"), ("0", "100"), ("0.5", "0.5"), ("0.5", "5")])

    def test_the_built_in_search_states_its_space(self):
        done = run(["sweep", "plan", self.path / "built-in", "--data", self.data, "--job", "itemcf"])
        self.assertEqual(done.code, 0, done)
        self.assertIn("no space is named; the built-in one: neighbours = 20, 79 if weights = similarity | 79 if weights = ridge", done.err)
        self.assertIn("28 trials x 3 folds", done.out)

    def test_neither_ranks_nor_interruptions_change_the_records(self):
        grid = ["--weights", "similarity, ridge", "--penalty", "5, 50", "--neighbours", "2, 8", "--max-user-items", "6",
                "--validation", "interactions:2"]
        whole = self.plan("whole", *grid)
        self.sweep("run", whole, "--cores", "2")
        expected = self.metrics(whole)
        self.assertEqual(len(expected), 6 * 2)
        self.assertEqual(list((whole / "work").iterdir()), [])
        killed = self.plan("killed", *grid, "--trials-per-program", "3")
        with self.started(killed) as process:
            self.wait_for_records(killed, 2)
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=60)
        for task in ("t1.f1.r0", "t6.f2.r0"):
            self.sweep("trial", killed, "--task", task, ranks=3)
        self.sweep("resume", killed)
        self.assertEqual(self.metrics(killed), expected)

    def test_what_cannot_be_is_refused_by_name(self):
        for options, message in (
                (["--factors", "8"], "option factors: itemcf has none of this name"),
                (["--epochs", "4"], "--epochs has a meaning only with --job als"),
                (["--halving", "3"], "--halving has a meaning only with --job als"),
                (["--path"], "--path has a meaning only with --job als"),
                (["--budget", "1"], "--budget has a meaning only with --job als: what itemcf takes is not predicted"),
                (["--max-core-hours", "1"], "--max-core-hours has a meaning only with --job als: what itemcf takes is not predicted"),
                (["--network-latency", "1"], "--network-latency has a meaning only with --job als"),
                (["--network-bandwidth", "1GB"], "--network-bandwidth has a meaning only with --job als"),
                (["--min-stability", "0.5"], "--min-stability has a meaning only with --job kmeans"),
                (["--optimize", "diversity@5"], "--optimize diversity@5: expected a metric that needs no factors"),
                (["--optimize", "rmse"], "--optimize rmse: expected a metric of rankings; scores of an item model are no ratings"),
                (["--weights", "ridge", "--normalization", "0.5"], "--normalization above 0"),
                (["--shrinkage", "1, much"], "option --shrinkage: 'much' does not fit; expected a number"),
                (["--neighbours", "0, 5"], "--neighbours 0: expected all or a whole number from 1 on"),
                (["--penalty", "1 if weights = ridge | 2"], "a condition in each part between |"),
                (["--similarity", "cosine", "--penalty", "1 if weights = ridge"], "its condition asks for weights, which has no value here"),
                (["--weights", "ridge, similarity", "--penalty", "1 if weights = ridge | 2 if weights = ridge"],
                 "option penalty: two of its parts hold if weights = ridge")):
            done = self.plan("refused", *options, code=2)
            self.assertIn(message, done.err, options)
            self.assertFalse((self.path / "refused/plan.json").exists())
        done = run(["sweep", "plan", self.path / "refused", "--job", "itemcf", "--data", self.data, "--calibrate", "5"])
        self.assertEqual(done.code, 2, done)
        self.assertIn("--calibrate has a meaning only with --job als: what itemcf takes is not predicted", done.err)


if __name__ == "__main__":
    unittest.main()
