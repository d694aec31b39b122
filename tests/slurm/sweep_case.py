"""Whole sweeps on a real Slurm, for tests: planned, submitted, looked at, and compared with the local scheduler's."""
import json
import pathlib
import tempfile
import unittest

import synthetic_sweep
from cluster import Cluster, eventually
from program import PROGRAM, run

EXPLICIT = ["--objective", "explicit", "--biases", "true"]


class SweepCase(unittest.TestCase):
    cluster_settings = {"nodes": 3, "cpus": 2}

    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(Cluster(**cls.cluster_settings))
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.data = cls.folder / "data.h5"
        cls.prepare()

    @classmethod
    def prepare(cls):
        synthetic_sweep.write_ratings(cls.folder / "log.csv")
        done = run(["prepare", "--input", cls.folder / "log.csv", "--split", "random:0.1", "--output", cls.data])
        assert done.code == 0, done

    @classmethod
    def plan(cls, name, *options, calibrate=0):
        directory = cls.folder / name
        done = run(["sweep", "plan", directory, "--data", cls.data, "--calibrate", calibrate, *options])
        assert done.code == 0, done
        return directory

    @classmethod
    def local(cls, name, *options):
        directory = cls.plan(name, *options)
        done = run(["sweep", "run", directory, "--cores", "2"], timeout=400)
        assert done.code == 0, done
        return directory

    def sweep(self, action, directory, *options, code=0, timeout=240):
        done = self.cluster.run(PROGRAM, "sweep", action, directory, *options, timeout=timeout)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def submit(self, directory, *options):
        return self.sweep("run", directory, "--scheduler", "slurm", *options)

    def tasks(self, directory):
        done = self.cluster.run(PROGRAM, "sweep", "status", directory, "--json", directory / "status.json", "--quiet")
        self.assertIn(done.returncode, (0, 76), done.stdout + done.stderr)  # 76: something failed or was lost
        status = json.loads((directory / "status.json").read_text())
        return {task["name"]: task for task in status["tasks"]}, done.stdout

    def phases(self, directory):
        return {name: task["phase"] for name, task in self.tasks(directory)[0].items()}

    @staticmethod
    def summary(directory):
        return json.loads((directory / "results/summary.json").read_text())

    def finish(self, directory, seconds=240):
        """Waits for the report of the closing job that is the last in the queue."""
        def is_over():
            self.cluster.hurry()
            return (directory / "results/summary.json").exists() and not self.cluster.queue()
        eventually(is_over, seconds, 0.5, lambda: self.cluster.queue() + self.tasks(directory)[1])
        return self.summary(directory)

    metrics = staticmethod(synthetic_sweep.recorded)

    @staticmethod
    def attempts(directory, task):
        """[(job id, node, exit code or None)] of the task's runs."""
        path = directory / f"scheduler/logs/{task}.attempts"
        runs = {}
        for kind, _, _, job_id, restart, last in (line.split() for line in (path.read_text().splitlines() if path.exists() else ())):
            node = last if kind == "begin" else runs[job_id, restart][1]
            runs[job_id, restart] = (job_id, node, int(last) if kind == "end" else None)
        return list(runs.values())

    def codes(self, directory, task):
        return [code for _, _, code in self.attempts(directory, task)]

    def runs(self, directory, task):
        return len(self.attempts(directory, task))
