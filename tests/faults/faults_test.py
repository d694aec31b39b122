"""What happens to a run from outside: a full disk, a killed rank, an output that cannot take results. Every rank ends, what
stood before still stands, and nothing half-written is left."""
import contextlib
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

import shop
from program import LAUNCHER, PROGRAM, run
from small_disk import small_disk, with_own_mounts


class FaultsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        shop.write_log(cls.path / "log.csv", users=600, items=200)
        cls.data, cls.model = cls.path / "data.h5", cls.path / "model.h5"
        for step in (["prepare", "--input", cls.path / "log.csv", "--split", "random:0.1", "--output", cls.data],
                     ["als", "--data", cls.data, "--model", cls.model, "--epochs", "2"]):
            done = run(step)
            assert done.code == 0, done

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_full_disk(self):
        jobs = {"full.h5": ["prepare", "--input", self.path / "log.csv", "--output"],
                "full-model.h5": ["als", "--data", self.data, "--epochs", "1", "--model"],
                "full.csv": ["recommend", "--data", self.data, "--model", self.model, "--output"],
                "full-lists.h5": ["recommend", "--data", self.data, "--model", self.model, "--output"],
                "full-log.csv": ["synthesize", "--users", "2000", "--interactions", "40000", "--output"]}
        for name, job in jobs.items():
            with self.subTest(job=job[0], output=name), small_disk(64) as disk:
                done = run([*job, disk / name], ranks=3, timeout=60)
                self.assertEqual(done.code, 74, done)
                self.assertEqual(len(done.our_lines), 1, done)
                self.assertIn(name, done.our_lines[0])
                self.assertIn("no space", done.our_lines[0].lower())
                self.assertEqual(list(disk.iterdir()), [])

    def test_full_standard_output(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([PROGRAM, "evaluate", "--data", self.data, "--model", self.model], stdout=full,
                                  stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(done.returncode, 74, done)
        self.assertIn("standard output", done.stderr)

    def test_killed_rank_ends_the_run_and_leaves_the_old_model(self):
        before = self.model.read_bytes()
        command = [LAUNCHER, "3", PROGRAM, "als", "--data", str(self.data), "--model", str(self.model), "--epochs", "1000000", "--quiet",
                   "--log-json", str(self.path / "events.jsonl")]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True) as launched:
            try:
                self.wait_until(lambda: '"epoch"' in self.events())
                ranks = self.ranks_of(launched.pid)
                self.assertEqual(len(ranks), 3)
                os.kill(ranks[1], signal.SIGKILL)
                self.assertNotEqual(launched.wait(timeout=30), 0)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(launched.pid, signal.SIGKILL)
        for rank in ranks:
            self.assertFalse(self.alive(rank), f"rank with pid {rank} outlived the run")
        self.assertEqual(self.model.read_bytes(), before)

    def alive(self, pid):
        try:
            return pathlib.Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] != "Z"
        except FileNotFoundError:
            return False

    def events(self):
        log = self.path / "events.jsonl"
        return log.read_text() if log.exists() else ""

    def ranks_of(self, parent):
        children = pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        return [int(pid) for pid in children if b"rankwise" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()]

    def wait_until(self, holds):
        deadline = time.monotonic() + 60
        while not holds():
            self.assertLess(time.monotonic(), deadline, "the run did not start")
            time.sleep(0.1)


if __name__ == "__main__":
    with_own_mounts()
    unittest.main()
