"""Campaigns whose effect is known: `synthesize` plants what offers make customers buy more, `campaign measure` finds it."""
import csv
import json
import pathlib
import tempfile
import unittest

import numpy as np

from assignment_case import DAY, Assignment, exact_hold_out
from program import ranks_of_refusal, run

USERS = 4000
FIRST = 1_672_531_200  # 2023-01-01
CUT = FIRST + 300 * DAY
DAYS = 60  # of the campaign
SHAPE = ["--users", USERS, "--items", 300, "--interactions", 40_000, "--days", 365, "--seed", 4]
RESPONSES = "segment,offer,extra_orders,amount\n0,books,0.4,25\n*,books,0.15,25\n1,toys,0.3,40.5\n"
RATES = {(0, 0): (0.4, 25), (1, 0): (0.15, 25), (-1, 0): (0.15, 25), (1, 1): (0.3, 40.5)}
HOLD_OUT = 0.25
CAMPAIGNS = 12


class PlantedCampaignTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        cls.responses = cls.path / "responses.csv"
        cls.responses.write_text(RESPONSES)
        cls.log, cls.next, cls.whole = (cls.path / f"{name}.csv" for name in ("log", "next", "whole"))
        cls.done("synthesize", *SHAPE, "--output", cls.whole)
        cls.done("synthesize", *SHAPE, "--output", cls.log, "--next-output", cls.next, "--cut", CUT)
        cls.past = np.zeros(USERS)
        for row in cls.rows(cls.log):
            if CUT - DAYS * DAY <= int(row["timestamp"]):
                cls.past[int(row["user_id"]) - 1] += int(row["quantity"]) * float(row["price"])

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @staticmethod
    def done(*args, ranks=1):
        finished = run(args, ranks=ranks)
        assert finished.code == 0, finished
        return finished

    @staticmethod
    def rows(path):
        return list(csv.DictReader(path.read_text().splitlines()))

    def assignment(self, name, seed):
        random = np.random.default_rng(seed)
        segments, offers = random.choice([0, 1, -1], size=USERS, p=[0.5, 0.4, 0.1]), random.integers(-1, 2, size=USERS)
        assignment = Assignment(range(1, USERS + 1), exact_hold_out(random, USERS, HOLD_OUT), ["0", "1"], segments, ["books", "toys"], offers, self.past)
        return assignment, assignment.write(self.path / name, CUT, DAYS, HOLD_OUT)

    def planted(self, name, path, ranks=1):
        """The next period with the campaign, and the truth."""
        following, truth = self.path / f"{name}-next.csv", self.path / f"{name}-truth.csv"
        self.done("synthesize", *SHAPE, "--output", self.path / f"{name}-log.csv", "--next-output", following, "--cut", CUT, "--assignment", path,
                  "--responses", self.responses, "--campaign-truth", truth, ranks=ranks)
        return following, truth

    def test_log_and_next_period_are_the_log(self):
        lines, later, whole = (path.read_text().splitlines() for path in (self.log, self.next, self.whole))
        self.assertEqual(lines[0], later[0])
        self.assertEqual(sorted(lines + later[1:]), sorted(whole))
        self.assertTrue(all(int(row["timestamp"]) < CUT for row in self.rows(self.log)))
        self.assertTrue(all(int(row["timestamp"]) >= CUT for row in self.rows(self.next)))

    def test_treated_customers_buy_more_and_nothing_else_changes(self):
        assignment, path = self.assignment("one.h5", 1)
        following, truth = self.planted("one", path)
        self.assertEqual((self.path / "one-log.csv").read_bytes(), self.log.read_bytes())
        before, after = self.next.read_text(), following.read_text()
        self.assertTrue(after.startswith(before))
        extra = list(csv.DictReader((after[:after.index("\n") + 1] + after[len(before):]).splitlines()))
        by_offer = {}
        for row in extra:
            customer = int(row["user_id"]) - 1
            cell = int(assignment.segment_of[customer]), int(assignment.offer_of[customer])
            self.assertEqual(assignment.groups[customer], 0)
            self.assertEqual((float(row["price"]), row["quantity"]), (RATES[cell][1], "1"))
            self.assertTrue(CUT <= int(row["timestamp"]) < CUT + DAYS * DAY)
            by_offer[cell] = by_offer.get(cell, 0) + 1
        found = {(row["segment"], row["offer"]): row for row in self.rows(truth)}
        for row, cells in ((found["0", "books"], [(0, 0)]), (found["*", "books"], [(1, 0), (-1, 0)]), (found["1", "toys"], [(1, 1)])):
            sent = sum(np.sum((assignment.groups == 0) & (assignment.segment_of == segment) & (assignment.offer_of == offer)) for segment, offer in cells)
            rate, amount = RATES[cells[0]]
            self.assertEqual(int(row["sent"]), sent)
            self.assertEqual(int(row["drawn_orders"]), sum(by_offer.get(cell, 0) for cell in cells))
            self.assertAlmostEqual(float(row["expected_orders"]), sent * rate, places=5)
            self.assertAlmostEqual(float(row["expected_money"]), sent * rate * amount, places=4)
            self.assertLess(abs(int(row["drawn_orders"]) - sent * rate), 4 * np.sqrt(sent * rate))

    def test_same_bytes_on_any_ranks(self):
        _, path = self.assignment("ranks.h5", 2)
        alone = [file.read_bytes() for file in self.planted("ranks1", path)]
        self.assertEqual([file.read_bytes() for file in self.planted("ranks3", path, ranks=3)], alone)

    def test_measured_effects_are_the_planted_ones(self):
        held, cells_held, cells, verdicts = 0, 0, 0, []
        for campaign in range(CAMPAIGNS):
            assignment, path = self.assignment(f"c{campaign}.h5", 100 + campaign)
            following, truth = self.planted(f"c{campaign}", path)
            data, output = self.path / f"c{campaign}-next.h5", self.path / f"c{campaign}.json"
            self.done("prepare", "--input", following, "--columns", "user=user_id,item=item_id,value=quantity*price,time=timestamp", "--orders", "day",
                      "--min-total", "none", "--output", data)
            self.done("campaign", "measure", "--assignment", path, "--outcomes", data, "--output", output)
            found = json.loads(output.read_text())["campaigns"][0]
            rates = np.array([RATES.get((int(s), int(o)), (0, 0)) for s, o in zip(assignment.segment_of, assignment.offer_of)]).prod(axis=1)
            revenue = found["comparisons"][2]["adjusted_difference"]
            held += revenue["interval"][0] <= rates.mean() <= revenue["interval"][1]
            verdicts.append(found["verdict"])
            for row in found["offers"]:
                low, high = row["adjusted_difference"]["interval"]
                cells += 1
                cells_held += low <= rates[assignment.offer_of == {"books": 0, "toys": 1, "(none)": -1}[row["offer"]]].mean() <= high
        self.assertGreaterEqual(held, CAMPAIGNS - 3)  # binomial: 99.8% of such tests
        self.assertEqual(cells, 3 * CAMPAIGNS)
        self.assertGreaterEqual(cells_held, cells - 6)
        self.assertNotIn("lowered", verdicts)

    def test_from_a_plan_to_the_next_one(self):
        """The programs alone: groups by `campaign assign`, uplifts that the next plan reads."""
        here = self.path / "chain"
        here.mkdir()
        (here / "key").write_text("a key of some length for a test\n")
        (here / "key").chmod(0o600)
        (here / "spring.ini").write_text("[campaign]\nname = spring\ngoal = revenue\nhorizon = 60d\nstart = 2023-10-28\nhold-out = 25%\n"
                                         "global-hold-out = 3%\nstrata = segment,value\n[offer books]\ncost = 0.5\nmargin = 12\nprobability = 0.2\n"
                                         "channel = mail\n[offer toys]\ncost = 0.25\nmargin = 30\nprobability = 0.1\ncapacity = 900\nchannel = mail\n")
        (here / "responses.csv").write_text("segment,offer,extra_orders,amount\n*,books,0.9,50\n*,toys,0.7,60\n")
        columns = "user=user_id,item=item_id,value=quantity*price,time=timestamp"
        self.done("prepare", "--input", self.log, "--columns", columns, "--orders", "day", "--output", here / "before.h5")
        self.done("profile", "--data", here / "before.h5", "--output", here / "customers.h5")
        self.done("kmeans", "--input", here / "customers.h5", "--columns", "orders,money", "--scale", "log-standard", "--clusters", 2, "--output", here / "groups.h5")
        self.done("campaign", "assign", "--campaign", here / "spring.ini", "--data", here / "before.h5", "--segments", here / "groups.h5", "--key", here / "key",
                  "--created", "2023-10-20", "--assignment", here / "spring.h5")
        self.done("synthesize", *SHAPE, "--output", here / "log.csv", "--next-output", here / "after.csv", "--cut", CUT, "--assignment", here / "spring.h5",
                  "--responses", here / "responses.csv", "--campaign-truth", here / "truth.csv")
        self.done("prepare", "--input", here / "after.csv", "--columns", columns, "--orders", "day", "--min-total", "none", "--output", here / "after.h5")
        self.done("campaign", "measure", "--assignment", here / "spring.h5", "--outcomes", here / "after.h5", "--margin", 0.4, "--output", here / "spring.json",
                  "--uplift", here / "uplift.csv")
        found = json.loads((here / "spring.json").read_text())["campaigns"][0]
        truth = self.rows(here / "truth.csv")
        expected = sum(float(row["expected_money"]) for row in truth) / found["treated"]
        self.assertEqual(found["verdict"], "raised")
        self.assertTrue(found["fixed_before"])
        self.assertFalse(found["sample_ratio"]["alarm"])
        self.assertEqual(sum(int(row["sent"]) for row in truth), found["treated"])
        low, high = found["comparisons"][2]["adjusted_difference"]["interval"]
        self.assertTrue(low <= expected <= high, (low, expected, high))
        self.assertEqual({row["offer"] for row in found["offers"]}, {"books", "toys"})
        self.assertGreater(found["return_on_cost"]["return_on_cost"], 0)
        self.assertEqual(len(self.rows(here / "uplift.csv")), 4)
        planned = self.done("campaign", "plan", "--campaign", here / "spring.ini", "--data", here / "before.h5", "--segments", here / "groups.h5", "--key", here / "key",
                            "--uplift", here / "uplift.csv")
        self.assertIn("campaign spring", planned.out)

        # A list cannot be made of the outcomes alone, and one that was made of them beside the past was not fixed before.
        made = ["campaign", "assign", "--campaign", here / "spring.ini", "--segments", here / "groups.h5", "--key", here / "key", "--created", "2023-10-20",
                "--assignment", here / "late.h5"]
        refused = run([*made, "--data", here / "after.h5"])
        self.assertEqual(refused.code, 65, refused)
        self.assertIn("has no order in the last horizon before", refused.our_lines[-1])
        self.done("prepare", "--input", self.log, "--input", here / "after.csv", "--columns", columns, "--orders", "day", "--min-total", "none", "--output",
                  here / "both.h5")
        self.done(*made, "--data", here / "both.h5")
        refused = run(["campaign", "measure", "--assignment", here / "late.h5", "--outcomes", here / "both.h5"])
        self.assertEqual(refused.code, 65, refused)

    def test_refusals(self):
        _, path = self.assignment("refused.h5", 3)
        late = Assignment([1, 2], [0, 1], [], [-1, -1], ["books"], [0, 0], [0, 0]).write(self.path / "late.h5", CUT + 60 * DAY, DAYS, 0.5)
        twice, negative = self.path / "twice.csv", self.path / "negative.csv"
        twice.write_text("segment,offer,extra_orders,amount\n0,books,1,2\n0,books,2,2\n")
        negative.write_text("segment,offer,extra_orders,amount\n0,books,-1,2\n")
        output = ["--output", self.path / "x.csv"]
        following = ["--next-output", self.path / "x-next.csv", "--cut", CUT]
        for options, code, line in (([*output, "--cut", CUT], 2, "expected --next-output and --cut together"),
                                    ([*output, *following, "--assignment", path], 2, "expected --assignment and --responses together"),
                                    ([*output, "--assignment", path, "--responses", self.responses], 2, "--assignment needs --next-output"),
                                    ([*output, *following, "--dirt-truth", self.path / "d.csv"], 2, "without --next-output"),
                                    ([*output, *following, "--assignment", path, "--responses", twice], 65, "line 3: segment '0' and offer 'books' have a response already"),
                                    ([*output, *following, "--assignment", path, "--responses", negative], 65, "expected a number from 0 to 100"),
                                    ([*output, *following, "--assignment", late, "--responses", self.responses], 65, "expected one within the next period")):
            with self.subTest(line=line):
                done = run(["synthesize", *SHAPE, *options], ranks=ranks_of_refusal(self, code))
                self.assertEqual(done.code, code, done)
                self.assertIn(line, done.our_lines[-1])
                self.assertFalse((self.path / "x.csv").exists())
                self.assertFalse((self.path / "x-next.csv").exists())


if __name__ == "__main__":
    unittest.main()
