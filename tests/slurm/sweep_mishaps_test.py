"""What befalls jobs of a sweep: nodes and controllers die, people cancel, limits and better jobs stop them, disks are full. Nothing is lost, nothing
counted twice, `sweep status` tells how things stand meanwhile, and the others finish."""
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import time
import unittest

from cluster import eventually, main, quiet_environment
from program import PROGRAM
from small_disk import mount, with_own_mounts
from sweep_case import EXPLICIT, SweepCase

# Four tasks of some seconds.
TRAININGS = ["--objective", "implicit", "--factors", "64", "--regularization", "0.001, 0.01", "--epochs", "1200", "--validation", "interactions:2",
             "--optimize", "ndcg@10"]
TASKS = {f"t{trial}.f{fold}.r0" for trial in (1, 2) for fold in (1, 2)}


class MishapCase(SweepCase):
    cluster_settings = {"nodes": 2, "cpus": 2, "preemption": True, "SlurmdTimeout": 6, "MessageTimeout": 3, "KillWait": 1, "MaxArraySize": 8}

    expected = None  # findings of the local scheduler, the same in every class

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if MishapCase.expected is None:
            MishapCase.expected = cls.findings(cls.local("here", *TRAININGS))

    def submit(self, directory, *options):
        return super().submit(directory, "--tasks-per-job", "1", *options)

    @classmethod
    def findings(cls, directory):
        return cls.metrics(directory), cls.summary(directory)["winner"]

    def assert_whole(self, directory, expected):
        """Each task counts once, with the local scheduler's bits."""
        self.assertEqual(self.findings(directory), expected)
        tasks, summary = len(expected[0]), self.summary(directory)
        self.assertEqual(len(list((directory / "records").iterdir())), tasks)
        self.assertEqual((summary["tasks_done"], summary["tasks_missing"]), (tasks, []))
        self.assertEqual(set(self.phases(directory).values()), {"done"})

    @staticmethod
    def epochs(directory, task):
        """Of all of its runs, as its log tells."""
        path = directory / f"scheduler/logs/{task}.log"
        return path.read_text().count(" epoch ") if path.exists() else 0

    def wait_for_epochs(self, directory, *tasks):
        """Until each of these has trained some more."""
        before = {task: self.epochs(directory, task) for task in tasks}
        eventually(lambda: all(self.epochs(directory, task) > before[task] for task in tasks), 60, what=self.cluster.queue)

    @staticmethod
    def trainings(directory, *words):
        """/proc of those that run with these words in their command lines."""
        wanted = {word.encode() for word in (str(directory), *words)}
        for path in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                command = (path / "cmdline").read_bytes().split(b"\0")
                if command[0] == PROGRAM.encode() and wanted <= set(command):
                    yield path

    @contextlib.contextmanager
    def standing_still(self, directory):
        """The sweep's trainings, meanwhile: however fast they are, or slow the scheduler, none finishes before something befalls it."""
        def send(number):
            for path in self.trainings(directory):
                with contextlib.suppress(OSError):
                    os.kill(int(path.name), number)
        send(signal.SIGSTOP)
        try:
            yield
        finally:
            send(signal.SIGCONT)

    def wait_for_signal(self, directory, *tasks):
        """Until SIGUSR2 is pending at the trainings of these, which stand still."""
        def arrived(task):
            statuses = [(path / "status").read_text() for path in self.trainings(directory, task)]
            masks = [int(line.split()[1], 16) for text in statuses for line in text.splitlines() if line.startswith("ShdPnd:")]
            return masks and all(mask >> (signal.SIGUSR2 - 1) & 1 for mask in masks)
        eventually(lambda: all(arrived(task) for task in tasks), 60, what=self.cluster.queue)

    def closing_jobs(self, directory):
        """Ids of those in the queue."""
        scheduler = directory / "scheduler"
        names = [path.stem for path in scheduler.glob("*.items") if " next-" in path.read_text()]
        return self.cluster.ask("squeue", "--noheader", f"--name={','.join(names)}", "--format=%A").split() if names else []


class JobTest(MishapCase):
    def test_a_task_that_someone_else_cancels_is_lost_and_runs_again(self):
        directory = self.plan("cancelled", *TRAININGS)
        self.submit(directory)
        (closing,) = self.closing_jobs(directory)
        self.cluster.ask("scontrol", "hold", closing)
        self.wait_for_epochs(directory, *TASKS)
        with self.standing_still(directory):
            self.cluster.ask("scancel", self.tasks(directory)[0]["t1.f2.r0"]["job"])
        eventually(lambda: set(self.phases(directory).values()) == {"lost", "done"}, 60, 0.5)
        tasks, out = self.tasks(directory)
        self.assertEqual([name for name, task in tasks.items() if task["phase"] == "lost"], ["t1.f2.r0"])
        self.assertIn("CANCELLED", tasks["t1.f2.r0"]["reason"])
        self.assertIn("3 of 4 tasks done, 0 running, 0 waiting, 0 failed, 1 lost", out)
        self.cluster.ask("scontrol", "release", closing)
        self.finish(directory)
        self.assert_whole(directory, self.expected)
        self.assertEqual({task: self.codes(directory, task) for task in TASKS}, {task: [0] for task in TASKS} | {"t1.f2.r0": [75, 0]})

    def test_a_task_that_its_limit_stops_twice_takes_three_jobs(self):
        directory = self.plan("limited", *TRAININGS)
        self.submit(directory, "--time-limit", "00:20:00", "--signal", "60")
        for stops in (1, 2):
            self.wait_for_epochs(directory, "t2.f1.r0")
            with self.standing_still(directory):
                # What Slurm sends before the limit, whose moment it leaves open by half a minute.
                job = self.tasks(directory)[0]["t2.f1.r0"]["job"]
                self.cluster.run("timeout", "5", "scancel", "--batch", "--signal=USR2", job)
                self.wait_for_signal(directory, "t2.f1.r0")
            eventually(lambda: self.codes(directory, "t2.f1.r0") == stops * [75], 60)
            eventually(lambda: self.phases(directory)["t2.f1.r0"] == "waiting", 60)
            eventually(lambda: self.cluster.hurry() or len(self.codes(directory, "t2.f1.r0")) > stops, 60, 0.5)
        self.finish(directory)
        self.assert_whole(directory, self.expected)
        self.assertEqual({task: self.codes(directory, task) for task in TASKS}, {task: [0] for task in TASKS} | {"t2.f1.r0": [75, 75, 0]})

    def test_better_jobs_send_all_of_it_back_into_the_queue(self):
        directory = self.plan("preempted", *TRAININGS)
        self.submit(directory, "--partition", "low")
        self.wait_for_epochs(directory, *TASKS)
        with self.standing_still(directory):
            self.cluster.ask("sbatch", "--partition=high", "--nodes=2", "--exclusive", f"--output={directory}/high.log", "--wrap=true")
            self.wait_for_signal(directory, *TASKS)
        eventually(lambda: set(self.phases(directory).values()) == {"waiting"}, 60)
        self.finish(directory)
        self.assert_whole(directory, self.expected)
        self.assertEqual({tuple(self.codes(directory, task)) for task in TASKS}, {(75, 0)})

    def test_more_tasks_than_an_array_holds(self):
        options = [*EXPLICIT, "--factors", "1, 2, 3, 4, 5, 6", "--validation", "interactions:2", "--epochs", "1"]
        directory, local = self.plan("many", *options), self.local("many-here", *options)
        self.submit(directory)
        arrays = [path.read_text() for path in sorted((directory / "scheduler").glob("*.items")) if "t1.f1" in path.read_text() or "t6.f2" in path.read_text()]
        self.assertEqual([len(array.splitlines()) for array in arrays], [8, 4])
        self.finish(directory)
        self.assert_whole(directory, self.findings(local))
        self.assertEqual({tuple(self.codes(directory, task)) for task in self.metrics(local)}, {(0,)})

    def test_whoever_collects_early_is_told_what_is_missing_and_destroys_nothing(self):
        directory = self.plan("early", *TRAININGS)
        self.submit(directory, "--jobs-at-once", "1")
        done = self.sweep("collect", directory, code=65)
        self.assertIn("4 of 4 tasks have no record yet: t1.f1.r0, t1.f2.r0, t2.f1.r0, t2.f2.r0", done.stderr)
        self.assertFalse((directory / "results").exists())
        # The closing job, before what it waits for is over: it leaves the work to another one.
        (closing,) = self.closing_jobs(directory)
        self.cluster.ask("scontrol", "update", f"JobId={closing}", "Dependency=")
        eventually(lambda: self.closing_jobs(directory) and closing not in self.closing_jobs(directory), 60)
        self.assertFalse((directory / "results").exists())
        eventually(lambda: len(self.metrics(directory)) >= 2, 60)
        records = {path: path.read_bytes() for path in (directory / "records").iterdir()}
        done = self.sweep("collect", directory)
        missing = self.summary(directory)["tasks_missing"]
        self.assertIn("t2.f2.r0", missing)
        self.assertIn(f"incomplete: {len(missing)} of 4 tasks have no record yet", done.stdout)
        self.finish(directory)
        self.assertEqual({path: path.read_bytes() for path in records}, records)
        self.assert_whole(directory, self.expected)
        self.assertEqual({tuple(self.codes(directory, task)) for task in TASKS}, {(0,)})


class MachineTest(MishapCase):
    def test_what_ran_on_a_dead_node_runs_elsewhere(self):
        directory = self.plan("node", *TRAININGS)
        self.submit(directory)
        self.wait_for_epochs(directory, *TASKS)
        with self.standing_still(directory):
            there = {task for task in TASKS if self.attempts(directory, task)[-1][1] == "n2"}
            self.assertEqual(len(there), 2)
            self.cluster.kill_node("n2")
            self.assertLessEqual({self.phases(directory)[task] for task in there}, {"running", "waiting"})
        eventually(lambda: {self.phases(directory)[task] for task in there} == {"waiting"}, 60, 0.5)
        self.finish(directory)
        self.assert_whole(directory, self.expected)
        self.cluster.restart_daemon("n2")
        for task in TASKS:
            codes = self.codes(directory, task)
            self.assertEqual((codes[-1], codes.count(0), len(codes) > 1), (0, 1, task in there), task)
        eventually(lambda: self.cluster.ask("sinfo", "-h", "-N", "-p", "main", "-o", "%t").split() == ["idle", "idle"], 120)

    def test_a_killed_controller_is_waited_for_and_comes_back_to_what_runs(self):
        directory = self.plan("controller", *TRAININGS)
        self.submit(directory)
        self.wait_for_epochs(directory, *TASKS)
        with self.standing_still(directory):
            # A few seconds after a change it writes what it knows of jobs; killed before that, it forgets what ran.
            now = time.time()
            self.cluster.ask("scontrol", "update", f"JobId={self.closing_jobs(directory)[0]}", "Comment=changed")
            eventually(lambda: (self.cluster.folder / "state/job_state").stat().st_mtime > now, 60)
            self.cluster.kill_daemon("slurmctld", signal.SIGKILL)
            tasks, out = self.tasks(directory)
            self.assertEqual({task["phase"] for task in tasks.values()}, {"unknown"}, out)
            self.assertIn("0 of 4 tasks done, 0 running, 0 waiting, 4 unknown, 0 failed, 0 lost, 0 not begun\nsqueue: ", out)
            command = [PROGRAM, "sweep", "run", directory]
            with subprocess.Popen(command, env=quiet_environment() | self.cluster.environment, stderr=subprocess.PIPE, text=True) as patient:
                self.assertTrue(any("asking again" in line for line in patient.stderr))
                self.cluster.restart_daemon("slurmctld")
                _, errors = patient.communicate(timeout=60)
            self.assertEqual(patient.returncode, 0, errors)
            eventually(lambda: set(self.phases(directory).values()) == {"running"}, 60, 0.5)
        self.finish(directory)
        self.assert_whole(directory, self.expected)
        self.assertEqual({tuple(self.codes(directory, task)) for task in TASKS}, {(0,)})

    def test_a_queue_that_forgot_everything_is_told_and_resume_goes_on(self):
        directory = self.plan("forgotten", *TRAININGS)
        self.submit(directory)
        self.wait_for_epochs(directory, *TASKS)
        with self.standing_still(directory):
            self.cluster.kill_daemon("slurmctld", signal.SIGKILL)
            shutil.rmtree(self.cluster.folder / "state")
            (self.cluster.folder / "state").mkdir()
            self.cluster.restart_daemon("slurmctld")
            eventually(lambda: set(self.phases(directory).values()) == {"lost"}, 60)
        _, out = self.tasks(directory)
        self.assertIn(f"nothing runs or waits; rankwise sweep resume {directory} continues", out)
        self.sweep("resume", directory)
        self.finish(directory)
        self.assert_whole(directory, self.expected)

    def test_a_full_disk_fails_its_trial_alone_until_there_is_room(self):
        directory = self.plan("full", *TRAININGS)
        small = directory / "work/t1.f1"
        small.mkdir(parents=True)
        mount(small, 64)
        self.addCleanup(subprocess.run, ["umount", "--lazy", small], check=True)
        self.submit(directory, "--max-retries", "0")
        self.finish(directory)
        tasks, out = self.tasks(directory)
        self.assertEqual({name: task["phase"] for name, task in tasks.items()}, {task: "done" for task in TASKS} | {"t1.f1.r0": "failed"})
        self.assertIn(tasks["t1.f1.r0"]["reason"], ("exit code 73", "exit code 74"))
        self.assertRegex(out, "full/work/t1.f1/.*(no space for its|No space left)")
        self.assertEqual(self.summary(directory)["tasks_missing"], ["t1.f1.r0"])
        subprocess.run(["mount", "-o", "remount,size=64m", small], check=True)
        self.sweep("resume", directory)
        eventually(lambda: not self.summary(directory)["tasks_missing"], 60, what=self.cluster.queue)
        self.finish(directory)
        self.assert_whole(directory, self.expected)


if __name__ == "__main__":
    with_own_mounts()
    main()
