"""Batch scripts on a real Slurm: what `rankwise plan` writes, and the templates, run, stop before their limit, come back and end with
the bytes of a run that nothing interrupts."""
import hashlib
import os
import pathlib
import tempfile
import unittest

import shop
from cluster import Cluster, eventually, main
from program import PROGRAM, SOURCE, run

TEMPLATES = SOURCE / "slurm/templates"


# What a shell has that whoever submits from it does not think of: filters, wishes for steps, and a job and step around it.
OUTER = {"SQUEUE_USERS": "nobody", "SQUEUE_PARTITION": "nowhere", "SQUEUE_FORMAT": "%A", "SCONTROL_LOCAL": "1", "SLURM_EXPORT_ENV": "NONE",
         "SRUN_EXPORT_ENV": "NONE", "SRUN_CPUS_PER_TASK": "7", "SLURM_MEM_PER_CPU": "1000000", "SLURM_CPU_BIND": "quiet,map_cpu:77",
         "SLURM_STEP_ID": "3", "SLURM_STEP_NUM_TASKS": "9", "SLURM_NTASKS": "5", "SLURM_NNODES": "5", "SLURM_NPROCS": "5",
         "SLURM_TASKS_PER_NODE": "5", "SLURM_JOB_NODELIST": "elsewhere", "PMIX_RANK": "4", "OMPI_COMM_WORLD_SIZE": "4"}


class BatchScriptTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(Cluster(nodes=2, cpus=2, requeue_seconds=6))
        cls.path = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        (cls.path / "bin").mkdir()
        (cls.path / "bin/rankwise").symlink_to(PROGRAM)
        cls.cluster.environment["PATH"] = f"{cls.path / 'bin'}:{os.environ['PATH']}"
        shop.write_log(cls.path / "log.csv")
        done = run(["prepare", "--input", cls.path / "log.csv", "--split", "random:0.1", "--output", cls.path / "shop.h5"])
        assert done.code == 0, done

    def digest(self, name):
        return hashlib.sha256((self.path / name).read_bytes()).hexdigest()

    def finish(self, seconds=90):
        eventually(self.cluster.empty, seconds, what=self.cluster.queue)

    def logs(self, pattern):
        return "".join(path.read_text() for path in self.path.glob(pattern))

    def script_of(self, epochs):
        """What `rankwise plan` writes for two nodes of one core."""
        script = self.path / f"als-{epochs}.sbatch"
        done = run(["plan", "--data", self.path / "shop.h5", "--factors", "32", "--epochs", epochs, "--regularization", "0.01", "--model",
                    self.path / "model.h5", "--ranks", "2", "--threads-per-rank", "1", "--cores-per-node", "1", "--calibrate", "0", "--sbatch", script])
        self.assertEqual(done.code, 0, done)
        self.assertIn("#SBATCH --nodes=2\n", script.read_text())
        return script

    def test_a_planned_training_is_stopped_before_its_limit_and_goes_on_to_the_same_bits(self):
        log = "rankwise-als-*.log"
        # More than any limit lets it do. The signal, 120 seconds before the limit, comes as soon as Slurm looks at times: every 30 s.
        first = self.cluster.ask("sbatch", "--parsable", "--time=00:02:00", self.script_of(100_000), cwd=self.path)
        eventually(lambda: "stopped after" in self.logs(log), 60, what=lambda: self.logs(log))
        self.assertIn("(SIGUSR2)", self.logs(log))
        self.assertIn("als on 2 ranks", self.logs(log))
        eventually(lambda: f"{first} PENDING BeginTime" in self.cluster.queue(), what=self.cluster.queue)
        # It comes back under the same number and goes on.
        eventually(lambda: self.cluster.hurry() or f"continues from {self.path}" in self.logs(log), what=lambda: self.cluster.queue() + self.logs(log))
        self.assertIn("Restarts=1 ", self.cluster.ask("scontrol", "-o", "show", "job", first))
        # Cancelled, it writes a checkpoint and stays away.
        self.cluster.ask("scancel", first)
        self.finish()
        reached = max(int(path.name[6:12]) for path in (self.path / "model.h5.checkpoints").glob("epoch-*.h5"))
        self.assertGreater(reached, 1)
        # Little is left to do now: another job does it, and the model is that of one run on one rank.
        self.cluster.ask("sbatch", self.script_of(reached + 2), cwd=self.path)
        self.finish()
        self.assertEqual(self.logs(log).count(f"continues from {self.path}"), 2)
        done = run(["als", "--data", self.path / "shop.h5", "--factors", "32", "--epochs", reached + 2, "--regularization", "0.01", "--model",
                    self.path / "whole.h5"])
        self.assertEqual(done.code, 0, done)
        self.assertEqual(self.digest("model.h5"), self.digest("whole.h5"))

    def submit_template(self, name, *arguments, nodes=2, cpus=1):
        """On the little that the virtual nodes have; everything else as it is written."""
        small = [f"--nodes={nodes}", "--ntasks-per-node=1", f"--cpus-per-task={cpus}", "--mem=200M"]
        job = self.cluster.ask("env", *(f"{key}={value}" for key, value in OUTER.items()), "sbatch", "--parsable", *small, TEMPLATES / name,
                               *arguments, cwd=self.path)
        self.assertEqual(self.cluster.run("bash", "-n", TEMPLATES / name).returncode, 0)
        return job

    def test_the_template_of_als_goes_on_after_a_signal(self):
        job = self.submit_template("als.sbatch", "shop.h5", "taste.h5", "--factors", "16", "--epochs", "150")
        eventually(lambda: (self.path / "taste.h5.jsonl").exists() and '"epoch"' in (self.path / "taste.h5.jsonl").read_text(),
                   what=lambda: self.logs(f"*-{job}.log"))
        self.cluster.ask("scancel", "--signal=USR2", job)  # to the ranks, as Slurm does
        self.finish()
        log = self.logs(f"rankwise-als-{job}.log")
        self.assertIn("stopped after", log)
        self.assertIn("threads=1", log)
        self.assertEqual(log.count("als on 2 ranks"), 2, log)
        whole = run(["als", "--data", self.path / "shop.h5", "--model", self.path / "taste-whole.h5", "--factors", "16", "--epochs", "150"])
        self.assertEqual(whole.code, 0, whole)
        self.assertEqual(self.digest("taste.h5"), self.digest("taste-whole.h5"))

    def test_the_templates_of_kmeans_and_scaling_run(self):
        clusters = self.submit_template("kmeans.sbatch", "shop.h5", "segments.h5", "--rows", "users", "--clusters", "4")
        study = self.submit_template("scaling.sbatch", "study", "--users", "400", "--items", "100", "--interactions", "4000", "--epochs", "2", "--factors", "8")
        self.finish()
        self.assertIn("kmeans on 2 ranks", self.logs(f"rankwise-kmeans-{clusters}.log"))
        alone = run(["kmeans", "--input", self.path / "shop.h5", "--output", self.path / "alone.h5", "--rows", "users", "--clusters", "4"])
        self.assertEqual(alone.code, 0, alone)
        self.assertEqual(self.digest("segments.h5"), self.digest("alone.h5"))
        for kind in ("json", "csv", "svg", "jsonl"):
            self.assertTrue((self.path / f"study/scaling.{kind}").exists(), self.logs(f"rankwise-scaling-{study}.log"))
        self.assertIn("strong=1,2", self.logs(f"rankwise-scaling-{study}.log"))

    def test_the_template_of_a_sweep_goes_on_after_a_signal(self):
        planned = ["--data", "shop.h5", "--factors", "4, 8", "--epochs", "2000", "--validation", "interactions:2", "--optimize", "ndcg@10", "--calibrate", "0"]
        for search in ("search", "whole-search"):
            done = run(["sweep", "plan", search, *planned], cwd=self.path)
            self.assertEqual(done.code, 0, done)
        job = self.submit_template("sweep.sbatch", "search", nodes=1, cpus=2)
        log = f"rankwise-sweep-{job}.log"
        eventually(lambda: list((self.path / "search").rglob("checkpoints/lock")), 60, what=lambda: self.logs(log))
        self.cluster.ask("scancel", "--signal=USR2", job)
        self.finish()
        self.assertEqual(self.logs(log).count("sweep run on 1 rank"), 2, self.logs(log))
        self.assertIn("cores=2", self.logs(log))
        whole = run(["sweep", "run", "whole-search", "--cores", "2"], cwd=self.path)
        self.assertEqual(whole.code, 0, whole)
        self.assertEqual(self.digest("search/results/winner.ini"), self.digest("whole-search/results/winner.ini"))

    def test_the_template_of_a_quarter_goes_on_after_a_signal(self):
        job = self.submit_template("quarterly.sbatch", "quarter", "log.csv", "--factors", "16", "--epochs", "150")
        log = f"rankwise-quarterly-{job}.log"
        eventually(lambda: '"epoch"' in self.logs("quarter/als.jsonl"), 60, what=lambda: self.logs(log))
        self.cluster.ask("scancel", "--signal=USR2", job)
        self.finish()
        self.assertEqual(self.logs(log).count("als on 2 ranks"), 3, self.logs(log))  # twice the first one, once the final one
        self.assertEqual(self.logs(log).count("prepare on 2 ranks"), 1, self.logs(log))
        hand = self.path / "by-hand"
        hand.mkdir()
        data, model, final = hand / "dataset.h5", hand / "model.h5", hand / "final.h5"
        for command in (["prepare", "--input", "log.csv", "--split", "leave-last:1", "--output", data],
                        ["als", "--data", data, "--model", model, "--factors", "16", "--epochs", "150"],
                        ["evaluate", "--data", data, "--model", model, "--output", hand / "metrics.json"],
                        ["als", "--data", data, "--model", final, "--factors", "16", "--train-on", "all", "--epochs-of", model],
                        ["recommend", "--data", data, "--model", final, "--top", "20", "--output", hand / "recommendations.csv"],
                        ["kmeans", "--input", final, "--rows", "users", "--metric", "cosine", "--clusters", "12", "--output", hand / "segments.h5"]):
            done = run(command, cwd=self.path)
            self.assertEqual(done.code, 0, done)
        for file in ("dataset.h5", "model.h5", "metrics.json", "final.h5", "recommendations.csv", "segments.h5"):
            self.assertEqual(self.digest(f"quarter/{file}"), self.digest(f"by-hand/{file}"), file)


if __name__ == "__main__":
    main()
