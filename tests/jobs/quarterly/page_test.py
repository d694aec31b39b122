"""The page of a quarter in a real browser: every number on it is in quarter.json, links lead somewhere, a model that is held back is said."""
import decimal
import html
import json
import pathlib
import re
import sys
import tempfile
import unittest

import two_quarters_test as two
from browser import BROWSER, WHY_SKIPPED, Browser
from program import run
from two_quarters_test import AS_ROOT, CHAIN, NEXT, RANDOM


def leaves(json_value):
    """Numbers and texts, names of members among them."""
    if isinstance(json_value, dict):
        for name, value in json_value.items():
            yield name
            yield from leaves(value)
    elif isinstance(json_value, list):
        for value in json_value:
            yield from leaves(value)
    elif json_value is not None:
        yield json_value


def tokens(text):
    return set(re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", text))


def to_fixed(number, digits):
    """As a browser writes it: a tie goes up (30.25 MiB is 30.3), where Python's goes to the even digit."""
    return str(decimal.Decimal(number).quantize(decimal.Decimal(1).scaleb(-digits), decimal.ROUND_HALF_UP))


def known_tokens(numbers):
    """How the page may write what the JSON has."""
    known = {"95"}  # of the intervals
    for leaf in leaves(numbers):
        if isinstance(leaf, str):
            known |= tokens(leaf)
        elif not isinstance(leaf, bool):
            size = abs(leaf)
            known |= {f"{size:,}", f"{size:.4f}", f"{100 * size:.1f}", f"{size:,.2f}", f"{size:.1f}"}
            known |= {to_fixed(size, 4), to_fixed(100 * size, 1), to_fixed(size, 1), to_fixed(size / 2**20, 1)}
    return known


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        two.TwoQuartersTest.setUpClass()
        cls.addClassCleanup(two.TwoQuartersTest.doClassCleanups)
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        for name in ("first.csv", "second.csv"):
            (cls.folder / name).symlink_to(two.TwoQuartersTest.shop / name)
        cls.submit(CHAIN)
        cls.submit(NEXT + "[gate]\nmargin = 0.001\n", *RANDOM, "--set", "quarterly.warm-start=no")
        cls.numbers = {quarter: json.loads((cls.folder / quarter / "quarter.json").read_text()) for quarter in ("q1", "q2")}

    @classmethod
    def submit(cls, text, *words):
        (cls.folder / "chain.ini").write_text(text)
        done = run(["quarterly", "chain.ini", "--submit", *words], cwd=cls.folder, env=AS_ROOT)
        assert done.code == 0, done

    def shown(self, quarter):
        if BROWSER is None:
            self.skipTest(WHY_SKIPPED)
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        document, complaints = Browser(folder).document(self.folder / quarter / "index.html")
        self.assertEqual(complaints, [])
        return document

    def test_every_number_of_the_page_is_in_the_json(self):
        for quarter, numbers in self.numbers.items():
            document = self.shown(quarter)
            visible = re.sub(r"<(script|style|noscript)\b.*?</\1>", " ", document, flags=re.DOTALL)
            text = html.unescape(re.sub(r"<[^>]*>", " ", visible))
            self.assertEqual(tokens(text) - known_tokens(numbers), set())
            self.assertGreater(len(tokens(text)), 60)
            self.assertEqual(json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', document, re.DOTALL).group(1)), numbers)

    def test_links_lead_to_files(self):
        document = self.shown("q2")
        links = re.findall(r'href="([^"]*)"', document)
        self.assertEqual(set(links), {"../q1/index.html", "prepare.html", "gate.html", "segments.html", "recommendations.csv", "recommendations-shelf.csv"})
        for link in links:
            self.assertTrue((self.folder / "q2" / link).is_file(), link)

    def test_the_numbers_are_those_of_the_steps(self):
        first, second = self.numbers["q1"], self.numbers["q2"]
        report = json.loads((self.folder / "q2/prepare.json").read_text())
        self.assertEqual((second["data"]["rows_read"], second["data"]["interactions"]), (report["rows_read"], report["interactions"]))
        self.assertEqual(second["data"]["before"]["rows_read"], first["data"]["rows_read"])
        self.assertEqual(second["data"]["rows_read"] - second["data"]["rows_left_out"] - second["data"]["rows_merged"], second["data"]["interactions"])
        self.assertIsNone(first["previous"])
        self.assertIsNone(first["models"][0]["gate"])
        gate = json.loads((self.folder / "q2/gate.json").read_text())
        [model] = second["models"]
        self.assertEqual((model["gate"], model["serves"]), (gate["gate"], "last quarter's"))
        by_name = {other["name"]: other["value"] for other in model["metrics"][0]["others"]}
        self.assertEqual(by_name, {"popularity": gate["metrics"]["ndcg@10"]["baselines"]["popularity"]["value"],
                                   "last quarter's model": gate["metrics"]["ndcg@10"]["baselines"]["final.h5"]["value"]})
        segments = json.loads((self.folder / "q2/segments.json").read_text())
        self.assertEqual(second["segments"]["customers"], segments["customers"])
        moved = {(cell["from"], cell["to"]): cell["customers"] for cell in segments["changes"]["migration"]}
        for move in second["segments"]["since"]["moves"]:
            self.assertEqual(move["customers"], moved[move["from"], move["to"]])
        self.assertEqual([step["step"] for step in second["costs"]["steps"]],
                         ["prepare", "als", "evaluate", "gate", "final", "profile", "kmeans-users", "recommend", "recommend-shelf", "segments"])
        self.assertEqual(second["costs"]["core_hours_before"], first["costs"]["core_hours"])

    def test_warnings_of_steps_and_the_verdict_are_said(self):
        second = self.numbers["q2"]
        self.assertIn("The new model is held back, and last quarter's still serves: its ndcg@10 is at worst 0.", " ".join(second["sentences"]))
        [verdict] = [warning["text"] for warning in second["warnings"] if warning["step"] == "gate" and "held back" in warning["text"]]
        self.assertIn("gate failed: ndcg@10", verdict)
        self.assertIn('class="held"', self.shown("q2"))

    def test_a_damaged_result_is_one_line_and_the_page_comes_back(self):
        path = self.folder / "q1/segments.json"
        whole = path.read_text()
        self.addCleanup(path.write_text, whole)
        states = run(["quarterly", "status", "q1"], cwd=self.folder, env=AS_ROOT)
        self.assertRegex(states.out, r"page +done")
        path.write_text("{}")
        states = run(["quarterly", "status", "q1"], cwd=self.folder, env=AS_ROOT)
        self.assertRegex(states.out, r"page +to do.*: follows segments")


if __name__ == "__main__":
    if BROWSER is None:
        print(WHY_SKIPPED)
        sys.exit(77)
    unittest.main()
