"""`rankwise evaluate` against plain numpy to 1e-12, ties included: every metric, baseline, slice, interval and test; the gate."""
import hashlib
import json
import pathlib
import re
import tempfile
import unittest

import h5py
import numpy as np
import scipy.stats

import numpy_als
import plain_metrics
import shop
from program import run

RANKS = (1, 2, 3, 4, 7)
OF_HITS = [f"{name}@{k}" for name in ("recall", "precision", "ndcg", "map", "mrr", "hr", "revenue") for k in (1, 5, 300)]
OF_LISTS = ["novelty@4", "diversity@4", "diversity@1"]
CLOSE = 1e-12


class Evaluated(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        cls.make()

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def job(cls, *args, code=0, ranks=1):
        done = run([cls.path / arg[1:] if isinstance(arg, str) and arg.startswith("@") else arg for arg in args], ranks=ranks)
        assert done.code == code, done
        return done

    @classmethod
    def evaluate(cls, data, model, *extra, ranks=1, code=0):
        output = cls.path / "out.json"
        output.unlink(missing_ok=True)
        done = cls.job("evaluate", "--data", f"@{data}.h5", "--model", f"@{model}.h5", "--output", output, *extra, ranks=ranks, code=code)
        return (json.loads(output.read_text()) if output.exists() else None), done

    @classmethod
    def make(cls):
        cls.log = shop.write_log(cls.path / "log.csv", users=90, items=40)
        rows = cls.log.read_text().splitlines()
        # Twins of items: the same users buy both, so that their factors and scores are the same bits.
        twins = [re.sub(r",(\d+),", lambda m: f",{int(m[1]) + 1},", row, count=1) for row in rows[1:] if int(row.split(",")[1]) % 5 == 3]
        (cls.path / "twins.csv").write_text("\n".join(rows + twins) + "\n")
        for name, log, split in (("random", "log", "random:0.3"), ("temporal", "log", "temporal:0.3"), ("users", "twins", "users:0.4")):
            cls.job("prepare", "--input", f"@{log}.csv", "--split", split, "--min-user-count", "1", "--min-item-count", "1", "--output", f"@{name}.h5")
            cls.job("als", "--data", f"@{name}.h5", "--model", f"@{name}-model.h5", "--factors", "6", "--epochs", "3")
        cls.job("als", "--data", "@random.h5", "--model", "@worse.h5", "--factors", "2", "--epochs", "0")
        cls.job("als", "--data", "@random.h5", "--model", "@stars.h5", "--factors", "3", "--epochs", "3", "--objective", "explicit", "--biases")
        cls.job("als", "--data", "@random.h5", "--model", "@bad-stars.h5", "--factors", "3", "--epochs", "0", "--objective", "explicit", "--biases")

    def contenders(self, name, seen, definitions="ours"):
        """The lists of each contender; of held-out users, whose factors are folded in, not of the model."""
        data = plain_metrics.Data(self.path / f"{name}.h5")
        users, items, *_ = numpy_als.read_model(self.path / f"{name}-model.h5")
        scores = {"popularity": plain_metrics.popularity_scores(data), "itemcf": plain_metrics.cosine_scores(data)}
        if data.given is None:
            scores["model"] = plain_metrics.model_scores(data, users, items)
        if data.times is not None:
            scores["recent:20d"] = plain_metrics.recent_scores(data, 20 * 86400)
        if seen != "exclude":
            scores["own"] = plain_metrics.own_scores(data)
        return data, {each: plain_metrics.Lists(data, of, seen, items, definitions) for each, of in scores.items()}


class MetricsTest(Evaluated):
    def compare(self, told, lists, metrics):
        baselines = [name for name in lists if name != "model"]
        for metric in metrics:
            figures = told["metrics"][metric]
            values = {name: each.values(metric) for name, each in lists.items()}
            for name in baselines:
                self.assertAlmostEqual(figures["baselines"][name]["value"], values[name].mean(), delta=CLOSE, msg=(metric, name))
            if "model" not in lists:
                continue
            of_model = values["model"]
            self.assertEqual(figures["users"], len(of_model))
            self.assertAlmostEqual(figures["model"], of_model.mean(), delta=CLOSE, msg=metric)
            half = plain_metrics.half_width(of_model)
            self.assertAlmostEqual(figures["standard_error"], scipy.stats.sem(of_model), delta=1e-11, msg=metric)
            np.testing.assert_allclose(figures["interval"], [of_model.mean() - half, of_model.mean() + half], rtol=0, atol=1e-9)
            for name in baselines:
                self.compare_pairs(figures["baselines"][name]["difference"], of_model - values[name], metric)
            self.compare_adjusted([figures["baselines"][name]["difference"] for name in figures["baselines"]])

    def compare_pairs(self, told, differences, metric):
        self.assertAlmostEqual(told["mean"], differences.mean(), delta=CLOSE, msg=metric)
        if np.ptp(differences) == 0:
            return
        self.assertAlmostEqual(told["p"], scipy.stats.ttest_1samp(differences, 0).pvalue, delta=1e-8, msg=metric)
        half = plain_metrics.half_width(differences)
        np.testing.assert_allclose(told["interval"], [differences.mean() - half, differences.mean() + half], rtol=0, atol=1e-9)
        flips = np.random.default_rng(1).choice((-1.0, 1.0), (4000, len(differences)))
        expected = np.mean(np.abs(flips @ differences) >= abs(differences.sum()) - 1e-12)
        self.assertAlmostEqual(told["p_permutation"], expected, delta=0.07, msg=metric)  # 4.5 deviations of 1,024 flips

    def compare_adjusted(self, differences):
        p = np.array([each["p"] for each in differences])
        order = np.argsort(p)[::-1]
        expected = np.minimum.accumulate(p[order] * len(p) / np.arange(len(p), 0, -1))
        np.testing.assert_allclose(np.array([each["p_adjusted"] for each in differences])[order], np.minimum(expected, 1), rtol=1e-12)

    def test_every_metric_and_baseline(self):
        for name, seen in (("random", "exclude"), ("temporal", "exclude"), ("temporal", "allow"), ("users", "exclude"), ("users", "allow")):
            with self.subTest(name=name, seen=seen):
                data, lists = self.contenders(name, seen)
                baselines = ",".join(each for each in lists if each != "model")
                metrics = OF_HITS + OF_LISTS + ["auc"]
                told, _ = self.evaluate(name, f"{name}-model", "--metrics", ",".join(metrics), "--baselines", baselines, "--seen", seen, ranks=2)
                self.compare(told, lists, metrics)
                self.assertEqual(told["rankings"]["users"], len(lists["popularity"].users))

    def test_values_of_lists_with_ties(self):
        """Twins tie in the model, too: one of them is never listed before the lower one."""
        told, _ = self.evaluate("users", "users-model", "--metrics", "auc,recall@3", "--baselines", "itemcf")
        self.assertGreater(told["metrics"]["auc"]["baselines"]["itemcf"]["value"], 0.5)
        self.assertGreater(told["metrics"]["auc"]["model"], 0.5)

    def test_only_what_users_have(self):
        """Repeat purchases: what is held out in time and was bought before."""
        rows = [("u%d" % (n % 9), "i%d" % (n * n % 7), 1 + n % 3, 1_600_000_000 + 86400 * n) for n in range(300)]
        (self.path / "repeats.csv").write_text("user,item,value,timestamp\n" + "".join(f"{u},{i},{v},{t}\n" for u, i, v, t in rows))
        self.job("prepare", "--input", "@repeats.csv", "--duplicates", "sum", "--split", "temporal:0.3", "--repeats", "keep", "--output", "@repeats.h5")
        self.job("als", "--data", "@repeats.h5", "--model", "@repeats-model.h5", "--factors", "3", "--epochs", "2")
        for seen in ("only", "allow"):
            data, lists = self.contenders("repeats", seen)
            metrics = ["recall@2", "ndcg@3", "auc", "mrr@4", "revenue@2"]
            told, _ = self.evaluate("repeats", "repeats-model", "--metrics", ",".join(metrics), "--seen", seen,
                                    "--baselines", ",".join(each for each in lists if each != "model"))
            self.compare(told, lists, metrics)

    def test_definitions(self):
        for definitions in ("ours", "liang", "recbole", "trec"):
            data, lists = self.contenders("random", "exclude", definitions)
            metrics = ["recall@2", "precision@2", "ndcg@2", "map@2", "mrr@2", "hr@2"]
            told, done = self.evaluate("random", "random-model", "--metrics", ",".join(metrics + ["coverage@3", "gini@3"]), "--definitions", definitions,
                                       "--baselines", "popularity")
            self.compare(told, {name: lists[name] for name in ("model", "popularity")}, metrics)
            self.assertEqual(told["definitions"], definitions)
            self.assertIn(f"definitions: {definitions}\n", done.out)
            for metric in ("coverage@3", "gini@3"):
                figures = told["metrics"][metric]
                self.assertAlmostEqual(figures["model"], lists["model"].concentration(metric), delta=CLOSE)
                self.assertAlmostEqual(figures["baselines"]["popularity"]["value"], lists["popularity"].concentration(metric), delta=CLOSE)
                self.assertEqual(figures["interval_kind"], "poisson-bootstrap")
                self.assertLess(figures["interval"][0], figures["interval"][1])
                self.assertIsNone(figures["baselines"]["popularity"]["difference"]["p_permutation"])
            self.assertEqual("|T|" in told["metrics"]["recall@2"]["definition"].replace("min(k, |T|)", ""), definitions in ("recbole", "trec"))

    def test_a_bootstrap_of_coverage_is_as_wide_as_numpy_s(self):
        data, lists = self.contenders("random", "exclude")
        told, _ = self.evaluate("random", "random-model", "--metrics", "gini@3", "--baselines", "popularity")
        listed = [each[:3] for each in lists["model"].listed.values()]
        random, replicates = np.random.default_rng(3), []
        for _ in range(1000):
            counts = np.zeros(data.items)
            for weight, items in zip(random.poisson(1, len(listed)), listed):
                counts[items] += weight
            counts.sort()
            n = data.items
            replicates.append(np.sum((2 * np.arange(1, n + 1) - n - 1) * counts) / (n * counts.sum()))
        self.assertAlmostEqual(told["metrics"]["gini@3"]["standard_error"] / np.std(replicates), 1, delta=0.25)

    def test_ratings(self):
        data = plain_metrics.Data(self.path / "random.h5")
        told, _ = self.evaluate("random", "stars", "--metrics", "rmse,mae,ndcg@5")
        users, items, user_biases, item_biases, attributes = numpy_als.read_model(self.path / "stars.h5")
        coo = data.heldout.tocoo()
        predicted = (float(attributes["global-mean"]) + user_biases[coo.row].astype(float) + item_biases[coo.col]
                     + np.einsum("ij,ij->i", users[coo.row].astype(float), items[coo.col].astype(float)))
        errors = coo.data - predicted
        for metric, terms in (("rmse", errors ** 2), ("mae", np.abs(errors))):
            mean = terms.mean()
            rated, places = np.unique(coo.row, return_inverse=True)
            residuals = np.bincount(places, terms - mean)
            slope = 1 / (2 * np.sqrt(mean)) if metric == "rmse" else 1
            n = len(rated)
            expected = slope * np.sqrt(np.sum(residuals ** 2) * n / (n - 1)) / len(terms)
            self.assertAlmostEqual(told["metrics"][metric]["standard_error"], expected, delta=1e-6)
            self.assertEqual(told["metrics"][metric]["users"], n)
            self.assertEqual(list(told["metrics"][metric]["baselines"]), ["biases"])
        self.assertEqual(list(told["metrics"]["ndcg@5"]["baselines"]), ["popularity"])
        bins = told["calibration"]
        self.assertEqual(sum(each["count"] for each in bins), len(errors))
        edges = np.linspace(predicted.min(), predicted.max(), 11)
        for each in bins:
            number = int(round((each["low"] - edges[0]) / (edges[1] - edges[0])))
            inside = (predicted >= edges[number] - 1e-9) & ((predicted < edges[number + 1] - 1e-9) | (number == 9))
            if abs(int(inside.sum()) - each["count"]) == 0:
                self.assertAlmostEqual(each["mean_prediction"], predicted[inside].mean(), delta=1e-5)
                self.assertAlmostEqual(each["mean_value"], coo.data[inside].mean(), delta=1e-5)
        self.assertAlmostEqual(sum(each["count"] * each["mean_value"] for each in bins), float(coo.data.sum()), delta=1e-3)

    def test_recall_by_cutoff(self):
        data, lists = self.contenders("random", "exclude")
        told, _ = self.evaluate("random", "random-model", "--metrics", "ndcg@20")
        self.assertEqual([point["cutoff"] for point in told["recall_by_cutoff"]], [1, 2, 5, 10, 20])
        self.assertEqual(list(told["metrics"]), ["ndcg@20"])
        for point in told["recall_by_cutoff"]:
            self.assertAlmostEqual(point["model"], lists["model"].values(f"recall@{point['cutoff']}").mean(), delta=CLOSE)
            self.assertAlmostEqual(point["baseline"], lists["popularity"].values(f"recall@{point['cutoff']}").mean(), delta=CLOSE)


class SlicesTest(Evaluated):
    METRICS = ["ndcg@4", "recall@4", "map@3", "revenue@2", "novelty@3", "auc"]

    def expect(self, slices, by, group, lists, users=None, keep=lambda place: True, metrics=METRICS):
        (told,) = [each for each in slices if (each["by"], each["group"]) == (by, group)]
        chosen = lists["model"].users if users is None else users
        kept = [[place for place in lists["model"].data.targets(user, "exclude").values() if keep(place)] for user in chosen]
        self.assertEqual(told["users"], sum(1 for places in kept if places), (by, group))
        self.assertEqual(told["targets"], sum(map(len, kept)), (by, group))
        self.assertEqual(set(told["metrics"]), set(metrics) if told["users"] else set(), (by, group))
        for metric, figures in told["metrics"].items():
            for name, source in (("model", "value"), ("popularity", "baseline")):
                self.assertAlmostEqual(figures[source], lists[name].values(metric, users, keep).mean(), delta=CLOSE, msg=(by, group, metric))
            values = lists["model"].values(metric, users, keep)
            self.assertEqual(figures["users"], len(values))
            if len(values) > 1:
                self.assertAlmostEqual(figures["standard_error"], scipy.stats.sem(values), delta=1e-11)
        return told

    def test_every_slice(self):
        of_targets = [metric for metric in self.METRICS if metric not in ("novelty@3", "auc")]
        for name in ("random", "temporal"):
            data, lists = self.contenders(name, "exclude")
            told, done = self.evaluate(name, f"{name}-model", "--metrics", ",".join(self.METRICS), ranks=3)
            slices, users = told["slices"], lists["model"].users
            counts = np.diff(data.seen.indptr)
            for group, low, high in (("0", 0, 0), ("1 to 10", 1, 10), ("11 to 30", 11, 30), ("31 to 100", 31, 100), ("above 100", 101, 10 ** 9)):
                self.expect(slices, "activity", group, lists, [user for user in users if low <= counts[user] <= high])
            order = sorted((item for item in range(data.items) if data.entries[item] > 0), key=lambda item: (-data.entries[item], item))
            before = np.cumsum([0] + [data.entries[item] for item in order])
            third = {item: int(3 * before[place] >= before[-1]) + int(3 * before[place] >= 2 * before[-1]) for place, item in enumerate(order)}
            item_of = data.heldout.indices
            for number, group in enumerate(("head", "mid", "tail")):
                self.expect(slices, "item-popularity", group, lists, keep=lambda place, n=number: third.get(item_of[place]) == n, metrics=of_targets)
            known = [user for user in users if data.is_known(user)]
            self.expect(slices, "cold", "users with training", lists, known)
            self.expect(slices, "cold", "users without training", lists, [user for user in users if user not in known])
            self.expect(slices, "cold", "items with training", lists, keep=lambda place: data.entries[item_of[place]] > 0, metrics=of_targets)
            self.expect(slices, "cold", "items without training", lists, keep=lambda place: data.entries[item_of[place]] == 0, metrics=of_targets)
            self.assertEqual("time-since-cut" in {each["by"] for each in slices}, name == "temporal")
            if name == "temporal":
                days = (data.heldout_times - data.heldout_times.min()) / 86400
                for group, low, high in (("first 7 days", 0, 7), ("8 to 30 days", 7, 30), ("31 to 90 days", 30, 90), ("after 90 days", 90, 10 ** 9)):
                    self.expect(slices, "time-since-cut", group, lists, keep=lambda place, a=low, b=high: a <= days[place] < b, metrics=of_targets)
            self.assertIn("head", done.out)

    def test_slices_of_ratings(self):
        data = plain_metrics.Data(self.path / "random.h5")
        told, _ = self.evaluate("random", "stars", "--metrics", "mae", "--slices", "cold,activity")
        self.assertEqual({each["by"] for each in told["slices"]}, {"cold", "activity"})
        counts = np.diff(data.seen.indptr)
        whole = told["metrics"]["mae"]["model"] * data.heldout.nnz
        parts = [each for each in told["slices"] if each["by"] == "activity" and each["targets"]]
        self.assertEqual(sum(each["targets"] for each in parts), data.heldout.nnz)
        self.assertAlmostEqual(sum(each["targets"] * each["metrics"]["mae"]["value"] for each in parts), whole, delta=1e-9)
        self.assertEqual([each["users"] for each in parts if each["group"] == "1 to 10"],
                         [int(np.sum((counts >= 1) & (counts <= 10) & (np.diff(data.heldout.indptr) > 0)))])

    def write_tables(self):
        """Of every third user and seventh item nothing is known, so that all three kinds of values lack some."""
        with open(self.path / "people.csv", "w") as file:
            file.write("user_id,country,age,note\n")
            for user in range(90):
                country = "" if user % 3 == 0 else ("DE", "FR", "DE", "\x1b[31m", "AT")[user % 5]
                file.write(f'c{user:04d},{country},{"" if user % 4 == 1 else 18 + user * 7 % 50},n{user}\n')
        with open(self.path / "goods.csv", "w") as file:
            file.write("item_id,brand,price\n")
            for item in range(40):
                file.write(f'{item * 7 + 3},{"" if item % 7 == 0 else f"b{item * item % 29:02d}"},{item % 6 + 0.5}\n')

    @staticmethod
    def column(path, table, column):
        """The values of a column, None where there is none; and of all rows, users who are held out whole, too."""
        def read(file, group):
            if f"{group}/table" not in file:
                return []
            values = file[f"{group}/table/{column}"]
            if isinstance(values, h5py.Group):
                names = values["categories"].asstr()[:]
                return [None if code < 0 else names[code] for code in values["codes"][:]]
            return [None if np.isnan(value) else value for value in values[:]]
        with h5py.File(path) as file:
            apart = read(file, "heldout/users") if table == "users" else []
            own = read(file, table)
        return apart or own, own + apart

    def test_slices_by_columns_of_tables(self):
        self.write_tables()
        of_targets = [metric for metric in self.METRICS if metric not in ("novelty@3", "auc")]
        for split in ("random:0.3", "users:0.4"):
            self.job("prepare", "--input", "@log.csv", "--split", split, "--min-user-count", "1", "--min-item-count", "1", "--users", "@people.csv",
                     "--user-types", "country=category", "--items", "@goods.csv", "--item-types", "brand=category", "--output", "@tables.h5")
            self.job("als", "--data", "@tables.h5", "--model", "@tables-model.h5", "--factors", "4", "--epochs", "2")
            data, lists = self.contenders("tables", "exclude")
            asked = ["users:country", "users:age", "items:brand", "items:price"]
            outputs = [self.evaluate("tables", "tables-model", "--metrics", ",".join(self.METRICS), "--slices", ",".join(["cold", *asked]), ranks=ranks)
                       for ranks in (1, 3)]
            (told, done), (other, _) = outputs
            self.assertEqual(told["slices"], other["slices"])
            self.assertNotIn("\x1b", done.out)
            self.assertEqual([by for by in dict.fromkeys(each["by"] for each in told["slices"])], ["cold", *asked])
            for by in asked:
                table, name = by.split(":")
                values, all_values = self.column(self.path / "tables.h5", table, name)
                known = [value for value in all_values if value is not None]
                groups = [each["group"] for each in told["slices"] if each["by"] == by]
                if isinstance(known[0], str):
                    names = sorted(set(known), key=lambda value: (-known.count(value), value))
                    own = names[:19] if len(names) > 20 else names
                    self.assertEqual(groups, own + ([f"({len(names) - 19} others)"] if len(names) > 20 else []) + ["(no value)"])
                    group_of = lambda value: len(groups) - 1 if value is None else own.index(value) if value in own else len(own)
                else:
                    bounds = sorted(set(np.quantile(known, (0.25, 0.5, 0.75, 1))))[:-1]
                    self.assertEqual(len(groups), len(bounds) + 2)
                    self.assertEqual(groups[0], f"to {bounds[0]:g}")
                    group_of = lambda value: len(groups) - 1 if value is None else int(np.searchsorted(bounds, value))
                counted = 0
                for number, group in enumerate(groups):
                    is_in = [group_of(value) == number for value in values]
                    users = [user for user in lists["popularity"].users if table == "items" or is_in[user]]
                    keep = (lambda place: is_in[data.heldout.indices[place]]) if table == "items" else (lambda place: True)
                    if "model" in lists:
                        self.expect(told["slices"], by, group, lists, users if table == "users" else None, keep, of_targets if table == "items" else self.METRICS)
                    (slice_of_group,) = [each for each in told["slices"] if (each["by"], each["group"]) == (by, group)]
                    counted += slice_of_group["targets"]
                    if slice_of_group["targets"]:
                        self.assertAlmostEqual(slice_of_group["metrics"]["recall@4"]["baseline"], lists["popularity"].values("recall@4", users, keep).mean(), delta=CLOSE)
                self.assertEqual(counted, sum(len(data.targets(user, "exclude")) for user in lists["popularity"].users))
        for code, words, slices in ((65, "users:note: the column is of texts", "users:note"), (65, "colour", "items:colour"),
                                    (2, "appears twice", "cold,users:age,users:age"), (2, "expected activity", "users:"), (2, "auto has all", "auto,cold")):
            done = self.job("evaluate", "--data", "@tables.h5", "--model", "@tables-model.h5", "--slices", slices, code=code)
            self.assertIn(words, done.err)
        done = self.job("evaluate", "--data", "@random.h5", "--model", "@random-model.h5", "--slices", "auto,users:age", code=65)
        self.assertIn("holds no table of users, which --slices users:age needs; expected a dataset of prepare --users FILE", done.err)

    def test_calibration_by_categories(self):
        self.write_tables()
        self.job("prepare", "--input", "@log.csv", "--split", "random:0.3", "--min-user-count", "1", "--min-item-count", "1", "--items", "@goods.csv",
                 "--item-types", "brand=category", "--output", "@brands.h5")
        self.job("als", "--data", "@brands.h5", "--model", "@brands-model.h5", "--factors", "4", "--epochs", "2")
        data, lists = self.contenders("brands", "exclude")
        brands, _ = self.column(self.path / "brands.h5", "items", "brand")

        def shares(items):
            known = [brands[item] for item in items if brands[item] is not None]
            return {brand: known.count(brand) / len(known) for brand in known}

        def shares_or_none(user):
            return any(brands[item] is not None for item in data.row(data.seen, user))

        def divergence(user, listed):
            had, found = shares(data.row(data.seen, user)), shares(listed)
            return sum(p * np.log(p / (0.99 * found.get(brand, 0) + 0.01 * p)) for brand, p in had.items())
        told, _ = self.evaluate("brands", "brands-model", "--metrics", "recall@5,calibration@5,calibration@1", "--categories", "brand", "--slices", "activity", ranks=3)
        self.assertEqual(told["categories"], "brand")
        without = sum(1 for user in range(data.users) if data.heldout.indptr[user + 1] > data.heldout.indptr[user] and not shares_or_none(user))
        self.assertEqual([line for line in told["warnings"] if "calibration" in line],
                         [f"calibration: no item of {without} users has a category (--categories brand); they count as 0"] if without else [])
        for k in (1, 5):
            figures = told["metrics"][f"calibration@{k}"]
            values = {name: np.array([divergence(user, lists[name].listed[user][:k]) for user in lists[name].users]) for name in ("model", "popularity")}
            self.assertAlmostEqual(figures["model"], values["model"].mean(), delta=CLOSE)
            self.assertAlmostEqual(figures["standard_error"], scipy.stats.sem(values["model"]), delta=1e-11)
            self.assertAlmostEqual(figures["baselines"]["popularity"]["value"], values["popularity"].mean(), delta=CLOSE)
            self.assertGreater(values["model"].max(), values["model"].min())
        for code, words, options in ((2, "expected --categories COLUMN", ["--metrics", "calibration@3"]), (2, "has a meaning only with", ["--categories", "brand"]),
                                     (65, "of type number; expected category", ["--metrics", "calibration@3", "--categories", "price"]),
                                     (65, "colour", ["--metrics", "calibration@3", "--categories", "colour"])):
            done = self.job("evaluate", "--data", "@brands.h5", "--model", "@brands-model.h5", *options, code=code)
            self.assertIn(words, done.err)
        done = self.job("evaluate", "--data", "@random.h5", "--model", "@random-model.h5", "--metrics", "calibration@3", "--categories", "brand", code=65)
        self.assertIn("holds no table of items, which --categories needs", done.err)
        for job in (["sweep", "plan", "@plan", "--data", "@brands.h5", "--factors", "2,4", "--metrics", "calibration@3"],
                    ["denoise", "--data", "@brands.h5", "--output", "@c.h5", "--quarantine", "@q.csv", "--metrics", "ndcg@5,calibration@3"]):
            self.assertIn("only evaluate has --categories", self.job(*job, code=2).err)

    def test_chosen_slices(self):
        told, _ = self.evaluate("random", "random-model", "--slices", "none")
        self.assertEqual(told["slices"], [])
        done = self.job("evaluate", "--data", "@random.h5", "--model", "@random-model.h5", "--slices", "time-since-cut", code=65)
        self.assertIn("--split temporal", done.our_lines[0])


class ComparisonTest(Evaluated):
    def test_the_gate(self):
        told, done = self.evaluate("random", "random-model", "--against", "@worse.h5", "--metric", "ndcg@10", "--confidence", "0.9")
        gate = told["gate"]
        # What the split gives away is said beside the values, and in the JSON.
        leakage = told["leakage"]
        self.assertIn(f"without training: {leakage['cold_users']} of {leakage['heldout_users']} users and {leakage['cold_items']} of "
                      f"{leakage['heldout_items']} items in the held-out part", done.err)
        self.assertIn("leakage: ", done.err)
        self.assertEqual((gate["against"], gate["metric"], gate["margin"], gate["confidence"], gate["passed"]), ("worse.h5", "ndcg@10", 0, 0.9, True))
        pair = told["metrics"]["ndcg@10"]["baselines"]["worse.h5"]["difference"]
        t = scipy.stats.t.ppf(0.9, told["metrics"]["ndcg@10"]["users"] - 1)
        self.assertAlmostEqual(gate["lower_bound"], pair["mean"] - t * pair["standard_error"], delta=1e-9)
        def words(difference):
            return f"{abs(difference):.6f} {'worse' if difference < 0 else 'better'}"
        self.assertIn(f"gate passed: ndcg@10 is {words(gate['difference'])} than that of worse.h5, at the lower bound "
                      f"{words(gate['lower_bound'])} (90% confidence, one-sided)", done.out)
        # The other way round it fails, after its outputs are written; a margin that is wide enough lets it pass.
        told, done = self.evaluate("random", "worse", "--against", "@random-model.h5", code=77, ranks=3)
        self.assertIs(told["gate"]["passed"], False)
        self.assertEqual(told["gate"]["metric"], "recall@20")
        self.assertRegex([line for line in done.our_lines if "warning" not in line][0], "gate failed: recall@20 is [0-9.]+ worse")
        told, _ = self.evaluate("random", "worse", "--against", "@random-model.h5", "--margin", "1")
        self.assertIs(told["gate"]["passed"], True)
        told, _ = self.evaluate("random", "random-model", "--against", "@random-model.h5")  # the difference is 0 for certain
        self.assertEqual((told["gate"]["lower_bound"], told["gate"]["passed"]), (0, True))

    def test_the_gate_of_errors_turns_the_sign(self):
        for metric in ("rmse", "mae"):
            told, _ = self.evaluate("random", "stars", "--against", "@bad-stars.h5", "--metric", metric)
            self.assertGreater(told["gate"]["difference"], 0)
            self.assertLess(told["metrics"][metric]["baselines"]["bad-stars.h5"]["difference"]["mean"], 0)
            self.evaluate("random", "bad-stars", "--against", "@stars.h5", "--metric", metric, code=77)

    def test_several_models(self):
        told, done = self.evaluate("random", "random-model", "--metrics", "ndcg@10", "--baseline", "@worse.h5", "--baseline", "@stars.h5")
        baselines = told["metrics"]["ndcg@10"]["baselines"]
        self.assertEqual(list(baselines), ["popularity", "worse.h5", "stars.h5"])
        alone, _ = self.evaluate("random", "worse", "--metrics", "ndcg@10", "--baselines", "none")
        self.assertEqual(alone["metrics"]["ndcg@10"]["model"], baselines["worse.h5"]["value"])
        self.assertEqual((alone["metrics"]["ndcg@10"]["baseline"], alone["metrics"]["ndcg@10"]["vs_baseline"]), (None, None))
        self.assertIn("worse.h5", done.out)
        (self.path / "copies").mkdir()
        (self.path / "copies/worse.h5").write_bytes((self.path / "worse.h5").read_bytes())
        told, _ = self.evaluate("random", "random-model", "--metrics", "ndcg@10", "--baseline", "@worse.h5", "--baseline", "@copies/worse.h5")
        self.assertEqual(len(told["metrics"]["ndcg@10"]["baselines"]), 3)

    def test_page_and_values_of_every_user(self):
        digests = set()
        for ranks in (1, 3):
            told, _ = self.evaluate("random", "stars", "--metrics", "ndcg@5,auc,coverage@5,mae", "--report", self.path / "page.html",
                                    "--per-user", self.path / "each.h5", ranks=ranks)
            page = (self.path / "page.html").read_text()
            self.assertIn("ndcg@5", page)
            self.assertNotIn("http://", page.replace("http://www.w3.org", ""))
            digests.add(hashlib.sha256((self.path / "each.h5").read_bytes() + page.encode()).hexdigest())
        self.assertEqual(len(digests), 1)
        self.job("verify", "@each.h5")
        with h5py.File(self.path / "each.h5") as file, h5py.File(self.path / "random.h5") as data:
            self.assertEqual(sorted(file["metrics"]), ["auc", "mae", "ndcg@5"])
            self.assertEqual(file["users/ids"][:].tolist(), data["users/ids"][:].tolist())
            for metric in ("ndcg@5", "auc"):
                self.assertAlmostEqual(np.nanmean(file["metrics"][metric][:]), told["metrics"][metric]["model"], delta=CLOSE)
            counts = np.diff(data["heldout/interactions/indptr"][:])
            of_users = file["metrics/mae"][:]
            self.assertEqual(np.isnan(of_users).tolist(), (counts == 0).tolist())
            self.assertAlmostEqual(np.nansum(of_users * counts) / counts.sum(), told["metrics"]["mae"]["model"], delta=CLOSE)

    def test_same_bytes_on_any_ranks_and_threads(self):
        runs = (("temporal", "temporal-model", "ndcg@5,auc,coverage@4,gini@4,novelty@3,diversity@3,revenue@2", "popularity,recent:9d,itemcf"),
                ("users", "users-model", "recall@5,auc", "popularity,itemcf"), ("random", "stars", "rmse,mae,map@7", "biases,popularity"))
        for data, model, metrics, baselines in runs:
            outputs = set()
            for ranks in RANKS:
                for threads in (1, 2) if ranks in (1, 3) else (1 + ranks % 2,):
                    _, done = self.evaluate(data, model, "--metrics", metrics, "--baselines", baselines, "--threads", threads, ranks=ranks)
                    outputs.add(hashlib.sha256((self.path / "out.json").read_bytes()).hexdigest() + done.out)
            self.assertEqual(len(outputs), 1, data)

    def test_refused(self):
        def refused(code, word, *extra, model="random-model"):
            done = run(["evaluate", "--data", self.path / "random.h5", "--model", self.path / f"{model}.h5", *extra], ranks=2)
            self.assertEqual(done.code, code, done)
            self.assertEqual(len(done.our_lines), 1, done)
            self.assertIn(word, done.our_lines[0])

        refused(2, "--margin", "--margin", "0.1")
        refused(2, "--metric", "--metric", "ndcg@10")
        refused(2, "--confidence", "--confidence", "0.9")
        refused(2, "accuracy", "--against", self.path / "worse.h5", "--metric", "coverage@10")
        refused(2, "accuracy", "--against", self.path / "worse.h5", "--metrics", "gini@10")
        refused(2, "0.5", "--against", self.path / "worse.h5", "--confidence", "0.3")
        refused(2, "margin", "--against", self.path / "worse.h5", "--margin", "-1")
        refused(2, "--seen", "--baselines", "own")
        refused(2, "recent:90d", "--baselines", "recent:soon")
        refused(2, "popularity", "--baselines", "popular")
        refused(2, "twice", "--baselines", "popularity,popularity")
        refused(2, "rmse or mae", "--baselines", "biases")
        refused(2, "twice", "--metrics", "ndcg@10,ndcg@10")
        refused(2, "no @K", "--metrics", "auc@10")
        refused(2, "@K", "--metrics", "coverage")
        refused(2, "activity", "--slices", "weather")
        refused(2, "ours", "--definitions", "theirs")
        refused(2, "implicit", "--metrics", "rmse", "--baseline", self.path / "worse.h5", model="stars")
        refused(66, "nothing.h5", "--against", self.path / "nothing.h5")

    def test_amounts_are_not_below_zero(self):
        (self.path / "returns.csv").write_text("user,item,value\n" + "".join(f"u{user},i{item},-1\n" for user in range(5) for item in range(6)))
        self.job("prepare", "--input", "@returns.csv", "--min-total", "-100", "--split", "random:0.4", "--output", "@returns.h5")
        self.job("als", "--data", "@returns.h5", "--model", "@returns-model.h5", "--factors", "2", "--epochs", "1")
        done = self.job("evaluate", "--data", "@returns.h5", "--model", "@returns-model.h5", "--metrics", "revenue@3", code=65)
        self.assertIn("revenue@3: a held-out value is -", done.our_lines[0])
        done = self.job("evaluate", "--data", "@returns.h5", "--model", "@returns-model.h5", "--baselines", "recent:9d", code=65)
        self.assertIn("no times", done.our_lines[0])


if __name__ == "__main__":
    unittest.main()
