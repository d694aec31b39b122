"""`rankwise campaign plan` and `campaign assign` on a small shop: groups against Python's hmac, offers against a linear program, the same bytes
on any ranks, lists, counts that add up, and what is refused."""
import collections
import csv
import gzip
import hashlib
import hmac
import json
import math
import os
import pathlib
import random
import tempfile
import unittest

import h5py
import numpy as np
import scipy.optimize
import scipy.sparse
import scipy.stats

from program import ranks_of_refusal, run

KEY = b"a key of this test alone"
CAMPAIGN = """[campaign]
name = spring
goal = {goal}
horizon = 28d
start = 2024-10-01
{more}
hold-out = 10%
global-hold-out = 4%
[offer =toys]
cost = 0.5
margin = 12
probability = toys
capacity = 60
category = home
channel = mail
[offer tea]
cost = 0.25
margin = 5
probability = tea
capacity = 90
category = home
channel = mail
[offer app]
margin = 1
probability = 0.3
channel = app
"""
USERS = 400


class AssignTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        draw = random.Random(5)
        cls.ids = [f"=c{n:03d}" for n in range(USERS)]
        cls.toys = {id: round(draw.random() ** 2, 6) for id in cls.ids}
        cls.tea = {id: round(draw.random(), 6) for id in cls.ids}
        cls.country = {id: "DE" if n % 4 else "AT" for n, id in enumerate(cls.ids)}
        orders = [(id, n, 1 + (i * 7) % 40, f"2024-{7 + (i + n) % 4:02d}-{1 + (3 * i + n) % 28:02d}") for i, id in enumerate(cls.ids)
                  for n in range(1 + i % 3)]
        cls.orders = orders
        (cls.path / "log.csv").write_text("user,item,value,time\n" + "".join(f"{id},i{n},{money},{day}\n" for id, n, money, day in orders))
        (cls.path / "people.csv").write_text("user,country,toys,tea,percent\n" + "".join(
            f"{id},{cls.country[id]},{cls.toys[id] if n % 50 else ''},{cls.tea[id]},{100 * cls.tea[id] + 1.5}\n" for n, id in enumerate(cls.ids)))
        (cls.path / "points.csv").write_text("id,x\n" + "".join(f"{id},{10 * (n % 3)}\n" for n, id in enumerate(cls.ids[:-5])))
        for name, mode in (("key", 0o600), ("open-key", 0o644)):
            (cls.path / name).write_bytes(KEY + b"\n")
            os.chmod(cls.path / name, mode)
        cls.done("prepare", "--input", "log.csv", "--orders", "day", "--split", "none", "--duplicates", "sum", "--users", "people.csv", "--output", "data.h5")
        cls.done("kmeans", "--input", "points.csv", "--clusters", 3, "--output", "clusters.h5")
        cls.campaign("budget = 40")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def done(cls, *command, ranks=1, code=0, threads=1):
        done = run(command, ranks=ranks, cwd=cls.path, env={"OMP_NUM_THREADS": threads})
        assert done.code == code, done
        return done

    @classmethod
    def campaign(cls, more="", goal="revenue", change=lambda text: text, name="spring.ini"):
        (cls.path / name).write_text(change(CAMPAIGN.format(more=more, goal=goal)))

    def assign(self, *options, ranks=1, threads=1):
        return self.done("campaign", "assign", "--campaign", "spring.ini", "--data", "data.h5", "--key", "key", "--created", "2024-09-24", "--assignment", "a.h5",
                         "--output", "a.json", *options, ranks=ranks, threads=threads)

    def plan(self, *options, ranks=1, campaign=("--campaign", "spring.ini")):
        done = self.done("campaign", "plan", *campaign, "--data", "data.h5", "--key", "key", "--output", "plan.json", *options, ranks=ranks)
        return json.loads((self.path / "plan.json").read_text()), done

    def report(self):
        return json.loads((self.path / "a.json").read_text())

    def assignment(self):
        """Of each eligible customer its group, stratum, and its offers with (value, intended, sent)."""
        with h5py.File(self.path / "a.h5") as file:
            ids = [id.decode() for id in file["users/ids"][()]]
            names = [name.decode() for name in file["offers/names"][()]]
            strata = [name.decode() for name in file["strata/names"][()]]
            indptr = file["users/offers/indptr"][()]
            columns = [file[f"users/offers/{name}"][()] for name in ("offer", "value_millionths", "intended", "sent")]
            offers = [{names[offer]: (value, intended, sent) for offer, value, intended, sent in zip(*(column[begin:end] for column in columns))}
                      for begin, end in zip(indptr, indptr[1:])]
            return {id: {"group": group, "stratum": strata[stratum], "past": past, "predicted": predicted, "offers": of}
                    for id, group, stratum, past, predicted, of in zip(ids, file["users/group"][()], file["users/stratum"][()],
                                                                       file["users/past_money_millionths"][()],
                                                                       file["users/predicted_value_millionths"][()], offers)}

    def past(self, id):
        return sum(money for user, _, money, day in self.orders if user == id and "2024-09-03" <= day < "2024-10-01")

    def value(self, id, offer):
        """In millionths; None without a probability."""
        if offer == "=toys":
            missing = self.ids.index(id) % 50 == 0
            return None if missing else math.floor(round(self.toys[id] * 1e6) * 12 + 0.5) - 500_000
        return round(self.tea[id] * 1e6) * 5 - 250_000 if offer == "tea" else 300_000

    @staticmethod
    def draw(campaign, id):
        return int.from_bytes(hmac.new(KEY, campaign.encode() + b"\0" + id.encode(), hashlib.sha256).digest()[:8], "big")

    def test_groups_are_those_of_the_keyed_hash(self):
        self.campaign("budget = 40\nstrata = segment,value")
        self.assign("--segments", "clusters.h5")
        customers = self.assignment()
        self.assertEqual(list(customers), sorted(self.ids))
        rest = collections.defaultdict(list)
        for id, customer in customers.items():
            is_global = self.draw("", id) < 0.04 * 2**64
            self.assertEqual(customer["group"] == 2, is_global, id)
            self.assertEqual(customer["past"], 1_000_000 * self.past(id))
            if not is_global:
                rest[customer["stratum"]].append(id)
        self.assertGreaterEqual(len(rest), 12)
        for stratum, members in rest.items():
            in_order = sorted(members, key=lambda id: self.draw("spring", id))
            controls = {id for id in members if customers[id]["group"] == 1}
            self.assertEqual(controls, set(in_order[:len(members) // 10]), stratum)
        # Quarters: customers with more money are in no lower one.
        quarter = {id: int(customer["stratum"][-1]) for id, customer in customers.items()}
        for one in customers.values():
            self.assertRegex(one["stratum"], r"^(segment [012]|no segment), value quarter [1-4]$")
        by_money = sorted(customers, key=lambda id: customers[id]["past"])
        self.assertEqual([quarter[id] for id in by_money], sorted(quarter.values()))

    def test_offers_are_feasible_and_near_the_linear_program(self):
        self.campaign("budget = 40")
        self.assign()
        customers, report = self.assignment(), self.report()
        costs, capacities = {"=toys": 500_000, "tea": 250_000, "app": 0}, {"=toys": 60, "tea": 90, "app": USERS}
        sent = [(id, offer) for id, customer in customers.items() for offer, (_, _, is_sent) in customer["offers"].items() if is_sent]
        self.assertTrue(all(customers[id]["group"] == 0 for id, _ in sent))
        self.assertLessEqual(max(collections.Counter(id for id, _ in sent).values()), 1)
        for offer, count in collections.Counter(offer for _, offer in sent).items():
            self.assertLessEqual(count, capacities[offer])
        self.assertLessEqual(sum(costs[offer] for _, offer in sent), 40_000_000)
        for id, customer in customers.items():
            for offer, (value, _, _) in customer["offers"].items():
                self.assertEqual(value, self.value(id, offer), (id, offer))
            self.assertEqual(customer["predicted"], sum(value for value, intended, _ in customer["offers"].values() if intended))
        total = sum(self.value(id, offer) for id, offer in sent)
        self.assertAlmostEqual(report["value"], total / 1e6, places=9)
        # The relaxation: one variable for each treated customer and offer.
        treated = [id for id, customer in customers.items() if customer["group"] == 0]
        pairs = [(u, id, offer) for u, id in enumerate(treated) for offer in costs if (self.value(id, offer) or -1) > 0]
        rows, columns, data = [], [], []
        for p, (u, id, offer) in enumerate(pairs):
            for row, number in ((u, 1), (len(treated) + list(costs).index(offer), 1), (len(treated) + 3, costs[offer] / 1e6)):
                rows.append(row), columns.append(p), data.append(number)
        limits = [1] * len(treated) + list(capacities.values()) + [40]
        best = scipy.optimize.linprog([-self.value(id, offer) / 1e6 for _, id, offer in pairs], bounds=(0, 1), method="highs", b_ub=limits,
                                      A_ub=scipy.sparse.csr_matrix((data, (rows, columns)), shape=(len(limits), len(pairs))))
        self.assertGreaterEqual(report["bound"], -best.fun - 1e-6)
        self.assertLess(report["bound"], -best.fun * 1.0005)
        self.assertGreater(report["value"], -best.fun * 0.995)
        self.assertAlmostEqual(report["gap"], 1 - report["value"] / report["bound"], places=9)
        # Counts of the report are those of the file.
        for offer in report["offers"]:
            self.assertEqual(offer["sent"], sum(o == offer["name"] for _, o in sent))
            intended = [customer["group"] for customer in customers.values() if customer["offers"].get(offer["name"], (0, 0, 0))[1]]
            self.assertEqual(offer["intended"], intended.count(0))
            self.assertEqual(offer["intended_of_controls"], intended.count(1) + intended.count(2))
            self.assertEqual(offer["could_get_it"], sum((self.value(id, offer["name"]) or -1) > 0 for id in self.ids))

    def test_the_same_bytes_on_any_ranks_and_threads(self):
        self.campaign("budget = 40\nstrata = segment,value\noffers-per-customer = 2")
        digests = set()
        for ranks, threads in ((1, 1), (1, 2), (2, 1), (3, 2), (5, 1)):
            self.assign("--segments", "clusters.h5", "--lists", "lists.jsonl.gz", "--explain", ranks=ranks, threads=threads)
            names = ["a.h5", "a.json", *sorted(path.name for path in self.path.glob("lists-*.jsonl.gz")), "lists.jsonl.gz.manifest.json"]
            digests.add(tuple((name, hashlib.sha256((self.path / name).read_bytes()).hexdigest()) for name in names))
            _, done = self.plan("--segments", "clusters.h5", ranks=ranks)
            digests.add(hashlib.sha256((self.path / "plan.json").read_bytes() + done.out.encode()).hexdigest())
        self.assertEqual(len(digests), 2, digests)
        self.done("verify", "a.h5")

    def test_lists_say_whom_to_send_what_and_why(self):
        self.campaign("budget = 40")
        self.assign("--segments", "clusters.h5", "--lists", "shop.csv", "--format", "excel", "--explain")
        customers = self.assignment()
        manifest = json.loads((self.path / "shop.csv.manifest.json").read_text())
        listed, quiet = {}, set()
        for file in manifest["files"]:
            raw = (self.path / file["file"]).read_bytes()
            self.assertTrue(raw.startswith(b"\xef\xbb\xbf"))
            self.assertEqual(len(raw), file["bytes"])
            rows = list(csv.DictReader(raw.decode("utf-8-sig").splitlines()))
            self.assertEqual(len(rows), file["rows"])
            for row in rows:
                id, offer = row["user"].removeprefix("'"), row["offer"].removeprefix("'")
                self.assertTrue(row["user"].startswith("'="))  # no formula
                if file["file"] != "shop-controls.csv":
                    self.assertEqual(row["group"], "treated")
                    self.assertEqual(row["segment"] or "none", "none" if file["segment"] is None else str(file["segment"]))
                    self.assertTrue(file["file"].endswith(f"-{row['channel']}.csv"))
                else:
                    self.assertEqual(row["group"], {1: "control", 2: "global_control"}[customers[id]["group"]])
                    quiet.add(id)
                    if not offer:
                        self.assertEqual((row["channel"], row["value"], row["net_value"]), ("", "", ""))
                        self.assertFalse(any(intended for _, intended, _ in customers[id]["offers"].values()))
                        continue
                value = self.value(id, offer) / 1e6
                self.assertEqual(float(row["value"]), value)
                share = {"=toys": self.toys[id], "tea": self.tea[id], "app": 0.3}[offer]
                self.assertAlmostEqual(float(row["probability"]), share, delta=5e-7)
                net = value - float(row["offer_price"]) - float(row["budget_price"]) * float(row["cost"])
                self.assertAlmostEqual(float(row["net_value"]), net, places=9)
                listed[id, offer] = row["group"]
        sent = {(id, offer) for id, customer in customers.items() for offer, (_, _, is_sent) in customer["offers"].items() if is_sent}
        self.assertEqual({pair for pair, group in listed.items() if group == "treated"}, sent)
        held = {(id, offer) for id, customer in customers.items() if customer["group"] == 1
                for offer, (_, intended, _) in customer["offers"].items() if intended}
        self.assertEqual({pair for pair, group in listed.items() if group == "control"}, held)
        self.assertGreater(len(held), 5)
        self.assertEqual(quiet, {id for id, customer in customers.items() if customer["group"] != 0})
        # Without segments fewer files: those of the run before go, and none of another program is touched.
        self.assign("--lists", "shop.csv")
        names = {path.name for path in self.path.glob("shop*")}
        self.assertEqual(names, {"shop-segment-none-mail.csv", "shop-segment-none-app.csv", "shop-controls.csv", "shop.csv.manifest.json"})
        (self.path / "shop-segment-7-mail.csv").write_text("mine")
        refused = run(["campaign", "assign", "--campaign", "spring.ini", "--data", "data.h5", "--key", "key", "--assignment", "other.h5", "--lists", "shop.csv"], cwd=self.path)
        self.assertEqual(refused.code, 73, refused)
        self.assertFalse((self.path / "other.h5").exists())
        (self.path / "shop-segment-7-mail.csv").unlink()
        # One table.
        self.assign("--segments", "clusters.h5", "--lists", "table.h5", "--explain")
        with h5py.File(self.path / "table.h5") as file:
            self.assertEqual(len(file["users/ids"]), len(listed))
            self.assertIn(b"=toys", list(file["users/table/offer/categories"][()]))

    def test_who_is_left_out_adds_up(self):
        names = self.path / "names.csv"
        names.write_text("segment,name\n0,zero\n1,one\n2,two\n")
        contacts = [(id, day) for n, id in enumerate(self.ids) if n % 7 == 0 for day in ("2024-09-20", "2024-09-10")]
        contacts += [(self.ids[1], "2024-09-20"), (self.ids[1], "2024-08-01"), (self.ids[2], "2024-10-01"), (self.ids[2], "2024-09-30 23:59:59"), ("nobody", "2024-09-20")]
        with gzip.open(self.path / "contacts.csv.gz", "wt") as file:
            file.write("user,time\n" + "".join(f"{id},{day}\n" for id, day in contacts))
        self.campaign("segments = zero,1\nwhere = country = DE\ncontacts-within = 28d\ncontacts-limit = 2")
        report, done = self.plan("--segments", "clusters.h5", "--names", names, "--contacts", "contacts.csv.gz", ranks=3)
        with h5py.File(self.path / "clusters.h5") as file:
            segment = dict(zip((id.decode() for id in file["ids"][()]), file["assignments"][()]))
        left = collections.Counter()
        for n, id in enumerate(self.ids):
            left["other_segment" if segment.get(id, 2) == 2 else "condition" if self.country[id] != "DE" else "contacts" if n % 7 == 0 else "eligible"] += 1
        counts = report["customers"]
        self.assertEqual(counts["left_out"], {name: left[name] for name in ("other_segment", "condition", "contacts")})
        self.assertEqual(counts["eligible"], left["eligible"])
        self.assertEqual(counts["all"], sum(left.values()))
        self.assertEqual(counts["eligible"], counts["treated"] + counts["controls"] + counts["global_controls"])
        self.assertEqual(report["contacts"], {"read": len(contacts), "of_others": 1, "at_or_after_the_start": 1})
        for words in ("1 contact of customers who are not in data.h5", "1 contact at or after the start", "at or after the start of the campaign are left out"):
            self.assertIn(words, done.err)

    def test_the_plan_says_what_hold_outs_see(self):
        for goal in ("revenue", "orders", "buyers"):
            self.campaign("budget = 40", goal=goal)
            report, done = self.plan()
            self.assign()
            self.assertEqual({name: report[name] for name in ("value", "bound", "spending", "customers")},
                             {name: self.report()[name] for name in ("value", "bound", "spending", "customers")})
            customers = [id for id, customer in self.assignment().items() if customer["group"] != 2]
            outcomes = []
            for id in customers:
                orders = {day for user, _, _, day in self.orders if user == id and "2024-09-03" <= day < "2024-10-01"}
                outcomes.append(self.past(id) if goal == "revenue" else len(orders) if goal == "orders" else float(bool(orders)))
            advice = report["hold_out"]
            self.assertAlmostEqual(advice["past"]["mean"], np.mean(outcomes), places=9)
            self.assertAlmostEqual(advice["past"]["standard_deviation"], np.std(outcomes, ddof=1), places=9)
            self.assertEqual([choice["share"] for choice in advice["choices"]], [0.01, 0.02, 0.05, 0.1, 0.2])
            for choice in advice["choices"]:
                controls = math.floor(choice["share"] * len(customers) + 1e-9)
                self.assertEqual((choice["controls"], choice["treated"]), (controls, len(customers) - controls))
                if goal != "buyers":
                    z = scipy.stats.norm.ppf(0.975) + scipy.stats.norm.ppf(0.8)
                    expected = z * math.sqrt(np.var(outcomes, ddof=1) * (1 / choice["controls"] + 1 / choice["treated"]))
                    self.assertAlmostEqual(choice["least_effect"], expected, places=6)
                # Capacities and the budget bind, so those who stay bring more of what the others would have brought.
                self.assertLess(choice["cost"], 1.02 * report["value"] / report["customers"]["treated"] * controls)
            costs = [choice["cost"] for choice in advice["choices"]]
            self.assertEqual(costs, sorted(costs))
            self.assertGreaterEqual(costs[0], 0)
            self.assertEqual(advice["expected_effect"] is None, goal == "revenue")
            self.assertEqual("is not known" in advice["sentence"], goal == "revenue")
            self.assertIn(advice["sentence"], done.out)

    def test_json_says_the_same(self):
        self.campaign("budget = 40")
        report, _ = self.plan()
        sections = {}
        for line in (self.path / "spring.ini").read_text().splitlines():
            if line.startswith("["):
                section = sections.setdefault(line[1:-1], {})
            elif line:
                section[line.split(" = ")[0]] = line.split(" = ")[1]
        (self.path / "spring.json").write_text(json.dumps(sections))
        self.assertEqual(self.plan("--campaign", "spring.json", campaign=[])[0], report)

    def test_measured_uplift_goes_before_probabilities(self):
        self.campaign()
        (self.path / "uplift.csv").write_text("segment,offer,treated,control,uplift,standard_error,shrunk_uplift,sent_share\n0,app,50,5,3,1,1.25,0.5\n1,app,50,5,1,1,-0.5,1\n"
                                              "(none),app,9,1,,,,1\n7,app,5,5,1,1,1,1\n2,gone,5,5,1,1,1,1\n2,app,50,5,9,1,9,0.01\n")
        self.assign("--segments", "clusters.h5", "--uplift", "uplift.csv")
        self.assertEqual(self.report()["uplift"], {"rows": 6, "used": 2, "unknown": 2, "empty": 2, "unmatched": 0, "has_sent_share": True, "by_number": True})
        with h5py.File(self.path / "a.h5") as file:
            segments = dict(zip((id.decode() for id in file["users/ids"][()]), file["users/segment"][()]))
        values = collections.defaultdict(set)
        for id, customer in self.assignment().items():
            if "app" in customer["offers"]:
                values[segments[id]].add(customer["offers"]["app"][0])
        self.assertEqual(values[0], {2_500_000})
        self.assertNotIn(1, values)
        self.assertEqual(values[2], {300_000})

    def test_uplifts_of_last_quarters_segments_go_to_those_that_match(self):
        self.campaign()
        (self.path / "uplift.csv").write_text("segment,offer,shrunk_uplift\n1,app,2.5\n0,app,-0.5\n2,app,7\n")
        matches = [{"segment": "segment 0", "before": "segment 1", "common": 9}, {"segment": "segment 1", "before": "segment 0", "common": None},
                   {"segment": "segment 2", "before": None, "common": None}]
        (self.path / "segments.json").write_text(json.dumps({"changes": {"matches": matches}}))
        done = self.assign("--segments", "clusters.h5", "--uplift", "uplift.csv", "--uplift-matches", "segments.json")
        self.assertEqual(self.report()["uplift"], {"rows": 3, "used": 2, "unknown": 0, "empty": 0, "unmatched": 1, "has_sent_share": False, "by_number": False})
        self.assertIn("1 of 3 rows is of a segment that matches none of now", str(done))
        values = self.assignment()
        (self.path / "uplift.csv").write_text("segment,offer,shrunk_uplift\n0,app,2.5\n1,app,-0.5\n")
        done = self.assign("--segments", "clusters.h5", "--uplift", "uplift.csv")
        self.assertEqual(self.assignment(), values)
        self.assertIn("goes to segments by their numbers", str(done))

    def test_odd_numbers_are_warned_of(self):
        def plan(change, more=""):
            self.campaign(more, change=change)
            return self.plan("--quiet")[1].err

        warnings = plan(lambda text: text.replace("probability = tea", "probability = percent"))
        self.assertIn("probability = percent: not from 0 to 1 for", warnings)
        self.assertIn("probability = toys: missing for 8 eligible customers", warnings)
        self.assertIn("[offer tea]: its capacity 9000 is more than the", plan(lambda text: text.replace("capacity = 90", "capacity = 9000")))
        self.assertIn("[offer app]: nobody can get it: its expected value", plan(lambda text: text.replace("margin = 1\n", "margin = 1\ncost = 0.3\n")))
        self.assertIn("[offer tea]: nobody can get it: its capacity is 0", plan(lambda text: text.replace("capacity = 90", "capacity = 0")))
        self.assertIn("the budget of 9000.00 does not bind", plan(lambda text: text, "budget = 9000"))
        self.assertIn("nobody is held out of this campaign", plan(lambda text: text.replace("hold-out = 10%", "hold-out = 0")))
        self.campaign()
        late = self.done("campaign", "assign", "--campaign", "spring.ini", "--data", "data.h5", "--key", "key", "--assignment", "late.h5", "--quiet")
        self.assertIn("campaign measure refuses it", late.err)

    def test_times_of_the_log_are_looked_at(self):
        last = max(day for _, _, _, day in self.orders)  # 2024-10-28, after the start
        self.campaign()
        assign = ["campaign", "assign", "--campaign", "spring.ini", "--data", "data.h5", "--key", "key", "--assignment", "raised.h5", "--quiet"]
        done = self.done(*assign, "--created", "2024-09-24")
        self.assertIn(f"--created 2024-09-24 00:00:00 is before the last order of the log, {last} 00:00:00 UTC", done.err)
        with h5py.File(self.path / "raised.h5") as file:
            self.assertEqual(int(file.attrs["created"]), int(np.datetime64(last, "us").astype(np.int64)))
        for start, days in (("2024-11-04", 7), ("2024-11-10", 13)):
            self.campaign(change=lambda text: text.replace("start = 2024-10-01", f"start = {start}"))
            self.assertEqual(f"its log ends at {last} 00:00:00 UTC, {days}.0 days before the campaign's start" in self.plan("--quiet")[1].err, days > 7)
        self.refused(65, "has no order in the last horizon before", change=lambda text: text.replace("start = 2024-10-01", "start = 2025-06-01"))

    def test_a_large_gap_is_warned_of(self):
        """One offer fits the budget where almost two would."""
        (self.path / "gap.ini").write_text("[campaign]\nname = gap\nstart = 2024-10-01\nhorizon = 28d\nhold-out = 0\nbudget = 1.9\n[offer big]\ncost = 1\nmargin = 9\nprobability = 0.5\n")
        for budget, said in (("1.9", True), ("2.0", False)):
            (self.path / "gap.ini").write_text((self.path / "gap.ini").read_text().replace("budget = 1.9", f"budget = {budget}"))
            plan, done = self.plan("--quiet", campaign=("--campaign", "gap.ini"))
            self.assertEqual(plan["gap"] > 0.01, said)
            self.assertEqual("below what no assignment exceeds: a better assignment may exist" in done.err, said, done)

    def test_scores_that_know_the_outcome_are_warned_of(self):
        self.campaign()
        for at, knows in (("2024-09-30", False), ("2024-10-20", True)):
            self.done("profile", "--data", "data.h5", "--at", at, "--output", "known.h5")
            _, done = self.plan("--profile", "known.h5", "--quiet")
            self.assertEqual("known.h5 knows orders until 2024-10-20, and the campaign starts on 2024-10-01" in done.err, knows, done)
        self.done("profile", "--data", "data.h5", "--at", "2024-08-31", "--output", "early.h5")
        self.done("profile", "--data", "data.h5", "--at", "2024-09-30", "--output", "known.h5")
        for days, knows in ((30, False), (40, True)):
            self.done("propensity", "--profile", "early.h5", "--outcomes", "data.h5", "--within", f"{days}d", "--score", "known.h5", "--output", "scores.h5")
            _, done = self.plan("--propensity", "scores.h5", "--quiet")
            self.assertEqual("scores.h5 has learned what customers bought until 2024-10-10" in done.err, knows, done)

    def refused(self, code, message, *options, change=lambda text: text, more="", job="plan", name="spring.ini"):
        self.campaign(more, change=change, name=name)
        command = {"--campaign": name, "--data": "data.h5", "--key": "key", **({"--assignment": "refused.h5"} if job == "assign" else {})}
        command.update(zip(options[::2], options[1::2]))
        done = run(["campaign", job, *(word for pair in command.items() for word in pair)], cwd=self.path, ranks=ranks_of_refusal(self, code))
        self.assertEqual(done.code, code, done)
        self.assertEqual(len([line for line in done.our_lines if "warning" not in line]), 1, done)
        self.assertIn(message, done.our_lines[-1])
        self.assertFalse((self.path / "refused.h5").exists())

    def test_what_is_wrong_is_refused(self):
        self.refused(2, "spring.ini:4: [campaign] horizon = soon: expected a duration", change=lambda text: text.replace("28d", "soon"))
        self.refused(2, "[campaign] has no option 'hold-outs'; the nearest known one is hold-out", more="hold-outs = 3")
        self.refused(2, "[campaign] has no start; expected one", change=lambda text: text.replace("start = 2024-10-01\n", ""))
        self.refused(2, "expected a share from 0% to 90%", change=lambda text: text.replace("hold-out = 10%", "hold-out = 95%"))
        self.refused(2, "has no offer", change=lambda text: text[:text.index("[offer")])
        self.refused(2, "[offer tea] has no margin", change=lambda text: text.replace("margin = 5\n", ""))
        self.refused(2, "[gift] is unknown", change=lambda text: text + "[gift]\nx = 1\n")
        self.refused(2, "expected an amount of money from 0", change=lambda text: text.replace("margin = 5", "margin = -5"))
        self.refused(2, "no file has a column 'teas'; the nearest known one is tea", change=lambda text: text.replace("probability = tea", "probability = teas"))
        self.refused(2, "strata = segment needs a clustering", more="strata = segment")
        self.refused(2, "contacts-limit and contacts-within", more="contacts-limit = 3")
        self.refused(2, "contacts-limit needs --contacts", more="contacts-limit = 3\ncontacts-within = 7d")
        self.refused(2, "there is no such segment", "--segments", "clusters.h5", more="segments = 9")
        self.refused(2, "--names has a meaning only with --segments", "--names", "people.csv")
        self.refused(2, "--key open-key: the mode of the key's file is 0644", "--key", "open-key")
        self.refused(2, "--key sha256: a hash without a key hides nothing", "--key", "sha256")
        self.refused(2, "--format has a meaning only with --lists", "--format", "csv", job="assign")
        self.refused(66, "--key env:ABSENT", "--key", "env:ABSENT")
        self.refused(66, "gone.h5", "--profile", "gone.h5")
        self.refused(65, "no customer of data.h5 is eligible", more="where = country = FR")
        (self.path / "bad-contacts.csv").write_text("user,time\n=c001,yesterday\n")
        self.refused(65, "bad-contacts.csv: line 2", "--contacts", "bad-contacts.csv", more="contacts-limit = 3\ncontacts-within = 7d")
        (self.path / "bad-uplift.csv").write_text("segment,offer,shrunk_uplift\n(none),tea,1\n(none),tea,2\n")
        self.refused(65, "bad-uplift.csv: line 3: segment '(none)' and offer 'tea' have a row already", "--uplift", "bad-uplift.csv")
        self.refused(65, "clusters.h5: holds no table of users", "--profile", "clusters.h5")
        self.refused(73, "absent/a.h5", "--assignment", "absent/a.h5", job="assign")


if __name__ == "__main__":
    unittest.main()
