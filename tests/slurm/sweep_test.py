"""`rankwise sweep` through a real Slurm: what happens to jobs changes no record and no winner."""
import collections
import json
import re
import unittest

from cluster import eventually, main
from program import PROGRAM, data_file, run
from sweep_case import EXPLICIT, SweepCase


class LifeTest(SweepCase):
    def test_halving_goes_from_rung_to_rung_without_anyone_waiting(self):
        options = [*EXPLICIT, "--factors", "1, 4, 12", "--epochs", "9", "--halving", "3", "--halving-epochs", "3"]
        slurm, local = self.plan("halving", *options), self.local("halving-here", *options)
        self.submit(slurm)
        summary = self.finish(slurm)
        self.assertEqual(self.metrics(slurm), self.metrics(local))
        self.assertEqual(summary["winner"], self.summary(local)["winner"])
        self.assertTrue((slurm / "results/report.html").exists())

    def test_a_task_that_always_fails_is_retried_and_told_and_the_others_finish(self):
        directory = self.plan("failing", "--objective", "explicit", "--factors", "2, 60", "--regularization", "0.1, 0", "--solver", "primal", "--epochs", "1")
        self.submit(directory, "--max-retries", "1")
        self.finish(directory)
        tasks, out = self.tasks(directory)
        failed = [name for name, task in tasks.items() if task["phase"] == "failed"]
        self.assertTrue(failed, out)
        self.assertEqual({task["phase"] for task in tasks.values()}, {"done", "failed"}, out)
        self.assertIn("no finite solution", out)
        for name in failed:
            self.assertEqual(self.runs(directory, name), 2, name)

    def test_cancelled_and_resumed_twice_at_once_each_task_is_counted_once(self):
        options = [*EXPLICIT, "--factors", "2, 4, 6", "--epochs", "3"]
        directory, local = self.plan("cancelled", *options), self.local("cancelled-here", *options)
        self.submit(directory, "--tasks-per-job", "1", "--jobs-at-once", "1")
        eventually(lambda: self.metrics(directory), 60)
        self.sweep("cancel", directory)
        eventually(lambda: not self.cluster.queue(), 60)
        tasks, out = self.tasks(directory)
        self.assertLess(sum(task["phase"] == "done" for task in tasks.values()), 9, out)
        self.assertIn("cancelled", out)
        # Whoever comes second finds the first one at work, or everything submitted.
        both = [self.cluster.run("bash", "-c", f"'{PROGRAM}' sweep resume '{directory}' & a=$!; '{PROGRAM}' sweep resume '{directory}'; b=$?; wait $a; echo $? $b")]
        codes = both[0].stdout.strip().splitlines()[-1].split()
        self.assertIn("0", codes, both)
        self.assertTrue(set(codes) <= {"0", "73"}, both)
        self.finish(directory)
        self.assertEqual(self.metrics(directory), self.metrics(local))
        submitted = re.findall(r"t\d+\.f\d+\.r0", "".join(path.read_text() for path in (directory / "scheduler").glob("*.items")))
        self.assertLessEqual(max(submitted.count(name) for name in submitted), 2)

    def test_paths_and_tasks_of_one_program_find_what_they_find_here(self):
        options = [*EXPLICIT, "--factors", "2, 4", "--regularization", "0.5, 0.1", "--epochs", "2", "--validation", "interactions:2", "--path",
                   "--trials-per-program", "4"]
        directory, local = self.plan("programs", *options), self.local("programs-here", *options)
        self.submit(directory)
        self.finish(directory)
        self.assertEqual(self.metrics(directory), self.metrics(local))
        for task in self.tasks(directory)[0]:
            self.assertEqual(self.runs(directory, task), 1, task)
        self.assertEqual({self.runs(directory, program) for program in ("p1.f1.r0", "p1.f2.r0")}, {1})

    def test_small_tasks_share_jobs_of_one_size(self):
        directory = self.plan("packed", *EXPLICIT, "--factors", "2, 3", "--regularization", "log 0.001 .. 0.1 x 13", "--validation", "interactions:2",
                              "--epochs", "1", calibrate=1)
        self.submit(directory, "--tasks-at-once", "2")
        self.finish(directory)
        (items,) = [path for path in (directory / "scheduler").glob("*.items") if len(path.read_text().splitlines()) > 1]
        self.assertEqual(collections.Counter(line.split()[0] for line in items.read_text().splitlines()), {"0": 26, "1": 26})
        # As long as all of them are predicted to take: three times that, and ten minutes, are enough.
        (script,) = (directory / "scheduler").glob(f"{items.stem}.sbatch")
        self.assertIn("#SBATCH --time=00:10:00\n", script.read_text())
        self.assertEqual({state["phase"] for state in self.tasks(directory)[0].values()}, {"done"})

    def test_refit_follows_the_sweep(self):
        directory = self.plan("refit", *EXPLICIT, "--factors", "2, 4", "--epochs", "2")
        self.submit(directory, "--refit", self.folder / "model.h5", "--refit-metrics", self.folder / "metrics.json")
        eventually(lambda: (self.folder / "metrics.json").exists(), 120, what=lambda: self.cluster.queue())
        self.assertTrue((self.folder / "model.h5").exists())


class GoodbooksTest(SweepCase):
    @classmethod
    def prepare(cls):
        done = run(["prepare", "--input", data_file("goodbooks_ratings.csv.gz"), "--min-user-count", "5", "--split", "random:0.1", "--output", cls.data])
        assert done.code == 0, done

    def test_4_trials_on_3_folds_find_the_winner_of_the_local_scheduler_bit_for_bit(self):
        options = ["--factors", "4, 12", "--regularization", "0.001", "--unobserved-weight", "0.05, 0.2", "--epochs", "2",
                   "--optimize", "ndcg@20", "--select", "best"]
        directory, local = self.plan("slurm", *options), self.local("local", *options)
        self.submit(directory, "--tasks-per-job", "2")  # 6 jobs on 3 nodes of 2 cores
        summary = self.finish(directory, 600)
        self.assertEqual(len(self.metrics(directory)), 4 * 3)
        self.assertEqual(self.metrics(directory), self.metrics(local))
        self.assertEqual(summary["winner"], self.summary(local)["winner"])


if __name__ == "__main__":
    main()
