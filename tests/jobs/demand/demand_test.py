"""`rankwise demand`: series are those of pandas, the planted season is found, intervals hold about what they say, few customers stay hidden, and
outputs have the same bytes on any ranks and threads."""
import datetime
import hashlib
import json
import math
import pathlib
import random
import tempfile
import unittest

import numpy as np
import pandas as pd

from program import ranks_of_refusal, run

DAY = 86400
MONDAY = (datetime.date(2022, 1, 3) - datetime.date(1970, 1, 1)).days
WEEKS = 130
KINDS = ["food", "garden", "books"]


def planted_rows(users=60, seed=3):
    """(user, item, amount, time, order): food is steady, garden has a season of 52 weeks, books grow; a rare kind has few customers."""
    draw = random.Random(seed)
    rows = []
    for week in range(WEEKS + 1):
        season = 1 + 0.8 * math.sin(2 * math.pi * week / 52)
        for kind, wanted in enumerate((30, 25 * season, 5 + week / 5)):
            for _ in range(int(wanted * (0.9 + 0.2 * draw.random()))):
                day = MONDAY + 7 * week + draw.randrange(4 if week == WEEKS else 7)
                user = draw.randrange(users)
                rows.append((f"u{user:02d}", f"{KINDS[kind]}{draw.randrange(5)}", draw.randrange(100, 2000) / 100, day * DAY + draw.randrange(DAY),
                             f"o{len(rows):06d}"))
                if draw.random() < 0.1:
                    rows.append((rows[-1][0], rows[-1][1], -1.5, rows[-1][3], rows[-1][4]))
    for user in range(4):
        rows.append((f"u{user:02d}", "rare0", 5, (MONDAY + 70) * DAY, f"r{user}"))
    return rows


def write(folder, rows, name):
    (folder / f"{name}.csv").write_text("user,item,amount,time,order\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))
    items = sorted({row[1] for row in rows})
    (folder / "items.csv").write_text("id,kind,price\n" + "".join(f"{item},{'' if item == 'food4' else item[:-1]},{1 + n % 4}\n" for n, item in enumerate(items)))
    done = run(["prepare", "--input", f"{name}.csv", "--columns", "user=user,item=item,value=amount,time=time,order=order", "--exact-repeats", "keep",
                "--duplicates", "sum", "--min-total", "none", "--items", "items.csv", "--item-types", "kind=category", "--output", f"{name}.h5"], cwd=folder)
    assert done.code == 0, done


class DemandTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.rows = planted_rows()
        write(cls.folder, cls.rows, "shop")
        users = sorted({row[0] for row in cls.rows})
        (cls.folder / "groups.csv").write_text("id,x\n" + "".join(f"{user},{int(user[1:]) % 2 * 10}\n" for user in users))
        done = run(["kmeans", "--input", "groups.csv", "--id-column", "id", "--clusters", "2", "--output", "groups.h5"], cwd=cls.folder)
        assert done.code == 0, done
        cls.frame = pd.DataFrame([row for row in cls.rows if row[2] > 0], columns=["user", "item", "amount", "time", "order"])
        cls.frame["week"] = (cls.frame.time // DAY - MONDAY) // 7
        cls.frame["kind"] = [None if item == "food4" else item[:-1] for item in cls.frame.item]
        cls.frame = cls.frame[cls.frame.week < WEEKS]

    def demand(self, *args, data="shop.h5", ranks=1):
        done = run(["demand", "--data", data, "--output", "demand.json", *args], cwd=self.folder, ranks=ranks)
        self.assertEqual(done.code, 0, done)
        return json.loads((self.folder / "demand.json").read_text()), done

    def refused(self, *args, code, data="shop.h5"):
        done = run(["demand", "--data", data, "--output", "refused.csv", *args], cwd=self.folder, ranks=ranks_of_refusal(self, code))
        self.assertEqual(done.code, code, done)
        self.assertEqual(len(done.our_lines), 1, done)
        self.assertFalse((self.folder / "refused.csv").exists())
        return done.our_lines[0]

    def history(self, found, category=None, segment=None):
        (series,) = [series for series in found["series"] if (series["category"], series["segment"]) == (category, segment)]
        return series

    def test_series_are_those_of_pandas(self):
        for measure, values in (("money", self.frame.groupby("week").amount.sum()), ("orders", self.frame.groupby("week").order.nunique())):
            found, _ = self.demand("--measure", measure, "--by", "kind", "--least-group", "2")
            self.assertEqual((found["periods"], found["first_begins"], found["last_begins"]), (WEEKS, "2022-01-03", "2024-06-24"))
            series = self.history(found)
            np.testing.assert_allclose(series["history"], values.reindex(range(WEEKS), fill_value=0), rtol=1e-9)
            self.assertEqual(series["customers"], self.frame.user.nunique())
            garden = self.frame[self.frame.kind == "garden"]
            expected = garden.groupby("week").amount.sum() if measure == "money" else garden.groupby("week").order.nunique()
            shown = self.history(found, "garden")
            for week, value in enumerate(shown["history"]):
                if value is not None:
                    self.assertAlmostEqual(value, expected.get(week, 0), delta=1e-6)
            self.assertGreater(sum(value is not None for value in shown["history"]), 0.7 * WEEKS)
            self.assertEqual({series["category"] for series in found["series"]}, {None, "books", "food", "garden", "rare", "(missing)"})
            self.assertEqual(series["forecasts"][0]["begins"], "2024-07-01")

    def test_prices_and_segments(self):
        found, _ = self.demand("--money", "price", "--by", "kind,segment", "--segments", "groups.h5")
        prices = {item: 1 + n % 4 for n, item in enumerate(sorted({row[1] for row in self.rows}))}
        values = (self.frame.amount * self.frame.item.map(prices)).groupby(self.frame.week).sum()
        np.testing.assert_allclose(self.history(found)["history"], values, rtol=1e-9)
        segments = {series["segment"] for series in found["series"] if series["segment"] is not None}
        self.assertEqual(len(segments), 2)
        odd = self.frame[(self.frame.user.str[1:].astype(int) % 2 == 1) & (self.frame.kind == "food")]
        sizes = {series["customers"] for series in found["series"] if series["category"] == "food"}
        self.assertIn(odd.user.nunique(), sizes)

    def test_the_season_is_found(self):
        found, done = self.demand("--by", "kind", "--horizon", "6", "--origins", "10")
        garden = self.history(found, "garden")
        self.assertRegex(garden["method"], "Holt-Winters|seasonal naive")
        errors = {trial["method"]: trial["mase"] for trial in garden["trials"]}
        self.assertLess(errors[garden["method"]], 0.8 * errors["naive"])
        self.assertEqual(len(errors), 7)
        truth = [25 * (1 + 0.8 * math.sin(2 * math.pi * week / 52)) for week in range(WEEKS, WEEKS + 6)]
        orders, _ = self.demand("--by", "kind", "--horizon", "6", "--measure", "orders")
        for step, expected in zip(self.history(orders, "garden")["forecasts"], truth):
            self.assertAlmostEqual(step["forecast"], expected, delta=0.45 * expected + 2)
            self.assertLess(step["low"], step["forecast"])
            self.assertGreater(step["high"], step["forecast"])
        self.assertGreater(found["coverage"], 0.75)
        self.assertLess(found["mase"], found["naive_mase"])
        self.assertEqual(sum(found["methods"].values()) + found["untested_series"], len(found["series"]))
        self.assertIn("the last week, from 2024-07-01 on, is not known to be finished", done.err)

    def test_few_customers_are_hidden(self):
        found, done = self.demand("--by", "kind")
        self.assertNotIn("rare", {series["category"] for series in found["series"]})
        self.assertEqual(found["hidden_series"], 1)
        self.assertIn("1 series has fewer than 10 customers", done.err)
        # What is printed of all less what is printed of the parts is of ten customers at least, in each week.
        kinds = self.frame.kind.fillna("(missing)")
        begin = datetime.date.fromisoformat(found["first_begins"])
        shown = {series["category"]: ((datetime.date.fromisoformat(series["history_begins"]) - begin).days // 7, series["history"])
                 for series in found["series"]}
        hidden_weeks = 0
        for week in range(WEEKS):
            of_week = self.frame.week == week
            hidden, fewest, printed = set(), None, {}
            for kind in set(kinds):
                users = set(self.frame[of_week & (kinds == kind)].user)
                first, history = shown.get(kind, (WEEKS, []))
                if users and (week < first or history[week - first] is None):
                    hidden.add(kind)
                    fewest = min(fewest or 1e9, len(users))
                elif users:
                    self.assertGreaterEqual(len(users), 10)
                    printed[kind] = len(users)
            if not hidden:
                continue
            hidden_weeks += 1
            together = set(self.frame[of_week & kinds.isin(hidden)].user)
            self.assertTrue(len(together) >= 10, (week, hidden, printed))
            large = [kind for kind in hidden if self.frame[of_week & (kinds == kind)].user.nunique() >= 10]
            self.assertLessEqual(len(large), 1)  # no more is hidden than protects the others
        self.assertGreater(hidden_weeks, 5)

    def test_short_logs(self):
        rows = [row for row in self.rows if row[3] // DAY < MONDAY + 7 * 15 + 2 and row[3] // DAY >= MONDAY + 2]
        write(self.folder, rows, "short")
        found, done = self.demand("--by", "kind", data="short.h5")
        self.assertEqual(found["untested_series"], len(found["series"]))
        self.assertEqual(self.history(found)["forecasts"][0]["low"], None)
        self.assertAlmostEqual(self.history(found)["forecasts"][3]["forecast"], np.mean(self.history(found)["history"]), delta=1e-9)
        self.assertIn("too short for a back-test", done.err)
        self.assertIn("the log begins on 2022-01-05, within a week", done.err)
        found, done = self.demand("--period", "day", "--horizon", "14", data="short.h5")
        self.assertEqual(found["season_periods"], 7)
        self.assertEqual(found["untested_series"], 0)
        self.assertNotIn("far from all others in time", done.err)
        write(self.folder, [*rows, ("u01", "food1", 3, rows[0][3] + 3000 * DAY, "wrong")], "wrong")
        _, done = self.demand("--by", "kind", data="wrong.h5", ranks=3)
        self.assertIn("wrong.h5: 1 order lies far from all others in time", done.err)
        write(self.folder, self.rows, "shop")

    def test_same_bytes_on_any_ranks_and_threads(self):
        contents = set()
        for ranks, threads in ((1, 1), (1, 2), (2, 1), (3, 2), (5, 1)):
            self.demand("--by", "kind,segment", "--segments", "groups.h5", "--origins", "5", "--threads", threads, "--report", "same.html", ranks=ranks)
            done = run(["demand", "--data", "shop.h5", "--by", "kind", "--origins", "4", "--output", "same.csv", "--threads", str(threads)], cwd=self.folder, ranks=ranks)
            self.assertEqual(done.code, 0, done)
            contents.add(tuple(hashlib.sha256((self.folder / name).read_bytes()).hexdigest() for name in ("demand.json", "same.html", "same.csv")))
        self.assertEqual(len(contents), 1)
        table = pd.read_csv(self.folder / "same.csv", keep_default_na=False)
        self.assertEqual(list(table.columns), ["category", "segment", "begins", "method", "forecast", "low", "high"])
        self.assertEqual(len(table), 8 * len(set(table.category)))
        self.assertTrue((table.low.astype(float) <= table.forecast).all())

    def test_refusals(self):
        for arguments, code, text in (
                (("--by", "segment"), 2, "--by segment needs --segments FILE"),
                (("--segments", "groups.h5"), 2, "has a meaning only with --by segment"),
                (("--by", "kind,price"), 2, "expected a column of the table of items, segment, or both"),
                (("--measure", "orders", "--money", "price"), 2, "--money has a meaning only with --measure money"),
                (("--period", "month"), 2, "expected one of week, day"),
                (("--horizon", "0"), 2, "expected a number from 1 to 104"),
                (("--by", "brand"), 65, "brand"),
                (("--by", "price"), 65, "price"),
                (("--by", "segment", "--segments", "absent.h5"), 66, "absent.h5")):
            with self.subTest(arguments):
                self.assertIn(text, self.refused(*arguments, code=code))
        for columns, text in (("user=user,item=item,value=amount,time=time", "has no orders"), ("user=user,item=item,value=amount,order=order", "has no times")):
            done = run(["prepare", "--input", "shop.csv", "--columns", columns, "--output", "other.h5"], cwd=self.folder)
            self.assertEqual(done.code, 0, done)
            self.assertIn(text, self.refused(code=65, data="other.h5"))


if __name__ == "__main__":
    unittest.main()
