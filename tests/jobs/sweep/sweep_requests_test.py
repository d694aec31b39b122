"""Runs of a sweep that are asked to stop, killed and continued: records survive, and nothing is done twice."""
import json
import os
import pathlib
import signal
import tempfile
import unittest

from sweep_test import EXPLICIT, SweepTestCase


class RequestTest(SweepTestCase):
    """What is asked of Slurm, by clients that note it."""

    def setUp(self):
        self.clients = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(dir=self.path)))
        for name, text in {"squeue": "true", "scontrol": "echo 'MaxArraySize = 1001'; echo 'MaxJobCount = 10000'", "scancel": "true",
                           "sbatch": 'env > "$0.environment"; cp "${@: -1}" "$0.script"; if grep -q wrong "$0.script"; '
                                     'then echo "sbatch: error: Invalid feature specification" >&2; exit 1; fi; echo $RANDOM'}.items():
            (self.clients / name).write_text(f"#!/bin/bash\n{text}\n")
            (self.clients / name).chmod(0o755)
        self.environment = {"PATH": f"{self.clients}:{os.environ['PATH']}"}

    def submit(self, action, directory, *options, code=0, **environment):
        done = self.sweep(action, directory, *options, code=code, env=self.environment | environment)
        return [line for line in (self.clients / "sbatch.script").read_text().splitlines() if line.startswith("#SBATCH")], done

    def settings(self, directory):
        return json.loads((directory / "run.json").read_text())

    def plan_one(self, name):
        return self.plan(name, *EXPLICIT, "--factors", "2", "--epochs", "1", "--validation", "interactions:2")

    def test_what_was_asked_for_is_taken_back_by_none_or_reset(self):
        directory = self.plan_one("taken-back")
        asked = ["--partition", "batch", "--account", "shop", "--qos", "night", "--constraint", "zen4", "--sbatch-option=--licenses=tape:1",
                 "--time-limit", "01:00:00", "--tasks-per-job", "2"]
        lines, _ = self.submit("run", directory, "--scheduler", "slurm", *asked)
        for line in ("partition=batch", "account=shop", "qos=night", "constraint=zen4", "licenses=tape:1"):
            self.assertIn(f"#SBATCH --{line}", lines)
        lines, _ = self.submit("resume", directory, "--constraint", "none", "--sbatch-option", "none")
        self.assertIn("#SBATCH --partition=batch", lines)
        self.assertFalse([line for line in lines if "constraint" in line or "licenses" in line], lines)
        lines, _ = self.submit("resume", directory, "--partition", "none", "--account", "none", "--qos", "none")
        self.assertFalse([line for line in lines if "partition" in line or "account" in line or "qos" in line], lines)
        done = self.sweep("resume", directory, "--sbatch-option", "none", "--sbatch-option=--exclusive", code=2)
        self.assertIn("--sbatch-option none", done.our_lines[0])
        self.submit("resume", directory, "--reset", "--scheduler", "slurm")
        settings = self.settings(directory)
        self.assertEqual((settings["time_limit_seconds"], settings["tasks_per_job"]), (0, 0))
        self.assertGreaterEqual(settings["submissions"], 4)

    def test_what_a_refused_submission_asked_for_is_not_kept(self):
        directory = self.plan_one("refused")
        _, done = self.submit("run", directory, "--scheduler", "slurm", "--constraint", "wrong", "--tasks-per-job", "2", code=74)
        self.assertIn("Invalid feature specification", done.our_lines[0])
        settings = self.settings(directory)
        self.assertEqual((settings["scheduler"], settings["constraint"], settings["tasks_per_job"]), ("slurm", "", 0))
        lines, _ = self.submit("run", directory, "--partition", "batch")
        self.assertFalse([line for line in lines if "constraint" in line], lines)
        self.submit("resume", directory, "--constraint", "wrong", "--partition", "other", code=74)
        self.assertEqual((self.settings(directory)["constraint"], self.settings(directory)["partition"]), ("", "batch"))
        here = self.plan("too-large", *EXPLICIT, "--factors", "2", "--epochs", "1", "--ranks", "2")
        self.sweep("run", here, "--cores", "1", code=2)
        self.assertEqual(self.settings(here)["cores"], 0)

    def test_variables_of_the_environment_say_at_most_where_jobs_go(self):
        directory = self.plan_one("environment")
        variables = {"SBATCH_TIMELIMIT": "1", "SBATCH_PARTITION": "mine", "SBATCH_EXPORT": "NONE", "SRUN_CPUS_PER_TASK": "7", "SBATCH_JOB_NAME": "other",
                     "SQUEUE_PARTITION": "mine", "SALLOC_QOS": "mine", "SLURM_TIMELIMIT": "1", "SBATCH_ACCOUNT": "shop"}
        _, done = self.submit("run", directory, "--scheduler", "slurm", "--partition", "batch", **variables)
        seen = (self.clients / "sbatch.environment").read_text()
        for name in variables.keys() - {"SBATCH_ACCOUNT"}:
            self.assertNotIn(name, seen)
        self.assertIn("SBATCH_ACCOUNT=shop\n", seen)
        self.assertIn("SBATCH_ACCOUNT=shop of the environment: used", done.err)
        self.assertIn("warning: SBATCH_EXPORT, SBATCH_JOB_NAME, SBATCH_PARTITION, SBATCH_TIMELIMIT of the environment: no effect", done.err)

    def client(self, name, text):
        (self.clients / name).write_text(f"#!/bin/bash\n{text}\n")

    def test_a_job_is_looked_for_on_the_cluster_that_took_it(self):
        directory = self.plan_one("clusters")
        note = f'echo "$(basename "$0") $*" >> {self.clients}/calls'
        listing = 'for word; do case $word in --name=*) IFS=,; for name in ${word#--name=}; do echo "17_0|17|0|$name|PENDING|None"; done; esac; done'
        self.client("squeue", f"{note}; {listing}")
        self.client("scancel", note)
        self.client("sbatch", 'cp "${@: -1}" "$0.script"; echo "17;alpha"')
        self.submit("run", directory, "--scheduler", "slurm", SBATCH_CLUSTERS="alpha,beta")
        self.sweep("status", directory, env=self.environment | {"SLURM_CLUSTERS": "gamma"})
        self.sweep("cancel", directory, env=self.environment)
        calls = (self.clients / "calls").read_text().splitlines()
        self.assertTrue(calls)
        self.assertFalse([call for call in calls if "--clusters=alpha " not in call], calls)
        self.assertTrue([call for call in calls if call.startswith("scancel ")], calls)

    def test_a_job_that_comes_after_sbatch_gave_up_is_the_sweeps(self):
        directory = self.plan_one("late")
        listing = 'for word; do case $word in --name=*) IFS=,; for name in ${word#--name=}; do echo "17_0|17|0|$name|PENDING|None"; done; esac; done'
        # It is listed from the second time on that squeue is asked for it.
        self.client("squeue", f'echo >> "$0.calls"; if (($(wc -l < "$0.calls") > 3)); then {listing}; fi')
        self.client("sbatch", 'cp "${@: -1}" "$0.script"; echo >> "$0.calls"; '
                              'echo "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation" >&2; exit 1')
        _, done = self.submit("run", directory, "--scheduler", "slurm")
        self.assertIn("which may still enter the queue; looking for it for up to", done.err)
        ledger = (directory / "scheduler/submissions").read_text().splitlines()
        self.assertEqual([line.split()[0] for line in ledger], ["intent", "unanswered", "accepted"] * 2)  # the tasks, and the job that closes
        self.assertEqual(len((self.clients / "sbatch.calls").read_text().splitlines()), 2)


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
        done = self.sweep("status", directory, code=76)
        self.assertIn(f"{len(failed)} tasks failed, 0 were lost; rankwise sweep resume", done.our_lines[0])
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


if __name__ == "__main__":
    unittest.main()
