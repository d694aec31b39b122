"""`rankwise quarterly` on this machine: one file, the same bits as the jobs by hand, nothing done twice, and what is wrong in a file."""
import ctypes
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

import h5py

import shop
from program import PROGRAM, run

# mpirun refuses root unless told otherwise.
AS_ROOT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}

CHAIN = """
[quarterly]
directory = q
scheduler = local
cores = 2
als.ranks = 2

[prepare]
input = log.csv
split = random:0.1

[als]
factors = 8
epochs = 3
seed = 5

[evaluate]
metrics = recall@20,ndcg@10

[recommend]
top = 3

[kmeans users]
clusters = 3
metric = cosine

[kmeans items]
clusters = 2
"""

SWEEP = """[sweep]
factors = 2, 4
epochs = 2
validation = interactions:2
optimize = ndcg@10
calibrate = 0
"""

BY_HAND = [
    ["prepare", "--input", "log.csv", "--split", "random:0.1", "--output", "h/dataset.h5"],
    ["als", "--data", "h/dataset.h5", "--model", "h/model.h5", "--factors", "8", "--epochs", "3", "--seed", "5"],
    ["evaluate", "--data", "h/dataset.h5", "--model", "h/model.h5", "--metrics", "recall@20,ndcg@10", "--output", "h/metrics.json"],
    ["als", "--data", "h/dataset.h5", "--model", "h/final.h5", "--factors", "8", "--seed", "5", "--train-on", "all", "--epochs-of", "h/model.h5"],
    ["recommend", "--data", "h/dataset.h5", "--model", "h/final.h5", "--top", "3", "--output", "h/recommendations.csv"],
    ["kmeans", "--input", "h/final.h5", "--rows", "users", "--clusters", "3", "--metric", "cosine", "--output", "h/segments-users.h5"],
    ["kmeans", "--input", "h/final.h5", "--rows", "items", "--clusters", "2", "--output", "h/segments-items.h5"],
]


ITEMS = """[itemcf]
neighbours = 9
shrinkage = 2

[evaluate itemcf]
metrics = recall@20,ndcg@10

[recommend]
model = itemcf
"""

ITEMS_BY_HAND = [
    ["itemcf", "--data", "h/dataset.h5", "--model", "h/items.h5", "--neighbours", "9", "--shrinkage", "2"],
    ["evaluate", "--data", "h/dataset.h5", "--model", "h/items.h5", "--metrics", "recall@20,ndcg@10", "--output", "h/items-metrics.json"],
    ["itemcf", "--data", "h/dataset.h5", "--model", "h/items-final.h5", "--neighbours", "9", "--shrinkage", "2", "--train-on", "all"],
    ["recommend", "--data", "h/dataset.h5", "--model", "h/items-final.h5", "--top", "3", "--output", "h/recommendations.csv"],
]


class QuarterlyTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        shop.write_log(self.folder / "log.csv", users=120, items=60)

    def quarterly(self, *words, code=0):
        done = run(["quarterly", *words], cwd=self.folder, env=AS_ROOT)
        self.assertEqual(done.code, code, done)
        return done

    def chain(self, text=CHAIN):
        (self.folder / "chain.ini").write_text(text)
        return "chain.ini"

    def digests(self, name):
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (self.folder / name).iterdir() if path.suffix in (".h5", ".csv", ".json") and path.name not in ("prepare.json", "quarter.json")}

    def runs(self, step):
        return (self.folder / f"q/scheduler/logs/{step}.attempts").read_text().count("begin")

    def test_an_item_model_beside_factors_has_the_bits_of_its_jobs_by_hand(self):
        both = CHAIN.replace("[recommend]\n", ITEMS).replace("als.ranks = 2", "als.ranks = 2\nitemcf.ranks = 2")
        self.quarterly(self.chain(both), "--submit")
        (self.folder / "h").mkdir()
        for command in BY_HAND + ITEMS_BY_HAND:
            self.assertEqual(run(command, cwd=self.folder).code, 0, command)
        self.assertEqual(self.digests("q"), self.digests("h"))
        # Other options of the item model: only what follows from them.
        self.quarterly(self.chain(both.replace("neighbours = 9", "neighbours = 8")), "--submit")
        steps = ["prepare", "als", "itemcf", "evaluate", "evaluate-itemcf", "final", "final-itemcf", "recommend", "kmeans-users"]
        self.assertEqual([self.runs(step) for step in steps], [1, 1, 2, 1, 2, 1, 2, 2, 1])
        states = self.quarterly("status", "q").out
        self.assertRegex(states, r"final-itemcf +done")
        # Lists of the other model are another configuration of one step alone.
        self.quarterly(self.chain(both.replace("neighbours = 9", "neighbours = 8").replace("model = itemcf", "model = als")), "--submit")
        self.assertEqual([self.runs(step) for step in steps], [1, 1, 2, 1, 2, 1, 2, 3, 1])

    def test_an_item_model_alone_is_tuned_measured_and_served(self):
        text = CHAIN[:CHAIN.index("[als]")].replace("als.ranks = 2", "") + """[sweep]
job = itemcf
neighbours = 2, 9
validation = interactions:2
optimize = ndcg@10

[evaluate]
metrics = recall@20,ndcg@10

[recommend]
top = 3
"""
        self.quarterly(self.chain(text), "--submit")
        with h5py.File(self.folder / "q/final.h5") as file:
            self.assertEqual((file.attrs["kind"], file.attrs["trained-on"]), ("item-model", "all"))
        measured = json.loads((self.folder / "q/metrics.json").read_text())["metrics"]
        self.assertEqual(set(measured), {"recall@20", "ndcg@10"})
        winner = json.loads((self.folder / "q/sweep/results/summary.json").read_text())["winner"]["point"]["neighbours"]
        done = run(["itemcf", "--data", "q/dataset.h5", "--model", "hand.h5", "--neighbours", winner], cwd=self.folder)
        self.assertEqual(done.code, 0, done)
        self.assertEqual((self.folder / "hand.h5").read_bytes(), (self.folder / "q/model.h5").read_bytes())

    def test_what_a_chain_of_item_models_cannot_do_is_refused_by_line(self):
        both = CHAIN.replace("[recommend]\n", ITEMS)
        alone = both.replace("[als]\nfactors = 8\nepochs = 3\nseed = 5\n", "").replace("als.ranks = 2", "")
        cases = [(both.replace("model = itemcf\n", ""), r"chain.ini:\d+: \[recommend\] model is missing: the chain trains als and itemcf; expected model = als"),
                 (CHAIN.replace("top = 3", "model = itemcf"), r"\[recommend\] model itemcf: the chain trains no itemcf; expected ./itemcf if it is a file"),
                 (alone, r"\[evaluate itemcf\] has a meaning only with \[itemcf\] beside \[als\] or \[sweep\]"),
                 (alone.replace("evaluate itemcf", "final"), r"chain.ini:\d+: \[final\] metrics: the options of \[itemcf\] hold"),
                 (alone.replace("[evaluate itemcf]\nmetrics = recall@20,ndcg@10\n", ""), r"\[kmeans users\] input is missing: segments are of factors"),
                 (both.replace("[als]\nfactors = 8\nepochs = 3\nseed = 5\n", "[sweep]\njob = itemcf\nneighbours = 2, 3\n").replace("als.ranks = 2", ""),
                  r"\[sweep\] of itemcf and \[itemcf\] both train"),
                 (CHAIN.replace("[als]\nfactors = 8\nepochs = 3\nseed = 5\n", "[sweep]\njob = kmeans\n").replace("als.ranks = 2", ""),
                  r"chain.ini:\d+: \[sweep\] job kmeans: the chain sweeps als or itemcf"),
                 (both.replace("recall@20,ndcg@10\n\n[recommend]", "rmse\n\n[recommend]"), r"\[evaluate itemcf\] metrics rmse: .* the chain's is an item model"),
                 (both.replace("shrinkage = 2", "penalty = 2"), r"chain.ini:\d+: \[itemcf\] --penalty has a meaning only with --weights ridge"),
                 (CHAIN.replace("als.ranks = 2", "itemcf.ranks = 2"), r"\[quarterly\] itemcf.ranks: the chain trains in als; expected als.ranks")]
        for text, message in cases:
            done = self.quarterly(self.chain(text), code=2)
            self.assertRegex(done.err, message)
            self.assertFalse((self.folder / "q").exists())

    def test_the_chain_has_the_bits_of_its_jobs_by_hand_and_does_nothing_twice(self):
        told = self.quarterly(self.chain()).out
        self.assertRegex(told, "rankwise als '?--data")
        self.assertFalse((self.folder / "q").exists())
        done = self.quarterly(self.chain(), "--submit")
        self.assertEqual(done.out.count("done"), 8, done)
        (self.folder / "h").mkdir()
        for command in BY_HAND:
            self.assertEqual(run(command, cwd=self.folder).code, 0, command)
        self.assertEqual(self.digests("q"), self.digests("h"))
        for step in ("als", "final"):
            self.assertFalse((self.folder / "q/checkpoints" / step).exists())

        steps = ["prepare", "als", "evaluate", "final", "recommend", "kmeans-users", "kmeans-items"]
        self.quarterly(self.chain(), "--submit")
        self.assertEqual([self.runs(step) for step in steps], [1] * 7)
        # Other options: only what follows from them. A lost file: only that, since its bytes come back.
        self.quarterly(self.chain(CHAIN.replace("top = 3", "top = 4")), "--submit")
        self.assertEqual([self.runs(step) for step in steps], [1, 1, 1, 1, 2, 1, 1])
        (self.folder / "q/segments-items.h5").unlink()
        states = self.quarterly("status", "q").out
        self.assertEqual(states.count("to do"), 2, states)  # the page, too
        self.assertRegex(states, r"kmeans-items +to do.*: output segments-items.h5 is missing")
        (self.folder / "q/metrics.json").write_text("{")
        states = self.quarterly("status", "q").out
        self.assertRegex(states, r"final +to do.*: follows evaluate, which is to be done first")
        self.assertRegex(states, r"evaluate +to do.*: output metrics.json has changed")
        self.quarterly("chain.ini", "--submit")
        self.assertIn("final is done already", (self.folder / "q/scheduler/logs/final.log").read_text())
        self.assertEqual((self.runs("evaluate"), self.runs("kmeans-items")), (2, 2))
        # A log that is only written anew makes the same dataset, on which nothing changes.
        (self.folder / "log.csv").write_bytes((self.folder / "log.csv").read_bytes())
        self.quarterly("chain.ini", "--submit")
        self.assertEqual(self.runs("prepare"), 2)
        self.assertIn("als is done already", (self.folder / "q/scheduler/logs/als.log").read_text())
        self.assertEqual(self.digests("q")["model.h5"], self.digests("h")["model.h5"])

    def test_a_step_that_fails_stops_those_after_it_and_is_gone_on_from(self):
        good = (self.folder / "log.csv").read_text()
        (self.folder / "log.csv").write_text(good + "c1,not-a-number-of-columns\n")
        done = self.quarterly(self.chain(), "--submit", code=65)
        self.assertEqual(len(done.our_lines), 1, done)
        self.assertIn("prepare failed: exit code 65", done.our_lines[0])
        done = self.quarterly("status", "q", code=76)
        self.assertEqual(len(done.our_lines), 1, done)
        self.assertIn("prepare failed; mend the cause, then rankwise quarterly FILE --submit continues", done.our_lines[0])
        states = done.out
        self.assertIn("log.csv", states)  # the end of its log
        self.assertRegex(states, r"als +stopped.*follows prepare")
        (self.folder / "log.csv").write_text(good)
        self.quarterly("chain.ini", "--submit")
        self.assertEqual([self.runs(step) for step in ("prepare", "als")], [2, 1])

    def test_what_has_changed_since_a_step_was_done_is_named(self):
        short = CHAIN[:CHAIN.index("[recommend]")].replace("cores = 2", "cores = 2\npage = no")
        self.quarterly(self.chain(short), "--submit")

        def told(text):
            return {line.split(":")[0]: line.split(" again: ")[1] for line in self.quarterly(self.chain(text)).out.splitlines() if " again: " in line}

        self.assertEqual(told(short), {})
        self.assertEqual(told(short.replace("factors = 8", "factors = 9").replace("seed = 5", "")),
                         {"als": "option factors: 8 -> 9; option seed: 5 -> 0", "evaluate": "follows als, which is to be done first",
                          "final": "follows als, which is to be done first"})
        self.assertEqual(told(short.replace("recall@20,", "")), {"evaluate": "option metrics: recall@20,ndcg@10 -> ndcg@10", "final": "follows evaluate, which is to be done first"})
        with open(self.folder / "log.csv", "a") as log:
            log.write("c1,i1\n")
        self.assertEqual(told(short)["prepare"], f"input {self.folder}/log.csv has changed")
        record = self.folder / "q/steps/als.json"
        record.write_text("{")
        self.assertIn(f"its record is damaged: {record}: is not JSON: ", told(short)["als"])
        prepared = self.folder / "q/steps/prepare.json"
        known = json.loads(prepared.read_text())
        for name, value in [("bytes", -1), ("bytes", 1e23), ("bytes", 2**64 - 1), ("modified_nanoseconds", 0.5), ("digest", None)]:
            output = {path: file | {name: value} for path, file in known["outputs"].items()}
            prepared.write_text(json.dumps(known | {"outputs": output}))
            self.assertIn(f"its record is damaged: {prepared}: outputs.{self.folder}/q/dataset.h5.{name}: ", told(short)["prepare"])

    def test_paths_that_are_relative_to_the_file_s_reader_are_those_of_the_steps(self):
        (self.folder / "a").mkdir()
        self.assertEqual(run(BY_HAND[0][:-1] + ["a/data.h5"], cwd=self.folder).code, 0)
        for command in (["als", "--data", "a/data.h5", "--model", "a/model.h5", "--factors", "4", "--epochs", "1"],
                        ["kmeans", "--input", "a/model.h5", "--rows", "users", "--clusters", "3", "--output", "a/segments-users.h5"]):
            self.assertEqual(run(command, cwd=self.folder).code, 0)
        file = self.chain("[quarterly]\ndirectory = q\nscheduler = local\n[kmeans users]\ninput = a/model.h5\ninit = a/segments-users.h5\n")
        for _ in range(2):
            self.quarterly(file, "--submit")
        self.assertEqual(self.runs("kmeans-users"), 1)

    def interrupted(self, file, is_time, interrupt):
        """What a chain tells that is interrupted once `is_time`."""
        environment = os.environ | AS_ROOT
        with subprocess.Popen([PROGRAM, "quarterly", file, "--submit"], cwd=self.folder, env=environment, stderr=subprocess.PIPE, text=True) as process:
            deadline = time.monotonic() + 60
            while not is_time() and time.monotonic() < deadline:
                time.sleep(0.05)
            interrupt(process)
            err = process.communicate(timeout=90)[1]
        self.assertEqual(process.returncode, 75, err)
        return err

    def test_stopped_or_cancelled_it_goes_on_from_its_checkpoint_to_the_same_bits(self):
        file = self.chain(CHAIN.replace("epochs = 3", "epochs = 12000").replace("cores = 2", "cores = 2\nfinal = no"))
        self.interrupted(file, (self.folder / "q/checkpoints/als/lock").exists, lambda process: process.send_signal(signal.SIGTERM))
        self.assertIn("nothing was running", self.quarterly("cancel", "q").err)
        err = self.interrupted(file, lambda: self.runs("als") == 2, lambda process: self.quarterly("cancel", "q"))
        self.assertIn("cancelled; rankwise quarterly", err)
        self.quarterly(file, "--submit")
        self.assertIn("continues from", (self.folder / "q/scheduler/logs/als.log").read_text())
        done = run(["als", "--data", "q/dataset.h5", "--model", "alone.h5", "--factors", "8", "--epochs", "12000", "--seed", "5"], cwd=self.folder)
        self.assertEqual(done.code, 0, done)
        self.assertEqual((self.folder / "alone.h5").read_bytes(), (self.folder / "q/model.h5").read_bytes())

    def test_killed_it_waits_for_the_step_that_outlived_it(self):
        file = self.chain(CHAIN.replace("als.ranks = 2\n", "final = no\n").replace("epochs = 3", "epochs = 6000"))
        environment = {key: value for key, value in os.environ.items() if not key.startswith("SLURM_")} | AS_ROOT
        how = {"cwd": self.folder, "env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
        # The step becomes this process's: the kernel ends a stopped process by SIGHUP whose session nobody is left in.
        prctl, set_child_subreaper = ctypes.CDLL(None).prctl, 36
        self.assertEqual(prctl(set_child_subreaper, 1), 0)
        self.addCleanup(prctl, set_child_subreaper, 0)
        with subprocess.Popen([PROGRAM, "quarterly", file, "--submit"], **how) as killed:
            deadline = time.monotonic() + 60
            log = self.folder / "q/scheduler/logs/als.log"
            while not (log.exists() and " epoch 2/" in log.read_text()) and time.monotonic() < deadline:
                time.sleep(0.02)
            step = int((self.folder / "q/scheduler/logs/als.attempts").read_text().split()[3])
            os.kill(step, signal.SIGSTOP)  # as one that takes long to write its checkpoint
            killed.kill()
        with subprocess.Popen([PROGRAM, "quarterly", file, "--submit"], **how) as again:
            told = next((line for line in again.stderr if "outlived" in line), "")
            os.kill(step, signal.SIGCONT)
            err = again.communicate(timeout=90)[1]
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(step, 0)[1]), 75)
        self.assertIn(f"waiting for process {step}, which outlived the command that started it", told)
        self.assertEqual(again.returncode, 0, err)
        self.assertTrue("continues from" in log.read_text())  # too long to be shown
        self.assertEqual(self.runs("als"), 2)

    def test_a_training_whose_dataset_is_there_asks_for_what_it_is_predicted_to_take(self):
        self.assertEqual(run(BY_HAND[0][:-1] + ["data.h5"], cwd=self.folder).code, 0)
        file = self.chain("[quarterly]\ndirectory = q\n[als]\ndata = data.h5\nfactors = 8\n[kmeans]\nclusters = 3\n")
        told = self.quarterly(file).out
        self.assertRegex(told, r"als +to do +1 +1 +1 +\d+\.\d\d MiB +00:10:00")
        self.assertRegex(told, r"final +to do +1 +1 +1 +\d+\.\d\d MiB +00:1\d:\d\d +als")
        self.assertRegex(told, r"kmeans +to do +1 +1 +1 +- +- +final")
        # Not from a file that a step is about to replace.
        (self.folder / "q").mkdir()
        (self.folder / "q/dataset.h5").write_text("damaged")
        told = self.quarterly(self.chain(CHAIN.replace("scheduler = local\ncores = 2\n", ""))).out
        self.assertRegex(told, r"als +to do +1 +2 +1 +- +- +prepare")

    def test_a_sweep_is_planned_after_prepare_and_its_winner_trained(self):
        text = CHAIN.replace("[als]\nfactors = 8\nepochs = 3\nseed = 5\n", SWEEP).replace("als.ranks", "refit.ranks")
        self.quarterly(self.chain(text), "--submit")
        winner = (self.folder / "q/sweep/results/winner.ini")
        self.assertTrue(winner.exists())
        done = run(["sweep", "refit", "q/sweep", "--model", "again.h5"], cwd=self.folder)
        self.assertEqual(done.code, 0, done)
        self.assertEqual((self.folder / "again.h5").read_bytes(), (self.folder / "q/model.h5").read_bytes())
        done = run(["sweep", "refit", "q/sweep", "--model", "all.h5", "--train-on", "all", "--epochs-of", "again.h5"], cwd=self.folder)
        self.assertEqual(done.code, 0, done)
        self.assertEqual((self.folder / "all.h5").read_bytes(), (self.folder / "q/final.h5").read_bytes())
        self.assertNotEqual((self.folder / "again.h5").read_bytes(), (self.folder / "all.h5").read_bytes())
        done = run(["sweep", "refit", "q/sweep", "--model", "x.h5", "--train-on", "all", "--metrics", "x.json"], cwd=self.folder)
        self.assertEqual(done.code, 2, done)
        # Another search: the older one's records count as far as they are still valid.
        self.quarterly(self.chain(text.replace("factors = 2, 4", "factors = 2, 4, 6")), "--submit")
        log = (self.folder / "q/scheduler/logs/sweep.log").read_text()
        self.assertIn("4 of 6 records are taken over", log)
        self.assertTrue((self.folder / "q/sweep.1/plan.json").exists())

    def test_the_final_model_has_seen_everything_for_as_many_epochs_as_the_measured_one(self):
        stopping = CHAIN.replace("epochs = 3", "epochs = 30\nvalidation-metric = ndcg@10\npatience = 2\nlog-json = als.jsonl")
        stopping = stopping[:stopping.index("[kmeans users]")]
        self.quarterly(self.chain(stopping), "--submit")
        trained_on, epochs, entries = {}, {}, {}
        for name in ("model", "final"):
            with h5py.File(self.folder / f"q/{name}.h5") as file:
                trained_on[name] = str(file.attrs["trained-on"])
                epochs[name] = len(file["history/observed"])
                best = file.attrs.get("best-epoch", epochs[name])
                if name == "model":
                    self.assertLess(best, 30)
                    measured_epochs = best
                entries[name] = int(file["users/entries"][:].sum())
        self.assertEqual(trained_on, {"model": "training", "final": "all"})
        self.assertEqual(epochs["final"], measured_epochs)
        with h5py.File(self.folder / "q/dataset.h5") as file:
            self.assertEqual(entries["final"] - entries["model"], len(file["heldout/interactions/data"]))
        self.assertIn("als.jsonl", " ".join(path.name for path in self.folder.iterdir()))
        # Without it those that serve have the measured model, as before.
        self.quarterly(self.chain(CHAIN.replace("cores = 2", "cores = 2\nfinal = no").replace("directory = q", "directory = without")), "--submit")
        self.assertFalse((self.folder / "without/final.h5").exists())
        record = json.loads((self.folder / "without/steps/recommend.json").read_text())
        self.assertIn(str(self.folder / "without/model.h5"), record["inputs"])
        told = self.quarterly(self.chain(CHAIN.replace("split = random:0.1", "split = none").replace("[evaluate]\nmetrics = recall@20,ndcg@10\n", ""))).out
        self.assertNotIn("final", told)

    def test_values_reach_the_jobs_as_they_stand(self):
        for word, told in (("True", True), ("on", True), ("No", False)):
            text = CHAIN.replace("factors = 8", f"factors = 8\nobjective = explicit\nbiases = {word}")
            self.assertEqual("--biases" in self.quarterly(self.chain(text)).out, told, word)
        text = CHAIN.replace("[als]\nfactors = 8\nepochs = 3\nseed = 5\n", SWEEP)
        text = text.replace("scheduler = local\ncores = 2\nals.ranks = 2", "sbatch-option = --licenses=tape:1")
        self.assertIn("--sbatch-option=--licenses=tape:1", self.quarterly(self.chain(text)).out)
        explicit = CHAIN.replace("factors = 8", "factors = 8\nobjective = explicit").replace("recall@20,ndcg@10", "mae")
        self.assertIn("--metrics=mae", self.quarterly(self.chain(explicit)).out)
        wrong = text.replace("recall@20,ndcg@10", "mae")
        self.assertIn("metrics mae: expected a model of explicit ratings", self.quarterly(self.chain(wrong), code=2).our_lines[0])

    def test_a_chain_in_json_is_the_one_in_ini(self):
        sections = {}
        for line in CHAIN.replace("input = log.csv", 'input = log.csv\ninput = more.csv').split("\n"):
            if line.startswith("["):
                entries = sections[line[1:-1]] = {}
            elif line:
                name, value = line.split(" = ")
                entries[name] = [*entries[name], value] if name in entries else [value] if name == "input" else value
        self.assertEqual(sections["prepare"]["input"], ["log.csv", "more.csv"])
        sections["als"] |= {"factors": 8, "epochs": 3}
        (self.folder / "chain.json").write_text(json.dumps(sections, indent=2))
        (self.folder / "more.csv").write_bytes((self.folder / "log.csv").read_bytes())
        told = self.quarterly("chain.json").out
        self.assertEqual(told, self.quarterly(self.chain(CHAIN.replace("input = log.csv", "input = log.csv\ninput = more.csv"))).out)
        for name in ("log.csv", "more.csv"):
            self.assertIn(f"--input={self.folder}/{name}", told)
        self.quarterly("chain.json", "--submit")
        self.assertEqual(self.quarterly("status", "q").out.count("done"), 8)
        sections["quarterly"] = {"directory": "q", "sbatch-option": ["--licenses=tape:1", "--exclusive"]}
        sections["sweep"] = {"factors": [2, 4], "validation": "interactions:2", "optimize": "ndcg@10"}
        del sections["als"]
        (self.folder / "chain.json").write_text(json.dumps(sections))
        told = self.quarterly("chain.json").out
        for words in ("--factors=2,4", "--sbatch-option=--licenses=tape:1", "--sbatch-option=--exclusive"):
            self.assertIn(words, told)
        sections["recommend"] = {"topp": 3}
        (self.folder / "chain.json").write_text(json.dumps(sections))
        self.assertIn("chain.json:1: unknown option topp; the nearest known one is top", self.quarterly("chain.json", code=2).our_lines[0])

    def test_lists_in_several_files_are_refused(self):
        for option in ("shards = true", "split-by-segment = yes\nsegments = segments-users.h5"):
            text = CHAIN.replace("[recommend]\n", f"[recommend]\n{option}\n")
            line = text.splitlines().index(option.splitlines()[0]) + 1
            done = self.quarterly(self.chain(text), code=2)
            self.assertEqual(len(done.our_lines), 1, done)
            self.assertIn(f"chain.ini:{line}: [recommend] {option.split(' ')[0]}: a chain knows the lists by one file", done.our_lines[0])
        self.quarterly(self.chain(CHAIN.replace("[recommend]\n", "[recommend]\nshards = no\n")))

    def test_trials_that_need_more_cores_than_there_are_are_refused(self):
        text = CHAIN.replace("[als]\nfactors = 8\nepochs = 3\nseed = 5\n", SWEEP + "ranks = 4\n").replace("als.ranks = 2\n", "")
        done = self.quarterly(self.chain(text), "--submit", code=2)
        self.assertIn("a trial needs 4 cores, and 2 may be used here", done.our_lines[0])
        self.assertFalse((self.folder / "q").exists())

    def test_a_scheduler_on_the_command_line_takes_what_it_understands(self):
        text = CHAIN.replace("scheduler = local\ncores = 2\n", "partition = batch\nals.nodes = 2\n")
        self.quarterly(self.chain(text), "--submit", "--scheduler", "local")
        self.assertEqual(self.quarterly("status", "q").out.count("done"), 8)

    def test_faults_of_a_file_are_one_line_before_anything_begins(self):
        faults = [
            ("metrics = recall@20,ndcg@10", "metrics = ndcg@10,rmse", 2, "chain.ini:17: [evaluate] metrics rmse: expected a model of explicit ratings"),
            ("top = 3", "topp = 3", 2, "chain.ini:20: unknown option topp; the nearest known one is top"),
            ("factors = 8", "factors = many", 2, "chain.ini:12: option factors: 'many' does not fit"),
            ("factors = 8", "factors = 0", 2, "chain.ini:12: [als] --factors 0: expected a number from 1"),
            ("factors = 8", "biases = true", 2, "[als] --biases has a meaning only with --objective explicit"),
            ("[recommend]", "[recomend]", 2, "chain.ini:19: unknown section [recomend]; the nearest known one is [recommend]"),
            ("[recommend]", "[evaluate]", 2, "chain.ini:19: section [evaluate] is there already, in line 16"),
            ("input = log.csv", "", 2, "[prepare] prepare needs option --input"),
            ("input = log.csv", "input = none.csv", 66, "none.csv, which is not there"),
            ("split = random:0.1", "", 2, "[evaluate] needs what was held out"),
            ("split = random:0.1", "split = random:0.1\nsince = monday", 2, "chain.ini:10: [prepare] --since: time 'monday'"),
            ("split = random:0.1", "split = random:0.1\nsince = 2025-02-01\nuntil = 2025-01-01", 2,
             "chain.ini:10: [prepare] --since 2025-02-01 is not before --until 2025-01-01"),
            ("split = random:0.1", "split = random:0.1\nevent-weights = view=1", 2, "chain.ini:10: [prepare] --event-weights needs the column of events"),
            ("split = random:0.1", "split = random:0.1\nvalidation = users:0.1", 2, "[prepare] --validation users needs --split users"),
            ("[als]", "[sweep]\nfactors = 2, 4\n[als]", 2, "[sweep] and [als] both train"),
            ("als.ranks = 2", "als.rank = 2", 2, "unknown option als.rank; the nearest known one is als.ranks"),
            ("als.ranks = 2", "time-limit = soon", 2, "[quarterly] --time-limit soon: expected a time"),
            ("directory = q", "", 2, "quarterly needs option --directory"),
            ("seed = 5", "threads = 5", 2, "[als] threads: expected threads-per-rank in [quarterly]"),
            ("top = 3", "output = q/metrics.json", 2, "q/metrics.json: cannot write a file of the kind .json"),
            ("top = 3", "output = q/segments-users.h5", 2, "kmeans-users and recommend both write"),
            ("factors = 8", "warm-start = q/model.h5", 2, "[als] --model "),
            ("input = log.csv", "input = q/model.h5", 2, "q/model.h5, which als writes; expected"),
            ("factors = 8", "warm-start = q/segments-items.h5", 2, "q/segments-items.h5, which kmeans-items writes; expected"),
            ("seed = 5", "model =", 2, "chain.ini:14: option model needs a value"),
            ("top = 3", "compression = 5", 2, "chain.ini:20: [recommend] --compression has a meaning only for HDF5"),
            ("als.ranks = 2", "refit.ranks = 2", 2, "chain.ini:5: [quarterly] refit.ranks: the chain trains in als; expected als.ranks"),
            ("als.ranks = 2", "sweep.memory = 1GiB", 2, "sweep.memory: the chain has no step sweep"),
            ("als.ranks = 2", "als.nodes = 2", 2, "als.nodes: has a meaning only with scheduler = slurm"),
            ("scheduler = local", "", 2, "cores: has a meaning only with scheduler = local"),
            ("clusters = 2", "clusters = 2\nrows = users", 2, "rows: expected those that its title names"),
            ("[recommend]", "[final]\nfactors = 9\n[recommend]", 2, "chain.ini:20: [final] factors: the options of [als] hold; expected one of model,"),
            ("als.ranks = 2", "final = no\nfinal.ranks = 2", 2, "final.ranks: the chain has no step final"),
            ("als.ranks = 2\n", "final = no\n[final]\nmodel = m.h5\n", 2, "[final] has a meaning only without final = no"),
        ]
        for old, new, code, line in faults:
            with self.subTest(line):
                self.assertIn(old, CHAIN)
                done = self.quarterly(self.chain(CHAIN.lstrip("\n").replace(old, new, 1)), "--submit", code=code)
                self.assertEqual(len(done.our_lines), 1, done)
                self.assertIn(line, done.our_lines[0])
        self.quarterly("absent.ini", code=66)
        self.quarterly("status", "q", code=66)
        self.assertFalse((self.folder / "q").exists())


if __name__ == "__main__":
    unittest.main()
