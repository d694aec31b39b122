"""`rankwise profile`: each column is that of plain Python, classes keep their promises on real shops, lifetime value has the published numbers of
CDNOW, and the file has the same bytes on any ranks."""
import csv
import datetime
import gzip
import json
import math
import pathlib
import random
import tempfile
import unittest
import xml.etree.ElementTree

import h5py
import numpy as np
import pandas as pd

from program import data_file, ranks_of_refusal, run

DAY = 86400
COLUMNS = "user=user,item=item,value=amount,time=time,order=order"


def shop_rows(users=120, seed=3):
    """(user, item, amount, time, order): returns, several orders on a day, a user who only returns."""
    draw = random.Random(seed)
    rows = []
    number = 0
    for user in range(users):
        begin = draw.randrange(300)
        for _ in range(draw.choice([1, 1, 1, 2, 3, 5, 9])):
            time = 1_700_000_000 + (begin + draw.randrange(330 - begin)) * DAY + draw.randrange(DAY)
            sign = -1 if draw.random() < 0.12 or user == 7 else 1
            number += 1
            for _ in range(draw.randrange(1, 5)):
                rows.append((f"u{user:03d}", f"i{draw.randrange(20):02d}", sign * draw.randrange(1, 2000) / 100, time, f"o{number:05d}"))
    return rows


def write_log(path, rows):
    path.write_text("user,item,amount,time,order\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))


def plain_class(value, values):
    less, equal = sum(other < value for other in values), sum(other == value for other in values)
    return min(5, (10 * less + 5 * equal) // (2 * len(values)) + 1)


def plain_classes(values):
    """As plain_class() of each, with sorting, for many."""
    ordered = np.sort(values)
    less, upto = np.searchsorted(ordered, values, "left"), np.searchsorted(ordered, values, "right")
    return np.minimum(5, (10 * less + 5 * (upto - less)) // (2 * len(values)) + 1)


def plain_profile(rows, at_day=None):
    """A frame by user, of rows (user, item, amount, time, order)."""
    frame = pd.DataFrame(rows, columns=["user", "item", "amount", "time", "order"])
    orders = frame.groupby(["user", "order"]).agg(amount=("amount", "sum"), time=("time", "min"), lines=("item", "size"))
    orders["day"] = orders.time // DAY
    at_day = orders.day.max() if at_day is None else at_day
    orders = orders[orders.day <= at_day]
    lines = frame.merge(orders[[]].reset_index(), on=["user", "order"])
    purchases = orders[orders.amount >= 0]
    by_user = purchases.groupby("user")
    found = pd.DataFrame(index=sorted(set(frame.user)))
    found["orders"] = by_user.size()
    found["orders"] = found.orders.fillna(0)
    found["return_orders"] = orders[orders.amount < 0].groupby("user").size()
    found["return_orders"] = found.return_orders.fillna(0)
    found["money"] = orders.groupby("user").amount.sum()
    found["money"] = found.money.fillna(0).round(9)
    found["money_per_order"] = (found.money / found.orders).where(found.orders > 0)
    found["lines_per_order"] = by_user.lines.sum() / found.orders
    bought = lines[lines.amount > 0].groupby("user").amount.sum().reindex(found.index).fillna(0)
    returned = -lines[lines.amount < 0].groupby("user").amount.sum().reindex(found.index).fillna(0)
    found["returned_share"] = (returned / bought).where(returned > 0, 0).where(found.orders > 0)
    first, last, days = by_user.day.min(), by_user.day.max(), by_user.day.nunique()
    found["recency_days"] = at_day - last
    found["tenure_days"] = at_day - first
    found["order_days"] = days
    found["mean_gap_days"] = ((last - first) / (days - 1)).where(days > 1)
    month = pd.to_datetime(purchases.day * DAY, unit="s").dt.quarter
    for quarter in range(1, 5):
        found[f"orders_q{quarter}_share"] = (month == quarter).groupby("user").mean()
    customers = found[found.orders > 0]
    found["r_score"] = pd.Series(plain_classes(-customers.recency_days.to_numpy()), customers.index)
    found["f_score"] = pd.Series(plain_classes(customers.orders.to_numpy()), customers.index)
    found["m_score"] = pd.Series(plain_classes(customers.money.to_numpy()), customers.index)
    return found


def read_csv(path):
    return pd.read_csv(path, dtype={"id": str, "rfm": str}).set_index("id")


class ProfileCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def job(self, *args, code=0, ranks=1):
        done = run(args, ranks=ranks, cwd=self.folder)
        self.assertEqual(done.code, code, done)
        return done

    def prepare(self, *args, log="log.csv", columns=COLUMNS, output="data.h5"):
        self.job("prepare", "--input", log, "--columns", columns, "--exact-repeats", "keep", "--duplicates", "sum", "--min-total", "none", *args,
                 "--output", output)

    def profile(self, *args, data="data.h5", output="customers.csv", ranks=1):
        done = self.job("profile", "--data", data, "--output", output, *args, ranks=ranks)
        return read_csv(self.folder / output), done

    def refused(self, *args, code, data="data.h5"):
        done = self.job("profile", "--data", data, "--output", "refused.h5", *args, code=code, ranks=ranks_of_refusal(self, code))
        self.assertEqual(len(done.our_lines), 1, done)
        self.assertFalse((self.folder / "refused.h5").exists())
        return done.our_lines[0]

    def assert_profile(self, found, expected):
        self.assertEqual(list(found.index), list(expected.index))
        for name in expected.columns:
            np.testing.assert_allclose(found[name].to_numpy(float), expected[name].to_numpy(float), rtol=1e-9, atol=1e-9, err_msg=name)


class ProfileTest(ProfileCase):
    def test_each_column_is_that_of_plain_python(self):
        rows = shop_rows()
        write_log(self.folder / "log.csv", rows)
        self.prepare("--split", "temporal:0.2", "--validation", "random:0.1")
        found, done = self.profile()
        expected = plain_profile(rows)
        self.assert_profile(found, expected)
        self.assertIn("12 of 120 users without a purchase", done.err)
        customers = found[found.orders > 0]
        for name, values in (("r_score", -customers.recency_days), ("f_score", customers.orders), ("m_score", customers.money)):
            for user in customers.index[:30]:
                self.assertEqual(customers[name][user], plain_class(values[user], list(values)), (name, user))
        self.assertEqual(list(customers.rfm), [f"{r:.0f}{f:.0f}{m:.0f}" for r, f, m in zip(customers.r_score, customers.f_score, customers.m_score)])

    def test_a_day_leaves_later_orders_out(self):
        rows = shop_rows()
        write_log(self.folder / "log.csv", rows)
        self.prepare()
        at = 1_700_000_000 // DAY + 200
        date = datetime.datetime.fromtimestamp(at * DAY, datetime.timezone.utc).strftime("%Y-%m-%d")
        found, done = self.profile("--at", date, "--report", "report.json")
        self.assert_profile(found, plain_profile(rows, at))
        report = json.loads((self.folder / "report.json").read_text())
        self.assertEqual(report["analysis_day"], date)
        self.assertEqual(report["later_orders"], len({row[4] for row in rows if row[3] // DAY > at}))
        self.assertIn("after the day of the analysis left out", done.err)

    def test_order_of_rows_and_unit_of_money_change_no_class(self):
        rows = shop_rows()
        write_log(self.folder / "log.csv", rows)
        self.prepare()
        random.Random(1).shuffle(rows)
        write_log(self.folder / "shuffled.csv", rows)
        self.prepare(log="shuffled.csv", output="shuffled.h5")
        write_log(self.folder / "yen.csv", [(user, item, amount * 163.7, time, order) for user, item, amount, time, order in rows])
        self.prepare(log="yen.csv", output="yen.h5")
        first, _ = self.profile("--lifetime")
        self.profile("--lifetime", data="shuffled.h5", output="shuffled.csv")
        self.assertEqual((self.folder / "customers.csv").read_bytes(), (self.folder / "shuffled.csv").read_bytes())
        yen, _ = self.profile("--lifetime", data="yen.h5", output="yen.csv")
        self.assertEqual(list(first.rfm.fillna("")), list(yen.rfm.fillna("")))

    def test_same_bytes_on_any_ranks_and_threads(self):
        write_log(self.folder / "log.csv", shop_rows())
        (self.folder / "items.csv").write_text("id,shelf\n" + "".join(f"i{item:02d},{'abc'[item % 3]}\n" for item in range(20)))
        self.prepare("--split", "users:0.2", "--items", "items.csv", "--item-types", "shelf=category")
        contents = set()
        for ranks, threads in ((1, 1), (1, 2), (2, 1), (3, 2), (5, 1)):
            done = self.job("profile", "--data", "data.h5", "--lifetime", "--calibrate-at", "2024-05-01", "--shares", "shelf", "--threads", threads,
                            "--output", "c.h5", "--report", "c.json", ranks=ranks)
            self.job("kmeans", "--input", "c.h5", "--clusters", "3", "--scale", "rank", "--threads", threads, "--output", "ranked.h5", ranks=ranks)
            self.job("kmeans", "--input", "c.h5", "--clusters", "3", "--scale", "log-standard", "--threads", threads, "--output", "logs.h5", ranks=ranks)
            contents.add(tuple((self.folder / name).read_bytes() for name in ("c.h5", "c.json", "ranked.h5", "logs.h5")) + (done.out,))
        self.assertEqual(len(contents), 1)
        self.job("verify", "c.h5", "ranked.h5", "logs.h5")

    def test_shares_and_columns_of_users(self):
        rows = shop_rows()
        write_log(self.folder / "log.csv", rows)
        (self.folder / "items.csv").write_text("id,shelf\n" + "".join(f"i{item:02d},{['a/b', 'c', 'd', 'e', ''][item % 5]}\n" for item in range(20)))
        (self.folder / "users.csv").write_text("id,age,money\n" + "".join(f"u{user:03d},{user % 60},{'lots' if user % 2 else 'little'}\n"
                                                                         for user in range(120)))
        self.prepare("--items", "items.csv", "--item-types", "shelf=category", "--users", "users.csv", "--user-types", "money=category")
        found, _ = self.profile("--shares", "shelf", "--most-shares", "2")
        shelves = [column for column in found.columns if column.startswith("shelf=")]
        self.assertEqual(len(shelves), 4)
        self.assertEqual(shelves[2:], ["shelf=(others)", "shelf=(missing)"])
        bought = pd.DataFrame(rows, columns=["user", "item", "amount", "time", "order"]).query("amount > 0")
        missing = bought[bought.item.str[1:].astype(int) % 5 == 4].groupby("user").amount.sum() / bought.groupby("user").amount.sum()
        has = found.index.isin(bought.user)
        np.testing.assert_allclose(found["shelf=(missing)"][has], missing.fillna(0).reindex(found.index)[has], atol=1e-12)
        np.testing.assert_allclose(found.loc[has, shelves].sum(axis=1), 1, rtol=1e-12)
        self.assertTrue(any(column == "shelf=a|b" for column in shelves) or "a/b" not in "".join(shelves))
        self.assertEqual(list(found.age), [user % 60 for user in range(120)])
        self.assertEqual(set(found.user_money), {"lots", "little"})

    def test_pieces_times_prices(self):
        rows = [(user, item, round(amount), time, order) for user, item, amount, time, order in shop_rows()]
        write_log(self.folder / "log.csv", rows)
        prices = {f"i{item:02d}": (item + 1) / 4 for item in range(19)}  # the last item has none
        (self.folder / "items.csv").write_text("id,price,kind\n" + "".join(f"{item},{price},x\n" for item, price in prices.items()) + "i19,,x\n")
        self.prepare("--items", "items.csv", "--item-types", "kind=category")
        found, done = self.profile("--money", "price", ranks=2)
        self.assert_profile(found, plain_profile([(user, item, pieces * prices.get(item, 0), time, order) for user, item, pieces, time, order in rows]))
        self.assertIn(f"{sum(row[1] == 'i19' for row in rows)} lines of items without a number", done.err)
        self.assertIn("is a category", self.refused("--money", "kind", code=65))
        self.assertIn("has no column", self.refused("--money", "cost", code=65))

    def test_money_beyond_all_numbers_is_refused(self):
        write_log(self.folder / "log.csv", [row for row in shop_rows() if row[2] > 0])
        for prices, words in (({"i03": "1e308", "i07": "1e308"}, "lines of item i03 are worth more"), ({"i05": "-1e308"}, "lines of item i05 are worth more")):
            (self.folder / "items.csv").write_text("id,price\n" + "".join(f"i{item:02d},{prices.get(f'i{item:02d}', 1)}\n" for item in range(20)))
            self.prepare("--items", "items.csv")
            self.assertIn(words, self.refused("--money", "price", code=65))
        write_log(self.folder / "log.csv", [(user, "tea", 1, 1_700_000_000 + order * DAY, f"{user}-{order}") for user in ("a", "b") for order in range(2)]
                  + [("a", "cup", 1, 1_700_000_000, "c")])
        (self.folder / "items.csv").write_text("id,price\ntea,1.5e308\ncup,1\n")
        self.prepare("--items", "items.csv")
        self.assertIn("the values of user a add up to more", self.refused("--money", "price", code=65))

    def test_only_returns_are_no_purchase(self):
        write_log(self.folder / "log.csv", [(f"u{user:02d}", "tea", -1 - user, 1_700_000_000 + user * DAY, f"o{user}") for user in range(30)])
        self.prepare()
        found, done = self.profile("--report", "report.json")
        self.assertIn("30 of 30 users without a purchase until then", done.err)
        self.assertEqual(set(found.return_orders), {1})
        report = json.loads((self.folder / "report.json").read_text())
        self.assertEqual((report["customers"], report["only_returns"]), (0, 30))

    def test_the_border_says_what_it_means(self):
        rows = []
        for user in range(40):  # 15 buy a second time, and nobody a third time
            rows.append((f"u{user:02d}", "tea", 20 + user, 1_700_000_000, f"o{user}"))
            if user < 15:
                rows.append((f"u{user:02d}", "cup", 10 + user % 3, 1_700_000_000 + (27 + user) * DAY, f"p{user}"))
        write_log(self.folder / "log.csv", rows)
        self.prepare()
        _, done = self.profile("--lifetime")
        self.assertRegex(done.err, "a goes beyond all bounds.*as if all customers leave after their first repeat purchase")
        draw = random.Random(5)
        rows = []
        for user in range(200):  # all buy until the end
            days = [0] + [day for day in range(1, 300) if draw.random() < (0.02, 0.05, 0.1)[user % 3]]
            rows += [(f"u{user:03d}", "tea", 5 + draw.randrange(9), 1_700_000_000 + day * DAY, f"o{user}-{day}") for day in days]
        write_log(self.folder / "log.csv", rows)
        self.prepare()
        _, done = self.profile("--lifetime")
        self.assertRegex(done.err, "BG/NBD: at the border: the likelihood rises as .*as if no customer leaves")

    def test_factors_stand_beside(self):
        rows = shop_rows()
        write_log(self.folder / "log.csv", rows)
        self.prepare()
        write_log(self.folder / "older.csv", [row for row in rows if row[0] < "u100"])
        self.prepare(log="older.csv", output="older.h5")
        self.job("als", "--data", "older.h5", "--model", "model.h5", "--factors", "3", "--epochs", "2")
        found, done = self.profile("--factors", "model.h5", "--report", "report.json", ranks=3)
        with h5py.File(self.folder / "model.h5") as file:
            ids, factors = list(file["users/ids"].asstr()), file["users/factors"][:]
        np.testing.assert_allclose(found.loc[ids, ["factor_1", "factor_2", "factor_3"]], factors, rtol=1e-6)
        without = len(found) - len(ids)
        self.assertEqual(found.factor_1.isna().sum(), without)
        self.assertEqual(json.loads((self.folder / "report.json").read_text())["without_factors"], without)
        self.assertIn(f"does not know {without} of 120 users", done.err)
        self.job("profile", "--data", "data.h5", "--factors", "model.h5", "--output", "customers.h5")
        self.job("kmeans", "--input", "customers.h5", "--columns", "money,factor_*", "--clusters", "2", "--scale", "standard", "--output", "k.h5")
        with h5py.File(self.folder / "k.h5") as file:
            self.assertEqual(list(file["dimensions/names"].asstr()), ["money", "factor_1", "factor_2", "factor_3"])
        self.job("kmeans", "--input", "customers.h5", "--columns", "x*", "--clusters", "2", "--output", "k.h5", code=65)

    def test_segments_by_a_file_of_names(self):
        write_log(self.folder / "log.csv", shop_rows())
        self.prepare()
        (self.folder / "names.csv").write_text("# ours\nbest,4-5,4-5,4-5\nrich,*,*,5\n\n")
        found, _ = self.profile("--segments", "names.csv")
        for r, f, m, name in zip(found.r_score, found.f_score, found.m_score, found.segment):
            expected = "best" if r >= 4 and f >= 4 and m >= 4 else "rich" if m == 5 else ""
            self.assertEqual("" if isinstance(name, float) else name, expected)
        for text, line in (("best,4-5,4-5\n", 1), ("a,*,*,*\nb,5-4,1,1\n", 2), ("a,6,1,1\n", 1), (",1,1,1\n", 1)):
            (self.folder / "names.csv").write_text(text)
            self.assertIn(f"names.csv:{line}:", self.refused("--segments", "names.csv", code=65))
        self.assertIn("no-such.csv", self.refused("--segments", "no-such.csv", code=66))

    def test_without_times_what_needs_them_is_left_out(self):
        write_log(self.folder / "log.csv", shop_rows())
        self.prepare(columns="user=user,item=item,value=amount,order=order")
        found, done = self.profile()
        self.assertNotIn("recency_days", found.columns)
        self.assertNotIn("segment", found.columns)
        self.assertIn("f_score", found.columns)
        self.assertIn("warning: left out: recency", done.err)
        (self.folder / "names.csv").write_text("best,4-5,4-5,4-5\n")
        self.assertIn("--segments: data.h5 has no times", self.refused("--segments", "names.csv", code=65))
        self.assertIn("has no times", self.refused("--lifetime", code=65))
        self.assertIn("has no times", self.refused("--at", "2024-01-01", code=65))

    def test_without_orders_what_needs_them_is_left_out(self):
        rows = [row for row in shop_rows() if row[2] > 0]
        write_log(self.folder / "log.csv", rows)
        self.prepare("--split", "random:0.3", columns="user=user,item=item,value=amount")
        found, done = self.profile(ranks=2)
        self.assertEqual(list(found.columns), ["items", "money"])
        self.assertIn("the dataset has no orders", done.err)
        _, done = self.profile("--quiet")
        self.assertIn("warning: left out: orders", done.err)
        frame = pd.DataFrame(rows, columns=["user", "item", "amount", "time", "order"]).groupby("user")
        np.testing.assert_array_equal(found["items"], frame.item.nunique())
        np.testing.assert_allclose(found.money, frame.amount.sum(), rtol=1e-6)
        self.job("profile", "--data", "data.h5", "--output", "customers.h5")
        self.job("kmeans", "--input", "customers.h5", "--clusters", "2", "--output", "k.h5")

    def test_refusals(self):
        write_log(self.folder / "log.csv", shop_rows())
        self.prepare()
        self.job("prepare", "--input", "log.csv", "--columns", "user=user,item=item", "--output", "plain.h5")
        self.assertIn("has no orders", self.refused("--lifetime", data="plain.h5", code=65))
        self.assertIn("no table of items", self.refused("--shares", "shelf", code=65))
        self.assertIn("--at", self.refused("--at", "yesterday", code=2))
        self.assertIn("only with --lifetime", self.refused("--horizon", "30d", code=2))
        for horizon in ("90min", "0d", "1.5d", "5000d", "soon"):
            self.assertIn("expected whole days from 1d to 3650d", self.refused("--lifetime", "--horizon", horizon, code=2))
        self.assertIn("--at '2025-02-30': expected a day", self.refused("--at", "2025-02-30", code=2))
        self.assertIn("all orders of data.h5 are later; expected 20", self.refused("--at", "2001-01-01", code=65))
        self.assertIn("--discount", self.refused("--lifetime", "--discount", "0.1/day", code=2))
        self.assertIn("--calibrate-at", self.refused("--lifetime", "--calibrate-at", "2030-01-01", code=2))
        self.assertIn("--plot", self.refused("--lifetime", "--plot", "plot.svg", code=2))
        self.assertIn("given twice", self.refused("--shares", "a", "--shares", "a", code=2))
        self.assertIn("no-such.h5", self.refused(data="no-such.h5", code=66))

    def test_few_customers_are_not_counted(self):
        rows = [(f"u{user:02d}", "tea", user + 1, 1_700_000_000 + user * DAY, f"o{user}") for user in range(20)]
        write_log(self.folder / "log.csv", rows)
        self.prepare()
        _, done = self.profile("--lifetime", "--report", "report.json")
        self.assertIn("few", done.out)
        self.assertIn("too few repeats", done.err)
        report = json.loads((self.folder / "report.json").read_text())
        self.assertEqual({each["customers"] for each in report["rfm"]["recency"]["classes"]}, {None})
        self.assertEqual(report["lifetime"]["bg_nbd"]["state"], "too few repeats")

    def written(self, rows, *args):
        """Standard output and error, the report and the events of a run, and its table."""
        write_log(self.folder / "log.csv", rows)
        self.prepare()
        found, done = self.profile("--report", "report.json", "--log-json", "events.json", *args)
        events = [json.loads(line) for line in (self.folder / "events.json").read_text().splitlines()]
        return found, done, json.loads((self.folder / "report.json").read_text()), {event["event"]: event for event in events}

    def test_warnings_of_classes_give_no_hidden_number(self):
        rows = []
        for user in range(20):  # 12 with one order, 8 with three
            for order in range(1 if user < 12 else 3):
                rows.append((f"u{user:02d}", "tea", 10 + user, 1_700_000_000 + (30 * order + user) * DAY, f"o{user}-{order}"))
        _, done, report, _ = self.written(rows)
        self.assertEqual({each["customers"] for each in report["rfm"]["frequency"]["classes"]}, {None})
        warning = "frequency: class 2 has more than 40% of customers, because many have equal values"
        self.assertIn(warning, report["rfm"]["warnings"])
        self.assertIn(f"warning: {warning}\n", done.err)
        self.assertNotIn("nobody is in class", done.err + json.dumps(report))

    def test_hidden_sizes_are_not_what_the_others_leave(self):
        rows = [(f"u{user}", f"i{user % 5}", 10 + user, 1_700_000_000 + 20 * DAY, f"o{user}") for user in range(98)]
        rows += [("a", "i1", 5, 1_700_000_000 + 50 * DAY, "oa"), ("b", "i1", 5, 1_700_000_000 + 21 * DAY, "ob"), ("b", "i1", 5, 1_700_000_000, "ob2")]
        found, done, report, _ = self.written(rows)
        sizes = found.segment.value_counts()
        self.assertEqual(sorted(sizes), [1, 1, 98])
        self.assertEqual(set(report["rfm"]["segments"].values()), {None}, "98 would say that two others have one customer each")
        for score in ("recency", "frequency"):  # segments are made of these classes
            self.assertEqual({each["customers"] for each in report["rfm"][score]["classes"]}, {None})
        self.assertEqual({each["customers"] for each in report["rfm"]["money"]["classes"]}, {20})
        self.assertEqual(report["customers"], 100)

    def test_classes_do_not_give_segments_back(self):
        rows = []
        once = [15, 12, 0, 0, 3]  # of each recency class of 20 customers, so many have one order
        for place in range(5):
            for user in range(20):
                name = f"u{place}-{user:02d}"
                rows.append((name, "tea", 10 + 20 * place + user, 1_700_000_000 + (30 * place + user + 60) * DAY, f"o{name}"))
                if user >= once[4 - place]:
                    rows.append((name, "cup", 10, 1_700_000_000, f"p{name}"))
        found, _, report, _ = self.written(rows)
        self.assertEqual(dict(found.r_score.value_counts()), {place: 20 for place in range(1, 6)})
        self.assertTrue((found.segment.value_counts() < 10).any())
        self.assertEqual({each["customers"] for each in report["rfm"]["recency"]["classes"]}, {None})
        printed = {name: size for name, size in report["rfm"]["segments"].items() if size is not None}
        for name, size in printed.items():
            self.assertEqual(size, (found.segment == name).sum())
        self.assertGreaterEqual(len(found) - sum(printed.values()), 20, "the hidden ones have ten customers more than the small one at least")

    def test_all_sizes_are_printed_if_each_combination_has_customers_enough(self):
        rows = []
        for user in range(1250):  # 50 of each recency and frequency
            recency, orders, name = user % 5, user // 5 % 5 + 1, f"u{user:04d}"
            for order in range(orders):
                rows.append((name, "tea", 1 + user % 7, 1_700_000_000 + (100 + 10 * recency - 8 * order) * DAY, f"o{name}-{order}"))
        found, _, report, events = self.written(rows)
        for score, column in (("recency", "r_score"), ("frequency", "f_score"), ("money", "m_score")):
            counts = [each["customers"] for each in report["rfm"][score]["classes"]]
            self.assertEqual(counts, [(found[column] == place).sum() for place in range(1, 6)])
        self.assertEqual({name: size for name, size in report["rfm"]["segments"].items() if size}, dict(found.segment.value_counts()))
        self.assertEqual((events["profiled"]["customers"], events["profiled"]["only_returns"]), (1250, 0))

    def test_small_counts_of_users_and_models_are_not_printed(self):
        rows = []
        for user in range(40):  # 15 buy again, three of them for nothing; three users only return
            rows.append((f"u{user:02d}", "tea", 20 + user, 1_700_000_000, f"o{user}"))
            if user < 15:
                rows.append((f"u{user:02d}", "cup", 10 if user > 2 else 0, 1_700_000_000 + (20 + user) * DAY, f"p{user}"))
        rows += [(f"r{user}", "tea", -5, 1_700_000_000, f"r{user}") for user in range(3)]
        _, done, report, events = self.written(rows, "--lifetime")
        self.assertIn("fewer than 10 of 43 users without a purchase until then", done.err)
        self.assertIn("fewer than 10 customers with repeat purchases of value 0 or less", done.err)
        self.assertEqual((report["users"], report["customers"], report["only_returns"]), (43, None, None))
        purchases, values = report["lifetime"]["bg_nbd"], report["lifetime"]["gamma_gamma"]
        self.assertIsNone(values["without_value"])
        self.assertIn(None, (purchases["repeaters"], values["customers"]))
        self.assertIsNone(purchases["customers"])
        self.assertEqual((events["profiled"]["customers"], events["profiled"]["only_returns"]), (None, None))
        self.assertIsNone(events["bg_nbd"]["customers"])
        for number in ("3 of 43", "40 customer", "15 customer", "12 customer"):
            self.assertNotIn(number, done.err + done.out)

    def test_later_customers_are_not_what_an_earlier_count_leaves(self):
        rows = [(f"u{user:02d}", "tea", 5 + order, 1_700_000_000 + (40 * order + user % 30) * DAY, f"o{user}-{order}")
                for user in range(60) for order in range(1 + user % 3)]
        rows += [(f"v{user}", "tea", 5, 1_700_000_000 + 150 * DAY, f"v{user}") for user in range(3)]
        _, done, report, events = self.written(rows, "--lifetime", "--calibrate-at", "2024-03-20")
        lifetime = report["lifetime"]
        self.assertIn(None, (lifetime["bg_nbd"]["customers"], lifetime["until_calibrate_at"]["bg_nbd"]["customers"]))
        self.assertEqual({group["customers"] for group in lifetime["calibration"]["groups"]}, {None})
        self.assertIsNone(lifetime["calibration"]["customers"])
        self.assertIsNone(events["lifetime_calibrated"]["customers"])
        self.assertEqual(report["customers"], lifetime["bg_nbd"]["customers"])

    def test_kmeans_reads_it(self):
        write_log(self.folder / "log.csv", shop_rows())
        self.prepare()
        self.profile(output="c.csv")
        self.job("profile", "--data", "data.h5", "--output", "customers.h5")
        done = self.job("kmeans", "--input", "customers.h5", "--clusters", "3", "--scale", "log-standard", "--output", "k.h5")
        self.assertIn("mean_gap_days", done.err)
        self.assertIn("12 of 120 rows belong to no cluster: 12 without a value", done.err)
        table = read_csv(self.folder / "c.csv")
        with h5py.File(self.folder / "k.h5") as file:
            self.assertEqual(file.attrs["scale"], "log-standard")
            names = list(file["dimensions/names"].asstr())
            values = table.loc[table.orders > 0, names].to_numpy(np.float32).astype(float)
            logs = np.sign(values) * np.log1p(np.abs(values))
            np.testing.assert_allclose(file["dimensions/shift"][:], logs.mean(axis=0), rtol=1e-6, atol=1e-9)
            centroid = ((logs - logs.mean(axis=0)) / np.where(logs.std(axis=0) > 1e-9, logs.std(axis=0), 1))[
                file["assignments"][:][table.orders > 0] == 0].mean(axis=0)
            np.testing.assert_allclose(file["centroids"][0], centroid, atol=1e-4)
        self.job("kmeans", "--input", "customers.h5", "--predict", "k.h5", "--output", "p.h5")
        with h5py.File(self.folder / "k.h5") as one, h5py.File(self.folder / "p.h5") as other:
            self.assertTrue((one["assignments"][:] == other["assignments"][:]).all())

    def test_kmeans_by_ranks(self):
        write_log(self.folder / "log.csv", shop_rows())
        self.prepare()
        table, _ = self.profile(output="c.csv")
        self.job("profile", "--data", "data.h5", "--output", "customers.h5")
        self.job("kmeans", "--input", "customers.h5", "--columns", "money,mean_gap_days", "--clusters", "1", "--scale", "rank", "--output", "k.h5", ranks=3)
        kept = table[table.mean_gap_days.notna()]
        with h5py.File(self.folder / "k.h5") as file:
            self.assertEqual((file["assignments"][:] < 0).sum(), len(table) - len(kept))
            ranks = kept[["money", "mean_gap_days"]].astype(np.float32).rank(method="average")
            squares = ((((ranks - 0.5) / len(kept)) - 0.5)**2).sum(axis=1)
            np.testing.assert_allclose(file["distances"][:][table.mean_gap_days.notna()], np.sqrt(squares), atol=1e-5)
        done = self.job("kmeans", "--input", "customers.h5", "--columns", "money,mean_gap_days", "--predict", "k.h5", "--output", "p.h5", code=2)
        self.assertIn("--scale rank", done.err)
        done = self.job("kmeans", "--input", "customers.h5", "--columns", "money,segment", "--clusters", "2", "--output", "p.h5", code=65)
        self.assertIn("segment", done.err)

    def test_pandas_reads_it(self):
        write_log(self.folder / "log.csv", shop_rows())
        self.prepare()
        expected, _ = self.profile(output="c.csv")
        self.job("profile", "--data", "data.h5", "--output", "customers.h5")
        with h5py.File(self.folder / "customers.h5") as file:
            table = file["users/table"]
            self.assertEqual(file.attrs["kind"], "profile")
            self.assertEqual(list(table["_index"].asstr()), list(expected.index))
            np.testing.assert_array_equal(table["money"][:], expected.money)
            self.assertIn("days", table["recency_days"].attrs["definition"])


class CdnowTest(ProfileCase):
    def prepare_cdnow(self, change=lambda rows: rows):
        with gzip.open(data_file("cdnow_sample.txt.gz"), "rt") as file:
            rows = [line.split() for line in file]
        with open(self.folder / "log.csv", "w") as log:
            print("user,item,amount,time", file=log)
            for _, user, date, _, dollars in change(rows):
                print(f"{user},cd,{dollars},{date[:4]}-{date[4:6]}-{date[6:]}", file=log)
        self.prepare("--orders", "day", columns="user=user,item=item,value=amount,time=time")

    def test_published_numbers(self):
        self.prepare_cdnow()
        found, done = self.profile("--at", "1997-09-30", "--lifetime", "--horizon", "273d", "--discount", "0/year", "--report", "report.json")
        self.assertEqual(done.err.count("BG/NBD"), 0, done)
        lifetime = json.loads((self.folder / "report.json").read_text())["lifetime"]
        purchases, values = lifetime["bg_nbd"], lifetime["gamma_gamma"]
        self.assertEqual((purchases["customers"], purchases["repeaters"], values["customers"]), (2357, 946, 946))
        self.assertEqual((purchases["state"], values["state"]), ("converged", "converged"))
        # Published with times rounded to hundredths of weeks: -9582.4256 and -4055.9232.
        self.assertAlmostEqual(purchases["log_likelihood"], -9582.429207, delta=1e-4)
        for name, published in (("r", 0.2426), ("alpha", 4.4135), ("a", 0.7929), ("b", 2.4258)):
            self.assertAlmostEqual(purchases["parameters"][name]["value"], published, delta=1e-3)
        self.assertAlmostEqual(values["mean_value"], 35.171, delta=2e-3)
        self.assertAlmostEqual(values["correlation"], 0.1139, delta=1e-4)
        self.assertAlmostEqual(found.expected_purchases["0001"], 1.2260, delta=1e-3)  # x = 2, t_x = 30.43, T = 38.86
        self.assertAlmostEqual(found.p_alive["0001"], 0.7266, delta=1e-3)
        np.testing.assert_allclose(found.lifetime_value, found.expected_purchases * found.expected_value, rtol=1e-9)
        with gzip.open(data_file("cdnow_summary.csv.gz"), "rt") as file:
            for row in csv.DictReader(file):
                customer = found.loc[f"{int(row['ID']):04d}"]
                self.assertEqual(customer.order_days - 1, int(row["frequency"]))
                self.assertAlmostEqual(customer.tenure_days / 7, float(row["T"]), delta=0.0051)
                self.assertAlmostEqual((customer.tenure_days - customer.recency_days) / 7, float(row["recency"]), delta=0.0051)

    def test_predictions_come_true(self):
        self.prepare_cdnow()
        _, done = self.profile("--lifetime", "--calibrate-at", "1997-09-30", "--report", "report.json", "--plot", "plot.svg")
        picture = xml.etree.ElementTree.parse(self.folder / "plot.svg").getroot()
        bars = [float(bar.text) for bar in picture.iter("{http://www.w3.org/2000/svg}title")]
        calibration = json.loads((self.folder / "report.json").read_text())["lifetime"]["calibration"]
        self.assertEqual([group["repeats"] for group in calibration["groups"]], ["0", "1", "2", "3", "4", "5", "6", "7+"])
        self.assertEqual([group["customers"] for group in calibration["groups"]], [1411, 439, 214, 100, 62, 38, 29, 64])
        self.assertLess(calibration["mean_absolute_error"], calibration["mean_absolute_error_as_before"])
        self.assertAlmostEqual(calibration["predicted"], calibration["actual"], delta=0.12)
        self.assertNotIn("off by", done.err)
        np.testing.assert_allclose(bars, [group[name] for group in calibration["groups"] for name in ("predicted", "actual")], atol=1e-4)


class RealShopsTest(ProfileCase):
    def compare(self, rows):
        found, _ = self.profile("--lifetime", output="customers.csv", ranks=2)
        self.assert_profile(found, plain_profile(rows))
        return found

    def test_online_retail(self):
        with gzip.open(data_file("online_retail.csv.gz"), "rt", newline="") as file:
            rows = []
            with open(self.folder / "log.csv", "w") as log:
                print("user,item,amount,time,order", file=log)
                for row in csv.DictReader(file):
                    if not row["CustomerID"]:
                        continue
                    amount = round(int(row["Quantity"]) * float(row["UnitPrice"]), 2)
                    time = int(datetime.datetime.fromisoformat(row["InvoiceDate"] + "+00:00").timestamp())
                    rows.append((row["CustomerID"], row["StockCode"], amount, time, row["InvoiceNo"]))
                    print(*rows[-1], sep=",", file=log)
        self.prepare()
        found = self.compare(rows)
        self.assertEqual(len(found), 4372)

    def test_the_grocers_year(self):
        with gzip.open(data_file("journey_transactions.csv.gz"), "rt", newline="") as file:
            rows = []
            with open(self.folder / "log.csv", "w") as log:
                print("user,item,amount,time,order", file=log)
                for row in csv.DictReader(file):
                    time = int(datetime.datetime.fromisoformat(row["transaction_timestamp"] + "+00:00").timestamp())
                    rows.append((row["household_id"], row["product_id"], float(row["sales_value"]), time, row["basket_id"]))
                    print(*rows[-1], sep=",", file=log)
        self.prepare()
        rows = sorted(rows, key=lambda row: int(row[0]))
        found, _ = self.profile("--lifetime", ranks=2)
        expected = plain_profile(rows)
        self.assert_profile(found, expected.loc[sorted(expected.index, key=int)])


if __name__ == "__main__":
    unittest.main()
