"""`rankwise sweep`: folds that no trial can cheat, records that survive what happens to runs, and the right winner."""
import contextlib
import csv
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

import h5py
import numpy as np

import synthetic_sweep
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
        synthetic_sweep.write_ratings(cls.path / "log.csv")
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
        done = run(["sweep", "status", directory, "--json", directory / "status.json", "--quiet"])
        tasks = {task["name"]: task for task in json.loads((directory / "status.json").read_text())["tasks"]}
        phases = {task["phase"] for task in tasks.values()}
        self.assertIn(done.code, {76} if "failed" in phases else {0, 76} if "lost" in phases else {0}, done)
        return tasks, done.out

    metrics = staticmethod(synthetic_sweep.recorded)

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
        deadline = time.monotonic() + 60
        while len(list((directory / "records").glob("*.json"))) < count:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)


class FoldTest(SweepTestCase):
    def test_a_trial_on_a_fold_is_the_same_bits_on_any_ranks(self):
        for fold, several in (("interactions:2/3", (2, 7)), ("users:1/4@2", (3,))):
            results = []
            for ranks in (1, *several):
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
            texts.append((self.path / "m.json").read_text().replace("other.h5", "data.h5"))
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
            behind, best = trial["behind_best"], np.array(summary["best"]["folds"])
            self.assertAlmostEqual(behind["difference"], (folds - best).mean(), places=12)  # rmse: lower is better
            error = (folds - best).std(ddof=1) * np.sqrt(1 / 3 + 1 / 2)
            if trial["trial"] != summary["best"]["trial"]:
                self.assertAlmostEqual(behind["standard_error"], error, places=12)
                self.assertAlmostEqual(behind["confidence_95"], 4.302652729911275 * error, places=9)
            self.assertEqual(trial["trial"] in summary["as_good_as_best"], bool((folds - best).mean() <= error))
        self.assertIn(summary["winner"]["trial"], summary["as_good_as_best"])
        # What is compared with is what evaluate compares with, on the same folds; why this trial was chosen is told in words.
        record = next(json.loads(path.read_text()) for path in (directory / "records").glob("*.json"))
        self.assertGreater(record["baselines"]["rmse"], record["metrics"]["rmse"])
        self.assertEqual(summary["baseline"]["name"], "mean and biases alone")
        self.assertTrue(summary["baseline"]["is_beaten"])
        conclusion = summary["conclusion"]
        self.assertTrue(conclusion.startswith(f"Trial {summary['winner']['trial']} is "), conclusion)
        self.assertIn(f"It beats mean and biases alone ({summary['baseline']['value']:.6f}) by ", conclusion)
        collected = self.sweep("collect", directory).out
        self.assertEqual(collected.splitlines()[-1], conclusion)
        self.assertIn(summary["legend"], collected.splitlines())
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
        third = json.loads(paths[2].read_text())  # its numbers under another one's name
        paths[2].write_text(json.dumps(third | {"configuration": third["configuration"].replace("factors = ", "factors = 1")}))
        tasks, _ = self.tasks(directory)
        self.assertEqual(sum(task["phase"] == "done" for task in tasks.values()), 3)
        resumed = self.sweep("resume", directory)
        for path, place in zip(paths, (": is not JSON: ", ": dataset_digest: ", ": configuration: ")):
            self.assertIn(f"rankwise: warning: {path}{place}", resumed.err)
        self.assertEqual(self.metrics(directory), before)

    def test_a_plan_that_was_changed_is_refused_by_all_who_read_it(self):
        directory = self.plan("changed", *EXPLICIT, "--factors", "2,3", "--epochs", "1")
        text = (directory / "plan.json").read_text()
        commands = [["status", directory], ["collect", directory], ["run", directory], ["cancel", directory], ["resume", directory],
                    ["refit", directory, "--model", self.path / "changed.h5"], ["trial", directory, "--task", "t1.f1.r0"]]
        for old, new, place in [('"trial": 1', '"trial": 18446744073709551615', "tasks[3].trial: 18446744073709551615; expected"),
                                ('"factors": "3"', '"factors": "4"', "trials[1].arguments: "),
                                ('"seed": 0', '"seed": 1', "tasks[0].key: ")]:
            (directory / "plan.json").write_text(text.replace(old, new, 1))
            for command in commands:
                done = run(["sweep", *command])
                self.assertEqual((done.code, len(done.our_lines)), (65, 1), done)
                self.assertIn(f"{directory}/plan.json: {place}", done.err)
            commands = commands[:2]
        (directory / "plan.json").write_text(text)
        self.sweep("run", directory, "--cores", "2")
        settings = json.loads((directory / "run.json").read_text())
        for name in ("time_limit_seconds", "memory_bytes", "cores"):
            (directory / "run.json").write_text(json.dumps(settings | {name: 1e23}))
            done = self.sweep("status", directory, code=65)
            self.assertIn(f"{directory}/run.json: {name}: 1e+23; expected a whole number from 0 to ", done.our_lines[0])
        for option in ("--time-limit", "--memory", "--cores"):
            self.assertEqual(len(self.sweep("run", directory, option, "1e23", code=2).our_lines), 1)

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
                (["--weighting", "linear", "--alpha", "1,2 if weighting = log"], "which it never is"),
                (["--factors", "1", "--optimize", "rmse"], "--optimize rmse: expected --objective explicit in all trials"),
                (["--objective", "implicit, explicit", "--metrics", "mae"], "--metrics mae: expected --objective explicit in all trials"),
                (["--factors", "1", "--validation", "users:241"], f"241 folds, and {self.data} has 240 users")]:
            done = self.plan("bad", *options, code=2)
            self.assertEqual(len(done.our_lines), 1, done)
            self.assertIn(expected, done.our_lines[0])
            self.assertFalse((self.path / "bad/plan.json").exists())
        done = run(["sweep", "plam"])
        self.assertEqual(done.code, 2)
        self.assertIn("sweep plan", done.err)
        done = run(["sweep", "run", self.path / "nowhere"])
        self.assertEqual(done.code, 66, done)


class PlannedDataTest(SweepTestCase):
    """A sweep reads what it was planned on, wherever that is, and nothing else."""
    OPTIONS = [*EXPLICIT, "--factors", "2, 3", "--epochs", "1", "--validation", "interactions:2"]

    def setUp(self):
        self.data = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(dir=self.path))) / "data.h5"
        self.prepare()

    def prepare(self, split="random:0.1"):
        done = run(["prepare", "--input", self.path / "log.csv", "--split", split, "--output", self.data])
        self.assertEqual(done.code, 0, done)
        with h5py.File(self.data) as file:
            return int(file.attrs["dataset_digest"] if "dataset_digest" in file.attrs else file.attrs["dataset-digest"])

    def refused(self, action, directory, *options, code=65, word="is not the data that this sweep was planned on"):
        before = self.metrics(directory)
        done = self.sweep(action, directory, *options, code=code)
        self.assertEqual(len(done.our_lines), 1, done)
        self.assertIn(word, done.our_lines[0])
        self.assertEqual(self.metrics(directory), before)
        return done.our_lines[0]

    def test_another_dataset_under_the_name_of_the_planned_one_is_refused(self):
        directory = self.plan("renamed", *self.OPTIONS)
        digest = self.prepare()
        self.sweep("trial", directory, "--task", "t1.f1.r0")
        self.prepare("random:0.3")
        for action in ("run", "resume"):
            line = self.refused(action, directory)
            self.assertIn(f"expected {digest % 2**64:016x}", line)
            self.assertIn(str(self.data), line)
        self.refused("trial", directory, "--task", "t1.f2.r0")
        (other,) = self.metrics(directory)
        self.assertEqual(other, "t1.f1.r0")
        self.prepare()
        self.sweep("run", directory)
        self.assertEqual(len(self.metrics(directory)), 4)
        for path in (directory / "records").glob("*.json"):
            self.assertEqual(json.loads(path.read_text())["dataset_digest"], digest % 2**64)
        # Neither are its results mixed with those of another one, nor its winner trained on it.
        self.prepare("random:0.3")
        self.refused("refit", directory, "--model", self.path / "refit.h5")
        self.assertFalse((self.path / "refit.h5").exists())
        self.assertEqual(len(self.metrics(self.plan("anew", *self.OPTIONS, "--reuse", str(directory)))), 0)

    def test_other_points_under_the_name_of_the_planned_ones_are_refused(self):
        points = self.data.with_name("points.npy")
        random = np.random.default_rng(5)
        np.save(points, random.normal(size=(60, 3)).astype(np.float32))
        kept = points.read_bytes()
        directory = self.path / "points"
        done = run(["sweep", "plan", directory, "--job", "kmeans", "--data", points, "--clusters", "2, 3", "--validation", "seeds:2"])
        self.assertEqual(done.code, 0, done)
        np.save(points, random.normal(size=(60, 3)).astype(np.float32))
        self.refused("run", directory)
        self.refused("trial", directory, "--task", "t1.f1.r0")
        self.assertEqual(self.metrics(directory), {})
        points.write_bytes(kept)
        self.sweep("run", directory)
        points.write_bytes(kept + b"\0")
        self.refused("refit", directory, "--model", self.path / "clusters.h5")

    def test_a_folder_that_was_moved_with_its_data_is_told_where_that_is(self):
        directory = self.plan("stays", *self.OPTIONS)
        self.sweep("run", directory)
        moved = self.data.with_name("moved") / "search"
        shutil.copytree(self.plan("moves", *self.OPTIONS), moved)
        data = self.data.rename(moved.parent / "elsewhere.h5")
        self.refused("run", moved, code=66, word="name it by --data")
        shutil.copy(data, moved.parent / "other.h5")
        self.data = moved.parent / "other.h5"
        self.prepare("random:0.3")
        self.refused("run", moved, "--data", self.data)
        self.refused("run", moved, code=66, word="name it by --data")  # what was refused is not kept
        self.sweep("run", moved, "--data", data)
        self.assertEqual(self.metrics(moved), self.metrics(directory))
        self.sweep("refit", moved, "--model", moved / "model.h5")  # where it is, is known by now
        self.refused("refit", moved, "--data", self.data, "--model", moved / "other-model.h5")
        self.refused("refit", directory, "--model", moved / "x.h5", code=66, word="name it by --data")
        self.sweep("refit", directory, "--data", data, "--model", moved / "again.h5")
        self.assertEqual((moved / "model.h5").read_bytes(), (moved / "again.h5").read_bytes())


class FewRowsTest(SweepTestCase):
    def test_plans_whose_folds_would_be_empty_are_refused(self):
        def data(name, pairs):
            (self.path / f"{name}.csv").write_text("user,item\n" + "".join(f"{user},{item}\n" for user, item in pairs))
            done = run(["prepare", "--input", self.path / f"{name}.csv", "--split", "none", "--output", self.path / f"{name}.h5"])
            self.assertEqual(done.code, 0, done)
            return self.path / f"{name}.h5"
        few = data("few", [("ann", "tea"), ("ann", "cup"), ("bob", "tea")])
        single = data("single", [(f"u{n}", f"i{n % 3}") for n in range(40)])  # one interaction each: none to give and none to predict
        for path, validation, code, expected in [
                (few, "interactions:4", 2, "--validation: 4 folds, and"), (few, "users:3", 2, "has 2 users"),
                (few, "interactions:3", 65, "fold interactions:"), (single, "users:2", 65, "has nothing to validate; expected fewer folds")]:
            done = run(["sweep", "plan", self.path / "never", "--data", path, "--calibrate", "0", "--factors", "2", "--validation", validation])
            self.assertEqual(done.code, code, done)
            self.assertEqual(len(done.our_lines), 1, done)
            self.assertIn(expected, done.our_lines[0])
        self.assertFalse((self.path / "never/plan.json").exists())
        done = run(["sweep", "plan", self.path / "fine", "--data", single, "--calibrate", "0", "--factors", "2", "--validation", "interactions:2@3"])
        self.assertEqual(done.code, 0, done)


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
    def test_more_clusters_than_rows_are_refused_when_planned(self):
        points = self.path / "few.npy"
        np.save(points, np.eye(4, dtype=np.float32))
        with h5py.File(self.path / "few.h5", "w") as file:
            file["x"] = np.eye(4, dtype=np.float32)
        for data, more in ((points, []), (self.path / "few.h5", ["--dataset", "/x"])):
            done = run(["sweep", "plan", self.path / "many", "--job", "kmeans", "--data", data, "--clusters", "4, 5", *more])
            self.assertEqual(done.code, 65, done)
            self.assertEqual(done.our_lines, [f"rankwise: {data}: 4 rows: expected at least 5, the number of clusters of trial t2"])
            self.assertFalse((self.path / "many").exists())
        done = run(["sweep", "plan", self.path / "fits", "--job", "kmeans", "--data", points, "--clusters", "3, 4"])
        self.assertEqual(done.code, 0, done)

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
