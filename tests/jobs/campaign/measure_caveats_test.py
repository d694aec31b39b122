"""What `rankwise campaign measure` says of lists and logs that do not fit, and what it says if there is no verdict."""
import csv
import gzip
import json
import unittest

import numpy as np
from scipy import stats

from assignment_case import DAY, Assignment
from measure_case import CUSTOMERS, HORIZON, SHARE, START, MeasureCase, Shop
from program import data_file, run


class MeasureCaveatsTest(MeasureCase):
    def test_lost_customers_are_an_alarm_and_no_verdict(self):
        random = np.random.default_rng(1)
        lost = self.table("lost.csv", (self.shop.groups == 1) | (random.random(CUSTOMERS) > 0.4))
        options = ["--start", START, "--horizon", f"{HORIZON}d", "--hold-out", "30%"]
        done = self.run_measure(lost, options=[*options, "--quiet"])
        self.assertEqual(done.code, 0, done)
        self.assertIn("No verdict: the groups do not have the sizes", done.out)
        self.assertTrue(any("No verdict" in line for line in done.our_lines), done)
        found = self.measured(lost, *options)
        self.assertEqual((found["verdict"], found["comparisons"], found["segments"]), ("sample-ratio", [], []))
        counts = [found["treated"], found["control"]]
        self.assertAlmostEqual(found["sample_ratio"]["p"], stats.chisquare(counts, np.array([0.7, 0.3]) * sum(counts)).pvalue, places=9)

    def test_without_controls_nothing_is_proved(self):
        everybody = self.table("everybody.csv", self.shop.groups == 0)
        redeemed = self.path / "redeemed.csv"
        redeemed.write_text("user\n" + "".join(f"{id}\n" for id in np.array(self.shop.ids)[self.shop.groups == 0][:210]))
        done = self.run_measure(everybody, options=["--start", START, "--horizon", f"{HORIZON}d", "--redemptions", redeemed])
        self.assertEqual(done.code, 0, done)
        self.assertIn("there is no control group", done.out)
        self.assertIn("10.0% of them took the offer up", done.out)
        fixed = Assignment(self.shop.ids, np.zeros(CUSTOMERS), [], np.full(CUSTOMERS, -1), [], np.full(CUSTOMERS, -1), self.shop.past)
        found = self.measured(fixed.write(self.path / "all.h5", START, HORIZON, 0))
        self.assertEqual(found["verdict"], "no-control")
        self.assertAlmostEqual(found["before_and_after"]["spend_before"], self.shop.past.mean(), places=5)
        self.assertAlmostEqual(found["before_and_after"]["spend_after"], self.shop.revenue.mean(), places=5)
        self.assertIn("This proves nothing", " ".join(found["sentences"]))

    def test_customers_whose_own_time_is_not_covered_are_left_out(self):
        midnight = START - START % DAY
        orders = [(f"u{customer}", 1 + customer % 5, midnight + day * DAY) for customer in range(200) for day in (0, 5 + customer % 3, 60)]
        times = [midnight + (0 if customer < 120 else 45 * DAY) for customer in range(200)]
        path = self.alternating("own.csv", times=times)
        data = self.simple("own-log", orders)
        done = self.run_measure(path, options=["--horizon", "30d", "--quiet"], data=data)
        self.assertTrue(any("80 customers of the list are left out: the log of outcomes does not cover their own time" in line for line in done.our_lines), done)
        found = self.measured(path, "--horizon", "30d", data=data)
        self.assertEqual((found["left_out"], found["treated"], found["control"], found["covered_share"]), (80, 60, 60, 1))
        done = self.run_measure(path, options=["--horizon", "100d"], data=data, ranks=2)
        self.assertEqual(done.code, 65, done)
        self.assertIn("covers no customer's time of 100 days", done.our_lines[-1])

    def test_a_wrong_date_does_not_end_the_log_later(self):
        midnight = START - START % DAY
        orders = [(f"u{customer}", 5, midnight + customer * DAY // 10) for customer in range(200)]
        wrong = [("u3", 5, 1_900_000_000), ("u4", 5, 86_400 * 3)]
        path = self.alternating("dates.csv")
        options = ["--start", midnight, "--horizon", "40d"]
        found = [self.measured(path, *options, data=self.simple(f"dates{len(extra)}", orders + extra)) for extra in ([], wrong)]
        self.assertAlmostEqual(found[0]["covered_share"], 19.9 / 40, places=9)
        self.assertEqual([each["covered_share"] for each in found], [found[0]["covered_share"]] * 2)
        self.assertEqual([each["past_is_known"] for each in found], [False, False])
        done = self.run_measure(path, options=[*options, "--quiet"], data=self.path / "dates2-data.h5", ranks=3)
        self.assertTrue(any("2 orders lie far from all others in time" in line for line in done.our_lines), done)
        held = json.loads((self.path / "measured.json").read_text())["outcomes"]
        self.assertEqual((held["orders_apart"], held["begins"]), (2, "2023-11-14 00:00:00"))
        almost = self.measured(path, "--start", midnight, "--horizon", "20d", data=self.path / "dates0-data.h5")
        self.assertFalse(any("the log of outcomes ends" in caveat for caveat in almost["caveats"]))  # less than a day is missing

    def test_a_filtered_dataset_shows_no_profit(self):
        data = self.path / "filtered.h5"
        done = run(["prepare", "--input", self.path / "next.csv", "--columns", "user=user,item=item,value=value,time=time,order=order",
                    "--min-user-count", "2", "--where", "value > 1", "--output", data])
        self.assertEqual(done.code, 0, done)
        done = self.run_measure(self.assignment, options=["--margin", "30%", "--quiet"], data=data)
        self.assertTrue(any("was prepared with --min-user-count 2, --where value > 1: customers and purchases that this removed" in line for line in done.our_lines), done)
        self.assertIn("Whether it paid is not known: the dataset of outcomes leaves purchases out", done.out)
        found = self.measured(self.assignment, "--margin", "30%", data=data)
        self.assertIsNone(found["return_on_cost"])
        self.assertEqual(json.loads((self.path / "measured.json").read_text())["outcomes"]["filters"], ["--min-user-count 2", "--where value > 1"])
        self.assertEqual(self.measured(self.assignment, "--margin", "30%")["return_on_cost"], self.whole["return_on_cost"])

    def test_orders_of_days_and_a_start_within_a_day(self):
        midnight = START - START % DAY
        data = self.simple("days", [(f"u{customer}", 5, midnight + day * DAY + 3600) for customer in range(200) for day in range(3)], ["--orders", "day"], columns="")
        path = self.alternating("days-list.csv")
        for start, said in ((midnight + DAY, False), (midnight + DAY + 7200, True)):
            found = self.measured(path, "--start", start, "--horizon", "2d", data=data)
            self.assertEqual(any("does not begin and end at 00:00 UTC" in caveat for caveat in found["caveats"]), said)

    def test_unknown_customers_are_counted(self):
        midnight = START - START % DAY
        orders = [(f"u{customer}", 5, midnight + day * DAY) for customer in range(120) for day in range(3)]
        for strangers, said in ((20, False), (130, True)):  # more others than customers of the list: ids may be written in two ways
            data = self.simple("known", orders + [(f"0u{customer}", 5, midnight) for customer in range(strangers)])
            found = self.measured(self.alternating("unknown.csv"), "--start", midnight, "--horizon", "3d", data=data)
            self.assertEqual(found["not_in_outcomes"], {"treated": 40, "control": 40})
            caveat = "(40.0% of treated, 40.0% of controls) are not in the dataset of outcomes"
            self.assertEqual(any(caveat in each for each in found["caveats"]), said, strangers)

    def test_a_list_without_a_past_adjusts_nothing(self):
        shop = Shop()
        shop.past = np.zeros(CUSTOMERS)
        found = self.measured(shop.assignment().write(self.path / "pastless.h5", START, HORIZON, SHARE))
        self.assertEqual((found["past_is_known"], found["comparisons"][2]["adjusted_difference"]), (False, None))
        self.assertTrue(any("the list was made without orders" in caveat for caveat in found["caveats"]))

    def test_words_of_what_is_not_known(self):
        midnight = START - START % DAY
        data = self.simple("same", [(f"u{customer}", 5, midnight) for customer in range(200)])
        done = self.run_measure(self.alternating("same-list.csv"), options=["--start", midnight, "--horizon", "1d"], data=data)
        self.assertEqual(done.code, 0, done)
        for word in ("nan", "unknown to", "= below"):
            self.assertNotIn(word, done.out)
        self.assertIn("(95% interval unknown; p = 1.0000)", done.out)
        self.assertIn("p < 0.0001", self.run_measure(self.assignment).out)

    def test_the_grocers_campaigns(self):
        campaigns = {}
        with gzip.open(data_file("journey_campaigns.csv.gz"), "rt") as file:
            for row in csv.DictReader(file):
                campaigns.setdefault(row["campaign_id"], []).append(row["household_id"])
        with gzip.open(data_file("journey_campaign_descriptions.csv.gz"), "rt") as file:
            begins = {row["campaign_id"]: row["start_date"] for row in csv.DictReader(file)}
        shop = self.path / "grocer.h5"
        done = run(["prepare", "--input", data_file("journey_transactions.csv.gz"), "--columns",
                    "user=household_id,item=product_id,value=sales_value,time=transaction_timestamp,order=basket_id", "--output", shop])
        self.assertEqual(done.code, 0, done)
        paths = []
        for campaign, households in campaigns.items():
            paths.append(self.path / f"campaign{campaign}.csv")
            paths[-1].write_text("user,group,time\n" + "".join(f"{household},treated,{max('2017-01-01', begins[campaign])}\n" for household in households))
        self.assertEqual(len(paths), 27)
        output = self.path / "grocer.json"
        done = self.run_measure(*paths, options=["--horizon", "28d", "--output", output], data=shop)
        self.assertEqual(done.code, 0, done)
        found = json.loads(output.read_text())["campaigns"]
        self.assertEqual({each["verdict"] for each in found}, {"no-control"})
        self.assertEqual(done.out.count("there is no control group"), 27)
        self.assertGreater(sum(each["before_and_after"] is not None for each in found), 20)


if __name__ == "__main__":
    unittest.main()
