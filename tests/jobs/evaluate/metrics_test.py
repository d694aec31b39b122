"""`rankwise evaluate` against plain numpy to 1e-12, ties included: every metric, baseline, interval and test; the gate."""
import functools
import hashlib
import json
import unittest

import h5py
import numpy as np
import scipy.stats

import numpy_als
import plain_metrics
from evaluated import CLOSE, Evaluated
from program import ranks_of_refusal, run

# (ranks, threads)
ALL_LAYOUTS = ((1, 1), (1, 2), (2, 1), (3, 2), (7, 1))
OF_HITS = [f"{name}@{k}" for name in ("recall", "precision", "ndcg", "map", "mrr", "hr", "revenue") for k in (1, 5, 300)]
OF_LISTS = ["novelty@4", "diversity@4", "diversity@1"]


@functools.cache
def flips_of(count):
    """Rows of signs, each as a permutation of pairs draws them."""
    return np.random.default_rng(1).choice((-1.0, 1.0), (4000, count))


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
        expected = np.mean(np.abs(flips_of(len(differences)) @ differences) >= abs(differences.sum()) - 1e-12)
        self.assertAlmostEqual(told["p_permutation"], expected, delta=0.07, msg=metric)  # 4.5 deviations of 1,024 flips

    def compare_signed_ranks(self, told, lists, metrics):
        """Wilcoxon's test; differences that are equal but for rounding tie."""
        if "model" not in lists:
            return
        for metric in metrics:
            for name in (name for name in lists if name != "model"):
                found = told["metrics"][metric]["baselines"][name]["difference"]["wilcoxon"]
                differences = (lists["model"].values(metric) - lists[name].values(metric)).round(11)
                self.assertEqual(found["pairs"], np.count_nonzero(differences), msg=(metric, name))
                if found["pairs"] == 0:
                    self.assertEqual(found["p"], 1)
                    continue
                expected = scipy.stats.wilcoxon(differences, zero_method="wilcox", correction=False, mode="approx")
                self.assertEqual(min(found["positive_ranks"], found["negative_ranks"]), expected.statistic, msg=(metric, name))
                self.assertAlmostEqual(found["p"], expected.pvalue, delta=1e-12, msg=(metric, name))

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
                told, done = self.evaluate(name, f"{name}-model", "--metrics", ",".join(metrics), "--baselines", baselines, "--seen", seen,
                                            "--extra-test", "wilcoxon", ranks=3 if name == "temporal" else 1)
                self.compare(told, lists, metrics)
                self.compare_signed_ranks(told, lists, metrics)
                self.assertTrue(done.out.splitlines()[0].endswith(" wilcoxon"), done.out)
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
        runs = ((ALL_LAYOUTS, "temporal", "temporal-model", "ndcg@5,auc,coverage@4,gini@4,novelty@3,diversity@3,revenue@2", "popularity,recent:9d,itemcf"),
                (((1, 1), (3, 2)), "users", "users-model", "recall@5,auc", "popularity,itemcf"),
                (((1, 2), (4, 1)), "random", "stars", "rmse,mae,map@7", "biases,popularity"))
        for layouts, data, model, metrics, baselines in runs:
            outputs = set()
            for ranks, threads in layouts:
                _, done = self.evaluate(data, model, "--metrics", metrics, "--baselines", baselines, "--threads", threads, ranks=ranks)
                outputs.add(hashlib.sha256((self.path / "out.json").read_bytes()).hexdigest() + done.out)
            self.assertEqual(len(outputs), 1, data)

    def test_refused(self):
        def refused(code, word, *extra, model="random-model"):
            done = run(["evaluate", "--data", self.path / "random.h5", "--model", self.path / f"{model}.h5", *extra],
                       ranks=ranks_of_refusal(self, code))
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
