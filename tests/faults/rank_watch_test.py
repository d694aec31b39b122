"""A rank that is stopped, killed or leaves ends the whole job, with a line that names it; a job that is stopped as a whole and
continued goes on. Each once under mpirun as it is, and once under an mpirun that lets the other ranks live on, as plain srun
does: there they must end by themselves."""
import contextlib
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import unittest

import program
import shop
from program import LAUNCHER, PROGRAM, run

PROBE = os.environ.get("RANKWISE_RANK_PROBE", str(program.SOURCE / "build/release/tests/faults/rank_probe"))
LIMIT = 3  # seconds of silence
LETS_LIVE = {"OMPI_MCA_orte_enable_recovery": "1"}  # this mpirun's own exit code tells nothing
LAUNCHERS = {"mpirun": {}, "mpirun that lets ranks live": LETS_LIVE}
LAUNCHER_AND_LOST_RANK = (({}, 1), (LETS_LIVE, 0), (LETS_LIVE, 1))


def state(pid):
    """A letter, as ps has it; X where there is no such process."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"


class RankWatchTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        cls.data, cls.log, cls.model = cls.path / "data.h5", cls.path / "log.jsonl", cls.path / "model.h5"
        shop.write_log(cls.path / "log.csv", users=600, items=200)
        done = run(["prepare", "--input", cls.path / "log.csv", "--output", cls.data])
        assert done.code == 0, done

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @contextlib.contextmanager
    def training(self, launcher, *options, epochs=1_000_000):
        """A training on three ranks that has begun to sweep, and the processes of its ranks, by rank."""
        self.log.unlink(missing_ok=True)
        environment = {**os.environ, **launcher, "OMP_NUM_THREADS": "1"}
        command = [LAUNCHER, "3", PROGRAM, "als", "--data", self.data, "--model", self.model, "--epochs", epochs, "--log-json", self.log,
                   "--rank-timeout", LIMIT, *options]
        with subprocess.Popen([str(word) for word in command], env=environment, start_new_session=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            ranks = []
            try:
                deadline = time.monotonic() + 60
                while '"epoch"' not in (self.log.read_text() if self.log.exists() else "") and time.monotonic() < deadline:
                    time.sleep(0.05)
                ranks = self.ranks_of(process.pid)
                self.assertEqual(sorted(ranks), [0, 1, 2], "the run did not start")
                yield process, [ranks[rank] for rank in range(3)]
            finally:
                for pid in [*(ranks.values() if ranks else ()), process.pid]:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)

    def ranks_of(self, parent):
        ranks = {}
        for pid in map(int, pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text().split()):
            environment = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            ranks |= {int(word.split(b"=")[1]): pid for word in environment if word.startswith(b"OMPI_COMM_WORLD_RANK=")}
        return ranks

    def assert_all_end(self, process, ranks, launcher):
        """The lines that name a lost rank, once everything has ended."""
        _, err = process.communicate(timeout=30)
        for rank, pid in enumerate(ranks):
            self.assertIn(state(pid), "XZ", f"rank {rank} outlived the run\n{err}")
        if launcher is not LETS_LIVE:
            self.assertNotEqual(process.returncode, 0, err)
        return err

    def assert_named(self, err, rank, pid, what):
        host = re.escape(os.uname().nodename)
        lines = [line for line in err.splitlines() if line.startswith("rankwise:")]
        self.assertTrue(lines, err)
        for line in lines:
            self.assertRegex(line, rf"^rankwise: rank {rank} \({host}, process {pid}\) .*; the job ends$")
        self.assertIn(what, lines[0])  # ranks that live on may find out on their own that the one that was stopped is gone now

    def test_a_stopped_rank(self):
        for launcher, rank in LAUNCHER_AND_LOST_RANK:
            with self.subTest(launcher=launcher, rank=rank), self.training(launcher) as (process, ranks):
                os.kill(ranks[rank], signal.SIGSTOP)
                err = self.assert_all_end(process, ranks, launcher)
                self.assert_named(err, rank, ranks[rank], f"has not answered for {LIMIT} s")

    def test_a_killed_rank(self):
        for launcher, rank in LAUNCHER_AND_LOST_RANK:
            with self.subTest(launcher=launcher, rank=rank), self.training(launcher) as (process, ranks):
                os.kill(ranks[rank], signal.SIGKILL)
                err = self.assert_all_end(process, ranks, launcher)
                self.assert_named(err, rank, ranks[rank], "is gone: it was killed, or ended too early")

    def test_a_job_that_is_stopped_and_continued_goes_on(self):
        checkpoints = self.path / "checkpoints"
        with self.training({}, "--checkpoint", checkpoints, "--checkpoint-every", "1000000") as (process, ranks):
            for _ in range(2):
                for pid in ranks:
                    os.kill(pid, signal.SIGSTOP)
                time.sleep(2 * LIMIT)
                self.assertEqual([state(pid) for pid in ranks], ["T"] * 3)
                for pid in ranks:
                    os.kill(pid, signal.SIGCONT)
                time.sleep(1)
            os.kill(ranks[1], signal.SIGTERM)
            _, err = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 75, err)
        self.assertIn("newest", [path.name for path in checkpoints.iterdir()])

    def test_limits(self):
        training = ["als", "--data", self.data, "--model", self.model, "--epochs", "2", "--rank-timeout"]
        self.assertEqual(run([*training, "0"], ranks=3).code, 0)
        for wrong in ("1", "-3", "86401", "soon"):
            done = run([*training, wrong], ranks=2)
            self.assertEqual(done.code, 2, done)
            self.assertIn("rank-timeout", done.our_lines[0])


class ProbeTest(unittest.TestCase):
    """Ranks that leave from inside, in a small program."""

    def probe(self, what, ranks, launcher):
        command = [LAUNCHER, str(ranks), PROBE, what, str(LIMIT)]
        done = subprocess.run(command, env=os.environ | launcher, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        processes = {int(rank): pid for rank, pid in re.findall(r"^rank (\d+) process (\d+)$", done.stdout, re.M)}
        return done, processes, [line for line in done.stderr.splitlines() if line.startswith("rankwise:")]

    def test_a_rank_that_calls_exit(self):
        for name, launcher in LAUNCHERS.items():
            for what, ranks, lost in (("exit", 4, 2), ("root-exit", 3, 0), ("exit", 20, 10) if launcher is LETS_LIVE else ("exit", 2, 1)):
                with self.subTest(launcher=name, what=what, ranks=ranks):
                    done, processes, lines = self.probe(what, ranks, launcher)
                    self.assertTrue(lines, done)
                    for line in lines:
                        self.assertRegex(line, rf"^rankwise: rank {lost} \(.*, process {processes.get(lost, '.*')}\) is gone: ")
                    if launcher is not LETS_LIVE:
                        self.assertNotEqual(done.returncode, 0)

    def test_a_rank_that_throws_is_the_only_one_to_speak(self):
        for name, launcher in LAUNCHERS.items():
            with self.subTest(launcher=name):
                done, _, lines = self.probe("throw", 4, launcher)
                self.assertEqual(lines, ["rankwise: rank 2: not an error of ours"], done)
                if launcher is not LETS_LIVE:
                    self.assertEqual(done.returncode, 70, done)

    def test_ends_that_are_none_of_its_business(self):
        for what, code, lines in (("nothing", 0, []), ("late", 0, []), ("agreed", 65, ["rankwise: row 7 is bad"])):
            for ranks in (1, 3):
                with self.subTest(what=what, ranks=ranks):
                    done, _, said = self.probe(what, ranks, {})
                    self.assertEqual((done.returncode, said), (code, lines), done)


if __name__ == "__main__":
    unittest.main()
