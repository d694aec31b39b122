"""What `rankwise profile` cannot know is left out and said, and what makes no sense is refused."""
import json
import random
import unittest

import numpy as np
import pandas as pd

from profile_case import DAY, ProfileCase, shop_rows, write_log


class LeftOutTest(ProfileCase):
    def test_only_returns_are_no_purchase(self):
        write_log(self.folder / "log.csv", [(f"u{user:02d}", "tea", -1 - user, 1_700_000_000 + user * DAY, f"o{user}") for user in range(30)])
        self.prepare()
        found, done = self.profile("--report", "report.json")
        self.assertIn("30 of 30 users without a purchase until then", done.err)
        self.assertEqual(set(found.return_orders), {1})
        report = json.loads((self.folder / "report.json").read_text())
        self.assertEqual((report["customers"], report["only_returns"]), (0, 30))

    def test_orders_with_wrong_dates_are_warned_of(self):
        """The last order decides the day from which all count."""
        rows = shop_rows()
        wrong = [("u001", "tea", 5, 1_900_000_000, "wrong")]
        for more, options, said in (([], [], False), (wrong, [], True), (wrong, ["--at", "2023-12-31"], False)):
            write_log(self.folder / "log.csv", rows + more)
            self.prepare()
            for ranks in (1, 2):
                _, done = self.profile(*options, ranks=ranks)
                self.assertEqual("1 order lies far from all others in time" in done.err, said, done)

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


if __name__ == "__main__":
    unittest.main()
