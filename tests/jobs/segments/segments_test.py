"""`rankwise segments`: planted segments are found and described, numbers are those of plain numpy and scipy, everybody is counted once, and what
is not printed cannot be worked out from what is."""
import collections
import csv
import io
import itertools
import json
import pathlib
import tempfile
import unittest

import h5py
import numpy as np
from scipy import optimize, stats

from planted_quarters import CATEGORIES, ITEMS, TRIBES, Quarter, two_quarters
from program import ranks_of_refusal, run

LEAST = 10


class SegmentsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        cls.before, cls.now = two_quarters()
        cls.old_data, cls.old_clusters = cls.before.write(cls.path, "before")
        cls.data, cls.clusters = cls.now.write(cls.path, "now")
        cls.names = cls.path / "names.csv"
        cls.names.write_text("segment,name\n" + "".join(f"{tribe},The {tribe} ones\n" for tribe in TRIBES[:3]))
        cls.whole = cls.segments("--segment-column", "tribe", "--names", cls.names, "--against", cls.old_data, "--against-data", cls.old_data)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def run_segments(cls, *options, ranks=1, data=None, env=None):
        output = cls.path / "segments.json"
        output.unlink(missing_ok=True)
        return run(["segments", "--data", data or cls.data, "--output", output, *options], ranks=ranks, env=env), output

    @classmethod
    def segments(cls, *options, **how):
        done, output = cls.run_segments(*options, **how)
        assert done.code == 0, done
        return json.loads(output.read_text())

    def groups(self, quarter):
        """The group of each customer: the tiny tribe has six, and the smallest other one keeps them company."""
        sizes = collections.Counter(quarter.tribes)
        smallest = min(range(3), key=lambda tribe: sizes[tribe])
        return np.array(["(small segments)" if tribe in (3, smallest) else f"The {TRIBES[tribe]} ones" for tribe in quarter.tribes])

    def test_sizes_and_money_are_those_of_the_log(self):
        groups = self.groups(self.now)
        self.assertEqual({segment["name"]: segment["customers"] for segment in self.whole["segments"]}, dict(collections.Counter(groups)))
        self.assertEqual(self.whole["customers"], len(groups))
        self.assertEqual(self.whole["segments_pooled"], 2)
        for segment in self.whole["segments"]:
            money = self.now.money[groups == segment["name"]].sum()
            self.assertAlmostEqual(segment["money"]["sum"], money, delta=0.02)
            self.assertAlmostEqual(segment["money"]["share"], money / self.now.money.sum(), places=6)
        self.assertAlmostEqual(self.whole["money"], self.now.money.sum(), delta=0.02)

    def test_numbers_are_numpys(self):
        groups = self.groups(self.now)
        items = np.array([len(bought) for bought in self.now.items_of()])
        for values, column in ((self.now.age, "age"), (items, "distinct_items")):
            for segment in self.whole["segments"] + [{"name": None, "numbers": self.whole["overall"]}]:
                chosen = values[(groups == segment["name"]) if segment["name"] else slice(None)]
                chosen = chosen[~np.isnan(chosen)]
                found = next(number for number in segment["numbers"] if number["column"] == column)
                quartiles = np.quantile(chosen, [0.25, 0.5, 0.75])
                self.assertEqual([found["lower_quartile"], found["median"], found["upper_quartile"]], list(quartiles))
                self.assertAlmostEqual(found["trimmed_mean"], stats.trim_mean(chosen, 0.1), places=9)

    def counts(self, lift, groups, name):
        """Customers with the value, in the segment and elsewhere."""
        if lift["kind"] == "item":
            has = np.array([int(lift["value"][1:]) in bought for bought in self.now.items_of()])
        elif lift["kind"] == "item-category":
            place = CATEGORIES.index(lift["value"])
            has = np.array([any(item % len(CATEGORIES) == place for item in bought) for bought in self.now.items_of()])
        else:
            self.assertEqual(lift["attribute"], "region")
            has = self.now.region == lift["value"]
        inside = groups == name
        return has[inside].sum(), inside.sum(), has[~inside].sum(), (~inside).sum()

    def test_lifts_are_scipys(self):
        groups = self.groups(self.now)
        seen = collections.Counter()
        for segment in self.whole["segments"]:
            for lift in segment["lifts"]:
                if lift["kind"] == "customer-number":
                    continue
                one, all_one, other, all_other = self.counts(lift, groups, segment["name"])
                seen[lift["kind"]] += 1
                self.assertEqual(lift["customers"], one)
                risk = stats.contingency.relative_risk(int(one), int(all_one), int(other), int(all_other))
                interval = risk.confidence_interval(0.95)
                np.testing.assert_allclose([lift["share"], lift["share_elsewhere"], lift["lift"], *lift["interval"]],
                                           [one / all_one, other / all_other, risk.relative_risk, *interval], rtol=1e-9)
                table = [[one, all_one - one], [other, all_other - other]]
                if lift["test"] == "fisher":
                    p = stats.fisher_exact(table)[1]
                else:
                    p = stats.chi2_contingency(table, correction=False)[1]
                np.testing.assert_allclose(lift["p"], p, rtol=1e-6, atol=1e-300)
                self.assertGreaterEqual(lift["p_adjusted"], lift["p"])
        self.assertEqual(set(seen), {"item", "item-category", "customer-category"})

    def test_planted_segments_are_described(self):
        for segment in self.whole["segments"]:
            if segment["kind"] != "segment":
                continue
            tribe = next(place for place, name in enumerate(TRIBES) if name in segment["name"])
            reasons = " ".join(segment["reasons"])
            self.assertIn(f"category = {CATEGORIES[tribe]}", reasons, segment["name"])
            self.assertLessEqual(len(segment["reasons"]), 5)
        described = sum(segment["customers"] for segment in self.whole["segments"] if segment["kind"] == "segment")
        self.assertIn(f"{described} of 950 customers are in 2 segments.", self.whole["sentences"][0])

    def test_adjusted_p_values_are_over_all_cells(self):
        whole = self.segments("--segment-column", "tribe", "--most-lifts", "100000")
        lifts = [lift for segment in whole["segments"] for lift in segment["lifts"]]
        self.assertEqual(len(lifts), whole["cells_tested"])
        p = np.array([lift["p"] for lift in lifts])
        order = np.argsort(p)
        adjusted = np.minimum.accumulate((p[order] * len(p) / np.arange(1, len(p) + 1))[::-1])[::-1]
        np.testing.assert_allclose(np.array([lift["p_adjusted"] for lift in lifts])[order], np.minimum(adjusted, 1), rtol=1e-12)

    def true_migration(self):
        """Customers and their money by (from, to)."""
        now = dict(zip(self.now.ids, self.groups(self.now)))
        before = dict(zip(self.before.ids, self.old_groups()))
        counts, money = collections.Counter(), collections.Counter()
        for id in {*now, *before}:
            counts[before.get(id, "(new)"), now.get(id, "(lost)")] += 1
        for id, value in zip(self.now.ids, self.now.money):
            money[before.get(id, "(new)"), now[id]] += value
        return counts, money

    def old_groups(self):
        # names are given by --against-names alone
        return np.array([name.replace("The ", "").replace(" ones", "") for name in self.groups(self.before)])

    def test_everybody_of_either_quarter_is_in_one_cell(self):
        counts, money = self.true_migration()
        cells = {(cell["from"], cell["to"]): cell for cell in self.whole["changes"]["migration"]}
        rows = [segment["name"] for segment in self.whole["segments"]] + ["(lost)"]
        columns = [group["name"] for group in self.whole["changes"]["before"]] + ["(new)"]
        printed = 0
        for column, row in itertools.product(columns, rows):
            if (column, row) == ("(new)", "(lost)"):
                continue
            cell = cells[column, row]
            if cell["customers"] is None:
                continue
            printed += 1
            self.assertEqual(cell["customers"], counts[column, row])
            if cell["money_now"] is not None and row != "(lost)":
                self.assertAlmostEqual(cell["money_now"], money[column, row], delta=0.02)
        self.assertGreaterEqual(printed, 8)
        self.assertEqual(cells["(all)", "(all)"]["customers"], 1050)
        self.assertEqual(cells["(all)", "(lost)"]["customers"], 100)
        self.assertEqual(cells["(new)", "(all)"]["customers"], 150)
        for segment in self.whole["segments"]:
            self.assertEqual(cells["(all)", segment["name"]]["customers"], segment["customers"])
            self.assertEqual(cells["(all)", segment["name"]]["money_now"], segment["money"]["sum"])
        matches = {match["segment"]: match["before"] for match in self.whole["changes"]["matches"]}
        self.assertEqual(matches["The bargain ones"], "bargain")

    def test_sleeping_and_drift(self):
        changes = self.whole["changes"]
        # The log of now begins after last quarter's has ended: nobody of now sleeps, and that is not printed.
        self.assertTrue(all(row["customers"] is None for row in changes["sleeping"]))
        drift = {column["column"]: column for column in changes["drift"]}
        age = [quarter.age[~np.isnan(quarter.age)] for quarter in (self.before, self.now)]
        distance = stats.ks_2samp(*age).statistic
        self.three_digits(drift["age"]["statistic"], distance)
        distance *= np.sqrt(len(age[0]) * len(age[1]) / (len(age[0]) + len(age[1])))
        self.three_digits(drift["age"]["p"], stats.kstwobign.sf(distance))
        self.assertEqual(drift["age"]["median_before"], np.median(age[0]))
        bounds = np.unique(np.quantile(age[0], np.arange(1, 10) / 10))
        p, q = (np.bincount(np.searchsorted(bounds, values), minlength=len(bounds) + 1) / len(values) for values in age)
        self.three_digits(drift["age"]["stability_index"], ((q - p) * np.log(q / p)).sum())
        regions = [[np.sum(quarter.region == name) for name in ("north", "south")] for quarter in (self.before, self.now)]
        self.three_digits(drift["region"]["p"], stats.chi2_contingency(regions, correction=False)[1])
        self.assertNotIn("tribe", drift)  # sizes of small segments

    def three_digits(self, found, expected):
        self.assertEqual(found, float(f"{expected:.2e}"))

    def test_sleepers_are_counted(self):
        both = Quarter(range(600), np.arange(600) % 3, 3, 0)
        later = Quarter(range(300), np.arange(300) % 3, 4, 90)
        old_data, _ = both.write(self.path, "short")
        both.lines += [(c, *rest) for c, *rest in later.lines]
        data, _ = both.write(self.path, "long")
        found = self.segments("--segment-column", "tribe", "--against", old_data, "--against-data", old_data, data=data)
        sleeping = {row["segment"]: row["customers"] for row in found["changes"]["sleeping"]}
        self.assertEqual(sleeping, {"bargain": 100, "classic": 100, "premium": 100, "(all)": 300})
        self.assertTrue(any("300 customers of both quarters have ordered nothing" in text for text in found["sentences"]))

    def printed_integers(self, json_part):
        """Every count of customers."""
        if isinstance(json_part, dict):
            for key, value in json_part.items():
                if key in ("customers", "common", "customers_before", "customers_outside_data") and isinstance(value, int):
                    yield value
                else:
                    yield from self.printed_integers(value)
        elif isinstance(json_part, list):
            for element in json_part:
                yield from self.printed_integers(element)

    def test_no_count_is_small(self):
        counts = list(self.printed_integers(self.whole))
        self.assertGreater(len(counts), 50)
        self.assertGreaterEqual(min(count for count in counts if count), LEAST)
        for segment in self.whole["segments"]:
            for lift in segment["lifts"]:
                without = segment["customers"] - lift["customers"]
                self.assertTrue(without == 0 or without >= LEAST, lift)
                elsewhere = lift["share_elsewhere"] * (self.whole["customers"] - segment["customers"])
                self.assertGreaterEqual(round(elsewhere), LEAST)

    def cluster_migration(self):
        """Customers by names of their clusters, or of the pool of small ones."""
        named = []
        for clustering in (self.old_clusters, self.clusters):
            with h5py.File(clustering) as file:
                ids, of = [id.decode() for id in file["ids"][()]], file["assignments"][()]
            sizes = np.bincount(of)
            pool = {place for place in range(len(sizes)) if sizes[place] < LEAST}
            if pool and sizes[list(pool)].sum() < LEAST:
                pool.add(min((place for place in range(len(sizes)) if place not in pool), key=lambda place: sizes[place]))
            named.append({id: "(small segments)" if cluster in pool else f"segment {cluster}" for id, cluster in zip(ids, of)})
        before, now = named
        return collections.Counter((before.get(id, "(new)"), now.get(id, "(lost)")) for id in {*now, *before})

    def test_migration_gives_nothing_away(self):
        """Bounds of each cell that is not printed, by linear programs over all that is."""
        whole = self.segments("--segments", self.clusters, "--against", self.old_clusters)
        rows = [segment["name"] for segment in whole["segments"]] + ["(lost)"]
        columns = [group["name"] for group in whole["changes"]["before"]] + ["(new)"]
        cells = {(cell["from"], cell["to"]): cell["customers"] for cell in whole["changes"]["migration"]}
        places = {pair: place for place, pair in enumerate((c, r) for c in columns for r in rows if (c, r) != ("(new)", "(lost)"))}
        equations, values = [], []
        for (column, row), value in cells.items():
            if value is None:
                continue
            equations.append([float((column in (c, "(all)")) and (row in (r, "(all)"))) for c, r in places])
            values.append(value)
        # Clusters are compared with the truth by their customers; zeros may be worked out.
        truth = self.cluster_migration()
        hidden = [pair for pair in places if cells[pair] is None and 0 < truth[pair] < LEAST]
        self.assertTrue(hidden)
        for pair in hidden:
            ends = []
            for sign in (1, -1):
                target = np.zeros(len(places))
                target[places[pair]] = sign
                found = optimize.linprog(target, A_eq=np.array(equations), b_eq=values, bounds=(0, 10_000), method="highs")
                self.assertEqual(found.status, 0)
                ends.append(sign * found.fun)
            self.assertGreater(ends[1] - ends[0], 0.5, pair)
            self.assertGreaterEqual(ends[1], LEAST, pair)

    def test_lifts_give_nothing_away(self):
        """Bounds of each count that is not printed, of those who have a value and of those who have not, by linear programs over all that is: printed
        counts, the totals that shares elsewhere give, and the sizes of segments."""
        whole = self.segments("--segment-column", "tribe", "--most-lifts", "100000", "--least-group", str(least := 60))
        groups = np.array([name.replace("The ", "").replace(" ones", "") for name in self.groups(self.now)])
        names = [segment["name"] for segment in whole["segments"]]
        sizes = np.array([segment["customers"] for segment in whole["segments"]])
        printed, totals = collections.defaultdict(dict), {}
        for segment in whole["segments"]:
            for lift in segment["lifts"]:
                key = lift["kind"], lift["attribute"], lift["value"]
                printed[key][segment["name"]] = lift["customers"]
                totals[key] = lift["customers"] + round(lift["share_elsewhere"] * (whole["customers"] - segment["customers"]))
        has = {("item", "item", f"i{item:02d}"): np.array([item in bought for bought in self.now.items_of()]) for item in range(ITEMS)}
        for place, category in enumerate(CATEGORIES):
            has["item-category", "category", category] = np.array(
                [any(item % len(CATEGORIES) == place for item in bought) for bought in self.now.items_of()])
        tables = [[key] for key in has]
        for region in ("north", "south"):
            has["customer-category", "region", region] = self.now.region == region
        tables.append([("customer-category", "region", region) for region in ("north", "south")])
        attacked = 0
        for keys in tables:
            truth = np.array([[np.sum(has[key] & (groups == name)) for name in names] for key in keys])
            truth = np.vstack([truth, sizes - truth.sum(axis=0)])  # and those with no such value
            equations = [[float(column == place) for _ in truth for column in range(len(names))] for place in range(len(names))]
            values = list(sizes)
            for row, key in enumerate(keys):
                cells = [(row, names.index(name), count) for name, count in printed.get(key, {}).items()]
                for _, column, count in cells:
                    equations.append([float((r, c) == (row, column)) for r in range(len(truth)) for c in range(len(names))])
                    values.append(count)
                if cells:
                    equations.append([float(r == row) for r in range(len(truth)) for _ in names])
                    values.append(totals[key])
            for row, column in zip(*np.nonzero((truth > 0) & (truth < least))):
                attacked += 1
                target = np.zeros(truth.size)
                target[row * len(names) + column] = 1
                ends = [sign * optimize.linprog(sign * target, A_eq=np.array(equations), b_eq=values, bounds=(0, None), method="highs").fun
                        for sign in (1, -1)]
                self.assertGreaterEqual(ends[1], truth[row, column] + least - 1e-6, keys)
                self.assertLessEqual(ends[0], truth[row, column] + 1e-6)
        self.assertGreater(attacked, 40)
        self.assertGreater(len(printed), 20)

    def test_a_dominant_customer_hides_sums(self):
        quarter = Quarter(range(600), np.arange(600) % 3, 9, 0, dominant=True)
        data, _ = quarter.write(self.path, "dominant")
        found = self.segments("--segment-column", "tribe", data=data)
        money = {segment["name"]: segment["money"]["sum"] for segment in found["segments"]}
        self.assertIsNone(money["bargain"])
        self.assertLessEqual(sum(value is not None for value in [*money.values(), found["money"]]), 2)
        self.assertIsNone(found["money"])  # the customer has more than half of all, too

    def test_same_bytes_on_any_ranks_and_threads(self):
        options = ["--segments", self.clusters, "--names", self.path / "cluster-names.csv", "--against", self.old_clusters,
                   "--against-data", self.old_data, "--report", self.path / "page.html"]
        (self.path / "cluster-names.csv").write_text("segment;name\n0;first\n2;third\n")
        found = set()
        for ranks, threads in ((1, 1), (1, 2), (2, 1), (3, 2), (5, 1)):
            done, output = self.run_segments(*options, ranks=ranks, env={"OMP_NUM_THREADS": threads})
            self.assertEqual(done.code, 0, done)
            found.add((output.read_bytes(), (self.path / "page.html").read_bytes(), done.out))
        self.assertEqual(len(found), 1)

    def test_recommended_items_are_those_of_the_lists(self):
        model, lists = self.path / "model.h5", self.path / "lists.h5"
        for step in (["als", "--data", self.data, "--factors", "4", "--epochs", "3", "--model", model],
                     ["recommend", "--data", self.data, "--model", model, "--top", "5", "--output", lists]):
            self.assertEqual(run(step).code, 0)
        with h5py.File(lists) as file:
            users = [id.decode() for id in file["users/ids"][()]]
            items = [id.decode() for id in file["recommendations/items"][()]]
            ends = file["recommendations/indptr"][()]
        group_of = dict(zip(self.now.ids, self.groups(self.now)))
        counts = collections.defaultdict(collections.Counter)
        for user, begin, end in zip(users, ends, ends[1:]):
            counts[group_of[user]].update(items[begin:end])
        found = [self.segments("--segment-column", "tribe", "--names", self.names, "--lists", lists, ranks=ranks) for ranks in (1, 3)]
        self.assertEqual(*found)
        for segment in found[0]["segments"]:
            own = [(-count, item) for item, count in counts[segment["name"]].items()
                   if count >= LEAST and (count == segment["customers"] or segment["customers"] - count >= LEAST)]
            self.assertEqual([(-item["customers"], item["item"]) for item in segment["recommended"]], sorted(own)[:10])
            self.assertGreater(len(own), 3)
        self.refused(65, "model.h5 is a model, expected recommendations", "--segments", self.clusters, "--lists", model)

    def test_a_profile_divides_and_describes(self):
        profiles = []
        for name, data in (("before", self.old_data), ("now", self.data)):
            profiles.append(self.path / f"{name}-profile.h5")
            self.assertEqual(run(["profile", "--data", data, "--output", profiles[-1]]).code, 0)
        before, now = profiles
        found = self.segments("--profile", now, "--segment-column", "segment", "--against", before, "--against-data", self.old_data,
                              "--against-profile", before)
        with h5py.File(now) as file:
            table = file["users/table"]
            names = table["segment/categories"].asstr()[()]
            sizes = collections.Counter(names[table["segment/codes"][()]])
            money = table["money"][()]
        for segment in found["segments"]:
            if segment["kind"] == "segment":
                self.assertEqual(segment["customers"], sizes[segment["name"]])
        self.assertAlmostEqual(found["money"], np.nansum(money), delta=0.02)
        drift = {column["column"] for column in found["changes"]["drift"]}
        self.assertTrue({"rfm", "recency_days", "r_score"} <= drift)
        self.assertNotIn("segment", drift)
        attributes = {lift["attribute"] for segment in found["segments"] for lift in segment["lifts"]}
        self.assertIn("r_score", attributes)
        self.assertNotIn("rfm", attributes)  # sums of its values are the scores
        self.assertTrue({"r_score", "money"} <= {column["column"] for column in found["overall"]})
        for match in found["changes"]["matches"]:
            self.assertIn(match["before"], (None, match["segment"]))
        # Another quarter's files fit in part, and that is said.
        done, _ = self.run_segments("--profile", before, "--segments", self.old_clusters, ranks=3)
        self.assertEqual(done.code, 0, done)
        for warning in ("150 customers of now.h5 have no row in the table of users", "100 customers of the table of users are not in now.h5: left out",
                        "100 customers of the segments are not in now.h5: left out", "150 customers are in no segment"):
            self.assertIn(warning, done.err.replace(f"{self.path}/", ""))

    def test_names_are_taken_over(self):
        names = self.path / "old-names.csv"
        old = self.segments("--segments", self.old_clusters, data=self.old_data)
        names.write_text("segment,name\n" + "".join(f"{s['key']},old {s['key']}\n" for s in old["segments"] if s["kind"] == "segment"))
        found = self.segments("--segments", self.clusters, "--against", self.old_clusters, "--against-names", names)
        for match in found["changes"]["matches"]:
            if match["before"]:
                self.assertEqual(match["segment"], match["before"])
        self.assertTrue(any(match["before"] for match in found["changes"]["matches"]))

    def test_typical_customers_need_pseudonyms(self):
        found = self.segments("--segments", self.clusters)
        self.assertTrue(all(segment["typical_customers"] == [] for segment in found["segments"]))
        key = self.path / "key"
        key.write_text("0123456789abcdef" * 4 + "\n")
        key.chmod(0o600)
        hidden = Quarter(range(300), np.arange(300) % 3, 8, 0)
        data, _ = hidden.write(self.path, "hidden", "--pseudonyms", key)
        with h5py.File(data) as file:
            pseudonyms = [id.decode() for id in file["users/ids"][()]]
        points = self.path / "hidden-points.csv"
        points.write_text("id,x\n" + "".join(f"{id},{100 * (n % 2) + n / 1000}\n" for n, id in enumerate(pseudonyms)))
        clusters = self.path / "hidden-clusters.h5"
        self.assertEqual(run(["kmeans", "--input", points, "--clusters", "2", "--output", clusters]).code, 0)
        with h5py.File(clusters) as file:
            distances, of = file["distances"][()], file["assignments"][()]
        for segment in self.segments("--segments", clusters, data=data)["segments"]:
            own = [(distances[n], n) for n in range(300) if of[n] == int(segment["key"])]
            self.assertEqual(segment["typical_customers"], [pseudonyms[n] for _, n in sorted(own)[:3]])

    def test_exported_customers_are_k_anonymous(self):
        texts = set()
        for ranks in (1, 3):
            done, _ = self.run_segments("--segments", self.clusters, "--export", self.path / "list.csv", "--export-columns", "region,tribe", ranks=ranks)
            self.assertEqual(done.code, 0, done)
            texts.add((self.path / "list.csv").read_text())
        self.assertEqual(len(texts), 1)
        lines = list(csv.DictReader(io.StringIO(texts.pop())))
        self.assertEqual([line["id"] for line in lines], self.now.ids)
        counts = collections.Counter((line["segment"], line["region"], line["tribe"]) for line in lines)
        self.assertGreaterEqual(min(counts.values()), LEAST)
        withheld = sum(count for (_, region, tribe), count in counts.items() if not tribe)
        self.assertGreater(withheld, 0)
        self.assertLess(withheld, 200)
        self.assertIn(f"the values of {withheld} customers are empty", done.err)
        kept = [line for line in lines if line["tribe"]]
        truth = dict(zip(self.now.ids, zip(self.now.region, self.now.tribes)))
        self.assertTrue(all((line["region"], TRIBES.index(line["tribe"])) == truth[line["id"]] for line in kept))

    def test_csv_has_the_same_numbers(self):
        output = self.path / "segments.csv"
        done = run(["segments", "--data", self.data, "--segment-column", "tribe", "--names", self.names, "--against", self.old_data,
                    "--against-data", self.old_data, "--output", output])
        self.assertEqual(done.code, 0, done)
        lines = list(csv.DictReader(io.StringIO(output.read_text())))
        lifts = [line for line in lines if line["part"] == "lifts" and line["measure"] == "lift"]
        self.assertEqual([float(line["number"]) for line in lifts],
                         [lift["lift"] for segment in self.whole["segments"] for lift in segment["lifts"]])
        moves = [line for line in lines if line["part"] == "migration" and line["measure"] == "customers"]
        self.assertEqual([int(line["number"]) if line["number"] else None for line in moves],
                         [cell["customers"] for cell in self.whole["changes"]["migration"]])

    def test_refusals(self):
        names = self.path / "bad.csv"
        for text, message in (("segment,title\n0,a\n", "line 1: has no column name"), ("segment,name\n0,a\n0,b\n", "line 3: segment '0' has a name"),
                              ("segment,name\n0,a\n1,a\n", "line 3: the name 'a'"), ("segment,name\n0\n", "line 2: has 1 field, expected 2")):
            names.write_text(text)
            self.refused(65, message, "--segments", self.clusters, "--names", names)
        self.refused(2, "expected either --segments CLUSTERING or --segment-column COLUMN")
        self.refused(2, "expected either", "--segments", self.clusters, "--segment-column", "tribe")
        self.refused(2, "--against-data has a meaning only with --against", "--segments", self.clusters, "--against-data", self.old_data)
        self.refused(2, "--least-group 1", "--segments", self.clusters, "--least-group", "1")
        self.refused(65, "there is no such column", "--segment-column", "nothing")
        self.refused(65, "its type is another", "--segment-column", "age")
        self.refused(65, "--money region: its type is another", "--segments", self.clusters, "--money", "region")
        self.refused(65, "holds no table of users", "--segments", self.clusters, "--profile", self.clusters)
        self.refused(65, "now-users.csv: is a text file; expected the HDF5 file that profile writes with --output FILE.h5", "--segments", self.clusters,
                     "--profile", self.path / "now-users.csv")
        self.refused(65, "--export-columns age: its type is another", "--segments", self.clusters, "--export", self.path / "x.csv", "--export-columns", "age")
        self.refused(2, "--export-columns has a meaning only with --export", "--segments", self.clusters, "--export-columns", "region")
        self.refused(2, "expected different names", "--segments", self.clusters, "--export", self.path / "x.csv", "--export-columns", "region,,age")
        self.refused(66, "missing.h5", "--segments", self.path / "missing.h5")
        self.refused(65, "expected at least the 2000 of --least-group", "--segments", self.clusters, "--least-group", "2000")
        self.refused(73, "nowhere", "--segments", self.clusters, "--report", self.path / "nowhere/page.html")

    def refused(self, code, message, *options):
        done, output = self.run_segments(*options, ranks=ranks_of_refusal(self, code))
        self.assertEqual(done.code, code, done)
        self.assertEqual(len(done.our_lines), 1, done)
        self.assertIn(message, done.our_lines[0])
        self.assertFalse(output.exists())


if __name__ == "__main__":
    unittest.main()
