"""The page of profile --page in a real browser, without network: no script fails, it holds the report's numbers, plots have their marks, it fits a
phone, and a name that would break out stays text. Ends with 77 where there is no browser."""
import json
import re
import sys
import unittest

from browser import BROWSER, WHY_SKIPPED, Browser, marks
from profile_case import DAY, ProfileCase, shop_rows, write_log

HEADINGS = ["Recency and frequency", "Segments", "Classes", "Did forecasts come true?", "Models of lifetime value", "How this was made"]
EVIL = "</script><script>alert(1)</script><!-- <b>"


class PageTest(ProfileCase):
    def report(self, *options):
        self.job("profile", "--data", "data.h5", "--output", "customers.h5", "--report", "report.json", "--page", "page.html", *options)
        page = self.folder / "page.html"
        document, complaints = Browser(self.folder).document(page)
        self.assertEqual(complaints, [])
        report = json.loads((self.folder / "report.json").read_text())
        self.assertEqual(json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', page.read_text(), re.S)[1]), report)
        self.assertNotRegex(document, r'(src|href)="')
        return page, document, report

    def test_many_customers(self):
        rows = []
        for user in range(1250):  # 50 of each recency and frequency
            recency, orders, name = user % 5, user // 5 % 5 + 1, f"u{user:04d}"
            for order in range(orders):
                rows.append((name, "tea", 1 + user % 7, 1_700_000_000 + (100 + 10 * recency - 8 * order) * DAY, f"o{name}-{order}"))
        write_log(self.folder / "log.csv", rows)
        self.prepare()
        page, document, report = self.report("--lifetime", "--calibrate-at", "2024-03-01")
        self.assertEqual(re.findall(r"<h2>(.*?)</h2>", document), HEADINGS)
        groups = report["lifetime"]["calibration"]["groups"]
        self.assertEqual(marks(document, "rect"), 25 + len(report["rfm"]["segments"]) + 2 * len(groups) + 2)
        for cell in report["rfm"]["recency_frequency"]["cells"]:
            self.assertIn(f"<title>recency {cell['recency']}, frequency {cell['frequency']}: {cell['customers']:,} (", document)
        self.assertIn("1,250 users; 1,250 of them have bought something", document)
        for width in (1280, 390):
            self.assertGreater(Browser(self.folder).screenshot(page, width, 844).stat().st_size, 5000)

    def test_what_is_not_printed(self):
        write_log(self.folder / "log.csv", shop_rows())
        self.prepare()
        (self.folder / "names.csv").write_text(f"{EVIL},4-5,*,*\nothers,*,*,*\n")
        _, document, report = self.report("--segments", "names.csv")
        self.assertEqual(re.findall(r"<h2>(.*?)</h2>", document), [HEADINGS[0], HEADINGS[1], HEADINGS[2], HEADINGS[5]])
        self.assertIsNone(report["rfm"]["recency_frequency"]["cells"])
        self.assertIn("Not printed: a combination of classes has fewer than 10 customers", document)
        self.assertEqual(document.count("<script"), 2)
        self.assertIn("not printed", document)


if __name__ == "__main__":
    if not BROWSER:
        print(WHY_SKIPPED)
        sys.exit(77)
    unittest.main()
