"""Sweeps whose trainings follow each other: regularization paths, and programs that do several tasks, each with its own record, log
and end."""
import json
import os
import signal
import unittest

import h5py

from program import run
from sweep_test import EXPLICIT, SweepTestCase

PATH = [*EXPLICIT, "--factors", "2, 4", "--regularization", "0.02, 0.5, 0.1", "--epochs", "2"]


class FollowingTestCase(SweepTestCase):
    def plan_of(self, directory):
        return json.loads((directory / "plan.json").read_text())

    def attempts(self, directory, name):
        return (directory / f"scheduler/logs/{name}.attempts").read_text().splitlines()

    def model_bits(self, path):
        with h5py.File(path) as file:
            return file["users/factors"][:].tobytes() + file["items/factors"][:].tobytes()

    def by_hand(self, name, *options):
        done = run(["als", "--data", self.data, "--model", self.path / name, *EXPLICIT[:2], "--biases", "--epochs", "2", *options])
        self.assertEqual(done.code, 0, done)
        return self.path / name


class PathTest(FollowingTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folds = ["--validation", "interactions:2"]

    def test_each_training_begins_with_its_neighbours_model(self):
        directory = self.plan("path", *PATH, *self.folds, "--path")
        self.sweep("run", directory, "--cores", "2")
        found = self.metrics(directory)
        trials = [trial["point"] for trial in self.plan_of(directory)["trials"]]
        before = None
        for strength in ("0.5", "0.1", "0.02"):
            options = ["--fold", "interactions:2/2", "--factors", "4", "--regularization", strength]
            model = self.by_hand(f"hand-{strength}.h5", *options, *(["--warm-start", before] if before else []))
            done = run(["evaluate", "--data", self.data, "--model", model, "--metrics", "rmse", "--output", self.path / "m.json"])
            self.assertEqual(done.code, 0, done)
            number = next(t for t, point in enumerate(trials, 1) if (point["factors"], point["regularization"]) == ("4", strength))
            self.assertEqual(found[f"t{number}.f2.r0"][1]["rmse"], json.loads((self.path / "m.json").read_text())["metrics"]["rmse"]["model"])
            before = model
        self.assertEqual(list((directory / "work").iterdir()), [])  # no model is kept once its path is done
        # The first of each path is what it is without one; the others are something else, and so are their keys.
        plain = self.plan("plain", *PATH, *self.folds)
        self.sweep("run", plain)
        others = self.metrics(plain)
        heads = {f"t{t}.f{f}.r0" for t, point in enumerate(trials, 1) if point["regularization"] == "0.5" for f in (1, 2)}
        self.assertEqual({name for name in found if found[name] == others[name]}, heads)
        self.assertEqual({name for name in found if found[name][0] == others[name][0]}, heads)
        # The refit goes along the path too.
        self.sweep("refit", directory, "--model", self.path / "refit.h5")
        winner = self.summary(directory)["winner"]["point"]
        before = []
        for strength in ("0.5", "0.1", "0.02"):
            model = self.by_hand("whole.h5", "--factors", winner["factors"], "--regularization", strength, *before)
            if strength == winner["regularization"]:
                break
            before = ["--warm-start", model.rename(self.path / f"whole-{strength}.h5")]
        self.assertEqual(self.model_bits(self.path / "refit.h5"), self.model_bits(model))

    def test_neither_order_nor_interruptions_change_the_records(self):
        whole = self.plan("whole", *PATH, *self.folds, "--path")
        self.sweep("run", whole)
        backwards = self.plan("backwards", *PATH, *self.folds, "--path")
        for task in reversed(self.plan_of(backwards)["tasks"]):
            self.sweep("trial", backwards, "--task", task["name"], ranks=2)
        self.assertEqual(self.metrics(backwards), self.metrics(whole))
        # Records without models: those that come after train what they begin with.
        reused = self.plan("reused", *PATH, *self.folds, "--path", "--reuse", str(whole))
        lost = [task for task in self.plan_of(reused)["tasks"] if task["name"].startswith("t2.")]
        for task in lost:
            (reused / "records" / f"{task['key']}.json").unlink()
        self.sweep("run", reused)
        self.assertEqual(self.metrics(reused), self.metrics(whole))
        killed = self.plan("killed", *PATH, *self.folds, "--path")
        with self.started(killed, "--cores", "2") as process:
            self.wait_for_records(killed, 2)
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=60)
        self.sweep("resume", killed)
        self.assertEqual(self.metrics(killed), self.metrics(whole))

    def test_what_does_not_go_with_paths_is_told(self):
        for options, expected in [(["--regularization", "0.1,1", "--halving", "2"], "--path and --halving exclude each other"),
                                  (["--factors", "2,3"], "--path: expected several values of --regularization"),
                                  (["--job", "kmeans", "--clusters", "2,3"], "--path has a meaning only with --job als")]:
            done = self.plan("never", *options, "--path", code=2)
            self.assertEqual(len(done.our_lines), 1, done)
            self.assertIn(expected, done.our_lines[0])


class ProgramTest(FollowingTestCase):
    def test_tasks_of_one_program_are_as_if_each_had_its_own(self):
        options = [*EXPLICIT, "--factors", "2, 5", "--regularization", "0.02, 0.1, 0.5", "--epochs", "2"]
        apart = self.plan("apart", *options)
        self.sweep("run", apart, "--cores", "2")
        for name, more in (("together", ["--trials-per-program", "4"]), ("on-two-ranks", ["--trials-per-program", "100", "--ranks", "2"])):
            directory = self.plan(name, *options, *more)
            self.sweep("run", directory, "--cores", "2")
            self.assertEqual(self.metrics(directory), self.metrics(apart))
            tasks = self.plan_of(directory)["tasks"]
            self.assertLessEqual(len({task["program"] for task in tasks}), 6)
            for task in tasks:
                begin, end = self.attempts(directory, task["name"])
                self.assertTrue(begin.startswith("begin") and end.endswith(" 0"), begin + end)
                log = (directory / f"scheduler/logs/{task['name']}.log").read_text()
                self.assertEqual(log.count("epoch 2/2"), 1, log)
            program = (directory / f"scheduler/logs/{tasks[0]['program']}.log").read_text()
            self.assertIn(f"{tasks[0]['name']} ended with 0", program)
            self.assertNotIn("epoch 2/2", program)
        done = self.plan("never", *options, "--trials-per-program", "2", "--memory-budget", "1GiB", code=2)
        self.assertIn("which --memory-budget does not count", done.err)
        done = self.plan("apart", *options, "--trials-per-program", "2", code=73)
        self.assertIn("already holds another plan", done.err)

    def test_a_task_that_fails_takes_no_other_with_it(self):
        # Far more factors than a row has entries, without regularization: no finite solution.
        directory = self.plan("failing", "--objective", "explicit", "--factors", "2, 60", "--regularization", "0, 0.1 if factors = 60, 2",
                              "--solver", "primal", "--epochs", "2", "--trials-per-program", "4", "--validation", "interactions:2")
        self.sweep("run", directory, "--max-retries", "1")
        tasks, out = self.tasks(directory)
        failed = {name for name, task in tasks.items() if task["phase"] == "failed"}
        self.assertTrue(failed, out)
        self.assertLess(len(failed), len(tasks))
        for name, task in tasks.items():
            ends = [line.split()[-1] for line in self.attempts(directory, name) if line.startswith("end")]
            self.assertEqual(ends, ["65", "65"] if name in failed else ["0"], out)
            self.assertEqual(task["reason"], "exit code 65" if name in failed else "")
        self.assertIn("have no finite solution", out)

    def test_stopped_programs_go_on_where_they_were(self):
        options = [*EXPLICIT, "--factors", "2, 4, 6", "--epochs", "40", "--trials-per-program", "3", "--validation", "interactions:2"]
        whole = self.plan("whole", *options)
        self.sweep("run", whole)
        with self.subTest("a program that dies"):
            directory = self.plan("dies", *options)
            with self.started(directory, "--cores", "1") as process:
                self.wait_for_records(directory, 1)
                os.kill(int(self.attempts(directory, "p1.f1.r0")[0].split()[3]), signal.SIGKILL)
                process.communicate(timeout=120)
                self.assertEqual(process.returncode, 0)
            self.assertEqual(len(self.attempts(directory, "p1.f1.r0")), 4)  # two runs
            self.assertEqual(self.metrics(directory), self.metrics(whole))
        for name, number in (("stopped", signal.SIGTERM), ("killed", signal.SIGKILL)):
            directory = self.plan(name, *options)
            with self.started(directory, "--cores", "1") as process:
                self.wait_for_records(directory, 1)
                process.send_signal(number)
                process.communicate(timeout=60)
            self.assertLess(len(self.metrics(directory)), 6)
            self.sweep("resume", directory)
            self.assertEqual(self.metrics(directory), self.metrics(whole))


if __name__ == "__main__":
    unittest.main()
