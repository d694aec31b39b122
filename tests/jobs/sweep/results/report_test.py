"""The report of a sweep in a real browser, without network: no script fails, every plot has its marks, and there is something to see. Ends with 77 where
there is no browser."""
import json
import pathlib
import re
import sys
import tempfile
import unittest

import synthetic_sweep
from browser import BROWSER, WHY_SKIPPED, Browser, marks
from program import run

FOLDS, FACTORS, REGULARIZATIONS = 3, ("1", "4", "12"), ("0.02", "0.1")


def section(document, name):
    """What stands in the element of this id, which has neighbours but no parent of its own."""
    return re.search(rf'<(?:div|p|ul|span) id="{name}".*?(?=<h2>|<h1>|<script|<noscript|<p id)', document, re.S).group()


class ReportTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        synthetic_sweep.write_ratings(cls.folder / "log.csv")
        cls.sweep = cls.folder / "sweep"
        for command in (
                ["prepare", "--input", cls.folder / "log.csv", "--split", "random:0.1", "--output", cls.folder / "data.h5"],
                ["sweep", "plan", cls.sweep, "--data", cls.folder / "data.h5", "--objective", "explicit", "--biases", "true",
                 "--factors", ",".join(FACTORS), "--regularization", ",".join(REGULARIZATIONS), "--validation", f"interactions:{FOLDS}",
                 "--epochs", "9", "--halving", "3", "--halving-epochs", "3"],
                ["sweep", "run", cls.sweep, "--cores", "2"]):
            done = run(command)
            assert done.code == 0, done
        cls.report = cls.sweep / "results/report.html"
        cls.summary = json.loads((cls.sweep / "results/summary.json").read_text())
        cls.browser = Browser(cls.folder)
        cls.document, cls.complaints = cls.browser.document(cls.report)

    def test_no_script_fails_and_nothing_is_fetched(self):
        self.assertEqual(self.complaints, [])
        addresses = set(re.findall(r"(?:https?:)?//[\w.]+\.\w+[\w/.]*", self.report.read_text()))
        self.assertEqual(addresses, {"http://www.w3.org/2000/svg"})  # a name, not a place
        broken = self.folder / "broken.html"  # and a failure would be seen
        broken.write_text(self.report.read_text().replace("function gantt() {", "function gantt() { nothing.here();"))
        self.assertIn("nothing is not defined", "".join(self.browser.document(broken)[1]))

    def test_every_plot_has_its_marks(self):
        trials = len(FACTORS) * len(REGULARIZATIONS)
        tasks = self.summary["tasks_done"]
        self.assertEqual((len(self.summary["trials"]), tasks), (trials, (trials + trials // 3) * FOLDS))
        names = ("conclusion", "legend", "summary", "missing", "trials", "parallel", "slices", "spread", "curves", "gantt", "predicted", "notes")
        part = {name: section(self.document, name) for name in names}
        self.assertEqual(marks(part["trials"], "tr"), 1 + trials + 1)  # the last one is the baseline's
        self.assertIn("mean and biases alone", part["trials"])
        self.assertEqual(marks(part["slices"], 'path class="baseline"'), 2)
        self.assertEqual(marks(part["spread"], 'path class="baseline"'), 1)
        self.assertIn(self.summary["conclusion"], part["conclusion"])
        self.assertIn(self.summary["legend"][1:], part["legend"])
        self.assertEqual(part["trials"].count('class="chosen"'), 1)
        self.assertEqual((marks(part["parallel"], "svg"), marks(part["parallel"], "polyline")), (1, trials))
        self.assertEqual((marks(part["slices"], "svg"), marks(part["slices"], "circle")), (2, 2 * trials))
        self.assertEqual((marks(part["spread"], "svg"), marks(part["spread"], "circle")), (1, FOLDS * trials))
        self.assertEqual((marks(part["curves"], "svg"), marks(part["curves"], "polyline")), (2, trials + trials))  # losses of the first fold; values by rung
        self.assertEqual((marks(part["gantt"], "svg"), marks(part["gantt"], "rect")), (1, tasks))
        self.assertEqual((marks(part["predicted"], "svg"), marks(part["predicted"], "circle")), (2, 2 * tasks))
        self.assertEqual(marks(part["notes"], "li"), len(self.summary["notes"]))
        self.assertIn(f"Chosen: trial {self.summary['winner']['trial']} ", part["summary"])
        self.assertNotIn("Incomplete", part["missing"])
        self.assertNotIn("NaN", self.document.split("<script")[0])

    def test_tells_what_was_predicted_of_each_trial_and_of_all(self):
        for cost in (self.summary, *self.summary["trials"]):
            for what in ("core_hours", "memory_bytes"):
                self.assertGreater(cost[what]["measured"], 0)
                self.assertGreater(cost[what]["predicted"], 0)
        trials = self.summary["trials"]
        self.assertAlmostEqual(sum(trial["core_hours"]["measured"] for trial in trials), self.summary["core_hours"]["measured"], places=12)
        self.assertEqual(max(trial["memory_bytes"]["measured"] for trial in trials), self.summary["memory_bytes"]["measured"])
        mebibytes = [f"<td>{int(trial['memory_bytes'][kind] / 2**20 + 0.5)}</td>" for trial in trials for kind in ("measured", "predicted")]
        self.assertTrue(all(cell in section(self.document, "trials") for cell in mebibytes), mebibytes)
        self.assertRegex(section(self.document, "summary"), r"core-hours \([\d.e-]+ predicted\), \d+ MiB in the largest rank \(\d+ predicted\)")

    def test_what_is_missing_is_told(self):
        lost = next(path for path in (self.sweep / "records").iterdir() if json.loads(path.read_text())["task"] == "t1.f2.r0")
        text = lost.read_text()
        lost.unlink()
        try:
            self.assertEqual(run(["sweep", "collect", self.sweep]).code, 0)
            document, complaints = self.browser.document(self.report)
        finally:
            lost.write_text(text)
        self.assertEqual(complaints, [])
        self.assertIn("tasks have no record yet: t1.f2.r0", section(document, "missing"))

    def test_a_sweep_of_kmeans_has_no_part_that_says_nothing(self):
        sweep = self.folder / "clusters"
        for command in (["sweep", "plan", sweep, "--job", "kmeans", "--data", self.folder / "data.h5", "--clusters", "2,3", "--validation", "seeds:2"],
                        ["sweep", "run", sweep, "--cores", "2"]):
            done = run(command)
            self.assertEqual(done.code, 0, done)
        document, complaints = self.browser.document(sweep / "results/report.html")
        self.assertEqual(complaints, [])
        self.assertEqual(re.findall("<h2>(.*?)</h2>", document),
                         ["Trials", "Parallel coordinates", "Each parameter", "Spread over folds", "When tasks ran", "What may flatter these scores"])
        self.assertNotIn("predicted)", section(document, "summary"))

    def test_there_is_something_to_see(self):
        from PIL import Image  # python3-pil
        page = Image.open(self.browser.screenshot(self.report, 1140, 3200)).convert("RGB")
        self.assertEqual(page.size, (1140, 3200))
        colors = {color: count for count, color in page.getcolors(page.width * page.height)}
        self.assertGreater(len(colors), 100)
        self.assertGreater(1 - colors[255, 255, 255] / (page.width * page.height), 0.01)
        self.assertGreater(colors.get((0x5b, 0x8f, 0xd0), 0), 1000)  # bars of the runs
        self.assertGreater(colors.get((0xff, 0xf3, 0xd6), 0), 1000)  # the chosen trial's row


if __name__ == "__main__":
    if BROWSER is None:
        print(WHY_SKIPPED)
        sys.exit(77)
    unittest.main()
