"""The page of campaign measure --report in a real browser, without network: no script fails, it holds the JSON's numbers, plots have their marks,
it fits a phone, and a name that would break out stays text. Ends with 77 where there is no browser."""
import html
import json
import pathlib
import re
import sys
import tempfile
import unittest

from browser import BROWSER, WHY_SKIPPED, Browser, marks
from measure_case import HORIZON, MARGIN, SHARE, START, Shop
from program import run

EVIL = "</script><script>alert(1)</script><!-- <b>\u202eevil"


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.browser = Browser(cls.folder)
        cls.shop = Shop()
        cls.data = cls.shop.write_log(cls.folder)

    def report(self, assignment, *options):
        page, output = self.folder / "page.html", self.folder / "measured.json"
        done = run(["campaign", "measure", "--assignment", assignment, "--outcomes", self.data, "--output", output, "--report", page, *options])
        self.assertEqual(done.code, 0, done)
        return page, json.loads(output.read_text())

    def test_a_campaign(self):
        assignment = self.shop.assignment()
        assignment.offers = ["books", EVIL]
        page, data = self.report(assignment.write(self.folder / "spring.h5", START, HORIZON, SHARE, name=EVIL), "--margin", MARGIN)
        document, complaints = self.browser.document(page)
        self.assertEqual(complaints, [])
        self.assertEqual(re.findall(r"<h2>(.*?)</h2>", document), ["Campaigns", "How this was made"])
        self.assertEqual(json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', page.read_text(), re.S)[1]), data)
        self.assertEqual(document.count("<script"), 2)
        self.assertNotIn("\u202eevil", re.sub(r"<script.*?</script>", "", document, flags=re.S))
        found = data["campaigns"][0]
        for sentence in found["sentences"]:
            self.assertIn(f'<p class="verdict">{html.escape(sentence, quote=False)}</p>', document)
        # A point for each outcome, segment, offer and tenth.
        self.assertEqual(marks(document, "circle"), sum(each["printed"] for each in found["comparisons"]) + len(found["segments"]) + len(found["offers"]) + len(found["tenths"]))
        self.assertGreater(len(found["offers"]) + len(found["tenths"]), 4)
        for row in found["segments"]:
            self.assertIn(f"<td>{row['segment']}</td><td>{row['treated']['customers']:,}</td>", document)
        self.assertNotRegex(document, r'(src|href)="')

    def test_no_controls_on_a_phone(self):
        table = self.folder / "everybody.csv"
        table.write_text("user,group\n" + "".join(f"{id},treated\n" for id in self.shop.ids))
        page, data = self.report(table, "--start", START, "--horizon", f"{HORIZON}d")
        document, complaints = self.browser.document(page)
        self.assertEqual(complaints, [])
        self.assertIn("there is no control group", document)
        self.assertEqual(marks(document, "circle"), 0)
        self.assertGreater(self.browser.screenshot(page, 390, 844).stat().st_size, 5000)


if __name__ == "__main__":
    if not BROWSER:
        print(WHY_SKIPPED)
        sys.exit(77)
    unittest.main()
