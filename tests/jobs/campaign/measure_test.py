"""`rankwise campaign measure`: numbers are those of numpy and SciPy, verdicts follow from them, and the bytes are the same on any ranks."""
import csv
import hashlib
import json
import unittest

import h5py
import numpy as np
from scipy import stats

from assignment_case import DAY, exact_hold_out
from measure_case import CUSTOMERS, HORIZON, MARGIN, OFFERS, SHARE, START, MeasureCase, Shop, adjusted_by_past
from program import ranks_of_refusal, run


class MeasureTest(MeasureCase):
    def test_numbers_of_the_list_are_scipys(self):
        treated = self.shop.groups == 0
        values = {"buyers": self.shop.buyers, "orders": self.shop.counts, "revenue": self.shop.revenue, "margin": self.shop.margin}
        self.assertEqual([(each["outcome"], each["is_cut"]) for each in self.whole["comparisons"]],
                         [("buyers", False), ("orders", False), ("revenue", False), ("revenue", True), ("margin", False), ("margin", True)])
        for each in self.whole["comparisons"]:
            outcome = values[each["outcome"]].astype(float)
            if each["is_cut"]:  # three customers lie above the cut: their amounts would come back
                self.assertEqual((each["printed"], each["cut_at"], "treated" in each), (False, None, False))
                self.assertIn("too few customers", each["reason"])
                continue
            self.assertEqual(each["treated"]["customers"], treated.sum())
            self.assertEqual(each["control"]["with_outcome"], np.count_nonzero(outcome[~treated]))
            self.assertAlmostEqual(each["treated"]["mean"], outcome[treated].mean(), places=5)
            self.check_effect(each["difference"], outcome[treated], outcome[~treated])
            residuals = adjusted_by_past(outcome, self.shop.past)
            self.check_effect(each["adjusted_difference"], residuals[treated], residuals[~treated])
            control_mean = outcome[~treated].mean()
            lift = outcome[treated].mean() / control_mean - 1
            error = np.sqrt(outcome[treated].var(ddof=1) / treated.sum() + (1 + lift) ** 2 * outcome[~treated].var(ddof=1) / (~treated).sum()) / control_mean
            self.assertAlmostEqual(each["relative_lift"]["value"], lift, places=6)
            self.assertAlmostEqual(each["relative_lift"]["standard_error"], error, places=6)
            self.assertAlmostEqual(each["adjusted_relative_lift"]["value"], each["adjusted_difference"]["value"] / control_mean, places=6)
            self.assertLess(each["adjusted_difference"]["standard_error"], each["difference"]["standard_error"])

    def test_verdict_has_the_number_that_decides(self):
        revenue = self.whole["comparisons"][2]
        self.assertEqual(self.whole["verdict"], "raised")
        self.assertIn("The campaign raised revenue per customer by", self.whole["sentences"][0])
        self.assertIn(f"{revenue['difference']['value']:.3f}", self.whole["sentences"][0])
        self.assertEqual(self.whole["p_adjusted"], revenue["difference"]["p"])
        self.assertEqual(self.whole["sample_ratio"]["p"], 1)
        self.assertTrue(self.whole["fixed_before"])
        variances = [self.shop.revenue[self.shop.groups == group].var(ddof=1) for group in (0, 1)]
        least = (stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) * np.sqrt(variances[0] / 2100 + variances[1] / 900)
        self.assertAlmostEqual(self.whole["least_detectable_difference"], least, places=6)

    def test_others_than_the_list_are_counted_and_left_out(self):
        self.assertEqual(self.whole["others_with_orders"], 20)
        self.assertEqual(self.whole["others_orders"], 20)
        self.assertTrue(any("20 customers who are not on the list" in caveat for caveat in self.whole["caveats"]))
        self.assertLess(self.whole["in_outcomes"], CUSTOMERS)  # who bought nothing counts nevertheless

    def test_segments_and_offers(self):
        found = self.measured(self.assignment)
        names = [row["segment"] for row in found["segments"]]
        self.assertEqual(names, ["gold", "silver"])  # one more than the tiny one is left out: the total would give it back
        self.assertEqual(len(found["offers"]), 3)
        self.assertGreaterEqual(found["cells_not_printed"], 2)
        self.assertNotIn("tiny", [row["segment"] for row in self.whole["segments"] + self.whole["uplifts"]["cells"]])
        rows = [(row, self.shop.segment_of == {"gold": 0, "silver": 1}[row["segment"]]) for row in found["segments"]]
        rows += [(row, self.shop.offer_of == {"books": 0, "toys": 1, "(none)": -1}[row["offer"]]) for row in found["offers"]]
        treated = self.shop.groups == 0
        for row, chosen in rows:
            self.check_effect(row["difference"], self.shop.revenue[chosen & treated], self.shop.revenue[chosen & ~treated])
        p = np.array([row["difference"]["p"] for row, _ in rows])
        order = np.argsort(p)
        adjusted = np.minimum.accumulate((p[order] * len(p) / np.arange(1, len(p) + 1))[::-1])[::-1]
        np.testing.assert_allclose(np.array([row["p_adjusted"] for row, _ in rows])[order], np.minimum(adjusted, 1), rtol=1e-9)

    def test_tenths_are_by_expected_value(self):
        treated = self.shop.groups == 0
        value = np.round(self.shop.value * 1e6)
        bounds = [np.sort(value)[int(np.ceil(tenth / 10 * CUSTOMERS)) - 1] for tenth in range(1, 10)]
        tenth_of = np.searchsorted(bounds, value, side="left") + 1
        self.assertGreaterEqual(len(self.whole["tenths"]), 7)
        for row in self.whole["tenths"]:
            chosen = tenth_of == row["tenth"]
            self.check_effect(row["difference"], self.shop.revenue[chosen & treated], self.shop.revenue[chosen & ~treated])
        effects = np.array([row["difference"]["value"] for row in self.whole["tenths"]])
        weights = np.array([row["difference"]["standard_error"] ** -2 for row in self.whole["tenths"]])
        q = (weights * (effects - np.average(effects, weights=weights)) ** 2).sum()
        self.assertAlmostEqual(self.whole["tenths_heterogeneity_p"], stats.chi2.sf(q, len(effects) - 1), places=9)

    def test_uplifts_are_shrunk_toward_their_mean(self):
        table = self.path / "uplift.csv"
        found = self.measured(self.assignment, "--margin", MARGIN, "--uplift", table)
        rows = list(csv.DictReader(table.read_text().splitlines()))
        self.assertEqual(list(rows[0]), ["segment", "offer", "treated", "control", "uplift", "standard_error", "shrunk_uplift", "sent_share"])
        treated = self.shop.groups == 0
        estimates = []
        for row in rows:
            segment = {"gold": 0, "silver": 1, "(none)": -1}[row["segment"]]
            chosen = (self.shop.segment_of == segment) & (self.shop.offer_of == OFFERS.index(row["offer"]))
            one, other = self.shop.margin[chosen & treated], self.shop.margin[chosen & ~treated]
            self.assertEqual((int(row["treated"]), int(row["control"])), (len(one), len(other)))
            error = np.sqrt(one.var(ddof=1) / len(one) + other.var(ddof=1) / len(other))
            self.assertAlmostEqual(float(row["uplift"]), one.mean() - other.mean(), places=5)
            self.assertAlmostEqual(float(row["standard_error"]), error, places=5)
            estimates.append((one.mean() - other.mean(), error))
        self.assertEqual({row["sent_share"] for row in rows}, {"1.000000"})  # all that was intended was sent
        values, errors = np.array(estimates).T
        weights = errors ** -2
        q = (weights * (values - np.average(values, weights=weights)) ** 2).sum()
        between = max(0, (q - (len(values) - 1)) / (weights.sum() - (weights ** 2).sum() / weights.sum()))
        mean = np.average(values, weights=1 / (errors ** 2 + between))
        shrunk = mean + between / (between + errors ** 2) * (values - mean)
        np.testing.assert_allclose([float(row["shrunk_uplift"]) for row in rows], shrunk, atol=1e-5)
        self.assertEqual(len(found["uplifts"]["cells"]), len(rows))

    def test_uplifts_are_of_those_for_whom_it_was_intended_and_say_how_many_were_sent_it(self):
        path = self.shop.assignment().write(self.path / "taken.h5", START, HORIZON, SHARE)
        treated = self.shop.groups == 0
        has_offer = self.shop.offer_of >= 0
        taken = {0: 0.5, 1: 0.99}  # shares of the treated from whom the offer was taken back
        random = np.random.default_rng(4)
        sent = treated & has_offer & ~(random.random(CUSTOMERS) < np.vectorize(lambda offer: taken.get(offer, 0))(self.shop.offer_of))
        with h5py.File(path, "r+") as file:
            file["users/offers/sent"][...] = sent[has_offer].astype(np.int32)
        table = self.path / "taken.csv"
        self.measured(path, "--margin", MARGIN, "--uplift", table)
        rows = list(csv.DictReader(table.read_text().splitlines()))
        for row in rows:
            segment = {"gold": 0, "silver": 1, "(none)": -1}[row["segment"]]
            chosen = (self.shop.segment_of == segment) & (self.shop.offer_of == OFFERS.index(row["offer"]))
            self.assertAlmostEqual(float(row["uplift"]), self.shop.margin[chosen & treated].mean() - self.shop.margin[chosen & ~treated].mean(), places=5)
            share = sent[chosen & treated].mean()
            self.assertAlmostEqual(float(row["sent_share"]), share, delta=1e-6)
            self.assertEqual(row["shrunk_uplift"] == "", share < 0.05)  # so few say nothing of those who are sent it
        self.assertEqual({row["offer"] for row in rows}, set(OFFERS))

    def test_return_on_cost(self):
        sent = (self.shop.groups == 0) & (self.shop.offer_of >= 0)
        cost = np.array([0.5, 0.25])[self.shop.offer_of[sent]].sum()
        margin = self.whole["comparisons"][4]["difference"]
        money = self.whole["return_on_cost"]
        self.assertAlmostEqual(money["cost"], cost, places=6)
        self.assertAlmostEqual(money["extra_margin"]["value"], margin["value"] * 2100, places=5)
        self.assertAlmostEqual(money["return_on_cost"], margin["value"] * 2100 / cost - 1, places=6)
        self.assertLess(money["interval"][0], money["return_on_cost"])
        paid = "remains for each 1.00 spent" if money["interval"][0] > 0 else "whether it paid is not known"
        self.assertIn(paid, self.whole["sentences"][-1])

    def test_same_bytes_on_any_ranks(self):
        digests = set()
        for ranks, threads in ((1, 1), (2, 2), (3, 1), (5, 1)):
            files = [self.path / name for name in ("r.json", "r.html", "r.csv")]
            done = self.run_measure(self.assignment, options=["--margin", MARGIN, "--output", files[0], "--report", files[1], "--uplift", files[2]],
                                    ranks=ranks, env={"OMP_NUM_THREADS": threads})
            self.assertEqual(done.code, 0, done)
            digests.add(hashlib.sha256(b"".join(file.read_bytes() for file in files) + done.out.encode()).hexdigest())
        self.assertEqual(len(digests), 1)

    def test_page_has_the_numbers_of_the_json(self):
        report, output = self.path / "p.html", self.path / "p.json"
        done = self.run_measure(self.assignment, options=["--report", report, "--output", output])
        self.assertEqual(done.code, 0, done)
        page = report.read_text()
        data = page.split('<script id="data" type="application/json">')[1].split("</script>")[0]
        held = json.loads(data)
        self.assertEqual(held["campaigns"], json.loads(output.read_text())["campaigns"])

    def test_no_effect_is_no_proof(self):
        shop = Shop(seed=11, effect=0)
        path = shop.assignment().write(self.path / "none.h5", START, HORIZON, SHARE)
        found = self.measured(path, data=shop.write_log(self.path, "none-next"))
        self.assertEqual(found["verdict"], "none-found")
        self.assertIn("This is no proof that there is none", " ".join(found["sentences"]))

    def test_tables_of_others_say_the_same(self):
        path = self.table("groups.csv", np.ones(CUSTOMERS, dtype=bool), ("segment", "group", "offer"))
        found = self.measured(path, "--start", START, "--horizon", f"{HORIZON}d", "--hold-out", "30%", "--margin", MARGIN)
        self.assertEqual(found["verdict"], "raised")
        self.assertFalse(found["fixed_before"])
        self.assertIn("nothing shows that the groups were fixed before their outcomes were known", found["caveats"])
        for mine, theirs in zip(found["comparisons"], self.whole["comparisons"]):
            self.assertEqual(mine.get("difference"), theirs.get("difference"))
            self.assertIsNone(mine.get("adjusted_difference"))  # the log does not reach back
        self.assertEqual([row["difference"] for row in found["segments"]], [row["difference"] for row in self.whole["segments"]])
        timed = self.measured(self.table("timed.csv", np.ones(CUSTOMERS, dtype=bool), ("group", "time")), "--horizon", f"{HORIZON}d")
        self.assertEqual(timed["comparisons"][2]["difference"], self.whole["comparisons"][2]["difference"])
        self.assertTrue(any("--hold-out" in caveat for caveat in timed["caveats"]))

    def test_several_campaigns_are_adjusted_together(self):
        other = Shop(seed=3)
        other.groups = exact_hold_out(np.random.default_rng(77), CUSTOMERS, SHARE)  # drawn anew: no effect of its own
        second = other.assignment().write(self.path / "second.h5", START, HORIZON, SHARE, name="second")
        output = self.path / "both.json"
        done = self.run_measure(self.assignment, second, options=["--output", output])
        self.assertEqual(done.code, 0, done)
        campaigns = json.loads(output.read_text())["campaigns"]
        p = [each["comparisons"][2]["difference"]["p"] for each in campaigns]
        low, high = sorted(p)
        expected = {low: min(2 * low, high), high: high}
        self.assertEqual([each["p_adjusted"] for each in campaigns], [expected[each] for each in p])

    def test_refusals(self):
        young = self.shop.assignment().write(self.path / "young.h5", START, HORIZON, SHARE, created=START + 1)
        early = self.shop.assignment().write(self.path / "early.h5", START + 60 * DAY, HORIZON, SHARE)
        strangers = self.path / "strangers.csv"
        strangers.write_text("user,group\nnobody,treated\n")
        twice = self.path / "twice.csv"
        twice.write_text("user,group\nc00001,treated\nc00001,control\n")
        word = self.path / "word.csv"
        word.write_text("user,group\nc00001,test\n")
        plain = self.path / "plain.h5"
        log = self.path / "plain.csv"
        log.write_text("user,item\nc00001,i1\nc00002,i1\n")
        self.assertEqual(run(["prepare", "--input", log, "--output", plain]).code, 0)
        dates = ["--start", START, "--horizon", "30d"]
        for assignment, options, data, code, line in (
                (young, [], None, 65, "was made at 2023-11-14 22:13:21, when outcomes had begun (2023-11-14 22:13:20); expected a list that was fixed before"),
                (early, [], None, 65, "before the campaign of early.h5 begins"),
                (strangers, dates, None, 65, "has none of the customers of strangers.csv; expected the same ids"),
                (twice, dates, None, 65, "line 3: user 'c00001' has a row already; expected one row a user"),
                (word, dates, None, 65, "line 2: the group is 'test'; expected treated, control or global_control"),
                (self.assignment, [], plain, 65, "has no orders; expected a dataset of prepare"),
                (self.assignment, ["--margin", "share"], None, 65, "has no table of items"),
                (self.assignment, dates, None, 2, "says its start, horizon, goal and hold-out itself"),
                (twice, ["--start", START], None, 2, "it needs --horizon"),
                (word, ["--horizon", "3d"], None, 65, "line 2: the group is"),
                (self.assignment, ["--uplift", self.path / "u.csv"], None, 2, "--uplift needs --margin"),
                (self.assignment, ["--margin", "30"], None, 2, "--margin '30': expected a share from 0 to 1, as in 0.3 or 30%"),
                (self.assignment, ["--margin", "-0.1"], None, 2, "--margin '-0.1': expected a share from 0 to 1"),
                (self.path / "absent.h5", [], None, 66, "absent.h5")):
            with self.subTest(line=line):
                done = self.run_measure(assignment, options=options, data=data, ranks=ranks_of_refusal(self, code))
                self.assertEqual(done.code, code, done)
                lines = [each for each in done.our_lines if "without digests" not in each]
                self.assertEqual(len(lines), 1, done)
                self.assertIn(line, lines[0])


if __name__ == "__main__":
    unittest.main()
