"""What the outputs of `rankwise segments` have in common gives no hidden number back: columns of the same totals, drift, means, the list of customers, sleeping
customers."""
import collections
import csv
import json
import pathlib
import tempfile
import unittest

from program import run

LEAST = 10


class PrivacyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def dataset(self, name, header, users, money=lambda place: 5, days=lambda place: 1 + place % 28, month=1):
        """`users`: id and values of each customer, who has one order."""
        table, log, data = self.path / f"{name}-users.csv", self.path / f"{name}-log.csv", self.path / f"{name}.h5"
        table.write_text("\n".join([f"user,{header}", *(",".join(user) for user in users)]) + "\n")
        log.write_text("user,item,value,time\n" + "".join(
            f"{user[0]},i{place % 3},{money(place)},2025-{month:02d}-{days(place):02d}\n" for place, user in enumerate(users)))
        done = run(["prepare", "--input", log, "--orders", "day", "--min-total", "none", "--split", "none", "--users", table, "--output", data])
        self.assertEqual(done.code, 0, done)
        return data

    def segments(self, data, *options, ranks=(1, 3)):
        output, texts = self.path / "segments.json", []
        for number in ranks:
            done = run(["segments", "--data", data, "--segment-column", "tribe", "--output", output, *options], ranks=number)
            self.assertEqual(done.code, 0, done)
            texts.append(output.read_text())
        self.assertEqual(len(set(texts)), 1)
        return json.loads(texts[0]), done.err

    @staticmethod
    def attributes(found):
        return {lift["attribute"] for segment in found["segments"] for lift in segment["lifts"]}

    def test_columns_with_common_totals_are_not_printed_together(self):
        # Of each tribe 148 customers have the plan 'gold', two of them the tariff 'g2': 148 - 146 would give 2.
        users = []
        for tribe in ("A", "B"):
            tariffs = ["g1"] * 146 + ["g2"] * 2 + ["s1"] * 60 + ["s2"] * 40
            users += [(f"u{len(users) + n}", tribe, {"g": "gold", "s": "silver"}[tariff[0]], tariff, ("north", "south", "east")[n % 3])
                      for n, tariff in enumerate(tariffs)]
        found, messages = self.segments(self.dataset("nested", "tribe,plan,tariff,region", users), "--most-lifts", "1000")
        self.assertTrue({"plan", "region"} <= self.attributes(found))
        self.assertNotIn("tariff", self.attributes(found))
        self.assertIn("warning: left out: lifts of tariff: some of its values have together the customers of values of plan", messages)
        self.assertTrue(any(reason.startswith("lifts of tariff") for reason in found["left_out"]))

    def test_columns_that_lack_the_same_customers_are_both_printed(self):
        users = [(f"u{n}", "AB"[n % 2], *(("", "") if n % 10 == 3 else (("x", "y")[n // 2 % 2], ("v", "w")[n // 4 % 2]))) for n in range(800)]
        found, _ = self.segments(self.dataset("lacking", "tribe,one,other", users))
        self.assertTrue({"one", "other"} <= self.attributes(found))
        # Who has no value is as good as known by the other column: a small value is hidden with another one.
        users = [(f"u{n}", "AB"[n % 2], *(("", "") if n % 10 == 3 else ("rare" if n in (0, 2, 4) else ("x", "y")[n // 2 % 2], ("v", "w")[n // 4 % 2])))
                 for n in range(800)]
        found, _ = self.segments(self.dataset("lacking-few", "tribe,one,other", users))
        printed = {lift["value"] for lift in found["segments"][0]["lifts"] if lift["attribute"] == "one"}
        self.assertLess(len(printed), 2)
        self.assertEqual({lift["value"] for lift in found["segments"][0]["lifts"] if lift["attribute"] == "other"}, {"v", "w"})

    def test_drift_gives_no_small_category_back(self):
        def quarter(name, customers, few, month):
            return self.dataset(name, "tribe,status,score,region", [
                (f"u{n:03d}", "tiny" if n < few else "AB"[n % 2], "vip" if n < few else "usual", "1" if n < few else "0",
                 "rare" if n < few else ("north", "south")[n // 2 % 2]) for n in range(customers)], month=month)
        before, now = quarter("drift-before", 100, 2, 1), quarter("drift-now", 120, 7, 4)
        found, messages = self.segments(now, "--against", before, "--against-data", before)
        drift = {column["column"]: column for column in found["changes"]["drift"]}
        self.assertTrue({"tribe", "status", "score"}.isdisjoint(drift))
        self.assertIn("left out: drift of status: only one value has at least 10 customers in both quarters", messages)
        self.assertIn("left out: drift of score", messages)
        self.assertIn("region", drift)  # the rare one is in one bin with the smaller other one
        for column in drift.values():
            for figure in ("stability_index", "statistic", "p", "p_adjusted"):
                self.assertEqual(column[figure], float(f"{column[figure]:.2e}"))

    def test_trimmed_means_give_no_hidden_sum_back(self):
        def money(place):
            if place < 10:  # two customers of the first ten have money: without the lowest and the highest one has
                return {8: 5000, 9: 9000}.get(place, 0)
            return 30 + place
        users = [(f"u{n:02d}", "A" if n < 10 else "B" if n < 30 else "C") for n in range(60)]
        found, _ = self.segments(self.dataset("means", "tribe", users, money))
        means = {segment["name"]: next(number["trimmed_mean"] for number in segment["numbers"] if number["column"] == "money")
                 for segment in found["segments"]}
        self.assertIsNone(means["A"])
        self.assertAlmostEqual(means["B"], sum(30 + n for n in range(12, 28)) / 16, places=9)
        # Eight of ten are averaged, which are fewer than ten; twelve of fourteen are enough.
        users = [(f"u{n:02d}", "A" if n < 10 else "B" if n < 24 else "C") for n in range(60)]
        found, _ = self.segments(self.dataset("few-means", "tribe", users, lambda place: 30 + place))
        means = {segment["name"]: next(number["trimmed_mean"] for number in segment["numbers"] if number["column"] == "money")
                 for segment in found["segments"]}
        self.assertIsNone(means["A"])
        self.assertAlmostEqual(means["B"], sum(30 + n for n in range(11, 23)) / 12, places=9)
        # One of them has more than half.
        found, _ = self.segments(self.dataset("one-mean", "tribe", users, lambda place: {10: 10_000, 11: 9_000}.get(place, 30 + place)))
        means = {segment["name"]: next(number["trimmed_mean"] for number in segment["numbers"] if number["column"] == "money")
                 for segment in found["segments"]}
        self.assertIsNone(means["B"])

    def test_the_list_and_the_report_have_no_column_in_common_if_values_are_withheld(self):
        users = []
        for tribe, cells in (("A", {("north", "silver"): 30, ("south", "silver"): 30, ("north", "gold"): 3, ("south", "gold"): 9}),
                             ("B", {("north", "silver"): 40, ("south", "silver"): 30, ("north", "gold"): 15, ("south", "gold"): 20})):
            for (region, plan), customers in cells.items():
                users += [(f"u{len(users) + n:03d}", tribe, region, plan, region[0], "xyz"[n % 3]) for n in range(customers)]
        data, listed = self.dataset("listed", "tribe,region,plan,letter,other", users), self.path / "listed.csv"
        found, messages = self.segments(data, "--export", listed, "--export-columns", "region,plan")
        with listed.open(encoding="utf-8") as file:
            counts = collections.Counter((line["segment"], line["region"], line["plan"]) for line in csv.DictReader(file))
        self.assertEqual(counts["A", "", ""], 12)
        self.assertTrue({"region", "plan", "letter"}.isdisjoint(self.attributes(found)))
        self.assertIn("other", self.attributes(found))
        self.assertIn("left out: lifts of region: they would give back values that --export leaves empty", messages)
        self.assertIn("left out: lifts of letter: some of its values have together the customers of values of region", messages)
        found, _ = self.segments(data, "--export", listed, "--export-columns", "region")
        self.assertIn("region", self.attributes(found))  # nothing is withheld

    def test_sleeping_customers_give_no_awake_ones_back(self):
        # Of A's 50 customers of both quarters 48 sleep: the others would be 50 - 48 = 2, since the new are printed.
        old = [(f"u{n:03d}", tribe) for tribe, begin in (("A", 0), ("B", 200)) for n in range(begin, begin + 50)]
        before = self.dataset("sleep-before", "tribe", old)
        users = [(f"u{n:03d}", tribe) for tribe, begin in (("A", 0), ("B", 200)) for n in range(begin, begin + 100)]
        log, table, now = self.path / "sleep-log.csv", self.path / "sleep-users.csv", self.path / "sleep-now.h5"
        table.write_text("user,tribe\n" + "".join(f"{user},{tribe}\n" for user, tribe in users))
        asleep = {*(f"u{n:03d}" for n in range(48)), *(f"u{n:03d}" for n in range(200, 225))}
        log.write_text("user,item,value,time\n" + "".join(f"{user},i1,10,2025-{'01-15' if user in asleep else '05-01'}\n" for user, _ in users))
        self.assertEqual(run(["prepare", "--input", log, "--orders", "day", "--min-total", "none", "--split", "none", "--users", table,
                              "--output", now]).code, 0)
        found, _ = self.segments(now, "--against", before, "--against-data", before)
        moves = {(cell["to"], cell["from"]): cell["customers"] for cell in found["changes"]["migration"]}
        self.assertEqual((moves["A", "(new)"], moves["B", "(new)"]), (50, 50))
        sleeping = {row["segment"]: row["customers"] for row in found["changes"]["sleeping"]}
        self.assertIsNone(sleeping["A"])
        self.assertLessEqual(sum(number is not None for number in sleeping.values()), 1)


if __name__ == "__main__":
    unittest.main()
