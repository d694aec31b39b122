"""Two quarters of a real shop (UCI Online Retail), from the raw log to the page: profile, kmeans, segments. Every customer of either quarter is in one
cell of the migration, customers and money add up to those of the log, matches are the best ones, and drift is scipy's. Skips without the data."""
import collections
import itertools
import json
import pathlib
import tempfile
import unittest

import h5py
import numpy as np
import pandas as pd
from scipy import optimize, stats

from program import data_file, run

LEAST = 10
COLUMNS = "user=CustomerID,item=StockCode,value=Quantity*UnitPrice,time=InvoiceDate,order=InvoiceNo"
DATES = {"old": ("2011-04-01", "2011-07-01"), "new": ("2011-07-01", "2011-10-01")}


class RealQuartersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.log = data_file("online_retail.csv.gz")
        cls.path = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        for quarter, (since, until) in DATES.items():
            cls.job("prepare", "--input", cls.log, "--columns", COLUMNS, "--orders", "column", "--since", since, "--until", until, "--missing", "skip",
                    "--exact-repeats", "keep", "--duplicates", "sum", "--min-total", "none", "--output", f"{quarter}.h5")
            cls.job("profile", "--data", f"{quarter}.h5", "--output", f"{quarter}-customers.h5")
            start = ["--clusters", "5"] if quarter == "old" else ["--init", "old-groups.h5"]
            cls.job("kmeans", "--input", f"{quarter}-customers.h5", "--columns", "recency_days,orders,money", "--scale", "log-standard", *start,
                    "--output", f"{quarter}-groups.h5")
        cls.whole = cls.segments()
        frame = pd.read_csv(cls.log, encoding="latin-1", dtype={"CustomerID": str, "InvoiceNo": str}).dropna(subset="CustomerID")
        frame["money"] = frame.Quantity * frame.UnitPrice
        cls.frames = {quarter: frame[(frame.InvoiceDate >= since) & (frame.InvoiceDate < until)] for quarter, (since, until) in DATES.items()}
        cls.group_of = {quarter: cls.named(quarter) for quarter in DATES}

    @classmethod
    def job(cls, *args, ranks=1):
        done = run(args, ranks=ranks, cwd=cls.path)
        assert done.code == 0, done
        return done

    @classmethod
    def segments(cls, ranks=1):
        cls.job("segments", "--data", "new.h5", "--segments", "new-groups.h5", "--points", "new-customers.h5", "--profile", "new-customers.h5",
                "--against", "old-groups.h5", "--against-data", "old.h5", "--against-profile", "old-customers.h5", "--bootstrap", "5",
                "--output", "segments.json", "--report", "segments.html", ranks=ranks)
        return json.loads((cls.path / "segments.json").read_text())

    @classmethod
    def named(cls, quarter):
        """The group of each customer of a quarter, by id."""
        with h5py.File(cls.path / f"{quarter}-groups.h5") as file:
            return {str(id): "(no segment)" if cluster < 0 else f"segment {cluster}"
                    for id, cluster in zip(file["ids"][()], file["assignments"][()])}

    def cells(self):
        return {(cell["from"], cell["to"]): cell for cell in self.whole["changes"]["migration"]}

    def true_cells(self):
        old, new = self.group_of["old"], self.group_of["new"]
        customers, money = collections.Counter(), {quarter: collections.Counter() for quarter in DATES}
        spent = {quarter: self.frames[quarter].groupby("CustomerID").money.sum() for quarter in DATES}
        for id in {*old, *new}:
            cell = old.get(id, "(new)"), new.get(id, "(lost)")
            customers[cell] += 1
            for quarter in DATES:
                money[quarter][cell] += spent[quarter].get(id, 0)
        return customers, money

    def test_groups_are_large_enough(self):
        for quarter in DATES:
            self.assertGreaterEqual(min(collections.Counter(self.group_of[quarter].values()).values()), LEAST)

    def test_everybody_of_either_quarter_is_in_one_cell(self):
        customers, money = self.true_cells()
        ids = {quarter: set(self.frames[quarter].CustomerID) for quarter in DATES}
        self.assertEqual(sum(customers.values()), len(ids["old"] | ids["new"]))
        cells = self.cells()
        rows = [segment["name"] for segment in self.whole["segments"]] + ["(lost)"]
        columns = [group["name"] for group in self.whole["changes"]["before"]] + ["(new)"]
        self.assertEqual(set(customers) - set(itertools.product(columns, rows)), set())
        self.assertEqual(cells["(all)", "(all)"]["customers"], len(ids["old"] | ids["new"]))
        self.assertEqual(cells["(all)", "(lost)"]["customers"], len(ids["old"] - ids["new"]))
        self.assertEqual(cells["(new)", "(all)"]["customers"], len(ids["new"] - ids["old"]))
        self.assertEqual(self.whole["customers"], len(ids["new"]))
        self.assertEqual(self.whole["changes"]["customers_before"], len(ids["old"]))
        printed = 0
        for pair in itertools.product(columns + ["(all)"], rows + ["(all)"]):
            if pair == ("(new)", "(lost)"):
                continue
            within = [one for one in customers if pair[0] in (one[0], "(all)") and pair[1] in (one[1], "(all)")]
            for member, total, tolerance in (("customers", sum(customers[one] for one in within), 0),
                                             ("money_now", sum(money["new"][one] for one in within), 0.05),
                                             ("money_before", sum(money["old"][one] for one in within), 0.05)):
                if cells[pair][member] is not None:
                    self.assertAlmostEqual(cells[pair][member], total, delta=tolerance, msg=(pair, member))
                    printed += 1
            if cells[pair]["customers"] is not None:
                self.assertGreaterEqual(cells[pair]["customers"], LEAST)
        self.assertGreater(printed, 60)

    def test_sizes_and_money_are_those_of_the_log(self):
        sizes = collections.Counter(self.group_of["new"].values())
        self.assertEqual({segment["name"]: segment["customers"] for segment in self.whole["segments"]}, dict(sizes))
        self.assertAlmostEqual(self.whole["money"], self.frames["new"].money.sum(), delta=0.05)

    def test_matches_have_the_most_customers_in_common(self):
        customers, _ = self.true_cells()
        now = [segment["name"] for segment in self.whole["segments"] if segment["kind"] == "segment"]
        before = [group["name"] for group in self.whole["changes"]["before"] if group["kind"] == "segment"]
        common = np.array([[customers[one, other] for one in before] for other in now])
        best = common[optimize.linear_sum_assignment(-common)].sum()
        matches = {match["segment"]: match["before"] for match in self.whole["changes"]["matches"]}
        pairs = [(match, segment) for segment, match in matches.items() if match]
        self.assertEqual(len({match for match, _ in pairs}), len(pairs))
        self.assertTrue(all(customers[pair] >= LEAST for pair in pairs))
        self.assertLess(best - sum(customers[pair] for pair in pairs), LEAST * (len(now) - len(pairs)) + 1)

    def test_drift_is_scipys(self):
        drift = {column["column"]: column for column in self.whole["changes"]["drift"]}
        for column in ("money", "orders", "recency_days"):
            values = []
            for quarter in DATES:
                with h5py.File(self.path / f"{quarter}-customers.h5") as file:
                    table = file[f"users/table/{column}"][()]
                values.append(table[~np.isnan(table)])
            self.assertEqual(drift[column]["statistic"], float(f"{stats.ks_2samp(*values).statistic:.2e}"))
            self.assertEqual([drift[column]["median_before"], drift[column]["median_now"]], [np.median(each) for each in values])

    def test_fit_is_that_of_kmeans(self):
        self.job("kmeans", "--input", "old-customers.h5", "--columns", "recency_days,orders,money", "--scale", "log-standard", "--clusters", "5",
                 "--quality", "quality.json", "--output", "again.h5")
        self.job("segments", "--data", "old.h5", "--segments", "again.h5", "--points", "old-customers.h5", "--bootstrap", "0", "--output", "again.json")
        quality = json.loads((self.path / "quality.json").read_text())["metrics"]
        fit = json.loads((self.path / "again.json").read_text())["fit"]
        self.assertAlmostEqual(fit["silhouette"], quality["silhouette"], places=9)
        self.assertAlmostEqual(fit["simplified_silhouette"], quality["simplified-silhouette"], places=9)

    def test_same_bytes_on_three_ranks(self):
        names = ("segments.json", "segments.html")
        one = [(self.path / name).read_bytes() for name in names]
        self.segments(ranks=3)
        self.assertEqual([(self.path / name).read_bytes() for name in names], one)


if __name__ == "__main__":
    unittest.main()
