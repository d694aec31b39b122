"""`rankwise quarterly` through a real Slurm: dependent jobs end with the bits of the same commands by hand, whatever happens on the way."""
import hashlib
import os
import pathlib
import re
import tempfile
import unittest

import shop
from cluster import Cluster, eventually, main
from program import PROGRAM, run

CHAIN = """
[quarterly]
directory = {name}
memory = 300MiB
time-limit = 00:20:00
prepare.ranks = 2
{training}.nodes = 2

[prepare]
input = log.csv
split = random:0.1

[{section}]
{options}

[evaluate]
metrics = recall@20

[recommend]
top = 3

[kmeans]
clusters = 3
"""

# One trial after the other: time to hold them.
SWEEP = ["factors = 2, 4", "epochs = 2", "validation = interactions:3", "optimize = ndcg@10", "calibrate = 0", "tasks-per-job = 1", "jobs-at-once = 1"]


class QuarterlyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(nodes=3, cpus=2)
        cls.addClassCleanup(lambda: cls.cluster.__exit__(None, None, None))
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        shop.write_log(cls.folder / "log.csv", users=120, items=60)

    def chain(self, name, section, options):
        text = CHAIN.format(name=name, section=section, training="refit" if section == "sweep" else section, options="\n".join(options))
        (self.folder / f"{name}.ini").write_text(text)
        return f"{name}.ini"

    def quarterly(self, *words, code=0):
        done = self.cluster.run(PROGRAM, "quarterly", *words, cwd=self.folder)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout

    def logs(self, name):
        return "".join(f"--- {path.name}\n{path.read_text()[-1500:]}" for path in (self.folder / name / "scheduler/logs").glob("*"))

    def told_status(self, name):
        done = self.cluster.run(PROGRAM, "quarterly", "status", name, cwd=self.folder)
        went_wrong = re.search(r"^\S+ +(failed|lost|stopped)", done.stdout, re.MULTILINE)
        self.assertIn(done.returncode, (76, 0) if went_wrong else (0,), done.stdout + done.stderr)  # 0: cancelled
        return done.stdout

    def status(self, name):
        return {line.split()[0]: line.split(None, 1)[1] for line in self.told_status(name).splitlines() if not line.startswith(" ")}

    def finish(self, name, seconds=90):
        eventually(self.cluster.empty, seconds, what=lambda: self.cluster.queue() + self.logs(name))
        return self.status(name)

    def runs(self, name, step):
        path = self.folder / name / f"scheduler/logs/{step}.attempts"
        return path.read_text().count("begin") if path.exists() else 0

    def jobs_named(self, prefix):
        listed = self.cluster.ask("squeue", "--noheader", "--format=%F %j").splitlines()
        return [line.split()[0] for line in listed if line.split()[1].startswith(prefix)]

    def digest(self, path):
        return hashlib.sha256((self.folder / path).read_bytes()).hexdigest()

    def same_as_by_hand(self, name, training):
        hand = f"{name}-by-hand"
        (self.folder / hand).mkdir()
        data, model, final = (f"{hand}/{name}.h5" for name in ("dataset", "model", "final"))
        *first, last = training(data, model)
        on_all = [*last, "--train-on", "all", "--epochs-of", model]
        on_all[on_all.index("--model") + 1] = final
        for command in (["prepare", "--input", "log.csv", "--split", "random:0.1", "--output", data], *first, last, on_all,
                        ["evaluate", "--data", data, "--model", model, "--metrics", "recall@20", "--output", f"{hand}/metrics.json"],
                        ["recommend", "--data", data, "--model", final, "--top", "3", "--output", f"{hand}/recommendations.csv"],
                        ["kmeans", "--input", final, "--clusters", "3", "--output", f"{hand}/segments.h5"]):
            done = run(command, cwd=self.folder)
            self.assertEqual(done.code, 0, done)
        for file in ("dataset.h5", "model.h5", "final.h5", "metrics.json", "recommendations.csv", "segments.h5"):
            self.assertEqual(self.digest(f"{name}/{file}"), self.digest(f"{hand}/{file}"), file)

    def test_from_log_through_sweep_to_segments(self):
        file = self.chain("whole", "sweep", SWEEP)
        # Whoever submits second finds the first one at it, or every step in the queue.
        submit = f"'{PROGRAM}' quarterly {file} --submit"
        both = self.cluster.run("bash", "-c", f"{submit} & a=$!; {submit}; b=$?; wait $a; echo $? $b", cwd=self.folder)
        codes = both.stdout.split()[-2:]
        self.assertIn("0", codes, both)
        self.assertTrue(set(codes) <= {"0", "73"}, both)
        # The step that looks on while trials run is stopped as by its time limit, and comes back. Trials are held meanwhile.
        trials = eventually(lambda: self.jobs_named("sweep-"), 60, what=lambda: self.cluster.queue() + self.logs("whole"))
        self.cluster.run("scontrol", "hold", trials[0])
        job = re.search(r"\(job ([\d_]+)\)", self.status("whole")["sweep"]).group(1)
        self.cluster.run("timeout", "5", "scancel", "--batch", "--signal=USR2", job)
        attempts = self.folder / "whole/scheduler/logs/sweep.attempts"
        eventually(lambda: attempts.read_text().endswith(" 75\n"), 60, what=lambda: self.logs("whole"))
        self.cluster.run("scontrol", "release", trials[0])
        states = self.finish("whole")
        self.assertEqual(set(states.values()), {"done"}, (states, self.logs("whole")))
        self.assertEqual([self.runs("whole", step) for step in states], [1, 2, 1, 1, 1, 1, 1, 1], self.logs("whole"))
        trials = [self.runs("whole/sweep", f"t{trial}.f{fold}.r0") for trial in (1, 2) for fold in (1, 2, 3)]
        self.assertEqual(trials, [1] * 6)
        self.same_as_by_hand("whole", lambda data, model: [
            ["sweep", "plan", "search", "--data", data, "--factors", "2, 4", "--epochs", "2", "--validation", "interactions:3", "--optimize", "ndcg@10"],
            ["sweep", "run", "search", "--cores", "2"], ["sweep", "refit", "search", "--model", model]])
        self.quarterly(file, "--submit")
        self.assertEqual(self.cluster.queue(), "")
        script = next((self.folder / "whole/scheduler").glob("*-refit-0.sbatch")).read_text()
        self.assertIn("#SBATCH --nodes=2\n", script)
        self.assertIn("#SBATCH --dependency=afterok:", script)

    def test_what_fails_or_is_cancelled_stops_what_follows_and_goes_on(self):
        log = self.folder / "later.csv"
        log.write_text("user,item\nu1\n")
        file = self.chain("mended", "als", ["factors = 8", "epochs = 3000"])
        (self.folder / file).write_text((self.folder / file).read_text().replace("log.csv", "later.csv"))
        self.quarterly(file, "--submit")
        states = self.finish("mended")
        self.assertTrue(states["prepare"].startswith("failed"), states)
        self.assertTrue(all(states[step].startswith("stopped") for step in ("als", "evaluate", "final", "recommend", "kmeans")), states)
        self.assertIn("later.csv:2", self.told_status("mended"))
        # The cause is mended; the training is stopped by what Slurm sends before the limit, comes back, and then is cancelled.
        log.write_bytes((self.folder / "log.csv").read_bytes())
        self.quarterly(file, "--submit")
        log_of_als = self.folder / "mended/scheduler/logs/als.log"
        eventually(lambda: log_of_als.exists() and "epoch 2/" in log_of_als.read_text(), 60, what=lambda: self.logs("mended"))
        eventually(lambda: self.status("mended")["als"].startswith("running"), 60, what=lambda: self.logs("mended"))
        other = self.quarterly_error(self.chain("mended", "als", ["factors = 9", "epochs = 5"]))
        self.assertIn("still in the queue", other)
        # Nor is it accepted while Slurm does not answer.
        submitted = (self.folder / "mended/quarterly.ini").read_text()
        (self.folder / "silent").mkdir()
        (self.folder / "silent/squeue").write_text("#!/bin/sh\nexit 1\n")
        (self.folder / "silent/squeue").chmod(0o755)
        for words in ((file, "--submit"), ("cancel", "mended")):
            silent = self.cluster.run("env", f"PATH={self.folder}/silent:{os.environ['PATH']}", PROGRAM, "quarterly", *words, cwd=self.folder)
            self.assertEqual(silent.returncode, 74, silent.stdout + silent.stderr)
        self.assertEqual((self.folder / "mended/quarterly.ini").read_text(), submitted)
        for job in self.cluster.run("squeue", "--noheader", "--states=RUNNING", "--format=%A").stdout.split():
            self.cluster.run("timeout", "5", "scancel", "--batch", "--signal=USR2", job)
        eventually(lambda: self.cluster.hurry() or self.runs("mended", "als") == 2, 60, what=lambda: self.cluster.queue() + self.logs("mended"))
        self.quarterly("cancel", "mended")
        states = self.finish("mended")
        self.assertTrue(states["prepare"] == "done" and states["als"].startswith("lost"), states)
        # Fewer epochs are other options: they begin anew.
        file = self.chain("mended", "als", ["factors = 8", "epochs = 4"])
        (self.folder / file).write_text((self.folder / file).read_text().replace("log.csv", "later.csv"))
        self.quarterly(file, "--submit")
        states = self.finish("mended")
        self.assertEqual(set(states.values()), {"done"}, (states, self.logs("mended")))
        self.assertEqual(self.runs("mended", "prepare"), 2)
        self.same_as_by_hand("mended", lambda data, model: [["als", "--data", data, "--model", model, "--factors", "8", "--epochs", "4"]])

    def test_the_next_quarter_takes_from_the_last_and_its_gate_decides(self):
        """Two files, of which the second differs by last quarter's folder, its own and the input."""
        head, *lines = (self.folder / "log.csv").read_text().splitlines()
        lines.sort(key=lambda line: int(line.split(",")[3]))
        (self.folder / "first.csv").write_text("\n".join([head, *lines[:len(lines) * 6 // 10]]) + "\n")
        chain = CHAIN.format(name="${quarter}", training="als", section="als", options="factors = 8\nepochs = 4")
        chain = "[variables]\nquarter = q1\n" + chain.replace("log.csv", "first.csv").replace("random:0.1", "temporal:0.2\norders = day") + "[profile]\n[segments]\n[gate]\nmargin = 0.05\n"
        (self.folder / "q1.ini").write_text(chain)
        (self.folder / "q2.ini").write_text(chain.replace("first.csv", "log.csv").replace("quarter = q1", "quarter = q2").replace("[quarterly]\n", "[quarterly]\nprevious = q1\n"))
        for quarter, words in (("q1", ()), ("q2", ("--set", "als.epochs=0", "--set", "quarterly.warm-start=no"))):
            self.quarterly(f"{quarter}.ini", "--submit", *words)
            states = self.finish(quarter)
            self.assertTrue(all(state.startswith("done") for state in states.values()), (states, self.logs(quarter)))
        self.assertTrue(states["gate"].startswith("done: the new model is held back, and last quarter's serves: gate failed: recall@20"), states)
        self.assertEqual(self.digest("q2/final.h5"), self.digest("q1/final.h5"))
        self.assertIn("is held back", (self.folder / "q2/quarter.json").read_text())
        self.quarterly("q2.ini", "--submit")  # other options, so another model
        states = self.finish("q2")
        self.assertEqual(states["gate"], "done", (states, self.logs("q2")))
        self.assertNotEqual(self.digest("q2/final.h5"), self.digest("q1/final.h5"))

    def test_trials_that_outlive_their_step_keep_other_searches_out_and_are_cancelled(self):
        log = self.folder / "orphans.csv"
        log.write_bytes((self.folder / "log.csv").read_bytes())

        def chain(options):
            file = self.chain("orphans", "sweep", options)
            (self.folder / file).write_text((self.folder / file).read_text().replace("log.csv", "orphans.csv"))
            return file

        file = chain(SWEEP)
        self.quarterly(file, "--submit")
        trials = eventually(lambda: self.jobs_named("sweep-"), 60, what=lambda: self.cluster.queue() + self.logs("orphans"))
        self.cluster.run("scontrol", "hold", trials[0])
        self.cluster.run("scancel", re.search(r"\(job ([\d_]+)\)", self.status("orphans")["sweep"]).group(1))
        eventually(lambda: self.status("orphans")["sweep"].startswith("lost"), 60, what=lambda: self.logs("orphans"))
        other = self.quarterly_error(chain([SWEEP[0] + ", 6", *SWEEP[1:]]))
        self.assertRegex(other, r"t\d\.f\d\.r0 of sweep is still in the queue")
        # Nor is their folder taken away for another dataset, as the step finds.
        log.write_text("".join(log.read_text().splitlines(True)[:-1]))
        self.quarterly(chain(SWEEP), "--submit")
        eventually(lambda: self.status("orphans")["sweep"].startswith("failed"), 60, what=lambda: self.logs("orphans"))
        self.assertIn("is of other options or inputs, and its t", self.told_status("orphans"))
        self.assertFalse((self.folder / "orphans/sweep.1").exists())
        self.quarterly("cancel", "orphans")
        eventually(self.cluster.empty, 60, what=self.cluster.queue)
        self.quarterly(file, "--submit")
        states = self.finish("orphans")
        self.assertEqual(set(states.values()), {"done"}, (states, self.logs("orphans")))
        self.assertTrue((self.folder / "orphans/sweep.1").exists())

    def quarterly_error(self, file):
        done = self.cluster.run(PROGRAM, "quarterly", file, "--submit", cwd=self.folder)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        return done.stderr


if __name__ == "__main__":
    main()
