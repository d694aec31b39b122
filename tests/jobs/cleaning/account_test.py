"""The account of rows, the quarantine and --max-bad of rankwise prepare."""
import json
import unittest

from cleaned import CleaningCase, HEADER
from program import data_file, run

RETAIL = "user=CustomerID,item=StockCode,value=Quantity*UnitPrice,time=InvoiceDate"


class AccountTest(CleaningCase):
    def test_a_small_log_adds_up_on_any_ranks_with_every_split(self):
        rows = [(u, (u * 7 + i * i) % 23, 1 + (u + i) % 5 - (6 if i == 9 else 0), 1_600_000_000 + 5000 * ((u * i) % 40))
                for u in range(30) for i in range(12)]
        rows += [("", 3, 1, 1_600_000_000), (4, "", 1, 1_600_000_000), (4, 5, "", 1_600_000_000)]
        log = self.log(*rows)
        for split in (["none"], ["random:0.2"], ["leave-last:2"], ["temporal:0.2"], ["users:0.3"],
                      ["leave-last:1", "--validation", "leave-last:1"], ["temporal:0.2", "--validation", "random:0.2"],
                      ["users:0.3", "--validation", "users:0.3"], ["random:0.2", "--repeats", "keep"]):
            with self.subTest(split):
                ranks = (1, 3) if split[0].startswith("temporal") else (1,)
                cleaned = self.prepare_alike("--input", log, "--missing", "skip", "--duplicates", "sum", "--min-user-count",
                                             "3", "--min-item-count", "14", "--split", *split, ranks=ranks)
                self.assertEqual(cleaned.report["rows_read"], len(rows))
                self.assertEqual(cleaned.taken("missing-user"), 1)
                self.assertEqual(cleaned.taken("missing-value"), 1)
                self.assertIn("k-core round 1", cleaned.steps)
                self.assertIn("min-total", cleaned.steps)
                self.assertEqual(cleaned.report["missing"], {"user": 1, "item": 1, "value": 1, "time": 0})

    def test_the_table_and_the_events(self):
        log, events = self.log((1, 1, 1, 5), (1, 1, 2, 6), ("", 2, 3, 7)), self.folder / "events.json"
        done = run(["prepare", "--input", log, "--missing", "skip", "--output", self.folder / "o.h5", "--log-json", events])
        self.assertEqual(done.code, 0, done)
        self.assertRegex(done.err, r"missing-user +3 +1 +0 +2")
        self.assertRegex(done.err, r"duplicates +2 +1 +0 +1")
        steps = [event for event in map(json.loads, events.read_text().splitlines()) if event["event"] == "account_step"]
        self.assertEqual([(step["rule"], step["rows_in"], step["rows_out"]) for step in steps],
                         [("missing-user", 3, 2), ("duplicates", 2, 1)])
        quiet = run(["prepare", "--input", log, "--missing", "skip", "--output", self.folder / "o.h5", "--quiet"])
        self.assertEqual(quiet.err, "")

    def test_a_quarantine_names_file_line_rule_reason_and_row(self):
        first = self.write("a.csv", HEADER + '1,"x,1",5,1000000010\n=1+1,x,few,1000000010\n3,"a ""b""\n c",,1000000010\n\n4,x,0.5,1000000010\n')
        second = self.write("b.csv", HEADER + "5,x,2,never\n6,x\n7,x,3,1000000010\n8,x,4,1000000010\n")
        cleaned = self.prepare_alike("--input", first, "--input", second, "--missing", "skip", "--max-bad", "50%", "--min-value", "1")
        found = [(row["file"].rsplit("/", 1)[1], int(row["line"]), row["rule"], row["row"]) for row in cleaned.quarantine]
        self.assertEqual(found, [("a.csv", 3, "unreadable-value", "'=1+1,x,few,1000000010"), ("a.csv", 4, "missing-value", '3,"a ""b""\n c",,1000000010'),
                                 ("a.csv", 7, "min-value", "4,x,0.5,1000000010"), ("b.csv", 2, "unreadable-time", "5,x,2,never"),
                                 ("b.csv", 3, "fields", "6,x")])
        self.assertIn("'few'", cleaned.quarantine[0]["reason"])
        self.assertIn("rejected: 1 row: the value is no number that can be stored; the first is", cleaned.done.err)

    def test_bad_rows_beyond_the_limit_end_the_job_at_the_first(self):
        log = self.log((1, 1, 1, 5), (1, 2, "x", 5), (1, 3, "y", 5), (1, 4, 1, 5), (2, 4, 1, 5))
        for limit in ([], ["--max-bad", "0"], ["--max-bad", "1"], ["--max-bad", "39.9%"]):
            done = self.refused(65, "log.csv:3: ", "--input", log, *limit)
            if limit[1:] == ["1"]:
                self.assertIn("2 of 5 rows are bad, --max-bad allows 1", done.err)
        for limit in ("2", "40%", "100%"):
            self.assertEqual(self.prepare("--input", log, "--max-bad", limit).taken("unreadable-value"), 2)
        for wrong in ("-1", "x", "101%", "0.5", "%"):
            self.refused(2, "--max-bad", "--input", log, "--max-bad", wrong)

    def test_a_missing_field_under_error_is_a_bad_row(self):
        log = self.log((1, 1, 1, 5), ("", 2, 1, 5), (1, 3, 1, 5))
        self.refused(65, "log.csv:3: the user field is empty", "--input", log)
        self.assertEqual(self.prepare("--input", log, "--max-bad", "1").taken("missing-user"), 1)

    def test_a_report_that_cannot_be_written_ends_the_job_before_it_reads(self):
        self.refused(73, "no-such-folder", "--input", self.log((1, 1, 1, 5)), "--report", self.folder / "no-such-folder/r.json")
        self.refused(2, "r.txt", "--input", self.log((1, 1, 1, 5)), "--report", self.folder / "r.txt")

    def test_real_logs_add_up(self):
        for name, arguments in {
                "online_retail.csv.gz": ["--columns", RETAIL, "--missing", "skip", "--min-user-count", "3", "--split", "leave-last:1"],
                "goodbooks_ratings.csv.gz": ["--exact-repeats", "drop", "--min-item-count", "5", "--split", "random:0.1"],
                "journey_transactions.csv.gz": ["--columns", "user=household_id,item=product_id,value=sales_value,time=transaction_timestamp",
                                                "--split", "temporal:0.1", "--validation", "temporal:0.1"]}.items():
            with self.subTest(name):
                cleaned = self.prepare("--input", data_file(name), *arguments)
                if name.startswith("online"):
                    self.assertEqual(cleaned.report["rows_read"], 541_909)
                    self.assertEqual(cleaned.taken("missing-user"), 135_080)
                if name.startswith("goodbooks"):
                    self.assertEqual(cleaned.report["rows_read"], 981_756)
                    self.assertEqual(cleaned.taken("exact-repeats"), 1_644)


if __name__ == "__main__":
    unittest.main()
