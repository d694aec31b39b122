"""`rankwise scale`: runs on several numbers of ranks train what `synthesize`, `prepare` and `als` would train, to the bit; bytes are
those of `plan`; the report's files say the same; what goes wrong is told."""
import csv
import json
import pathlib
import tempfile
import unittest
import xml.etree.ElementTree

from program import ranks_of_refusal, run

SMALL = ["--users", "2500", "--items", "700", "--interactions", "20000"]
FAST = ["--factors", "16", "--calibrate", "0"]
# What `scale` and `plan` take of a shape: popularity alone.
PLAIN = ["--signal", "0", "--user-spread", "0", "--segments", "1", "--planted-factors", "1", "--categories", "1"]
OFF = ["--node-sharing", "off"]  # ranks of one node that share send nothing
SVG = "{http://www.w3.org/2000/svg}"


class ScaleTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)

    def scale(self, options, **how):
        path = self.path / "scale.json"
        fast = FAST[:2] if "--calibrate" in options else FAST
        done = run(["scale", *fast, "--json", path, *options], **how)
        self.assertEqual(done.code, 0, done)
        return json.loads(path.read_text()), done

    def done(self, *args, **how):
        done = run(args, **how)
        self.assertEqual(done.code, 0, done)

    def losses_of_als(self, shape, options, epochs=3):
        log, data, events = (self.path / name for name in ("log.csv", "data.h5", "als.jsonl"))
        self.done("synthesize", "--quiet", *shape, *PLAIN, "--output", log)
        self.done("prepare", "--quiet", "--input", log, "--output", data)
        self.done("als", "--quiet", "--data", data, "--model", self.path / "model.h5", "--factors", "16", "--epochs", str(epochs),
                  "--log-json", events, *options)
        lines = [json.loads(line) for line in events.read_text().splitlines()]
        return [line["loss"] for line in lines if line["event"] == "epoch"]

    def test_strong_runs_train_the_same_model_as_the_other_jobs(self):
        expected = self.losses_of_als(SMALL, [])
        report, _ = self.scale(["--strong", "3,1,2", *SMALL], ranks=3)
        self.assertEqual([run["ranks"] for run in report["runs"]], [1, 2, 3])
        for measured in report["runs"]:
            self.assertEqual(measured["losses"], expected)
            self.assertEqual((measured["bytes_sent"]["total"], measured["predicted"]["bytes_sent"]), (0, 0))
        report, _ = self.scale(["--strong", "2", "--threads", "2", *SMALL], ranks=3)
        self.assertEqual(report["runs"][0]["losses"], expected)

        # Bytes are those that a plan of the dataset has.
        plan_file = self.path / "plan.json"
        self.done("plan", *FAST, "--data", self.path / "data.h5", "--ranks", "1,2,3", "--cores-per-node", "64", *OFF, "--json", plan_file)
        plan = json.loads(plan_file.read_text())
        report, _ = self.scale(["--strong", "1,2,3", *SMALL, *OFF], ranks=3)
        for measured, layout in zip(report["runs"], plan["layouts"]):
            self.assertEqual(measured["interactions"], plan["dataset"]["interactions"])
            self.assertEqual(measured["items"], plan["dataset"]["items"])
            sweeps = layout["half_sweeps"].values()
            self.assertEqual(measured["bytes_sent"]["total"], sum(sweep["bytes_sent"]["total"] for sweep in sweeps))
            self.assertEqual(measured["lower_bound_bytes"], sum(sweep["lower_bound_bytes"] for sweep in sweeps))
            self.assertEqual(measured["predicted"]["bytes_sent"], measured["bytes_sent"]["total"])
            self.assertAlmostEqual(measured["predicted"]["epoch_seconds"], layout["epoch_seconds"], places=9)
            self.assertAlmostEqual(measured["predicted"]["imbalance"], layout["imbalance"], places=9)

    def test_ratings_train_explicit_models(self):
        shape = ["--shape", "movielens-20m", *SMALL]
        options = ["--objective", "explicit", "--biases"]
        expected = self.losses_of_als(shape, options, epochs=2)
        report, _ = self.scale(["--strong", "1,3", "--epochs", "2", *shape, *options, *OFF], ranks=3)
        for measured in report["runs"]:
            self.assertEqual(measured["losses"], expected)
        self.assertEqual(report["row_floats"], 17)
        self.assertGreater(report["runs"][1]["bytes_over_lower_bound"], 1)  # rows are padded to 32

    def test_approximate_solvers_agree_too(self):
        report, _ = self.scale(["--strong", "1,2,3", "--solver", "cg", *SMALL], ranks=3)
        self.assertEqual(len({tuple(run["losses"]) for run in report["runs"]}), 1)

    def test_rows_in_half_the_bytes(self):
        whole, _ = self.scale(["--strong", "1,2,3", *SMALL, *OFF], ranks=3)
        half, _ = self.scale(["--strong", "1,2,3", "--exchange", "bf16", *SMALL, *OFF], ranks=3)
        self.assertEqual(len({tuple(run["losses"]) for run in half["runs"]}), 1)
        self.assertEqual(half["row_bytes"], whole["row_bytes"] / 2)
        for one, other in zip(half["runs"], whole["runs"]):
            self.assertEqual(one["bytes_sent"]["total"], other["bytes_sent"]["total"] / 2)
            self.assertEqual(one["predicted"]["bytes_sent"], one["bytes_sent"]["total"])

    def test_rows_that_no_partition_makes_fair_are_shared(self):
        report, _ = self.scale(["--strong", "1,2,3", "--users", "30000", "--items", "150", "--interactions", "300000"], ranks=3)
        for measured in report["runs"]:  # on one node sums of parts alone travel, which no lower bound counts
            self.assertEqual(measured["losses"], report["runs"][0]["losses"])
            self.assertEqual(measured["lower_bound_bytes"], 0)
            self.assertEqual(measured["predicted"]["bytes_sent"], measured["bytes_sent"]["total"])
        self.assertGreater(report["runs"][2]["bytes_sent"]["total"], 0)

    def test_a_report_of_both_kinds(self):
        table, plot, log = (self.path / name for name in ("scale.csv", "scale.svg", "scale.jsonl"))
        report, done = self.scale(["--strong", "1,2,3", "--weak", "1,3", *SMALL, *OFF, "--csv", table, "--plot", plot, "--log-json", log],
                                  ranks=3)
        runs = report["runs"]
        self.assertEqual([(run["scaling"], run["ranks"]) for run in runs],
                         [("strong", 1), ("strong", 2), ("strong", 3), ("weak", 1), ("weak", 3)])
        # Weak runs grow with the ranks; the first is the first strong one again.
        self.assertEqual(runs[3]["losses"], runs[0]["losses"])
        self.assertEqual([run["users"] for run in runs], [2500, 2500, 2500, 2500, 7500])
        self.assertAlmostEqual(runs[4]["interactions"], 3 * runs[3]["interactions"], delta=0.1 * runs[4]["interactions"])
        self.assertGreater(runs[4]["items"], 2 * runs[3]["items"])
        for measured in runs:
            seconds = measured["epoch_seconds"]
            self.assertTrue(0 < seconds["min"] <= seconds["median"] <= seconds["max"])
            self.assertGreaterEqual(measured["imbalance"], 1)
            self.assertGreater(measured["memory_bytes"]["max"], 0)
            self.assertGreater(measured["gflops"], 0)
            self.assertAlmostEqual(measured["predicted"]["over_measured"], measured["predicted"]["epoch_seconds"] / seconds["median"])
            self.assertAlmostEqual(measured["speedup"], measured["efficiency"] * measured["ranks"])
            for phase in measured["phases"].values():
                self.assertTrue(0 < phase["mean"] <= phase["max"] * (1 + 1e-12), measured)
            self.assertEqual(measured["bytes_sent"]["total"] == 0, measured["ranks"] == 1)
            self.assertGreaterEqual(measured["bytes_sent"]["total"], measured["lower_bound_bytes"])
            self.assertLessEqual(measured["bytes_sent"]["max"], measured["bytes_sent"]["total"])
        first = runs[0]["epoch_seconds"]["median"]
        self.assertAlmostEqual(runs[2]["efficiency"], first / (3 * runs[2]["epoch_seconds"]["median"]))
        self.assertAlmostEqual(runs[4]["efficiency"], runs[3]["epoch_seconds"]["median"] / runs[4]["epoch_seconds"]["median"])

        # The other files say the same.
        with open(table, newline="") as file:
            lines = list(csv.DictReader(file))
        self.assertEqual(len(lines), len(runs))
        for line, measured in zip(lines, runs):
            self.assertEqual((line["scaling"], int(line["ranks"])), (measured["scaling"], measured["ranks"]))
            self.assertEqual(float(line["epoch_seconds"]), measured["epoch_seconds"]["median"])
            self.assertEqual(int(line["bytes_sent"]), measured["bytes_sent"]["total"])
            self.assertEqual(float(line["loss"]), measured["losses"][-1])
            self.assertNotIn("", line.values())
        events = [json.loads(line) for line in log.read_text().splitlines()]
        told = [event for event in events if event["event"] == "scaling_run"]
        self.assertEqual([event["loss"] for event in told], [run["losses"][-1] for run in runs])
        root = xml.etree.ElementTree.parse(plot).getroot()
        self.assertEqual(root.tag, f"{SVG}svg")
        texts = [text.text for text in root.iter(f"{SVG}text")]
        self.assertEqual(texts.count("MPI ranks (log2)"), 2)
        self.assertEqual(sum("epoch time, " in text for text in texts), 2)
        self.assertEqual(len(list(root.iter(f"{SVG}circle"))), len(runs) + 2)  # and one in each legend
        self.assertEqual(len(list(root.iter(f"{SVG}polyline"))), 6)
        self.assertIn("strong scaling", done.out)
        self.assertIn("weak scaling", done.out)
        rows = [int(line.split()[0]) for line in done.out.splitlines() if line[:6].strip().isdigit()]
        self.assertEqual(rows, [run["ranks"] for run in runs])

        # Written again, they are replaced.
        _, done = self.scale(["--weak", "2", *SMALL, "--plot", plot], ranks=2)
        self.assertIn(f"replaced {plot}", done.err)
        self.assertEqual([line.split()[0] for line in done.out.splitlines()][:3], ["weak", "ranks", "2"])

    def test_one_rank_alone_and_a_preset(self):
        report, done = self.scale(["--strong", "1", "--shape", "shop", "--scale", "0.002", "--calibrate", "0.1"])
        self.assertEqual(report["stated"], {"users": 2000, "items": 200, "interactions": 16000})
        self.assertGreater(report["rate_ratio"]["users"], 0)
        self.assertIn("times the seconds of the build's rates", done.err)
        other, _ = self.scale(["--strong", "1", "--shape", "shop", "--scale", "0.002", "--seed", "1"])
        self.assertNotEqual(report["runs"][0]["losses"], other["runs"][0]["losses"])

    def refused(self, options, code, words, ranks=None):
        done = run(["scale", *FAST, *options], ranks=ranks or ranks_of_refusal(self, code), timeout=60)
        self.assertEqual(done.code, code, done)
        self.assertEqual(len(done.our_lines), 1, done)
        for word in words:
            self.assertIn(word, done.our_lines[0])
        self.assertEqual(list(self.path.iterdir()), [])

    def test_what_goes_wrong_gets_one_line(self):
        strong = ["--strong", "1", *SMALL]
        self.refused(SMALL, 2, ["--strong", "--weak"])
        self.refused(["--strong", "1,4", *SMALL], 2, ["--strong", "4 ranks", "3"], ranks=3)
        self.refused(["--strong", "1", "--weak", "5", *SMALL], 2, ["--weak", "5 ranks"])
        self.refused(["--strong", "2"], 2, ["--strong", "2 ranks"], ranks=1)
        self.refused(["--strong", "0,1", *SMALL], 2, ["--strong 0,1"])
        self.refused(["--strong", "1;2", *SMALL], 2, ["--strong 1;2"])
        self.refused(["--strong", "2,1,2", *SMALL], 2, ["--strong", "2 twice"], ranks=3)
        self.refused(["--strong", "1", "--shape", "sphere"], 2, ["sphere", "movielens-20m"])
        self.refused(["--strong", "1", "--users", "10", "--items", "10", "--interactions", "1e6"], 2, ["--interactions"])
        self.refused(["--weak", "1,3", "--users", str(2**40), "--interactions", "2e12"], 2, ["--users"], ranks=3)
        self.refused([*strong, "--epochs", "1"], 2, ["--epochs", "2"])
        self.refused([*strong, "--scale", "2"], 2, ["--scale"])
        self.refused([*strong, "--memory-budget", "1GiB"], 2, ["--memory-budget"])
        self.refused([*strong, "--data", "log.h5"], 2, ["--data"])
        self.refused([*strong, "--biases"], 2, ["--biases", "explicit"])
        self.refused([*strong, "--csv", self.path / "a", "--plot", self.path / "a"], 2, ["--csv and --plot name the same file"])
        for file in ("--json", "--csv", "--plot"):
            self.refused([*strong, file, self.path / "no-folder/report"], 73, ["no-folder"])

    def test_a_run_that_fails_on_some_ranks_ends_on_all(self):
        self.refused(["--strong", "2", *SMALL, "--objective", "explicit", "--regularization", "0", "--plot", self.path / "plot.svg"], 65,
                     ["epoch 1", "planted user", "--regularization"])


if __name__ == "__main__":
    unittest.main()
