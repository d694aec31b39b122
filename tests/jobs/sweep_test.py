"""`rankwise sweep`: folds that no trial can cheat, records that survive what happens to runs, and the right winner."""
import contextlib
import csv
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import h5py
import numpy as np
import scipy.sparse

import planted_sweep
from program import PROGRAM, run

# Trials on several ranks are launched by the program, as whoever runs it.
os.environ |= {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}

EXPLICIT = ["--objective", "explicit", "--biases", "true"]
GRID = [*EXPLICIT, "--factors", "1, 4, 12", "--regularization", "0.02, 0.1"]


class SweepTestCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        cls.data = cls.path / "data.h5"
        planted_sweep.write_ratings(cls.path / "log.csv")
        done = run(["prepare", "--input", cls.path / "log.csv", "--split", "random:0.1", "--output", cls.data])
        assert done.code == 0, done

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def plan(self, name, *options, code=0):
        directory = self.path / name
        done = run(["sweep", "plan", directory, "--data", self.data, "--calibrate", "0", *options])
        self.assertEqual(done.code, code, done)
        return done if code else directory

    def sweep(self, action, directory, *options, code=0, **how):
        done = run(["sweep", action, directory, *options], **how)
        self.assertEqual(done.code, code, done)
        return done

    def tasks(self, directory):
        done = self.sweep("status", directory, "--json", directory / "status.json", "--quiet")
        status = json.loads((directory / "status.json").read_text())
        return {task["name"]: task for task in status["tasks"]}, done.out

    metrics = staticmethod(planted_sweep.recorded)

    @staticmethod
    def summary(directory):
        return json.loads((directory / "results/summary.json").read_text())

    @contextlib.contextmanager
    def started(self, directory, *options):
        with subprocess.Popen([PROGRAM, "sweep", "run", str(directory), *options], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
            try:
                yield process
            finally:
                process.kill()

    def wait_for_records(self, directory, count):
        deadline = time.time() + 60
        while len(list((directory / "records").glob("*.json"))) < count:
            self.assertLess(time.time(), deadline)
            time.sleep(0.02)


class FoldTest(SweepTestCase):
    def test_a_trial_on_a_fold_is_the_same_bits_on_any_ranks(self):
        for fold in ("interactions:2/3", "users:1/4@2"):
            results = []
            for ranks in (1, 2, 3, 7):
                model, metrics = self.path / "model.h5", self.path / "metrics.json"
                done = run(["als", "--data", self.data, "--model", model, "--fold", fold, "--factors", "5", "--epochs", "3",
                            "--seed", "4"], ranks=ranks)
                self.assertEqual(done.code, 0, done)
                done = run(["evaluate", "--data", self.data, "--model", model, "--metrics", "ndcg@10,recall@5",
                            "--output", metrics], ranks=ranks)
                self.assertEqual(done.code, 0, done)
                with h5py.File(model) as file:
                    results.append((file["users/factors"][:].tobytes(), file["items/factors"][:].tobytes(), metrics.read_text()))
            self.assertEqual(len(set(results)), 1, fold)

    def test_folds_of_users_evaluate_users_that_training_never_saw(self):
        model = self.path / "users.h5"
        done = run(["als", "--data", self.data, "--model", model, "--fold", "users:1/4", "--factors", "5", "--epochs", "3"])
        self.assertEqual(done.code, 0, done)
        with h5py.File(model) as file:
            unseen = np.flatnonzero(~file["users/factors"][:].any(axis=1))
        self.assertGreater(len(unseen), 240 / 8)
        self.assertLess(len(unseen), 240 / 2)
        done = run(["evaluate", "--data", self.data, "--model", model, "--metrics", "ndcg@10", "--output", self.path / "m.json"])
        self.assertEqual(done.code, 0, done)
        self.assertEqual(json.loads((self.path / "m.json").read_text())["users"], len(unseen))

    def test_the_held_out_part_has_no_influence_on_trials(self):
        other = self.path / "other.h5"
        shutil.copy(self.data, other)
        with h5py.File(other, "r+") as file:
            file["heldout/interactions/data"][:] = 5
        texts = []
        for data in (self.data, other):
            model = self.path / "model.h5"
            done = run(["als", "--data", data, "--model", model, "--fold", "interactions:1/3", "--factors", "5", "--epochs", "3",
                        "--objective", "explicit"])
            self.assertEqual(done.code, 0, done)
            done = run(["evaluate", "--data", data, "--model", model, "--metrics", "rmse", "--output", self.path / "m.json"])
            self.assertEqual(done.code, 0, done)
            texts.append((self.path / "m.json").read_text())
        self.assertEqual(texts[0], texts[1])

    def test_faulty_folds_are_named(self):
        for fold in ("interactions:0/3", "items:1/3", "users:4/3"):
            done = run(["als", "--data", self.data, "--model", self.path / "x.h5", "--fold", fold])
            self.assertEqual(done.code, 2, done)
            self.assertIn(f"--fold {fold}: expected", done.err)


class GridTest(SweepTestCase):
    def test_finds_the_planted_factors_and_tells_all_of_it(self):
        directory = self.plan("grid", *GRID, "--epochs", "8", "--metrics", "mae")
        self.sweep("run", directory, "--cores", "2", "--refit", self.path / "winner.h5", "--refit-metrics", self.path / "test.json")
        summary = self.summary(directory)
        self.assertEqual(summary["winner"]["point"]["factors"], "4")
        self.assertEqual(len(self.metrics(directory)), 6 * 3)
        self.assertEqual(summary["trained_epochs"], 6 * 3 * 8)
        # Means, deviations and the interval by other means.
        for trial in summary["trials"]:
            folds = np.array(trial["folds"])
            self.assertAlmostEqual(trial["mean"], folds.mean(), places=12)
            self.assertAlmostEqual(trial["standard_deviation"], folds.std(ddof=1), places=12)
            self.assertAlmostEqual(trial["confidence_95"], 4.302652729911275 * folds.std(ddof=1) / np.sqrt(3), places=9)
        pair = summary["runner_up"]
        by_trial = {trial["trial"]: np.array(trial["folds"]) for trial in summary["trials"]}
        difference = by_trial[pair["trial"]] - by_trial[summary["winner"]["trial"]]  # rmse: lower is better
        self.assertAlmostEqual(pair["difference"], difference.mean(), places=12)
        self.assertAlmostEqual(pair["t"], difference.mean() / (difference.std(ddof=1) * np.sqrt(1 / 3 + 1 / 2)), places=9)
        self.assertEqual(set(summary["importance"]), {"factors", "regularization"})
        self.assertGreater(summary["importance"]["factors"], 0.5)
        with open(directory / "results/trials.csv") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), 18)
        self.assertEqual({row["factors"] for row in rows}, {"1", "4", "12"})
        self.assertTrue(all(float(row["mae"]) < float(row["rmse"]) for row in rows))
        # The model of the winner is that of the same options by hand, and was measured on what no trial saw.
        done = run(["als", "--config", directory / "results/winner.ini", "--data", self.data, "--model", self.path / "hand.h5"])
        self.assertEqual(done.code, 0, done)
        with h5py.File(self.path / "winner.h5") as a, h5py.File(self.path / "hand.h5") as b:
            self.assertEqual(a["items/factors"][:].tobytes(), b["items/factors"][:].tobytes())
        tested = json.loads((self.path / "test.json").read_text())["metrics"]["rmse"]["model"]
        self.assertLess(abs(tested - summary["winner"]["mean"]), 0.1)

    def test_the_plan_never_changes_and_what_is_valid_is_reused(self):
        first = self.plan("first", *EXPLICIT, "--factors", "1,4", "--regularization", "0.1", "--epochs", "2")
        self.sweep("run", first)
        again = self.plan("first", *EXPLICIT, "--factors", "1,4", "--regularization", "0.1", "--epochs", "2")
        self.assertEqual(again, first)
        done = self.plan("first", *EXPLICIT, "--factors", "1,4,5", "--regularization", "0.1", "--epochs", "2", code=73)
        self.assertIn("--reuse", done.err)
        more = [*EXPLICIT, "--factors", "1,4,5", "--regularization", "0.1", "--epochs", "2", "--reuse", str(first)]
        second = self.plan("second", *more)
        self.assertEqual(len(self.metrics(second)), 6)
        other_seed = self.plan("third", *more, "--seed", "1")
        self.assertEqual(len(self.metrics(other_seed)), 0)
        other_metric = self.plan("fourth", *more, "--optimize", "mae")
        self.assertEqual(len(self.metrics(other_metric)), 0)

    def test_damaged_and_foreign_records_do_not_count(self):
        directory = self.plan("damaged", *EXPLICIT, "--factors", "2,3", "--epochs", "1")
        self.sweep("run", directory)
        before = self.metrics(directory)
        paths = sorted((directory / "records").glob("*.json"))
        paths[0].write_text(paths[0].read_text()[:100])
        record = json.loads(paths[1].read_text())
        record["dataset_digest"] += 1
        paths[1].write_text(json.dumps(record))
        tasks, _ = self.tasks(directory)
        self.assertEqual(sum(task["phase"] == "done" for task in tasks.values()), 4)
        self.sweep("resume", directory)
        self.assertEqual(self.metrics(directory), before)

    def test_a_plan_from_json_is_the_one_from_ini(self):
        space = {"factors": [2, 3], "regularization": "log 0.01 .. 0.1 x 2", "weighting": ["constant", "linear"],
                 "alpha": "2, 10 if weighting = linear", "unobserved-weight": 1e-1, "epochs": 2, "validation": "interactions:2",
                 "optimize": "ndcg@10"}
        (self.path / "search.json").write_text(json.dumps(space, indent=1))
        lines = (f"{name} = {', '.join(map(str, value)) if isinstance(value, list) else value}\n" for name, value in space.items())
        (self.path / "search.ini").write_text("".join(lines))
        tasks = [json.loads((self.plan(f"from-{kind}", "--config", self.path / f"search.{kind}") / "plan.json").read_text())["tasks"]
                 for kind in ("json", "ini")]
        self.assertEqual(tasks[0], tasks[1])
        self.assertEqual(len(tasks[0]), 24)

    def test_bad_plans_are_told_in_one_line(self):
        for options, expected in [
                (["--factors", "1,x"], "--factors"), (["--clusters", "3"], "als has none of this name"),
                (["--factors", "1", "--optimize", "ndcg"], "expected @K"), (["--validation", "users:1"], "--validation users:1"),
                (["--search", "random"], "--trials is missing"), (["--factors", "linear 1 .. 9"], "number of points"),
                (["--regularization", "log 0 .. 1 x 3"], "bounds above 0"), (["--halving", "1.1"], "--halving"),
                (["--weighting", "linear", "--alpha", "1,2 if weighting = log"], "which it never is")]:
            done = self.plan("bad", *options, code=2)
            self.assertEqual(len(done.our_lines), 1, done)
            self.assertIn(expected, done.our_lines[0])
        done = run(["sweep", "plam"])
        self.assertEqual(done.code, 2)
        self.assertIn("sweep plan", done.err)
        done = run(["sweep", "run", self.path / "nowhere"])
        self.assertEqual(done.code, 66, done)


class LifeTest(SweepTestCase):
    def test_interrupted_sweeps_end_with_the_same_records(self):
        options = [*EXPLICIT, "--factors", "2, 4, 6", "--epochs", "4"]
        whole = self.plan("whole", *options)
        self.sweep("run", whole)
        for name, number, code in (("stopped", signal.SIGTERM, 75), ("killed", signal.SIGKILL, -9)):
            with self.subTest(name):
                directory = self.plan(name, *options)
                with self.started(directory, "--cores", "2") as process:
                    self.wait_for_records(directory, 2)
                    process.send_signal(number)
                    process.communicate(timeout=60)
                    self.assertEqual(process.returncode, code)
                tasks, out = self.tasks(directory)
                self.assertLess(len(self.metrics(directory)), 9)
                self.assertNotIn("running", {task["phase"] for task in tasks.values()}, out)
                self.sweep("resume", directory)
                self.assertEqual(self.metrics(directory), self.metrics(whole))
                self.assertEqual(self.summary(directory)["winner"], self.summary(whole)["winner"])

    def test_of_two_at_once_one_runs_the_sweep(self):
        directory = self.plan("twice", *EXPLICIT, "--factors", "2, 4, 6", "--epochs", "4")
        with self.started(directory, "--cores", "1") as process:
            self.wait_for_records(directory, 1)
            done = self.sweep("resume", directory, code=73)
            self.assertIn(f"process {process.pid} on", done.err)
            process.communicate(timeout=120)
            self.assertEqual(process.returncode, 0)
        for task in self.tasks(directory)[0]:
            runs = (directory / f"scheduler/logs/{task}.attempts").read_text().count("begin")
            self.assertEqual(runs, 1, task)

    def test_cancelled_sweeps_wait_for_resume(self):
        directory = self.plan("cancelled", *EXPLICIT, "--factors", "2, 4, 6", "--epochs", "4")
        with self.started(directory, "--cores", "1") as process:
            self.wait_for_records(directory, 1)
            self.sweep("cancel", directory)
            process.communicate(timeout=60)
            self.assertEqual(process.returncode, 75)
        self.sweep("run", directory, code=2)
        self.sweep("resume", directory)
        self.assertEqual(len(self.metrics(directory)), 9)

    def test_a_trial_that_always_fails_is_told_and_the_others_finish(self):
        # Far more factors than a row has entries, without regularization: no finite solution.
        directory = self.plan("failing", "--objective", "explicit", "--factors", "2, 60", "--regularization", "0, 0.1 if factors = 60, 2",
                              "--solver", "primal", "--epochs", "2")
        done = self.sweep("run", directory, "--max-retries", "1")
        tasks, out = self.tasks(directory)
        failed = {name for name, task in tasks.items() if task["phase"] == "failed"}
        self.assertTrue(failed, out)
        self.assertTrue(all(tasks[name]["phase"] == "done" for name in tasks if name not in failed), out)
        self.assertIn("have no finite solution", out)
        for name in failed:
            self.assertEqual((directory / f"scheduler/logs/{name}.attempts").read_text().count("begin"), 2)
        self.assertIn("failed", done.err)
        self.sweep("resume", directory)  # as many tries again
        for name in failed:
            self.assertEqual((directory / f"scheduler/logs/{name}.attempts").read_text().count("begin"), 4)

    def test_trials_on_several_ranks_find_the_same(self):
        options = [*EXPLICIT, "--factors", "2, 4", "--epochs", "2"]
        one, two = self.plan("one", *options), self.plan("two", *options, "--ranks", "2")
        self.sweep("run", one)
        self.sweep("run", two, "--cores", "2")
        self.assertEqual(self.metrics(one), self.metrics(two))


class HalvingTest(SweepTestCase):
    def test_finds_the_winner_of_the_grid_for_less_and_resumes(self):
        space = [*EXPLICIT, "--factors", "1, 4, 12", "--regularization", "0.02, 0.1, 0.5", "--epochs", "72", "--select", "best"]
        grid, halving = self.plan("grid", *space), self.plan("halving", *space, "--halving", "3", "--halving-epochs", "8")
        self.sweep("run", grid)
        self.sweep("run", halving)
        all_of_it, part = self.summary(grid), self.summary(halving)
        self.assertEqual(part["winner"]["point"], all_of_it["winner"]["point"])
        self.assertEqual(part["winner"]["folds"], all_of_it["winner"]["folds"])
        self.assertEqual(all_of_it["trained_epochs"], 9 * 3 * 72)
        print(f"halving: {part['trained_epochs']} of {all_of_it['trained_epochs']} epochs")
        self.assertLessEqual(part["trained_epochs"], 0.4 * all_of_it["trained_epochs"])
        records = [json.loads(path.read_text()) for path in (halving / "records").glob("*.json")]
        rungs = {0: 8, 1: 24, 2: 72}
        for record in records:
            rung = int(record["task"].split(".r")[1])
            self.assertEqual(record["epochs"], rungs[rung])
            self.assertEqual(record["resumed_epochs"], rungs.get(rung - 1, 0))
        self.assertEqual(list((halving / "work").glob("t*")), [])


class KmeansTest(SweepTestCase):
    def test_chooses_the_planted_number_of_clusters_by_silhouette_among_stable_ones(self):
        random = np.random.default_rng(5)
        centers = 6 * np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0], [1, 1, 1], [2, 0, 1]])
        points = np.concatenate([center + random.normal(size=(80, 3)) for center in centers]).astype(np.float32)
        np.save(self.path / "points.npy", points)
        directory = self.path / "clusters"
        done = run(["sweep", "plan", directory, "--job", "kmeans", "--data", self.path / "points.npy", "--clusters", "linear 2 .. 8 x 7",
                    "--validation", "seeds:3"])
        self.assertEqual(done.code, 0, done)
        self.sweep("run", directory, "--cores", "2")
        summary = self.summary(directory)
        self.assertEqual(summary["winner"]["point"]["clusters"], "5")
        self.assertGreater(summary["winner"]["stability"], 0.8)
        self.assertEqual(len(self.metrics(directory)), 7 * 3)
        self.sweep("refit", directory, "--model", self.path / "clusters.h5")
        with h5py.File(self.path / "clusters.h5") as file:
            self.assertEqual(file["centroids"].shape, (5, 3))
        again = self.path / "again.json"
        for ranks in (1, 3):
            done = run(["kmeans", "--input", self.path / "points.npy", "--clusters", "5", "--output", self.path / "k.h5", "--quality", again,
                        "--seed", "0"], ranks=ranks)
            self.assertEqual(done.code, 0, done)
            record = next(value for name, value in self.metrics(directory).items() if name == "t4.f1.r0")
            self.assertEqual(json.loads(again.read_text())["metrics"], record[1])


if __name__ == "__main__":
    unittest.main()
