"""A lost rank under a plain srun, without --kill-on-bad-exit, which lets the others live: they end by themselves, and the job fails."""
import os
import pathlib
import shlex
import signal
import tempfile
import unittest

import shop
from cluster import Cluster, eventually, main
from program import PROGRAM, run

LIMIT = 3  # seconds of silence


class LostRankTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(Cluster(nodes=2, cpus=2))
        cls.path = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        shop.write_log(cls.path / "log.csv")
        done = run(["prepare", "--input", cls.path / "log.csv", "--output", cls.path / "shop.h5"])
        assert done.code == 0, done

    def ranks(self, job):
        """Processes of the program, by rank."""
        found = {}
        for path in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                variables = dict(word.partition("=")[::2] for word in (path / "environ").read_text().split("\0"))
                if variables.get("SLURM_JOB_ID") == job and os.readlink(path / "exe") == os.path.realpath(PROGRAM):
                    found[int(variables["SLURM_PROCID"])] = int(path.name)
            except (OSError, KeyError, UnicodeDecodeError):
                pass  # gone meanwhile, or another's
        return found

    def test_the_others_end_and_name_it(self):
        for number, what in ((signal.SIGKILL, "is gone"), (signal.SIGSTOP, f"has not answered for {LIMIT} s")):
            for rank in (0, 1):
                with self.subTest(signal=number, rank=rank):
                    log, events = self.path / f"{number}-{rank}.log", self.path / f"{number}-{rank}.jsonl"
                    command = ["srun", "--mpi=pmix", PROGRAM, "als", "--data", self.path / "shop.h5", "--model", self.path / "model.h5", "--epochs", 1000000,
                               "--rank-timeout", LIMIT, "--log-json", events, "--quiet"]
                    training = shlex.join(map(str, command)) + "; echo ended with $?"
                    job = self.cluster.ask("sbatch", "--parsable", "--nodes=2", "--ntasks=2", "--time=00:10:00", f"--output={log}", f"--wrap={training}",
                                           cwd=self.path)
                    eventually(lambda: events.exists() and '"epoch"' in events.read_text(), 60, what=self.cluster.queue)
                    ranks = self.ranks(job)
                    self.assertEqual(sorted(ranks), [0, 1])
                    os.kill(ranks[rank], number)
                    eventually(lambda: "ended with" in log.read_text(), 30, what=log.read_text)
                    text = log.read_text()
                    self.assertNotIn("ended with 0\n", text)
                    self.assertIn(f"rank {rank} (", text)
                    self.assertIn(f"process {ranks[rank]}) {what}", text)
                    self.assertFalse(self.ranks(job), text)


if __name__ == "__main__":
    main()
