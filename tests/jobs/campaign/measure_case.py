"""A planted shop whose campaign is measured: customers, groups, offers, and what they bought."""
import json
import pathlib
import tempfile
import unittest

import numpy as np
from scipy import stats

from assignment_case import DAY, Assignment, exact_hold_out
from program import run

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


class MeasureCase(unittest.TestCase):
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

    def table(self, name, keep, columns=("group",)):
        path = self.path / name
        words = {0: "treated", 1: "control", 2: "global_control"}
        values = {"group": [words[group] for group in self.shop.groups], "segment": [SEGMENTS[s] if s >= 0 else "" for s in self.shop.segment_of],
                  "offer": [OFFERS[o] if o >= 0 else "" for o in self.shop.offer_of], "time": [START] * CUSTOMERS}
        path.write_text(",".join(("user", *columns)) + "\n" + "".join(
            ",".join([self.shop.ids[c], *(str(values[column][c]) for column in columns)]) + "\n" for c in range(CUSTOMERS) if keep[c]))
        return path

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
