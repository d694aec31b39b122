"""The page of propensity --report in a real browser, without network: no script fails, it holds the JSON's numbers, plots have their marks, and a name
that would break out stays text. Ends with 77 where there is no browser."""
import json
import pathlib
import re
import sys
import tempfile
import unittest

from browser import BROWSER, WHY_SKIPPED, Browser, marks
from planted_customers import Customers
from program import run

HEADINGS = ["What to doubt", "Quality, out of fold", "Predicted, and what came", "Coefficients", "Penalty", "How this was made"]
EVIL = "<script>alert(1)<script>"


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.browser = Browser(cls.folder)
        customers = Customers(users=600)
        customers.table = [(name, age, EVIL if town == "Rome" else town, twice, seven) for name, age, town, twice, seven in customers.table]
        customers.write(cls.folder, lambda *args: run(args, cwd=cls.folder))

    def page(self, *options):
        done = run(["propensity", "--profile", "customers.h5", "--outcomes", "data.h5", "--output", "scores.csv", "--json", "found.json", "--report", "page.html",
                    *options], cwd=self.folder)
        self.assertEqual(done.code, 0, done)
        page = self.folder / "page.html"
        data = json.loads((self.folder / "found.json").read_text())
        embedded = json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', page.read_text(), re.S)[1])
        self.assertEqual(embedded, data)
        document, complaints = self.browser.document(page)
        self.assertEqual(complaints, [])
        self.assertNotRegex(document, r'(src|href)="')
        return page, data, document

    def test_probabilities(self):
        page, data, document = self.page("--columns", "age,town,orders,seven")
        self.assertEqual(re.findall(r"<h2>(.*?)</h2>", document), HEADINGS)
        self.assertEqual(document.count("<script"), 2)
        for sentence in data["sentences"][:4]:
            self.assertIn(f'<p class="">{sentence}</p>', document)
        self.assertEqual(marks(document, "rect"), len(data["terms"]) - 1)
        self.assertEqual(marks(document, "circle"), len(data["out_of_fold"]["groups"]))
        self.assertTrue(any(EVIL in term["term"] for term in data["terms"]))
        self.assertGreater(self.browser.screenshot(page, 390, 844).stat().st_size, 5000)

    def test_money(self):
        _, data, document = self.page("--target", "money", "--penalty", "10", "--columns", "age,orders")
        self.assertEqual(re.findall(r"<h2>(.*?)</h2>", document), [heading for heading in HEADINGS if heading != "Penalty"])
        self.assertEqual(data["model"], "ridge")


if __name__ == "__main__":
    if not BROWSER:
        print(WHY_SKIPPED)
        sys.exit(77)
    unittest.main()
