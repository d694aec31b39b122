"""What tests of interrupted runs share: a job with checkpoints that is started, stopped, signalled or killed, and whose output
must have the bits of a run that was left alone."""
import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from program import LAUNCHER, PROGRAM, run

STOPPED = 75


def kill_unless_gone(pid):
    """A process may end between being listed and being killed."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


class InterruptedRuns(unittest.TestCase):
    """A test case has `job`, its name on the command line, `prefix`, that of its checkpoints, and job_options(*options, **how), the
    arguments of a run but for --checkpoint and --log-json. Runs write `output` and keep their state in `checkpoints`."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        cls.expected = {}

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def setUp(self):
        self.checkpoints = self.path / self.id().rsplit(".", 1)[1]
        self.output = self.checkpoints.with_suffix(".h5")
        self.log = self.checkpoints.with_suffix(".jsonl")

    def arguments(self, *options, **how):
        return [self.job, *self.job_options(self.output, *options, **how), "--checkpoint", self.checkpoints, "--log-json", self.log]

    def train(self, *options, ranks=1, code=0, **how):
        done = run(self.arguments(*options, **how), ranks=ranks)
        self.assertEqual(done.code, code, done)
        return done

    def digest(self, *options, **how):
        """Of the output of a run that nothing interrupts."""
        key = (options, *sorted(how.items()))
        if key not in self.expected:
            whole = self.path / "whole.h5"
            done = run([self.job, *self.job_options(whole, *options, **how)])
            self.assertEqual(done.code, 0, done)
            self.expected[key] = hashlib.sha256(whole.read_bytes()).hexdigest()
        return self.expected[key]

    def expect_whole_output(self, *options, **how):
        self.assertEqual(hashlib.sha256(self.output.read_bytes()).hexdigest(), self.digest(*options, **how))

    def begin_anew(self):
        shutil.rmtree(self.checkpoints, ignore_errors=True)
        self.output.unlink(missing_ok=True)
        self.log.unlink(missing_ok=True)

    def events(self, name):
        if not self.log.exists():
            return []
        lines = self.log.read_text().splitlines()
        return [event for event in map(json.loads, (line for line in lines if line.endswith("}"))) if event["event"] == name]

    def wait_for(self, event):
        deadline = time.monotonic() + 60
        while not self.events(event) and time.monotonic() < deadline:
            time.sleep(0.05)

    def files(self):
        return sorted(path.name for path in self.checkpoints.iterdir())

    def checkpoint_files(self):
        return [name for name in self.files() if name.startswith(self.prefix)] if self.checkpoints.exists() else []

    def start(self, ranks, *options, **how):
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        command = ([LAUNCHER, str(ranks)] if ranks > 1 else []) + [PROGRAM] + [str(option) for option in self.arguments(*options, **how)]
        return subprocess.Popen(command, env=environment, start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, text=True)

    def ranks_of(self):
        """Process numbers of the ranks that a launcher has started."""
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # gone meanwhile
                words = (path / "cmdline").read_bytes().decode(errors="replace").split("\0")
                if words[:2] == [str(PROGRAM), self.job] and str(self.output) in words:
                    found.append(int(path.name))
        return sorted(found)

    def run_or_kill(self, chance, seconds, ranks, *options, **how):
        """A run that is killed after so many seconds, by one rank or by all, where it has not ended by then. Whether it was
        killed, and whether it came to its end."""
        self.log.unlink(missing_ok=True)
        process = self.start(ranks, *options, **how)
        killed = False
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            victims = self.ranks_of()
            if victims and chance.random() < 0.5:
                kill_unless_gone(chance.choice(victims))  # one rank: the launcher ends the others
            else:
                for victim in victims:
                    kill_unless_gone(victim)
                os.killpg(process.pid, signal.SIGKILL)
            killed = process.wait(timeout=30) != 0  # else it had come to its end meanwhile
        process.stderr.close()
        for victim in self.ranks_of():
            kill_unless_gone(victim)
        return killed, process.returncode == 0

    def signalled(self, number, ranks, event, *options, **how):
        """A long run one of whose ranks gets a signal once `event` is told; and that rank."""
        process = self.start(ranks, *options, **how)
        self.wait_for(event)
        os.kill(chosen := self.ranks_of()[-1], number)
        return process, chosen

    def expect_signals_stop(self, event, *options, **how):
        """SIGTERM, SIGINT and SIGUSR2 to one rank stop all with a checkpoint; SIGUSR1 only writes one."""
        for number, ranks in ((signal.SIGTERM, 3), (signal.SIGTERM, 1), (signal.SIGINT, 3), (signal.SIGUSR2, 1)):
            with self.subTest(signal=number, ranks=ranks):
                self.begin_anew()
                process, _ = self.signalled(number, ranks, event, *options, **how)
                _, err = process.communicate(timeout=60)
                self.assertEqual(process.returncode, STOPPED, err)
                self.assertIn(signal.Signals(number).name, err)
                self.assertTrue(self.checkpoint_files())
        self.begin_anew()
        process, rank = self.signalled(signal.SIGUSR1, 2, event, "--checkpoint-interval", "1-00:00:00", *options, **how)
        self.wait_for("checkpoint")
        self.assertEqual(len(self.events("checkpoint")), 1)
        self.assertIsNone(process.poll())
        os.kill(rank, signal.SIGTERM)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, STOPPED)

    def expect_options_need_a_folder(self):
        for option, value in (("--checkpoint-every", "2"), ("--max-time", "01:00:00"), ("--keep", "3"), ("--resume", "never"),
                              ("--checkpoint-interval", "00:10:00")):
            done = run([self.job, *self.job_options(self.output, option, value)])
            self.assertEqual(done.code, 2, done)
            self.assertIn(option, done.our_lines[0])
            self.assertIn("--checkpoint", done.our_lines[0])

    def damage(self, chance, trial, content):
        """Cut off somewhere in every fifth trial, else with one bit flipped."""
        damaged = bytearray(content)
        if trial % 5 == 0:
            del damaged[chance.randrange(1 + len(damaged) // 4096) * 4096:]
        else:
            bit = chance.randrange(8 * len(damaged))
            damaged[bit // 8] ^= 1 << bit % 8
        return damaged


class InterruptedTrainings(InterruptedRuns):
    """The same for `als`, with a dataset to train on."""
    job, prefix = "als", "epoch-"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.data = cls.path / "data.h5"
        for step in (["synthesize", "--quiet", "--users", "3000", "--items", "800", "--interactions", "60000", "--output", cls.path / "log.csv"],
                     ["prepare", "--quiet", "--input", cls.path / "log.csv", "--output", cls.data]):
            done = run(step)
            assert done.code == 0, done

    def job_options(self, model, *options, epochs=6, data=None, factors="24"):
        return ["--data", data or self.data, "--model", model, "--factors", factors, "--epochs", str(epochs), *options]
