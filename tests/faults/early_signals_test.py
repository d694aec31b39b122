"""Signals and second runs while a run starts and reads, which may take minutes: what is asked for is done at the first occasion, and a
second run is refused at once. A preloaded library holds each run where it opens its input, until the test lets it go on."""
import contextlib
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

import program
import shop
from program import LAUNCHER, PROGRAM, run

LIBRARY = os.environ.get("RANKWISE_FAIL_IO", str(program.SOURCE / "build/release/tests/faults/libfail_io.so"))
STOPPED = 75
NOTED = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM, signal.SIGINT)


def is_ours(pid):
    with contextlib.suppress(OSError):
        return os.readlink(f"/proc/{pid}/exe") == os.path.realpath(PROGRAM)
    return False


def handles(pid, number):
    """Whether the process has a handler for the signal."""
    with contextlib.suppress(OSError):
        (caught,) = [line for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigCgt")]
        return bool(int(caught.split()[1], 16) >> (number - 1) & 1)
    return False


class EarlySignalsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name).resolve()
        cls.data, cls.model = shop.write_model(cls.path, users=80, items=40)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def setUp(self):
        self.run_folder = pathlib.Path(tempfile.mkdtemp(dir=self.path))
        self.checkpoints, self.output = self.run_folder / "checkpoints", self.run_folder / "output.h5"
        self.reads, self.go = self.run_folder / "reads", self.run_folder / "go"

    def arguments(self, job, *options):
        """Far more epochs or iterations than a test waits for, if nothing asks for an end."""
        jobs = {"als": ["als", "--data", self.data, "--factors", "4", "--epochs", "1000000", "--model", self.output],
                "kmeans": ["kmeans", "--input", self.model, "--rows", "users", "--clusters", "2:40", "--restarts", "10000", "--init", "random", "--output", self.output]}
        return [str(argument) for argument in (*jobs[job], "--quiet", "--checkpoint", self.checkpoints, *options)]

    def start(self, args, ranks=1, held=None):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("SLURM_")} | {"OMP_NUM_THREADS": "1"}
        if held:
            environment |= {"LD_PRELOAD": LIBRARY, "FAIL_IO_CALL": "open", "FAIL_IO_PATH": str(held), "FAIL_IO_FROM": "1",
                            "FAIL_IO_WAIT": str(self.go), "FAIL_IO_NOTES": str(self.reads)}
        command = ([LAUNCHER, str(ranks)] if ranks > 1 else []) + [PROGRAM, *args]
        process = subprocess.Popen(command, env=environment, start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.end, process, self.go)
        return process

    def end(self, process, go):
        go.touch()
        if process.poll() is None:
            for pid in self.ranks_of(process):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        if not process.stderr.closed:
            process.communicate()

    def ranks_of(self, process):
        if is_ours(process.pid):
            return [process.pid]
        with contextlib.suppress(OSError):
            children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            return [int(pid) for pid in children if is_ours(int(pid))]
        return []

    def wait_until(self, holds, what):
        deadline = time.monotonic() + 60
        while not holds():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.01)

    def wait_for_reading(self):
        """In one rank at least: then all have come past the start of MPI."""
        self.wait_until(self.reads.exists, "the run does not read")

    def expect_stopped(self, process, number):
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, STOPPED, err)
        self.assertIn(signal.Signals(number).name, err)
        self.assertTrue([path for path in self.checkpoints.iterdir() if path.suffix == ".h5"])
        self.assertFalse(self.output.exists())

    def held_at(self, job):
        return {"als": self.data, "kmeans": self.model}[job]

    def test_a_stop_that_is_asked_for_while_it_reads(self):
        for job, ranks, number in (("als", 1, signal.SIGUSR2), ("als", 1, signal.SIGINT), ("als", 2, signal.SIGTERM), ("kmeans", 1, signal.SIGTERM),
                                   ("kmeans", 2, signal.SIGUSR2)):
            with self.subTest(job=job, ranks=ranks, signal=number):
                self.setUp()
                process = self.start(self.arguments(job), ranks, held=self.held_at(job))
                self.wait_for_reading()
                os.kill(self.ranks_of(process)[-1], number)
                self.go.touch()
                self.expect_stopped(process, number)

    def test_a_checkpoint_that_is_asked_for_while_it_reads(self):
        for job, ranks in (("als", 1), ("als", 2), ("kmeans", 1), ("kmeans", 2)):
            with self.subTest(job=job, ranks=ranks):
                self.setUp()
                process = self.start(self.arguments(job, "--checkpoint-interval", "1-00:00:00"), ranks, held=self.held_at(job))
                self.wait_for_reading()
                rank = self.ranks_of(process)[-1]
                os.kill(rank, signal.SIGUSR1)
                self.go.touch()
                self.wait_until(lambda: (self.checkpoints / "newest").exists() or process.poll() is not None, "no checkpoint")
                self.assertIsNone(process.poll())
                os.kill(rank, signal.SIGUSR2)
                self.expect_stopped(process, signal.SIGUSR2)

    def test_a_stop_that_is_asked_for_while_mpi_starts(self):
        """As soon as the program's own code runs."""
        for job, ranks in (("als", 1), ("als", 2), ("kmeans", 1)):
            with self.subTest(job=job, ranks=ranks):
                self.setUp()
                process = self.start(self.arguments(job), ranks)
                self.wait_until(lambda: any(handles(pid, signal.SIGUSR2) for pid in self.ranks_of(process)), "no handler")
                listening = [pid for pid in self.ranks_of(process) if handles(pid, signal.SIGUSR2)]
                os.kill(listening[0], signal.SIGUSR2)
                self.expect_stopped(process, signal.SIGUSR2)

    def test_mpirun_hands_sigusr2_to_its_ranks(self):
        process = self.start(self.arguments("als"), 2, held=self.data)
        self.wait_for_reading()
        process.send_signal(signal.SIGUSR2)
        self.go.touch()
        self.expect_stopped(process, signal.SIGUSR2)

    def test_without_checkpoints_signals_end_it_as_any_program(self):
        for job in ("als", "kmeans"):
            for number in (signal.SIGUSR2, signal.SIGUSR1):
                with self.subTest(job=job, signal=number):
                    self.setUp()
                    args = self.arguments(job)
                    del args[args.index("--checkpoint"):]
                    process = self.start(args, held=self.held_at(job))
                    self.wait_for_reading()
                    process.send_signal(number)
                    self.assertEqual(process.wait(timeout=60), -number)

    def test_a_second_run_is_refused_before_it_reads(self):
        for job in ("als", "kmeans"):
            with self.subTest(job=job):
                self.setUp()
                first = self.start(self.arguments(job), held=self.held_at(job))
                self.wait_for_reading()
                second = run(self.arguments(job), ranks=2, env={"LD_PRELOAD": LIBRARY, "FAIL_IO_CALL": "open", "FAIL_IO_PATH": self.held_at(job),
                                                               "FAIL_IO_FROM": "1", "FAIL_IO_ERROR": "5"})
                self.assertEqual(second.code, 73, second)
                self.assertEqual(len(second.our_lines), 1, second)
                self.assertIn(f"process {first.pid} on ", second.our_lines[0])
                self.end(first, self.go)


if __name__ == "__main__":
    unittest.main()
