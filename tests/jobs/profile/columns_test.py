"""Each column of a profile is that of plain Python, classes keep their promises, and the file has the same bytes on any ranks."""
import datetime
import json
import random
import unittest

import h5py
import numpy as np
import pandas as pd

from profile_case import DAY, ProfileCase, plain_class, plain_profile, shop_rows, write_log


class ColumnsTest(ProfileCase):
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

    def test_a_table_that_was_a_profile_keeps_its_names_apart(self):
        write_log(self.folder / "log.csv", shop_rows())
        (self.folder / "users.csv").write_text("id,user_money,money,user_orders,orders,user_user_money\n" +
                                               "".join(f"u{user:03d},{user},{2 * user},{3 * user},{4 * user},{5 * user}\n" for user in range(120)))
        self.prepare("--users", "users.csv")
        found, _ = self.profile()
        for name, times in (("user_money", 1), ("user_money_2", 2), ("user_orders", 3), ("user_orders_2", 4), ("user_user_money", 5)):
            self.assertEqual(list(found[name]), [times * user for user in range(120)], name)
        self.job("profile", "--data", "data.h5", "--output", "customers.h5")
        with h5py.File(self.folder / "customers.h5") as file:
            self.assertEqual(file["users/table/user_money_2"].attrs["definition"], "of the table of users, there money")
            self.assertEqual(file["users/table/user_money"].attrs["definition"], "of the table of users")

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


if __name__ == "__main__":
    unittest.main()
