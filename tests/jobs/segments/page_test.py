"""The page of segments --report in a real browser, without network: no script fails, it holds the JSON's numbers, plots have their marks, it fits
a phone, and a name that would break out stays text. Ends with 77 where there is no browser."""
import json
import pathlib
import re
import sys
import tempfile
import unittest

from browser import BROWSER, WHY_SKIPPED, Browser, marks
from planted_quarters import two_quarters
from program import run

HEADINGS = ["Segments", "Numbers of customers", "Since last quarter", "Shifts of columns", "Each segment", "How this was made"]
EVIL = "</script><script>alert(1)</script><!-- <b>\u202eevil"


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.browser = Browser(cls.folder)
        before, now = two_quarters()
        cls.old_data, cls.old_clusters = before.write(cls.folder, "before")
        cls.data, cls.clusters = now.write(cls.folder, "now")

    def report(self, *options):
        page, output = self.folder / "page.html", self.folder / "segments.json"
        done = run(["segments", "--data", self.data, "--output", output, "--report", page, *options])
        self.assertEqual(done.code, 0, done)
        return page, json.loads(output.read_text())

    def embedded(self, page):
        return json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', page.read_text(), re.S)[1])

    def test_two_quarters(self):
        names = self.folder / "names.csv"
        names.write_text(f"segment,name\nbargain,\"{EVIL}\"\n")
        page, data = self.report("--segment-column", "tribe", "--names", names, "--against", self.old_data, "--against-data", self.old_data)
        document, complaints = self.browser.document(page)
        self.assertEqual(complaints, [])
        self.assertEqual(re.findall(r"<h2>(.*?)</h2>", document), HEADINGS)
        self.assertEqual(self.embedded(page), data)
        self.assertEqual(document.count("<script"), 2)
        self.assertIn("alert(1)", document)
        self.assertNotIn("\u202eevil", re.sub(r"<script.*?</script>", "", document, flags=re.S))
        for sentence in data["sentences"]:
            if EVIL not in sentence:
                self.assertIn(f"<p class=\"\">{sentence}</p>", document)
        # A bar for each segment, cells of medians and of moves, a bar on both sides of the ribbons, and a lift for each bar of a card.
        columns = sum(column["median"] is not None for column in data["overall"])
        lifts = sum(min(12, sum(lift["p_adjusted"] <= 0.05 and lift["lift"] > 0 and lift["interval"][0] is not None for lift in segment["lifts"]))
                    for segment in data["segments"])
        self.assertEqual(marks(document, "rect"), len(data["segments"]) * (1 + columns) + len(data["changes"]["migration"])
                         + len(data["segments"]) + len(data["changes"]["before"]) + 2 + lifts)
        moves = [cell for cell in data["changes"]["migration"] if cell["customers"] and "(all)" not in (cell["from"], cell["to"])]
        self.assertEqual(document.count('class="flow"'), len(moves))
        for cell in moves:
            if EVIL not in (cell["from"], cell["to"]):
                self.assertIn(f"<title>from {cell['from']} to {cell['to']}: {cell['customers']:,}</title>", document)
        self.assertEqual(document.count('class="card numbers"'), len(data["segments"]))
        for segment in data["segments"]:
            self.assertIn(f"<td>{segment['customers']:,}</td><td>{100 * segment['share']:.1f}%</td>", document)
        self.assertNotRegex(document, r'(src|href)="')

    def test_one_quarter_on_a_phone(self):
        page, data = self.report("--segments", self.clusters, "--points", self.folder / "now-points.csv")
        document, complaints = self.browser.document(page)
        self.assertEqual(complaints, [])
        self.assertEqual(re.findall(r"<h2>(.*?)</h2>", document), [heading for heading in HEADINGS if heading not in HEADINGS[2:4]])
        self.assertIn('name="viewport"', document)
        self.assertGreater(self.browser.screenshot(page, 390, 844).stat().st_size, 5000)
        self.assertIsNone(data["changes"])
        self.assertIn("How well customers fit their segments", document)
        for segment in data["segments"]:
            self.assertIn(f"<td>{segment['name']}</td><td>{segment['fit']['silhouette']:.2f}</td>", document)


if __name__ == "__main__":
    if not BROWSER:
        print(WHY_SKIPPED)
        sys.exit(77)
    unittest.main()
