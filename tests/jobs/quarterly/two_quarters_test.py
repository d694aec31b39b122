"""`rankwise quarterly` quarter after quarter: what the next one takes from the last, the gate, variables and --set."""
import hashlib
import json
import pathlib
import tempfile
import unittest

import h5py

import shop
from program import run

AS_ROOT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
CUT = 1_606_000_000  # of the planted times: three fifths are of the first quarter

CHAIN = """[variables]
quarter = q1
ranked = ndcg@10

[quarterly]
directory = ${quarter}
scheduler = local
cores = 2

[prepare]
input = first.csv
split = temporal:0.2
orders = day

[als]
factors = 8
epochs = 4

[evaluate]
metrics = ${ranked},recall@20

[profile]

[kmeans users]
clusters = 3

[recommend]
top = 3

[recommend shelf]
segments = kmeans
for = segments
top = 5

[segments]
"""
NEXT = CHAIN.replace("quarter = q1", "quarter = q2").replace("[quarterly]\n", "[quarterly]\nprevious = q1\n").replace("first.csv", "first.csv\ninput = second.csv")
RANDOM = ("--set", "als.epochs=0")  # a model that has learned nothing


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


class TwoQuartersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.shop = pathlib.Path(folder.name)
        head, *lines = shop.write_log(cls.shop / "log.csv", users=150, items=60).read_text().splitlines()
        for name, is_first in (("first", True), ("second", False)):
            of_quarter = [line for line in lines if (int(line.split(",")[3]) < CUT) == is_first]
            (cls.shop / f"{name}.csv").write_text("\n".join([head, *of_quarter]) + "\n")

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name in ("first.csv", "second.csv"):
            (self.folder / name).symlink_to(self.shop / name)

    def quarterly(self, *words, code=0):
        done = run(["quarterly", *words], cwd=self.folder, env=AS_ROOT)
        self.assertEqual(done.code, code, done)
        return done

    def chain(self, text, name="chain.ini"):
        (self.folder / name).write_text(text)
        return name

    def submit(self, text, *words, code=0):
        return self.quarterly(self.chain(text), "--submit", *words, code=code)

    def json(self, name):
        return json.loads((self.folder / name).read_text())

    def done(self, *command):
        finished = run(command, cwd=self.folder)
        self.assertEqual(finished.code, 0, finished)

    def test_a_worse_model_is_held_back_and_last_quarters_serves(self):
        self.submit(CHAIN)
        done = self.submit(NEXT, *RANDOM, "--set", "quarterly.warm-start=no", "--quiet")
        gate = self.json("q2/gate.json")["gate"]
        self.assertEqual((gate["passed"], gate["metric"], gate["against"], gate["against_may_know_heldout"]), (False, "ndcg@10", "final.h5", False))
        self.assertEqual(gate["margin"], 0)
        # Both are the yardsticks of one evaluation.
        self.assertEqual(set(self.json("q2/gate.json")["metrics"]["ndcg@10"]["baselines"]), {"popularity", "final.h5"})
        self.assertEqual(len(done.our_lines), 1, done)
        self.assertIn("warning: gate: the new model is held back, and last quarter's serves: gate failed: ndcg@10 is 0.", done.our_lines[0])
        self.assertRegex(done.out, r"gate +done: the new model is held back")
        self.assertNotIn("may know", done.our_lines[0])
        # The model that serves is last quarter's to the byte, and all else is made from it and the new dataset.
        self.assertEqual(digest(self.folder / "q2/final.h5"), digest(self.folder / "q1/final.h5"))
        self.done("recommend", "--data", "q2/dataset.h5", "--model", "q1/final.h5", "--top", "3", "--output", "hand.csv")
        self.assertEqual(digest(self.folder / "hand.csv"), digest(self.folder / "q2/recommendations.csv"))
        self.done("kmeans", "--input", "q1/final.h5", "--rows", "users", "--clusters", "3", "--output", "hand.h5")
        self.assertEqual(digest(self.folder / "hand.h5"), digest(self.folder / "q2/segments-users.h5"))
        self.assertIn("warning: gate: the new model is held back", self.quarterly("status", "q2").err)
        # Submitted again, nothing is done twice; without --set the model is another one, and passes.
        attempts = self.folder / "q2/scheduler/logs/final.attempts"
        self.submit(NEXT, *RANDOM, "--set", "quarterly.warm-start=no")
        self.assertEqual(attempts.read_text().count("begin"), 1)
        done = self.submit(NEXT, "--set", "gate.margin=1", code=2)
        self.assertIn("--set gate.margin=1: the file has no section [gate]", done.our_lines[0])
        self.submit(NEXT + "[gate]\nmargin = 1\n")
        self.assertTrue(self.json("q2/gate.json")["gate"]["passed"])
        self.assertNotEqual(digest(self.folder / "q2/final.h5"), digest(self.folder / "q1/final.h5"))
        # The quarter after a held-back one has the model that served.
        self.assertRegex((self.folder / "q2/products.ini").read_text(), r"(?m)^model = final.h5$")

    def test_a_better_model_passes_and_serves(self):
        self.submit(CHAIN, *RANDOM)
        done = self.submit(NEXT)
        self.assertEqual(done.our_lines, [], done)
        gate = self.json("q2/gate.json")["gate"]
        self.assertTrue(gate["passed"])
        self.assertGreater(gate["lower_bound"], 0)
        with h5py.File(self.folder / "q2/final.h5") as file:
            self.assertEqual(file.attrs["trained-on"], "all")
        # By hand: the same bits.
        self.done("als", "--data", "q2/dataset.h5", "--model", "m.h5", "--factors", "8", "--epochs", "4", "--warm-start", "q1/final.h5")
        self.assertEqual(digest(self.folder / "m.h5"), digest(self.folder / "q2/model.h5"))
        self.done("als", "--data", "q2/dataset.h5", "--model", "f.h5", "--factors", "8", "--warm-start", "q1/final.h5", "--train-on", "all", "--epochs-of", "m.h5")
        self.assertEqual(digest(self.folder / "f.h5"), digest(self.folder / "q2/final.h5"))
        self.done("segments", "--data", "q2/dataset.h5", "--segments", "q2/segments-users.h5", "--points", "q2/final.h5", "--profile", "q2/profile.h5",
                  "--against", "q1/segments-users.h5", "--against-data", "q1/dataset.h5", "--against-profile", "q1/profile.h5", "--output", "s.json", "--report", "s.html")
        by_hand, by_chain = self.json("s.json"), self.json("q2/segments.json")
        self.assertIsNotNone(by_chain["changes"])
        self.assertEqual(by_hand, by_chain)
        self.assertEqual(len((self.folder / "q2/recommendations-shelf.csv").read_text().splitlines()), 1 + 3 * 5)
        # A temporal split shows that nothing was known before; so neither model's ancestors are suspected.
        self.assertEqual(self.json("q2/gate.json")["warnings"], self.json("q2/metrics.json")["warnings"])
        self.assertFalse([line for line in self.json("q2/gate.json")["warnings"] if "ancestor" in line or "cannot be shown" in line])
        # Last quarter's folder is needed no longer for what is known of this one.
        (self.folder / "q1").rename(self.folder / "away")
        self.assertIn("done", self.quarterly("status", "q2").out)

    def test_a_gate_without_final_models_serves_a_file_of_its_own(self):
        for quarter, text, words in (("q1", CHAIN, ()), ("q2", NEXT, RANDOM), ("q2", NEXT, ("--set", "quarterly.gate=yes"))):
            short = text[:text.index("[profile]")].replace("cores = 2", "cores = 2\nfinal = no\nwarm-start = no\ngate = yes") + "[recommend]\n"
            if quarter == "q2":
                short += "[gate]\nmargin = 0.5\nconfidence = 0.9\nmetric = recall@20\n" if words != RANDOM else ""
            done = self.submit(short, *words)
            self.assertFalse((self.folder / quarter / "final.h5").exists())
            if quarter == "q1":
                self.assertIn("model = model.h5", (self.folder / "q1/products.ini").read_text())
                continue
            self.assertRegex(self.quarterly("chain.ini", *words).out, r"serve:\n  a copy of .*/model.h5 or, if .*/gate.json holds back the new model, a copy of .*/q1/model.h5")
            self.assertEqual(digest(self.folder / "q2/served.h5"), digest(self.folder / ("q1/model.h5" if words == RANDOM else "q2/model.h5")))
            self.assertIn("model = served.h5", (self.folder / "q2/products.ini").read_text())
            self.assertEqual(len(done.our_lines), 1 if words == RANDOM else 0, done)
        gate = self.json("q2/gate.json")["gate"]
        self.assertEqual((gate["metric"], gate["margin"], gate["confidence"]), ("recall@20", 0.5, 0.9))

    def test_a_hold_out_of_all_times_is_warned_of(self):
        short, following = (text[:text.index("[profile]")].replace("temporal:0.2", "random:0.2") for text in (CHAIN, NEXT))
        self.submit(short)
        planned = self.quarterly(self.chain(following))
        self.assertEqual(len(planned.our_lines), 1, planned)
        self.assertIn("a model that may know part of what [prepare] holds out, and is then too good: expected split = temporal:SHARE", planned.our_lines[0])
        self.submit(following, *RANDOM, "--set", "quarterly.warm-start=no")
        gate = self.json("q2/gate.json")
        self.assertEqual((gate["gate"]["passed"], gate["gate"]["against_may_know_heldout"]), (False, True))
        self.assertTrue([line for line in gate["warnings"] if "cannot be shown not to have learned" in line])
        self.assertIn("last quarter's model may know part of what is held out", self.quarterly("status", "q2").our_lines[0])

    def test_an_item_model_beside_factors_has_a_gate_of_its_own(self):
        text = {name: chain[:chain.index("[profile]")] + "[itemcf]\nneighbours = 9\n[recommend]\nmodel = itemcf\n" for name, chain in (("q1", CHAIN), ("q2", NEXT))}
        self.submit(text["q1"])
        self.submit(text["q2"], "--set", "itemcf.neighbours=1")
        self.assertTrue(self.json("q2/gate.json")["gate"]["passed"])
        verdict = self.json("q2/items-gate.json")["gate"]
        self.assertEqual((verdict["passed"], verdict["against"]), (False, "items-final.h5"))
        self.assertEqual(digest(self.folder / "q2/items-final.h5"), digest(self.folder / "q1/items-final.h5"))
        self.assertNotEqual(digest(self.folder / "q2/final.h5"), digest(self.folder / "q1/final.h5"))
        self.assertEqual((self.folder / "q2/products.ini").read_text().splitlines()[2:], ["data = dataset.h5", "model = final.h5", "item-model = items-final.h5", "page = index.html", "numbers = quarter.json"])

    def test_last_quarter_may_be_files_that_no_chain_made(self):
        self.done("prepare", "--input", "first.csv", "--output", "old.h5")
        self.done("als", "--data", "old.h5", "--model", "served.h5", "--factors", "8", "--epochs", "2", "--train-on", "all")
        text = NEXT.replace("previous = q1\n", "").replace("[als]", "[previous]\nmodel = served.h5\ndata = old.h5\n[als]")
        told = self.quarterly(self.chain(text)).out
        self.assertIn(f"--warm-start={self.folder}/served.h5", told)
        self.assertIn(f"--against={self.folder}/served.h5", told)
        self.assertNotIn("--against-data", told)  # there are no segments to compare with
        told = self.quarterly(self.chain(text.replace("cores = 2", "cores = 2\ngate = no\nwarm-start = no"))).out
        self.assertNotIn("served.h5", told)
        self.assertNotIn("gate", told)

    def test_a_quarter_before_that_is_not_finished_is_refused(self):
        self.submit(CHAIN)
        next_chain = self.chain(NEXT, "next.ini")
        self.quarterly(next_chain)
        (self.folder / "q1/steps/kmeans-users.json").unlink()
        done = self.quarterly(next_chain, code=66)
        self.assertIn("its step kmeans-users is not done: its record in steps/ is missing; expected last quarter's chain to be finished", done.our_lines[-1])
        # Other options of which nothing was made yet.
        recorded = (self.folder / "q1/quarterly.ini").read_text()
        self.submit(CHAIN)
        (self.folder / "q1/quarterly.ini").write_text(recorded.replace("factors = 8", "factors = 7"))
        self.assertIn("its step final is not done: option factors: 8 -> 7", self.quarterly(next_chain, code=66).our_lines[-1])

    def test_a_model_of_another_kind_is_no_gate(self):
        items = CHAIN[:CHAIN.index("[als]")] + "[itemcf]\nneighbours = 9\n[evaluate]\nmetrics = recall@20\n[recommend]\ntop = 3\n"
        self.submit(items)
        done = self.quarterly(self.chain(NEXT, "next.ini"))
        self.assertIn("there is no gate, and the new model serves: last quarter's model", str(done))
        self.assertNotIn("gate:", done.out)

    def test_values_of_gate_and_evaluation_that_differ_are_both_on_the_page(self):
        self.submit(CHAIN)
        self.submit(NEXT.replace("[profile]", "[gate]\nseen = allow\nmargin = 1\n[profile]", 1))
        [model] = self.json("q2/quarter.json")["models"]
        values = {metric["metric"]: metric["value"] for metric in model["metrics"]}
        self.assertEqual(values["recall@20"], self.json("q2/gate.json")["metrics"]["recall@20"]["model"])
        self.assertEqual(values["recall@20 of evaluate"], self.json("q2/metrics.json")["metrics"]["recall@20"]["model"])
        self.assertNotEqual(values["recall@20"], values["recall@20 of evaluate"])

    def test_numbers_of_last_quarter_that_are_none_are_bad_data(self):
        (self.folder / "n.json").write_text("{}\n")
        done = self.submit(CHAIN + "[previous]\nnumbers = n.json\n", code=65)
        self.assertIn("n.json: is not what a step of the chain writes", str(done))

    def test_variables_and_set_reach_every_step_and_are_recorded(self):
        text = CHAIN.replace("quarter = q1", "year = 2024\nquarter = ${year}q3").replace("[profile]\n", "").replace("top = 3", 'top = ${top}\nexclude-items = "$${x}.csv"').replace("[segments]\n", "")
        (self.folder / "${x}.csv").write_text("3\n")
        told = self.quarterly(self.chain(text), "--set", "variables.top=2", "--set", "als.factors=5", "--set", "quarterly.als.ranks=2").out
        for words in (f"files in {self.folder}/2024q3", "--top=2", "--factors=5", "--metrics=ndcg@10,recall@20", "${x}.csv"):
            self.assertIn(words, told)
        self.submit(text, "--set", "variables.top=2", "--set", "als.factors=5", "--set", "variables.quarter=z")
        recorded = (self.folder / "z/quarterly.ini").read_text()
        for line in ("quarter = z", "top = 2", "factors = 5", f"exclude-items = {self.folder}/$${{x}}.csv", "metrics = ndcg@10,recall@20"):
            self.assertIn(line + "\n", recorded)
        self.assertEqual((self.folder / "z/recommendations.csv").read_text().count("\n"), 1 + 2 * 150)
        # The folder's own file makes the same chain.
        copy = self.chain(recorded, "again.ini")
        self.assertEqual(self.quarterly(copy).out.count(" done "), self.quarterly("status", "z").out.count("done"))
        self.assertNotIn("to do", self.quarterly(copy).out)

    def test_faults_are_one_line(self):
        line = {text.split(" ")[0]: number for number, text in enumerate(CHAIN.splitlines(), 1)}
        named = CHAIN.replace("[recommend shelf]", "[recommend The_Shelf]")
        faults = [
            (CHAIN.replace("${quarter}", "${quater}"), (), f"chain.ini:{line['directory']}: [quarterly] directory = ${{quater}}: unknown variable quater; the nearest known one is quarter"),
            (CHAIN.replace("${ranked}", "${HOME}"), (), "unknown variable HOME; expected HOME = VALUE in [variables], above its first use, or --set variables.HOME=VALUE"),
            (CHAIN.replace("${ranked}", "${ranked"), (), "expected a variable as in ${quarter}, or $${ for these signs themselves"),
            (CHAIN.replace("${ranked}", "${}"), (), "expected a variable as in ${quarter}"),
            (CHAIN.replace("quarter = q1", "quarter = ${ranked}"), (), "chain.ini:2: [variables] quarter = ${ranked}: unknown variable ranked"),
            (CHAIN.replace("ranked =", "quarter ="), (), "chain.ini:3: [variables] quarter = ndcg@10: this variable has a value already"),
            (CHAIN.replace("ranked =", "ran ked ="), (), "expected a name of letters, digits, - and _"),
            (CHAIN, ("--set", "als.factors"), "--set als.factors: expected SECTION.OPTION=VALUE"),
            (CHAIN, ("--set", "alss.factors=3"), "--set alss.factors=3: the file has no section [alss]; the nearest known one is als"),
            (CHAIN, ("--set", "als.factor=3"), "--set: unknown option factor; the nearest known one is factors"),
            (CHAIN, ("--set", "als.factors=0"), "--set: [als] --factors 0: expected a number from 1"),
            (CHAIN, ("--set", "quarterly.als.rank=2"), "--set: unknown option als.rank; the nearest known one is als.ranks"),
            (CHAIN + "[gate]\nagainst = m.h5\n", ("--set", "prepare.split=none"), "[evaluate] needs what was held out"),
            (CHAIN.replace("[evaluate]\nmetrics = ${ranked},recall@20", "[gate]\nagainst = m.h5"), ("--set", "prepare.split=none"),
             "on what is held out, and nothing is; expected split in [prepare], as in split = temporal:0.1, or gate = no"),
            (CHAIN.replace("cores = 2", "cores = 2\ngate = no") + "[gate]\nagainst = m.h5\n", (), "[gate] has a meaning only without gate = no"),
            (CHAIN + "[gate itemcf]\n", (), "[gate itemcf] has a meaning only with [itemcf] beside"),
            (CHAIN.replace("cores = 2", "cores = 2\nprevious = q0"), (), "q0/products.ini: there is no such file; previous: expected the folder of a chain that was submitted"),
            (named, (), "[recommend The_Shelf]: expected a name of at most 40 small letters, digits, - and _, as in [recommend shop]"),
            (CHAIN.replace("[kmeans users]\nclusters = 3\n", ""), (), "segments: the chain has no step kmeans before this one; expected ./kmeans if it is a file"),
            (CHAIN.replace("[profile]\n", "").replace("clusters = 3", "clusters = 3\ninput = profile"), (), "[kmeans users] input: the chain has no step profile before"),
            (CHAIN[:CHAIN.index("[kmeans users]")] + "[segments]\n", (), "[segments] segments is missing; expected [kmeans users], segments = FILE or segment-column = COLUMN"),
        ]
        for text, words, message in faults:
            with self.subTest(message):
                done = run(["quarterly", self.chain(text), "--submit", *words], cwd=self.folder, env=AS_ROOT)
                self.assertEqual(done.code, 66 if "no such file" in message else 2, done)
                self.assertEqual(len(done.our_lines), 1, done)
                self.assertIn(message, done.our_lines[0])
        first = self.quarterly(self.chain(CHAIN + "[gate]\n"))
        self.assertEqual(len(first.our_lines), 1, first)
        self.assertIn("[gate] has nothing to compare with, and the new model serves; expected previous = DIR in [quarterly]", first.our_lines[0])
        self.assertNotIn("gate.json", first.out)
        same = CHAIN.replace("directory = ${quarter}", "directory = q1\nprevious = q1")
        self.assertIn("previous and directory are one folder", self.quarterly(self.chain(same), code=2).our_lines[0])
        self.assertFalse((self.folder / "q1").exists())


if __name__ == "__main__":
    unittest.main()
