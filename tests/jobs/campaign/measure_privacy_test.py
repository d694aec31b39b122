"""`rankwise campaign measure` prints nothing of few customers, nor of one who has most of the money, nor what would give such numbers back."""
import unittest

import numpy as np

from measure_case import CUSTOMERS, HORIZON, SEGMENTS, SHARE, START, MeasureCase, Shop


class MeasurePrivacyTest(MeasureCase):
    def test_a_cut_is_printed_if_it_gives_nobody_away(self):
        rich = np.arange(CUSTOMERS) < 40
        shop = Shop()
        shop.orders = [np.array([1000.0 + customer]) if rich[customer] else orders for customer, orders in enumerate(shop.orders)]
        revenue = np.array([orders.sum() for orders in shop.orders])
        treated = shop.groups == 0
        self.assertGreaterEqual(min((treated & rich).sum(), (~treated & rich).sum()), 10)
        data = shop.write_log(self.path, "cut-next")
        found = self.measured(self.assignment, data=data)["comparisons"][3]
        self.assertEqual((found["is_cut"], found["cut_at"]), (True, 1000))  # two digits of the 99.9th percentile, nobody's amount
        cut = np.minimum(revenue, 1000)
        self.check_effect(found["difference"], cut[treated], cut[~treated])
        for least, printed in ((2, True), (39, False)):
            each = self.measured(self.assignment, "--least-group", least, data=data)["comparisons"][3]
            self.assertEqual((each["printed"], each["cut_at"] is not None), (printed, printed))
        done = self.run_measure(self.assignment)
        self.assertRegex(done.out, r"revenue, cut +not printed")
        self.assertNotIn("cut at", done.out)

    def test_money_of_one_customer_does_not_come_back_by_a_total(self):
        shop = Shop(effect=0)
        shop.segment_of = np.where(np.arange(CUSTOMERS) % 25 == 0, 2, np.arange(CUSTOMERS) % 2)
        whale = int(np.flatnonzero((shop.segment_of == 2) & (shop.groups == 0))[0])
        others = shop.revenue[(shop.segment_of == 2) & (shop.groups == 0)].sum()
        shop.orders[whale] = np.array([6 * others])
        revenue = np.abs([orders.sum() for orders in shop.orders])
        path = shop.assignment().write(self.path / "whale.h5", START, HORIZON, SHARE)
        found = self.measured(path, data=shop.write_log(self.path, "whale-next"))
        names = [row["segment"] for row in found["segments"]]
        self.assertNotIn("tiny", names)
        hidden = ~np.isin(np.array(SEGMENTS)[shop.segment_of], names) & (shop.groups == 0)
        self.assertTrue(found["comparisons"][2]["printed"])
        self.assertLess(revenue[whale], revenue[hidden].sum() / 2)  # of what the total less printed segments gives

    def test_sizes_below_the_least_come_back_from_nothing(self):
        few = np.zeros(CUSTOMERS, dtype=bool)
        few[np.flatnonzero(self.shop.groups == 1)[:4]] = True
        few[np.flatnonzero(self.shop.groups == 0)[:596]] = True
        options = ["--start", START, "--horizon", f"{HORIZON}d", "--hold-out", "10%"]
        path = self.table("four.csv", few)
        done = self.run_measure(path, options=options)
        self.assertIn("A group has fewer than 10 customers; 10.0% of treated and controls together were expected to be controls", done.out)
        self.assertNotIn("600", done.out)
        self.assertNotIn("chi-square", done.out)
        found = self.measured(path, *options)
        self.assertEqual((found["verdict"], found["control"], found["in_outcomes"]), ("sample-ratio", None, None))
        self.assertEqual((found["sample_ratio"]["chi_square"], found["sample_ratio"]["p"], found["sample_ratio"]["alarm"]), (None, None, True))

    def test_few_buyers_are_not_printed(self):
        few = np.zeros(CUSTOMERS, dtype=bool)
        few[np.flatnonzero(self.shop.groups == 1)[:9]] = True
        path = self.table("few.csv", few | (self.shop.groups == 0))
        found = self.measured(path, "--start", START, "--horizon", f"{HORIZON}d")
        self.assertEqual(found["verdict"], "too-few")
        self.assertIsNone(found["control"])
        self.assertTrue(all(not each["printed"] and "treated" not in each for each in found["comparisons"]))

    def test_one_customer_with_half_of_the_money_hides_it(self):
        shop = Shop(seed=4)
        richest = int(np.flatnonzero((shop.groups == 1) & (shop.counts > 0))[0])
        shop.orders[richest] = np.array([1e6])
        path = shop.assignment().write(self.path / "rich.h5", START, HORIZON, SHARE)
        found = self.measured(path, data=shop.write_log(self.path, "rich-next"))
        self.assertEqual(found["verdict"], "too-few")
        printed = {(each["outcome"], each["is_cut"]): each["printed"] for each in found["comparisons"]}
        self.assertEqual(printed, {("buyers", False): True, ("orders", False): True, ("revenue", False): False, ("revenue", True): False})

    def test_uplifts_that_are_lost_are_counted(self):
        found = self.whole["uplifts"]
        self.assertEqual(len(found["cells"]) + found["not_printed"], 8)  # three segments and none, two offers
        self.assertGreater(found["not_printed"], 0)
        self.assertTrue(any(f"{found['not_printed']} uplifts of a segment and an offer are not printed" in caveat for caveat in self.whole["caveats"]))


if __name__ == "__main__":
    unittest.main()
