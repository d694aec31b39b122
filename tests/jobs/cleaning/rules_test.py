"""The rules of rankwise prepare that clean a log: against numpy and plain loops, and against planted dirt."""
import collections
import csv
import datetime
import random
import unittest

import h5py
import numpy as np
import scipy.stats

from cleaned import CleaningCase
from program import run

DAY = 86_400


class RulesTest(CleaningCase):
    def values_log(self, seed=1, count=400):
        draw = random.Random(seed)
        rows = [(draw.randrange(40), f"i{draw.randrange(12)}", round(draw.lognormvariate(0, 1.3), 2), 1_600_000_000 + k)
                for k in range(count)]
        return self.log(*rows), rows

    def test_exact_repeats(self):
        log = self.log((1, 1, 2, 5), (1, 1, 2, 5), (1, 1, 2, 6), (1, 1, 3, 5), (2, 1, 2, 5), (1, 1, 2, 5))
        dropped = self.prepare_alike("--input", log, "--exact-repeats", "drop", "--duplicates", "sum", ranks=(1, 2, 3))
        self.assertEqual(dropped.taken("exact-repeats"), 2)
        self.assertEqual([int(row["line"]) for row in dropped.quarantine], [3, 7])
        self.assertEqual(dropped.pairs()[1, 1], 7)
        self.assertEqual(self.prepare("--input", log, "--duplicates", "sum").pairs()[1, 1], 11)

    def test_missing_values_are_filled_in(self):
        draw = random.Random(3)
        known = [round(draw.uniform(0, 9), draw.randrange(2)) for _ in range(61)]
        rows = [(u, u, value, 5) for u, value in enumerate(known)]
        log = self.log(*rows, (98, 1, "", 5), (99, 1, "NA", 5))
        expected = {"mean": np.mean(known), "median": np.median(known), "mode": scipy.stats.mode(known, keepdims=False).mode,
                    "constant:-2.5": -2.5}
        for word, value in expected.items():
            with self.subTest(word):
                ranks = (1,) if word == "constant:-2.5" else (1, 3)  # others are of values that all ranks have
                filled = self.prepare_alike("--input", log, "--missing", f"value={word}", "--min-total", "none", ranks=ranks)
                self.assertEqual(filled.steps["missing-value"]["rows_changed"], 2)
                self.assertAlmostEqual(filled.pairs()[98, 1], value, delta=1e-6 * abs(value))
        self.refused(65, "log.csv:63: the value field is empty", "--input", log)
        self.refused(65, "log.csv:63: the value field is empty", "--input", log, "--missing", "skip,value=error")
        self.assertEqual(self.prepare("--input", log, "--missing", "value=skip").taken("missing-value"), 2)
        for wrong in ("user=mean", "value=most", "value=constant:", "price=skip", "drop"):
            self.refused(2, "--missing", "--input", log, "--missing", wrong)

    def bounds(self, values, kind, numbers):
        if kind == "iqr":
            low, high = np.quantile(values, [0.25, 0.75])
            return low - numbers[0] * (high - low), high + numbers[0] * (high - low)
        if kind == "mad":
            width = numbers[0] * scipy.stats.median_abs_deviation(values, scale="normal")
            return np.median(values) - width, np.median(values) + width
        return tuple(np.quantile(values, numbers))

    def test_outliers_of_the_whole_log(self):
        log, rows = self.values_log()
        values = [row[2] for row in rows]
        for kind, numbers in (("iqr", [1.5]), ("mad", [3.5]), ("quantile", [0.01, 0.93])):
            low, high = self.bounds(values, kind, numbers)
            outside = [k for k, value in enumerate(values) if not low <= value <= high]
            self.assertGreater(len(outside), 3)
            with self.subTest(kind):
                rule = f"value:{kind}:{','.join(map(str, numbers))}"
                dropped = self.prepare_alike("--input", log, "--outliers", rule)
                self.assertEqual([int(row["line"]) for row in dropped.quarantine], [k + 2 for k in outside])
                clipped = self.prepare("--input", log, "--outliers", rule + ":clip", "--duplicates", "sum")  # within the same bounds
                self.assertEqual(clipped.steps[f"outliers {rule}:clip"]["rows_changed"], len(outside))
                totals = collections.Counter()
                for user, item, value, _ in rows:
                    totals[user, item] += min(max(value, low), high)
                for pair, value in clipped.pairs().items():
                    self.assertAlmostEqual(value, totals[pair], delta=1e-6 * totals[pair])

    def test_outliers_of_each_item(self):
        log, rows = self.values_log(seed=2, count=260)
        of_items = collections.defaultdict(list)
        for _, item, value, _ in rows:
            of_items[item].append(value)
        small = {item for item, values in of_items.items() if len(values) < 20}
        self.assertTrue(small and len(small) < len(of_items))
        outside = []
        for k, (_, item, value, _) in enumerate(rows):
            low, high = self.bounds(of_items[item], "iqr", [1])
            if item not in small and not low <= value <= high:
                outside.append(k + 2)
        rule = "item-value:iqr:1"
        dropped = self.prepare_alike("--input", log, "--outliers", rule, "--outlier-min-rows", "20")
        self.assertEqual([int(row["line"]) for row in dropped.quarantine], outside)
        self.assertIn(f"{len(of_items) - len(small)} items with bounds", dropped.steps[f"outliers {rule}"]["note"])
        self.assertIn(f"{len(small)} with fewer than 20 rows", dropped.steps[f"outliers {rule}"]["note"])

    def test_values_without_spread_have_no_outliers(self):
        log = self.log(*[(u, 1, 5, 5) for u in range(20)], (30, 1, 500, 5))
        for kind in ("iqr:1.5", "mad:3.5"):
            step = self.prepare("--input", log, "--outliers", f"value:{kind}").steps[f"outliers value:{kind}"]
            self.assertEqual(step["rows_in"], step["rows_out"])
            self.assertIn("no spread", step["note"])

    def test_implausible_users_and_items(self):
        rows = [(u, (u + i) % 30, 1, 1_600_000_000 + DAY * i) for u in range(20) for i in range(4)]
        rows += [("many", i, 1, 1_600_000_000 + DAY * i) for i in range(15)]
        rows += [("busy", i % 3, 1, 1_600_000_000 // DAY * DAY + 600 * i) for i in range(9)]
        rows += [(u, "postage", 1, 1_600_000_000) for u in range(17)]
        log = self.log(*rows)
        for option, amount, taken in (("--max-user-count", "14", 15), ("--max-events-per-day", "8", 9),
                                      ("--max-catalogue-share", "0.4", 15), ("--max-item-share", "0.7", 17)):
            with self.subTest(option):
                cleaned = self.prepare_alike("--input", log, option, amount)
                self.assertEqual(cleaned.taken(option[2:]), taken)
                self.assertEqual(len(cleaned.quarantine), taken)
        self.assertEqual(self.prepare("--input", log, "--max-user-count", "15").taken("max-user-count"), 0)
        self.refused(2, "--max-item-share", "--input", log, "--max-item-share", "1.5")
        untimed = self.write("untimed.csv", "user,item\n1,1\n")
        self.refused(2, "--max-events-per-day needs times", "--input", untimed, "--max-events-per-day", "3")

    def test_cancellations_take_the_nearest_earlier_purchases_back(self):
        header = "user,item,pieces,price,time\n"
        rows = [(1, "a", 6, 2.5, 10), (1, "a", 4, 2, 20), (1, "a", -5, 2, 30),    # 4 of the second, 1 of the first
                (1, "b", -2, 3, 10), (1, "b", 3, 3, 20),                           # a cancellation before the purchase
                (2, "a", 2, 9, 10), (2, "a", -3, 9, 10),                           # more than there is, at one time
                (3, "c", 1, 7, 10), (3, "c", -1, 7, 40), (3, "d", 1, 1, 5)]
        log = self.log(*rows, header=header)
        columns = ["--columns", "user=user,item=item,time=time,quantity=pieces,price=price"]
        matched = self.prepare_alike("--input", log, *columns, "--cancellations", "match", ranks=(1, 2, 3))
        self.assertEqual(matched.pairs(), {(1, "a"): 12.5, (1, "b"): 9, (3, "d"): 1})
        lines = {rule: [int(row["line"]) for row in matched.quarantine if row["rule"] == rule]
                 for rule in ("cancellations", "unmatched-cancellations")}
        self.assertEqual(lines, {"cancellations": [3, 4, 7, 9, 10], "unmatched-cancellations": [5, 8]})
        self.assertIn("4 cancellations: 2 matched, 1 in part, 1 unmatched; 3 purchases taken back whole, 1 in part",
                      matched.steps["cancellations"]["note"])
        kept = self.prepare("--input", log, *columns, "--cancellations", "match", "--unmatched-cancellations", "keep",
                            "--min-total", "none")
        self.assertEqual(kept.pairs(), {(1, "a"): 12.5, (1, "b"): 3, (2, "a"): -9, (3, "d"): 1})
        self.refused(2, "--cancellations match", "--input", log, *columns, "--unmatched-cancellations", "keep")
        # A rule that comes before them takes all four away, which is said.
        words = "--min-value 0.5 dropped 4 rows with a negative amount before --cancellations match"
        for ranks in (1, 2):
            self.assertIn(f"warning: {words}", self.prepare("--input", log, *columns, "--cancellations", "match", "--min-value", "0.5", "--quiet", ranks=ranks).done.err)
        self.assertNotIn("negative amount", self.prepare("--input", log, *columns, "--min-value", "0.5").done.err)
        self.assertNotIn("negative amount", self.prepare("--input", log, *columns, "--cancellations", "match", "--where", "price > 0").done.err)

    def test_half_life(self):
        rows = [(u, i, 4, 1_600_000_000 + DAY * (3 * u + i)) for u in range(6) for i in range(5)]
        log = self.log(*rows)
        latest = max(row[3] for row in rows)
        aged = self.prepare_alike("--input", log, "--half-life", "7d")
        for user, item, value, time in rows:
            self.assertAlmostEqual(aged.pairs()[user, item], value * 2 ** (-(latest - time) / DAY / 7), delta=1e-6)
        held_out = self.prepare("--input", log, "--half-life", "7d", "--split", "temporal:0.3")
        cut = max(time for user, item, _, time in rows if (user, item) in held_out.pairs())
        self.assertLess(cut, latest)
        for user, item, value, time in rows:
            part = "/interactions" if time <= cut else "/heldout/interactions"
            self.assertAlmostEqual(held_out.pairs(part)[user, item], value * 2 ** (-max(0, cut - time) / DAY / 7), delta=1e-6)
        when = datetime.datetime.fromtimestamp(cut, datetime.timezone.utc).strftime("%Y-%m-%d")
        self.assertIn(when, held_out.steps["half-life"]["note"])
        self.refused(2, "--half-life", "--input", log, "--half-life", "7d", "--min-total", "1")
        self.refused(2, "--half-life", "--input", log, "--half-life", "seven")

    def test_transforms_of_single_values(self):
        log, rows = self.values_log(seed=6, count=150)
        logs = self.prepare_alike("--input", log, "--duplicates", "sum", "--transform", "log1p", "--transform", "clip:0.2,1.5")
        totals = collections.Counter()
        for user, item, value, _ in rows:
            totals[user, item] += min(max(np.log1p(value), 0.2), 1.5)
        for pair, value in logs.pairs().items():
            self.assertAlmostEqual(value, totals[pair], delta=1e-6 * totals[pair])
        outside = sum(not 0.2 <= np.log1p(row[2]) <= 1.5 for row in rows)
        self.assertGreater(outside, 10)
        self.assertEqual(logs.steps["transform clip:0.2,1.5"]["rows_changed"], outside)
        self.assertEqual(logs.steps["transform log1p"]["rows_changed"], sum(row[2] != 0 for row in rows))

        binary = self.prepare_alike("--input", log, "--duplicates", "max", "--transform", "binarize:1", "--min-user-count", "2")
        above = [k + 2 for k, row in enumerate(rows) if row[2] > 1]
        self.assertEqual(binary.taken("transform binarize:1"), len(rows) - len(above))
        dropped = [int(row["line"]) for row in binary.quarantine if row["rule"] == "transform"]
        self.assertEqual(dropped, [k + 2 for k, row in enumerate(rows) if row[2] <= 1])
        self.assertEqual(set(binary.pairs().values()), {1.0})
        of_users = collections.Counter(user for user, _ in binary.pairs())
        self.assertGreaterEqual(min(of_users.values()), 2)

    def test_centring_takes_means_of_training_rows_alone(self):
        draw = random.Random(8)
        rows = [(draw.randrange(30), draw.randrange(9), round(draw.uniform(1, 5), 1), 1_600_000_000 + k) for k in range(200)]
        rows += [("new", 3, 5, 1_600_001_000), (1, "new", 1, 1_600_001_001)]
        log = self.log(*rows)
        split = ["--input", log, "--split", "temporal:0.25", "--duplicates", "mean", "--repeats", "keep"]
        plain = self.prepare(*split)
        with h5py.File(plain.output) as file:
            cut = file.attrs["last-training-time"]
        training = [row for row in rows if row[3] <= cut]
        self.assertEqual({(str(row[0]), str(row[1])) for row in training}, set(plain.pairs()))
        groups = {"user": lambda row: row[0], "item": lambda row: row[1], "global": lambda row: 0}
        for word, group in groups.items():
            with self.subTest(word):
                of_group = collections.defaultdict(list)
                for row in training:
                    of_group[group(row)].append(row[2])
                overall = np.mean([row[2] for row in training])
                mean = lambda row: np.mean(of_group[group(row)]) if group(row) in of_group else overall
                centred = self.prepare_alike(*split, "--transform", f"centre:{word}")
                for part, inside in (("/interactions", lambda row: row[3] <= cut), ("/heldout/interactions", lambda row: row[3] > cut)):
                    expected = collections.defaultdict(list)
                    for row in rows:
                        if inside(row):
                            expected[str(row[0]), str(row[1])].append(row[2] - mean(row))
                    found = centred.pairs(part)
                    self.assertEqual(set(found), set(expected))
                    for pair, values in expected.items():
                        self.assertAlmostEqual(found[pair], np.mean(values), delta=2e-6)
                step = centred.steps[f"transform centre:{word}"]
                self.assertEqual(step["rows_in"], step["rows_out"])
                self.assertIn(f"{overall:.6g} of {len(training)} rows", step["note"])
                if word != "global":
                    unknown = sum(group(row) not in of_group for row in rows)
                    self.assertGreater(unknown, 0)
                    self.assertIn(f"; {unknown} row", step["note"])

    def test_transforms_that_make_no_sense_are_refused(self):
        log = self.log((1, 1, 2, 5), (1, 2, -1, 6), (2, 1, -3, 7))
        self.refused(65, "log.csv:3: --transform log1p: 2 values of -1 or less", "--input", log, "--transform", "log1p")
        for wrong in ("binarize", "binarize:", "log", "centre", "centre:week", "clip:2,1", "clip:1", "clip:,2"):
            self.refused(2, "--transform", "--input", log, "--transform", wrong)
        self.refused(2, "before centre", "--input", log, "--transform", "centre:user", "--transform", "binarize:1")
        self.refused(2, "--min-total", "--input", log, "--transform", "centre:user", "--min-total", "1")
        self.refused(2, "--min-total none", "--input", log, "--transform", "centre:user")
        kept = self.prepare("--input", log, "--transform", "centre:global", "--min-total", "none")
        self.assertAlmostEqual(sum(kept.pairs().values()), 0, delta=1e-6)

    def test_rules_that_take_all_rows_end_the_job(self):
        self.refused(65, "the rules take all of them", "--input", self.log((1, 1, 1, 5), (1, 2, 1, 5)), "--max-user-count", "1")

    def test_planted_dirt_is_found(self):
        log, truth = self.folder / "planted.csv", self.folder / "dirt.csv"
        done = run(["synthesize", "--users", "300", "--items", "200", "--interactions", "6000", "--seed", "5", "--dirt", "0.2",
                    "--broken-lines", "0.01", "--outlier-rows", "0.005", "--bots", "3", "--output", log, "--dirt-truth", truth])
        self.assertEqual(done.code, 0, done)
        planted = collections.defaultdict(set)
        for row in csv.DictReader(truth.open()):
            planted[row["kind"]].add(int(row["line"]))
        self.assertEqual(len(planted["bot"]), 600)
        columns = ["--columns", "user=user_id,item=item_id,quantity=quantity,price=price,time=timestamp"]
        cleaned = self.prepare_alike("--input", log, *columns, "--missing", "skip", "--max-bad", "5%", "--exact-repeats", "drop",
                                     "--cancellations", "match", "--outliers", "value:iqr:300", "--max-events-per-day", "150",
                                     ranks=(1, 3))
        found = collections.defaultdict(set)
        for row in cleaned.quarantine:
            found[row["rule"]].add(int(row["line"]))
        self.assertEqual(found["unreadable-value"] | found["fields"], planted["unreadable"])
        self.assertEqual(found["missing-user"], planted["missing-user"])
        self.assertEqual(found["max-events-per-day"], planted["bot"])
        self.assertEqual(found["outliers"] - planted["outlier"], set())
        self.assertGreater(len(found["outliers"]), 0.9 * len(planted["outlier"]))  # a cheap one may be within the bounds
        self.assertEqual(len(found["exact-repeats"]), len(planted["exact-repeat"]))
        self.assertEqual(planted["cancellation"] - found["cancellations"], set())
        self.assertEqual(found["unmatched-cancellations"], set())

    def test_the_truth_of_dirt_on_any_ranks(self):
        bytes_of = set()
        for ranks in (1, 2, 3):
            truth, log = self.folder / "truth.csv", self.folder / "log.csv"
            done = run(["synthesize", "--users", "300", "--items", "100", "--interactions", "2000", "--dirt", "0.3", "--broken-lines",
                        "0.05", "--bots", "2", "--output", log, "--dirt-truth", truth], ranks=ranks)
            self.assertEqual(done.code, 0, done)
            bytes_of.add((truth.read_bytes(), log.read_bytes()))
        self.assertEqual(len(bytes_of), 1)
        lines = log.read_text().splitlines()
        for row in csv.DictReader(truth.open()):
            line = lines[int(row["line"]) - 1]
            if row["kind"] == "missing-user":
                self.assertTrue(line.startswith(","), line)
            if row["kind"] == "cancellation":
                self.assertLess(int(line.split(",")[2]), 0)
            if row["kind"] == "bot":
                self.assertGreater(int(line.split(",")[0]), 300)


if __name__ == "__main__":
    unittest.main()
