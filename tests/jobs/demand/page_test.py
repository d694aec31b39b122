"""The page of demand --report in a real browser, without network: no script fails, it holds the JSON's numbers, each series has its plot, and a name
that would break out stays text. Ends with 77 where there is no browser."""
import json
import pathlib
import re
import sys
import tempfile
import unittest

from browser import BROWSER, WHY_SKIPPED, Browser
from demand_test import KINDS, planted_rows, write
from program import run

EVIL = "<script>alert(1)<script>"


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.browser = Browser(cls.folder)
        write(cls.folder, [(user, item.replace("books", EVIL), amount, time, order) for user, item, amount, time, order in planted_rows()], "shop")

    def test_series(self):
        page, output = self.folder / "page.html", self.folder / "demand.json"
        done = run(["demand", "--data", "shop.h5", "--by", "kind", "--output", output, "--report", page], cwd=self.folder)
        self.assertEqual(done.code, 0, done)
        data = json.loads(output.read_text())
        self.assertEqual(json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', page.read_text(), re.S)[1]), data)
        document, complaints = self.browser.document(page)
        self.assertEqual(complaints, [])
        self.assertNotRegex(document, r'(src|href)="')
        self.assertEqual(document.count("<script"), 2)
        self.assertEqual(re.findall(r"<h2>(.*?)</h2>", document), ["What to doubt", "Methods that back-tests prefer", "Series", "How this was made"])
        for sentence in data["sentences"]:
            self.assertIn(f'<p class="">{sentence}</p>', document)
        self.assertGreater(len(data["series"]), len(KINDS))
        self.assertEqual(document.count('class="card"'), len(data["series"]))
        self.assertEqual(document.count('class="forecast"'), len(data["series"]))
        self.assertEqual(document.count('class="interval"'), sum(series["origins"] > 0 for series in data["series"]))
        self.assertTrue(any(series["category"] == EVIL for series in data["series"]))
        self.assertGreater(self.browser.screenshot(page, 390, 844).stat().st_size, 5000)


if __name__ == "__main__":
    if not BROWSER:
        print(WHY_SKIPPED)
        sys.exit(77)
    unittest.main()
