"""The page of an evaluation in a real browser, without network: no script fails, every part has its marks and its words, texts that would break out stay texts.
Ends with 77 where there is no browser."""
import copy
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from browser import BROWSER, WHY_SKIPPED, Browser, marks

PROBE = os.environ.get("RANKWISE_PAGE_PROBE")
EVIL = "old </script><!--<script>alert(1)</script>\u202e'\".h5"
SHOWN = "old &lt;/script&gt;&lt;!--&lt;script&gt;alert(1)&lt;/script&gt;\\u202e'\".h5"
HEADINGS = ["Warnings", "Metrics", "Differences of the same users", "For whom", "Recall by cutoff", "Calibration", "What training knows of the future", "What was evaluated"]


def baseline(value, mean, low, high, p, adjusted):
    return {"value": value, "standard_error": 0.001, "interval": [value - 0.002, value + 0.002],
            "difference": {"mean": mean, "interval": [low, high], "p": p, "p_permutation": p, "p_adjusted": adjusted}}


def metric(value, kind, baselines):
    return {"model": value, "standard_error": 0.002, "interval": [value - 0.004, value + 0.004], "interval_kind": kind, "users": 12034, "definition": "a formula",
            "baselines": baselines}


def group(by, name, value, interval):
    return {"by": by, "group": name, "users": 1234, "targets": 2000, "metrics": {"ndcg@100": {"value": value, "standard_error": 0.01, "interval": interval, "baseline": 0.1}}}


EVALUATION = {
    "format": 2, "data": {"file": "shop.h5", "digest": "0123"}, "model": {"file": "model.h5", "digest": "4567", "configuration": "factors = 64\n"},
    "definitions": "ours", "users": 12034, "heldout_interactions": 84210, "rankings": {"users": 12034, "cold_targets": 55},
    "metrics": {
        "ndcg@100": metric(0.2081, "t", {"popularity": baseline(0.15, 0.0581, 0.055, 0.061, 1e-9, 2e-9), EVIL: baseline(0.2069, 0.0012, -0.002, 0.0044, 0.03, 0.06)}),
        "gini@100": metric(0.91, "poisson-bootstrap", {"popularity": baseline(0.99, -0.08, -0.09, -0.07, 0.001, 0.002)}),
        "rmse": metric(0.95, "t", {"popularity": baseline(0.93, 0.02, 0.01, 0.03, 0.001, 0.002)})},
    "slices": [group("activity", "1 to 10", 0.2, [0.19, 0.21]), group("activity", "above 10", 0.3, None), group("country", EVIL, 0.1, [0.09, 0.11])],
    "calibration": [{"low": 1, "high": 2, "count": 10, "mean_prediction": 1.5, "mean_value": 1.6}, {"low": 2, "high": 3, "count": 0, "mean_prediction": None, "mean_value": None},
                    {"low": 3, "high": 4, "count": 40, "mean_prediction": 3.5, "mean_value": 3.2}],
    "recall_by_cutoff": [{"cutoff": 1, "model": 0.1, "baseline": 0.05}, {"cutoff": 10, "model": 0.2, "baseline": None}, {"cutoff": 100, "model": 0.3, "baseline": 0.2}],
    "leakage": {"after_own_heldout": 0.321, "median_gap_days": None, "cold_users": 12},
    "warnings": [EVIL],
    "gate": {"against": "old.h5", "metric": "ndcg@100", "margin": 0.0, "confidence": 0.95, "difference": 0.0012, "lower_bound": -0.0004, "passed": False}}


def section(document, name):
    """What the element of this id holds: each ends before the next heading."""
    return re.search(rf'<(?:div|ul) id="{name}".*?(?=<h2>|<script|<noscript)', document, re.S).group()


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.browser = Browser(cls.folder)

    def page(self, evaluation):
        path = self.folder / "page.html"
        path.write_bytes(subprocess.run([PROBE], input=json.dumps(evaluation, ensure_ascii=False).encode(), capture_output=True, check=True).stdout)
        return path

    def document(self, evaluation):
        document, complaints = self.browser.document(self.page(evaluation))
        self.assertEqual(complaints, [])
        return document

    def test_every_part_has_its_marks(self):
        document = self.document(EVALUATION)
        self.assertEqual(re.findall("<h2>(.*?)</h2>", document), HEADINGS)
        part = {name: section(document, name) for name in ("metrics", "differences", "slices", "recall", "calibration", "leakage", "provenance")}
        count = {name: tuple(marks(text, kind) for kind in ("svg", "circle", "tr")) for name, text in part.items()}
        self.assertEqual(count, {"metrics": (3, 7, 1 + 7), "differences": (3, 4, 1 + 4), "slices": (2, 3, 2 + 3), "recall": (1, 5, 1 + 3), "calibration": (1, 2, 1 + 3),
                                 "leakage": (0, 0, 1 + 3), "provenance": (0, 0, 1 + 9)})
        self.assertIn("rmse (lower is better)", part["metrics"])
        self.assertNotIn("NaN", document.split("<script")[0])

    def test_numbers_are_those_of_the_evaluation(self):
        document = self.document(EVALUATION)
        row = "".join(f"<td>{cell}</td>" for cell in ("ndcg@100", "popularity", "0.05810", "0.05500&nbsp;to&nbsp;0.06100", "&lt;&nbsp;0.0001", "&lt;&nbsp;0.0001", "&lt;&nbsp;0.0001", "better"))
        self.assertIn(row, section(document, "differences"))
        self.assertIn("<td>32.1%</td>", section(document, "leakage"))
        self.assertIn("<td>unknown</td>", section(document, "leakage"))
        self.assertIn("<td>1 to 10</td><td>ndcg@100</td><td>1,234</td><td>2,000</td><td>0.2000</td><td>0.1900&nbsp;to&nbsp;0.2100</td><td>0.1000</td>", section(document, "slices"))

    def test_verdicts_look_at_the_direction_and_at_the_adjusted_p(self):
        differences = section(self.document(EVALUATION), "differences")
        self.assertEqual(re.findall(r"<td>(better|worse|no clear difference|not compared)</td>", differences), ["better", "no clear difference", "better", "worse"])
        self.assertEqual(differences.count('class="worse"'), 1)

    def test_the_conclusion_is_in_words(self):
        conclusion = section(self.document(EVALUATION), "conclusion")
        for words in ("The model's ndcg@100 is 0.2081", "It is better than popularity (0.1500; difference 0.0581,", f"There is no clear difference to {SHOWN} (",
                      "Beside popularity it is worse in rmse.", "The gate against old.h5 is not passed: with confidence 95% the model's ndcg@100 is at worst 0.0004 worse, and the margin is 0."):
            self.assertIn(words, conclusion)
        passed = copy.deepcopy(EVALUATION)
        passed["gate"].update(lower_bound=0.0003, passed=True)
        self.assertIn("is passed: with confidence 95% the model's ndcg@100 is at least 0.0003 better", section(self.document(passed), "conclusion"))

    def test_texts_stay_texts(self):
        document = self.document(EVALUATION)
        for name in ("warnings", "metrics", "differences", "slices"):
            self.assertIn(SHOWN, section(document, name), name)
        self.assertEqual(marks(document, "script"), 2)
        source = self.page(EVALUATION).read_text()
        self.assertEqual(set(re.findall(r"(?:https?:)?//[\w.]+\.\w+[\w/.]*", source)), {"http://www.w3.org/2000/svg"})  # a name, not a place

    def test_a_blend_names_each_model_with_its_weight(self):
        blend = {key: value for key, value in EVALUATION.items() if key != "model"}
        blend["blend"] = {"scores": "rank", "models": [{"file": EVIL, "digest": "89ab", "configuration": "factors = 8\n", "weight": 0.7},
                                                       {"file": "items.h5", "digest": "cdef", "configuration": "neighbours = 5\n", "weight": 0.3}]}
        document = self.document(blend)
        self.assertIn(f"Evaluation of <span id=\"model\">{SHOWN} + items.h5</span>", document)
        provenance = section(document, "provenance")
        for words in (SHOWN, "<td>items.h5</td>", "0.7", "0.3", "89ab", "cdef", "<td>rank</td>", "<td>items.h5 trained with</td><td>neighbours = 5</td>"):
            self.assertIn(words, provenance)

    def test_absent_parts_are_left_out(self):
        least = {"format": 2, "data": {"file": "shop.h5"}, "model": {"file": "model.h5"}, "users": 3, "heldout_interactions": 4,
                 "metrics": {"recall@20": {"model": 0.5, "standard_error": None, "interval": [None, None], "users": 3}}, "slices": [], "leakage": None, "gate": None}
        document = self.document(least)
        self.assertEqual(re.findall("<h2>(.*?)</h2>", document), ["Metrics", "What was evaluated"])
        self.assertIn("The model's recall@20 is 0.5000, over 3 users.", section(document, "conclusion"))

    def test_there_is_something_to_see(self):
        from PIL import Image  # python3-pil
        page = Image.open(self.browser.screenshot(self.page(EVALUATION), 1140, 2600)).convert("RGB")
        colors = {color: count for count, color in page.getcolors(page.width * page.height)}
        for name, color in (("model", (0xc2, 0x57, 0x1a)), ("baseline", (0x5b, 0x8f, 0xd0)), ("worse", (0xfd, 0xea, 0xea))):
            self.assertGreater(colors.get(color, 0), 100, name)


if __name__ == "__main__":
    if BROWSER is None:
        print(WHY_SKIPPED)
        sys.exit(77)
    unittest.main()
