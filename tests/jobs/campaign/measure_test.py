"""`rankwise campaign measure`: numbers are those of numpy and SciPy, verdicts follow from them, nothing is said about few customers, and the bytes
are the same on any ranks."""
import csv
import gzip
import hashlib
import json
import pathlib
import tempfile
import unittest

import h5py
import numpy as np
from scipy import stats

from assignment_case import DAY, Assignment, exact_hold_out
from program import data_file, ranks_of_refusal, run

START = 1_700_000_000
HORIZON = 30
CUSTOMERS = 3000
SHARE = 0.3  # of controls
MARGIN = 0.3
SEGMENTS = ["gold", "silver", "tiny"]
OFFERS = ["books", "toys"]


def drawn_orders(random, rates):
    """Of each customer, amounts of orders, some of which are returns."""
    return [np.round(random.gamma(2, 10, size=random.poisson(rate)), 2) * np.where(random.random() < 0.03, -1, 1) for rate in rates]


class Shop:
    """Customers with a past, groups, segments and offers, and what they bought in the campaign's time; controls buy less by what is planted."""

    def __init__(self, seed=3, effect=0.3):
        random = np.random.default_rng(seed)
        self.ids = [f"c{customer:05d}" for customer in range(CUSTOMERS)]
        self.rates = random.gamma(1.5, 0.8, size=CUSTOMERS)
        self.groups = exact_hold_out(random, CUSTOMERS, SHARE)
        self.segment_of = random.choice([0, 1, -1], size=CUSTOMERS, p=[0.5, 0.4, 0.1])
        self.segment_of[:12] = 2  # a dozen: too few of them are controls
        self.offer_of = random.choice([0, 1, -1], size=CUSTOMERS, p=[0.4, 0.4, 0.2])
        self.past = np.array([orders.sum() for orders in drawn_orders(random, self.rates)])
        self.value = np.where(self.offer_of >= 0, np.round(self.rates, 2), 0)
        treated = self.groups == 0
        self.orders = drawn_orders(random, self.rates + np.where(treated & (self.offer_of >= 0), effect * (1 + self.segment_of.clip(0)), 0))
        self.revenue = np.array([orders.sum() for orders in self.orders])
        self.margin = self.revenue * MARGIN
        self.counts = np.array([(orders >= 0).sum() for orders in self.orders])
        self.buyers = (self.counts > 0).astype(float)

    def assignment(self):
        return Assignment(self.ids, self.groups, SEGMENTS, self.segment_of, OFFERS, self.offer_of, self.past, self.value, costs=[0.5, 0.25])

    def write_log(self, folder, name="next", extra=()):
        """A dataset of the campaign's time, and what lies a second outside of it on both sides."""
        random = np.random.default_rng(8)
        lines = []
        for customer, orders in enumerate(self.orders):
            for place, amount in enumerate(orders):
                time = START + int(random.integers(HORIZON * DAY)) if customer % 50 else START if place % 2 else START + HORIZON * DAY - 1
                lines.append(f"{self.ids[customer]},i{random.integers(20)},{amount},{time},{customer}-{place}\n")
            if customer % 7 == 0:
                lines.append(f"{self.ids[customer]},i1,500,{START - 1},{customer}-before\n{self.ids[customer]},i1,500,{START + HORIZON * DAY},{customer}-after\n")
        lines.extend(extra)
        log, data = folder / f"{name}.csv", folder / f"{name}.h5"
        log.write_text("user,item,value,time,order\n" + "".join(lines))
        done = run(["prepare", "--input", log, "--columns", "user=user,item=item,value=value,time=time,order=order", "--min-total", "none", "--output", data])
        assert done.code == 0, done
        return data


def welch(treated, control):
    test = stats.ttest_ind(treated, control, equal_var=False)
    variances = treated.var(ddof=1) / len(treated), control.var(ddof=1) / len(control)
    freedom = sum(variances) ** 2 / (variances[0] ** 2 / (len(treated) - 1) + variances[1] ** 2 / (len(control) - 1))
    half = stats.t.ppf(0.975, freedom) * np.sqrt(sum(variances))
    difference = treated.mean() - control.mean()
    return difference, test.pvalue, (difference - half, difference + half), freedom


def adjusted_by_past(outcome, past):
    """Residuals of a regression on the past and on having none, with the outcome's mean."""
    covariates = np.column_stack([past, past == 0]).astype(float)
    covariates -= covariates.mean(axis=0)
    slopes = np.linalg.lstsq(covariates, outcome - outcome.mean(), rcond=None)[0]
    return outcome - covariates @ slopes


class MeasureTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        cls.shop = Shop()
        cls.data = cls.shop.write_log(cls.path, extra=[f"stranger{i},i3,5,{START + 5},s{i}\n" for i in range(20)])
        cls.assignment = cls.shop.assignment().write(cls.path / "spring.h5", START, HORIZON, SHARE)
        cls.whole = cls.measured(cls.assignment, "--margin", MARGIN)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def run_measure(cls, *assignments, options=(), data=None, ranks=1, env=None):
        lists = [word for path in assignments for word in ("--assignment", path)]
        return run(["campaign", "measure", *lists, "--outcomes", data or cls.data, *options], ranks=ranks, env=env)

    @classmethod
    def measured(cls, assignment, *options, **how):
        output = cls.path / "measured.json"
        done = cls.run_measure(assignment, options=["--output", output, *options], **how)
        assert done.code == 0, done
        return json.loads(output.read_text())["campaigns"][0]

    def check_effect(self, found, treated, control):
        difference, p, interval, freedom = welch(treated, control)
        self.assertAlmostEqual(found["value"], difference, delta=1e-6)
        self.assertAlmostEqual(found["p"], p, delta=1e-6)
        self.assertAlmostEqual(found["degrees_of_freedom"], freedom, delta=1e-3)
        np.testing.assert_allclose(found["interval"], interval, atol=1e-5)

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

    def table(self, name, keep, columns=("group",)):
        path = self.path / name
        words = {0: "treated", 1: "control", 2: "global_control"}
        values = {"group": [words[group] for group in self.shop.groups], "segment": [SEGMENTS[s] if s >= 0 else "" for s in self.shop.segment_of],
                  "offer": [OFFERS[o] if o >= 0 else "" for o in self.shop.offer_of], "time": [START] * CUSTOMERS}
        path.write_text(",".join(("user", *columns)) + "\n" + "".join(
            ",".join([self.shop.ids[c], *(str(values[column][c]) for column in columns)]) + "\n" for c in range(CUSTOMERS) if keep[c]))
        return path

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

    def simple(self, name, orders, prepare=(), columns="order=order"):
        """A dataset of (customer, amount, time) orders."""
        log, data = self.path / f"{name}.csv", self.path / f"{name}-data.h5"
        log.write_text("user,item,value,time,order\n" + "".join(f"{user},i{place % 7},{amount},{time},o{place}\n" for place, (user, amount, time) in enumerate(orders)))
        columns = "user=user,item=item,value=value,time=time" + (f",{columns}" if columns else "")
        done = run(["prepare", "--input", log, "--columns", columns, "--min-total", "none", *prepare, "--output", data])
        self.assertEqual(done.code, 0, done)
        return data

    def alternating(self, name, customers=200, times=None):
        path = self.path / name
        path.write_text("user,group" + (",time" if times else "") + "\n" + "".join(
            f"u{customer},{('treated', 'control')[customer % 2]}" + (f",{times[customer]}" if times else "") + "\n" for customer in range(customers)))
        return path

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

    def test_uplifts_that_are_lost_are_counted(self):
        found = self.whole["uplifts"]
        self.assertEqual(len(found["cells"]) + found["not_printed"], 8)  # three segments and none, two offers
        self.assertGreater(found["not_printed"], 0)
        self.assertTrue(any(f"{found['not_printed']} uplifts of a segment and an offer are not printed" in caveat for caveat in self.whole["caveats"]))

    def test_words_of_what_is_not_known(self):
        midnight = START - START % DAY
        data = self.simple("same", [(f"u{customer}", 5, midnight) for customer in range(200)])
        done = self.run_measure(self.alternating("same-list.csv"), options=["--start", midnight, "--horizon", "1d"], data=data)
        self.assertEqual(done.code, 0, done)
        for word in ("nan", "unknown to", "= below"):
            self.assertNotIn(word, done.out)
        self.assertIn("(95% interval unknown; p = 1.0000)", done.out)
        self.assertIn("p < 0.0001", self.run_measure(self.assignment).out)

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
