"""The page of prepare --report in a real browser, without network: no script fails, each plot has its marks and its numbers, and a file name that
would break out stays text. Ends with 77 where there is no browser."""
import json
import pathlib
import re
import sys
import tempfile
import unittest

from browser import BROWSER, WHY_SKIPPED, Browser, marks
from program import run

HEADINGS = ["The account of rows", "Parts of the dataset", "Missing fields", "The rows that the rules left"]


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.browser = Browser(cls.folder)

    def report(self, *arguments):
        texts = []
        for ending in ("html", "json"):
            done = run(["prepare", *arguments, "--output", self.folder / "o.h5", "--report", self.folder / f"report.{ending}"])
            self.assertEqual(done.code, 0, done)
            texts.append(self.folder / f"report.{ending}")
        return texts[0], json.loads(texts[1].read_text())

    def test_a_shop(self):
        log = self.folder / "log.csv"
        done = run(["synthesize", "--users", "400", "--items", "300", "--interactions", "9000", "--dirt", "0.1", "--broken-lines", "0.01",
                    "--bots", "2", "--output", log])
        self.assertEqual(done.code, 0, done)
        page, data = self.report("--input", log, "--columns", "user=user_id,item=item_id,quantity=quantity,price=price,time=timestamp",
                                 "--missing", "skip", "--max-bad", "2%", "--exact-repeats", "drop", "--cancellations", "match",
                                 "--max-events-per-day", "200", "--split", "temporal:0.1")
        document, complaints = self.browser.document(page)
        self.assertEqual(complaints, [])
        self.assertEqual(re.findall(r"<h2>(.*?)</h2>", document), HEADINGS)
        profile = data["profile"]
        drawn = len(profile["values"]) + len(profile["users_by_items"]) + len(profile["times"])
        self.assertEqual(marks(document, "rect"), drawn)
        self.assertEqual(marks(document, "circle"), len(profile["popularity"]))
        self.assertEqual(marks(document, "details"), 4)
        self.assertEqual(sum(profile["users_by_items"]), profile["users"])
        self.assertEqual(sum(time["rows"] for time in profile["times"]), profile["rows"])
        self.assertEqual(sum(bin["rows"] for bin in profile["values"]) + profile["values_below"] + profile["values_above"],
                         profile["rows"])
        self.assertIn(f"{data['rows_read']:,} rows came in", document)
        for step in data["steps"]:
            self.assertIn(f"<td>{step['rule']}</td><td>{step['rows_in']:,}</td>", document)
        self.assertNotRegex(document, r'(src|href)="')

    def test_ratings_without_times_and_an_evil_name(self):
        log = self.folder / "a<script>alert(1)<!--.csv"
        log.write_text("user,item,rating\n1,1,5\n1,2,4\n2,1,5\n")
        page, data = self.report("--input", log)
        document, complaints = self.browser.document(page)
        self.assertEqual(complaints, [])
        self.assertNotIn("<script>alert", document)
        self.assertIn("a&lt;script&gt;alert(1)&lt;!--.csv", document)
        self.assertIn("No rule took a row.", document)
        self.assertEqual(data["profile"]["times"], [])
        self.assertEqual([(bin["from"], bin["rows"]) for bin in data["profile"]["values"]], [(4, 1), (5, 2)])


if __name__ == "__main__":
    if not BROWSER:
        print(WHY_SKIPPED)
        sys.exit(77)
    unittest.main()
