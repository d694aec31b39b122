"""`rankwise propensity`: coefficients, scores and quality are those of scikit-learn and plain NumPy, planted effects are found, outputs have the same
bytes on any ranks and threads, and what a profile must not know is refused."""
import hashlib
import json
import pathlib
import tempfile
import unittest

import anndata.experimental
import h5py
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from planted_customers import AT, FIRST, PAST_DAYS, Customers, outcomes, write_log
from program import ranks_of_refusal, run

CHOSEN = ["age", "town", "orders", "money", "recency_days"]


def features(frame):
    """The design by its definition: (names, matrix without the intercept)."""
    names, columns = [], []
    for column in frame.columns:
        values = frame[column]
        if isinstance(values.dtype, pd.CategoricalDtype):
            values = values.astype(object)
            counts = values.value_counts()
            large = sorted(counts[counts >= 10].index, key=lambda level: (-counts[level], level))
            for level in large[1:]:
                names.append(f"{column} = {level}")
                columns.append((values == level).to_numpy(float))
            rest = ~values.isin(large) & values.notna()
            if rest.sum() >= 10:
                names.append(f"{column} = (others)")
                columns.append(rest.to_numpy(float))
            if values.isna().sum() >= 10:
                names.append(f"{column} is missing")
                columns.append(values.isna().to_numpy(float))
            continue
        filled = values.fillna(values.mean()).to_numpy(float)
        names.append(column)
        columns.append((filled - filled.mean()) / filled.std())
        if values.isna().sum() >= 10:
            names.append(f"{column} is missing")
            columns.append(values.isna().to_numpy(float))
    return names, np.column_stack(columns)


def plain_auc(scores, bought):
    """AUC and DeLong's standard error by all pairs."""
    ones, others = scores[bought > 0], scores[bought == 0]
    pairs = (ones[:, None] > others[None, :]) + 0.5 * (ones[:, None] == others[None, :])
    return pairs.mean(), np.sqrt(pairs.mean(1).var(ddof=1) / len(ones) + pairs.mean(0).var(ddof=1) / len(others))


class PropensityCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.customers = Customers()
        cls.customers.write(cls.folder, cls.done)
        with h5py.File(cls.folder / "customers.h5") as file:
            cls.users = anndata.experimental.read_elem(file["users/table"])
        cls.profile = cls.users[cls.users.orders > 0]
        cls.bought, cls.money = outcomes(cls.customers.rows)

    @classmethod
    def done(cls, *args, code=0, ranks=1, env=None):
        done = run(args, cwd=cls.folder, ranks=ranks, env=env)
        if done.code != code:
            raise AssertionError(done)
        return done

    def fit(self, *args, profile="customers.h5", data="data.h5", output="scores.csv", ranks=1):
        done = self.done("propensity", "--profile", profile, "--outcomes", data, "--output", output, "--json", "found.json", *args, ranks=ranks)
        scores = pd.read_csv(self.folder / output, dtype={"id": str}, float_precision="round_trip").set_index("id") if output.endswith(".csv") else None
        if scores is not None:
            without = scores.iloc[:, 0].isna()
            scores = scores[~without]
        return json.loads((self.folder / "found.json").read_text()), scores, done

    def refused(self, *args, code, profile="customers.h5", data="data.h5"):
        done = self.done("propensity", "--profile", profile, "--outcomes", data, "--output", "refused.h5", *args, code=code,
                         ranks=ranks_of_refusal(self, code))
        self.assertEqual(len(done.our_lines), 1, done)
        self.assertFalse((self.folder / "refused.h5").exists())
        return done.our_lines[0]

    def target(self, values):
        return np.array([float(values.get(user, 0)) if isinstance(values, dict) else float(user in values) for user in self.profile.index])


class ReferenceTest(PropensityCase):
    def test_logistic_is_that_of_scikit_learn(self):
        names, matrix = features(self.profile[CHOSEN])
        bought = self.target(self.bought)
        for penalty in (0.5, 30.0):
            found, scores, _ = self.fit("--columns", ",".join(CHOSEN), "--penalty", penalty)
            # The order of terms is that of the table.
            terms = {term["term"]: term for term in found["terms"]}
            self.assertEqual(set(terms), {"(intercept)", *names})
            reference = LogisticRegression(C=1 / penalty, solver="newton-cholesky", tol=1e-10, max_iter=100).fit(matrix, bought)
            self.assertAlmostEqual(terms["(intercept)"]["coefficient"], reference.intercept_[0], delta=1e-4)
            for name, coefficient in zip(names, reference.coef_[0]):
                self.assertAlmostEqual(terms[name]["coefficient"], coefficient, delta=1e-4, msg=name)
                self.assertAlmostEqual(terms[name]["odds_ratio"], np.exp(coefficient), delta=1e-3, msg=name)
            # Standard errors: the inverse of the penalized information.
            design = np.column_stack([np.ones(len(bought)), matrix])
            chance = reference.predict_proba(matrix)[:, 1]
            information = design.T @ (design * (chance * (1 - chance))[:, None])
            penalized = information + np.diag([0] + [penalty] * len(names))
            errors = np.sqrt(np.diag(np.linalg.inv(penalized)))
            for name, error in zip(["(intercept)", *names], errors):
                self.assertAlmostEqual(terms[name]["standard_error"], error, delta=1e-5, msg=name)
                low, high = terms[name]["interval"]
                self.assertAlmostEqual(high - low, 2 * 1.959964 * error, delta=1e-4)
            self.assertAlmostEqual(found["effective_parameters"], np.trace(np.linalg.solve(penalized, information)), delta=1e-4)
            # Scores of another profile are those of the fit of all; here it is the same one.
            _, scored, _ = self.fit("--columns", ",".join(CHOSEN), "--penalty", penalty, "--score", "customers.h5", output="all.csv")
            np.testing.assert_allclose(scored.probability.to_numpy(), chance, atol=1e-5)
            self.assertTrue((scored.out_of_fold == 0).all())
            self.assertTrue((scores.out_of_fold == 1).all())
            self.assertGreater(np.abs(scores.probability.to_numpy() - chance).max(), 1e-4)

    def test_quality_is_that_of_scikit_learn(self):
        found, scores, _ = self.fit("--columns", ",".join(CHOSEN))
        bought, chance = self.target(self.bought), scores.probability.to_numpy()
        self.assertEqual((found["customers"], found["buyers"]), (len(bought), int(bought.sum())))
        quality = found["out_of_fold"]
        self.assertAlmostEqual(quality["auc"], roc_auc_score(bought, chance), delta=1e-9)
        self.assertAlmostEqual(quality["brier"], brier_score_loss(bought, chance), delta=1e-9)
        self.assertAlmostEqual(quality["log_loss"], log_loss(bought, chance), delta=1e-9)
        auc, error = plain_auc(chance, bought)
        self.assertAlmostEqual(quality["auc"], auc, delta=1e-12)
        self.assertAlmostEqual(quality["auc_standard_error"], error, delta=1e-9)
        share = bought.mean()
        self.assertAlmostEqual(found["baselines"][0]["brier"], share * (1 - share), delta=1e-9)
        self.assertAlmostEqual(found["baselines"][0]["auc"], 0.5, delta=1e-12)
        self.assertEqual([baseline["name"] for baseline in found["baselines"]], ["share of buyers", "recency_days alone"])
        losses = -np.log(np.where(bought > 0, share, 1 - share)) + np.log(np.where(bought > 0, chance, 1 - chance))
        self.assertAlmostEqual(found["baselines"][0]["gain"]["mean"], losses.mean(), delta=1e-9)
        self.assertAlmostEqual(found["baselines"][0]["gain"]["standard_error"], losses.std(ddof=1) / np.sqrt(len(losses)), delta=1e-9)
        groups = quality["groups"]
        self.assertEqual(sum(group["customers"] for group in groups), len(bought))
        order = np.sort(chance)
        begin = 0
        total = 0.0
        for group in groups:
            self.assertGreaterEqual(group["customers"], 20)
            self.assertAlmostEqual(group["predicted"], order[begin:begin + group["customers"]].mean(), delta=1e-9)
            begin += group["customers"]
            total += group["customers"] * abs(group["predicted"] - group["came"])
        self.assertAlmostEqual(quality["calibration_error"], total / len(bought), delta=1e-9)
        # The chosen penalty is the one with the least loss out of fold, which is that of the scores.
        best = min(found["penalties"], key=lambda trial: trial["loss"])
        self.assertEqual(best["penalty"], found["penalty"])
        self.assertAlmostEqual(best["loss"], quality["log_loss"], delta=1e-9)
        self.assertEqual(len(found["penalties"]), 8)

    def test_ridge_is_that_of_scikit_learn(self):
        names, matrix = features(self.profile[CHOSEN])
        money = self.target(self.money)
        for penalty in (1.0, 200.0):
            found, scores, _ = self.fit("--target", "money", "--columns", ",".join(CHOSEN), "--penalty", penalty)
            reference = Ridge(alpha=penalty).fit(matrix, money)
            terms = {term["term"]: term for term in found["terms"]}
            for name, coefficient in zip(names, reference.coef_):
                self.assertAlmostEqual(terms[name]["coefficient"], coefficient, delta=1e-4, msg=name)
            design = np.column_stack([np.ones(len(money)), matrix])
            penalized = design.T @ design + np.diag([0] + [penalty] * len(names))
            freedom = len(money) - np.trace(np.linalg.solve(penalized, design.T @ design))
            variance = ((money - reference.predict(matrix)) ** 2).sum() / freedom
            for name, error in zip(["(intercept)", *names], np.sqrt(variance * np.diag(np.linalg.inv(penalized)))):
                self.assertAlmostEqual(terms[name]["standard_error"], error, delta=1e-4, msg=name)
            predicted = scores.expected_money.to_numpy()
            self.assertAlmostEqual(found["out_of_fold"]["rmse"], np.sqrt(((predicted - money) ** 2).mean()), delta=1e-6)
            self.assertAlmostEqual(found["out_of_fold"]["mean_absolute_error"], np.abs(predicted - money).mean(), delta=1e-6)
            self.assertAlmostEqual(found["baselines"][0]["rmse"], money.std(), delta=1e-6)
            _, scored, _ = self.fit("--target", "money", "--columns", ",".join(CHOSEN), "--penalty", penalty, "--score", "customers.h5")
            np.testing.assert_allclose(scored.expected_money.to_numpy(), reference.predict(matrix), atol=1e-4)

    def test_targets(self):
        toys, money = outcomes(self.customers.rows, lambda item: int(item[1:]) % 3 == 0)
        found, _, _ = self.fit("--target", "kind = toys")
        self.assertEqual(found["buyers"], int(self.target(toys).sum()))
        found, _, _ = self.fit("--target", "kind = toys", "--model", "ridge")
        self.assertAlmostEqual(found["mean_outcome"], self.target(money).mean(), delta=1e-6)
        found, _, _ = self.fit("--within", "30d")
        month, _ = outcomes(self.customers.rows, last_day=PAST_DAYS + 30)
        self.assertEqual(found["buyers"], int(self.target(month).sum()))
        found, _, _ = self.fit("--target", "money", "--money", "price")
        prices = {}
        for user, item, amount, time, _ in self.customers.rows:
            if user in self.bought:
                prices.setdefault(user, []).append((time, amount * (int(item[1:]) + 1)))
        expected = {user: sum(value for time, value in lines if time // 86400 > self.last_known()) for user, lines in prices.items()}
        self.assertAlmostEqual(found["mean_outcome"], self.target(expected).mean(), delta=1e-6)

    @staticmethod
    def last_known():
        return (pd.Timestamp(AT) - pd.Timestamp("1970-01-01")).days


class PropensityTest(PropensityCase):
    def test_planted_effects_are_found(self):
        found, _, done = self.fit("--columns", "age,town,orders")
        terms = {term["term"]: term for term in found["terms"]}
        low, high = terms["age"]["interval"]
        deviation = terms["age"]["deviation"]
        self.assertLess(low / deviation, 0.05)
        self.assertGreater(high / deviation, 0.05)
        self.assertGreater(terms["town = Rome"]["interval"][1], 0.9)
        self.assertGreater(terms["town = Rome"]["coefficient"], 0.4)
        self.assertLess(found["out_of_fold"]["calibration_error"], 0.04)
        self.assertGreater(found["baselines"][0]["gain"]["interval"][0], 0)
        self.assertEqual(found["baselines"][1]["name"], "recency_days alone")  # also if it is not chosen
        self.assertNotIn("no better than", done.err)
        self.assertEqual(found["period"]["from"], FIRST)
        self.assertTrue(any("age higher by one standard deviation" in sentence for sentence in found["sentences"]))

    def test_what_is_left_out_or_guessed_is_said(self):
        found, _, done = self.fit()
        left_out = {note["term"]: note["reason"] for note in found["left_out"]}
        self.assertIn("the same everywhere", left_out["seven"])
        self.assertIn("combination", left_out["twice"])
        self.assertIn("age", found["imputed"])
        self.assertEqual((found["without_purchase"], found["new_customers"]), (25, 0))
        for text in ("seven", "twice", "missing numbers count as the mean", "25 of 1525 users of the profile have no purchase until its day"):
            self.assertIn(text, done.err)
        quiet = self.done("propensity", "--profile", "customers.h5", "--outcomes", "data.h5", "--output", "scores.csv", "--quiet")
        self.assertIn("rankwise: warning: left out", quiet.err)
        # A level of fewer than ten customers has no term of its own.
        names = {term["term"] for term in found["terms"]}
        self.assertFalse(any("Ulm" in name for name in names))

    def test_noise_is_no_better_than_a_constant(self):
        self.noise = self.folder / "noise"
        self.noise.mkdir(exist_ok=True)
        Customers(users=400, seed=9, chance=lambda *_: -1.0).write(self.noise, lambda *args: run(args, cwd=self.noise))
        done = run(["propensity", "--profile", "customers.h5", "--outcomes", "data.h5", "--columns", "age,town,orders_*", "--penalty", "0.01",
                    "--output", "scores.csv"], cwd=self.noise)
        self.assertEqual(done.code, 0, done)
        self.assertIn("warning: out of fold the model predicts no better than share of buyers", done.err)

    def test_separation_is_said(self):
        rows = [row for row in self.customers.rows if row[0] in self.bought or row[3] // 86400 <= ReferenceTest.last_known()]
        table = [(name, 1 if name in self.bought else 0, "yes" if name in self.bought else "no") for name in self.profile.index]
        write_log(self.folder / "told.csv", rows)
        (self.folder / "told-users.csv").write_text("id,told,word\n" + "".join(f"{name},{number},{word}\n" for name, number, word in table))
        self.done("prepare", "--input", "told.csv", "--columns", "user=user,item=item,value=amount,time=time,order=order", "--exact-repeats", "keep",
                  "--duplicates", "sum", "--min-total", "none", "--users", "told-users.csv", "--output", "told.h5")
        self.done("profile", "--data", "told.h5", "--at", AT, "--output", "told-profile.h5")
        found, _, done = self.fit("--columns", "told,orders", profile="told-profile.h5")
        self.assertIn("separate buyers from all others", done.err)
        found, _, done = self.fit("--columns", "word,orders", "--penalty", "1", profile="told-profile.h5")
        self.assertIn("the same outcome under word = ", done.err)
        found, _, done = self.fit("--columns", "told,orders", "--penalty", "0", profile="told-profile.h5")
        self.assertTrue(not found["converged"] or "separate buyers" in done.err)

    def test_same_bytes_on_any_ranks_and_threads(self):
        digests = set()
        for ranks, threads in ((1, 1), (1, 2), (2, 1), (3, 2), (5, 1)):
            files = []
            self.done("propensity", "--profile", "customers.h5", "--outcomes", "data.h5", "--output", "same.h5", "--json", "same.json", "--report",
                      "same.html", "--threads", threads, ranks=ranks)
            self.done("propensity", "--profile", "customers.h5", "--outcomes", "data.h5", "--target", "money", "--penalty", "3", "--output", "same.csv",
                      "--score", "customers.h5", "--threads", threads, ranks=ranks)
            files += [(self.folder / name).read_bytes() for name in ("same.h5", "same.json", "same.html", "same.csv")]
            digests.add(tuple(hashlib.sha256(content).hexdigest() for content in files))
        self.assertEqual(len(digests), 1)

    def test_the_file_is_a_table_of_users(self):
        self.fit(output="scores.h5")
        _, scores, _ = self.fit()
        with h5py.File(self.folder / "scores.h5") as file:
            self.assertEqual(file.attrs["kind"], "propensity")
            self.assertEqual(file.attrs["analysis-day"], AT)
            table = anndata.experimental.read_elem(file["users/table"])
            terms = anndata.experimental.read_elem(file["model/terms"])
            self.assertEqual(list(file["users/ids"].asstr()), list(table.index))
        np.testing.assert_array_equal(table.probability.dropna().to_numpy(), scores.probability.to_numpy())
        found = json.loads((self.folder / "found.json").read_text())
        self.assertEqual(list(terms.index), [term["term"] for term in found["terms"]])
        np.testing.assert_array_equal(terms.coefficient.to_numpy(), [term["coefficient"] for term in found["terms"]])
        self.done("verify", "scores.h5")
        self.assertIn("propensity", self.done("inspect", "scores.h5").out)
        content = bytearray((self.folder / "scores.h5").read_bytes())
        place = content.find(table.probability.to_numpy()[5:9].tobytes())
        self.assertGreater(place, 0)
        content[place] ^= 1
        (self.folder / "flipped.h5").write_bytes(bytes(content))
        self.assertIn("/users/table/probability", self.done("verify", "flipped.h5", code=65).err)

    def test_another_profile_gets_scores(self):
        self.done("profile", "--data", "data.h5", "--output", "now.h5")
        found, scores, _ = self.fit("--score", "now.h5")
        self.assertEqual((len(scores), found["scores"]["customers"]), (len(self.users), len(self.users)))
        self.assertFalse(found["scores"]["out_of_fold"])
        self.assertNotEqual(found["scores"]["analysis_day"], found["analysis_day"])
        # Categories that the fit does not know are counted.
        users = (self.folder / "users.csv").read_text().replace("Oslo", "Pisa")
        (self.folder / "moved.csv").write_text(users)
        self.done("prepare", "--input", "log.csv", "--columns", "user=user,item=item,value=amount,time=time,order=order", "--exact-repeats", "keep",
                  "--duplicates", "sum", "--min-total", "none", "--users", "moved.csv", "--output", "moved.h5")
        self.done("profile", "--data", "moved.h5", "--output", "moved-profile.h5")
        found, _, done = self.fit("--columns", "town,age", "--score", "moved-profile.h5")
        self.assertEqual(found["scores"]["unknown_categories"], users.count("Pisa"))
        self.assertIn("a category that the fit did not know", done.err)
        self.done("prepare", "--input", "log.csv", "--columns", "user=user,item=item,value=amount,time=time,order=order", "--output", "bare.h5")
        self.done("profile", "--data", "bare.h5", "--output", "bare-profile.h5")
        self.assertIn("has no column 'town'", self.refused("--columns", "town,age", "--score", "bare-profile.h5", code=65))


class RefusalTest(PropensityCase):
    def test_a_profile_that_knows_the_period_is_refused(self):
        self.done("profile", "--data", "data.h5", "--output", "late.h5")
        self.assertIn("no order is in the period", self.refused(profile="late.h5", code=65))
        self.assertIn(f"knows orders until {AT}", self.refused("--from", AT, code=65))
        found, _, _ = self.fit("--from", "2024-10-15")
        self.assertEqual(found["period"]["from"], "2024-10-15")

    def test_data_without_times(self):
        write_log(self.folder / "bare.csv", self.customers.rows)
        self.done("prepare", "--input", "bare.csv", "--columns", "user=user,item=item,value=amount,order=order", "--output", "timeless.h5")
        self.done("profile", "--data", "timeless.h5", "--output", "timeless-profile.h5")
        self.assertIn("was made of the orders of", self.refused(profile="timeless-profile.h5", data="timeless.h5", code=65))
        self.assertIn("has no times", self.refused("--within", "30d", data="timeless.h5", code=65))
        later = [row for row in self.customers.rows if row[3] // 86400 > ReferenceTest.last_known()]
        write_log(self.folder / "later.csv", later)
        self.done("prepare", "--input", "later.csv", "--columns", "user=user,item=item,value=amount,order=order", "--output", "later.h5")
        found, _, done = self.fit(data="later.h5")
        self.assertIn("whether customers.h5 knows these orders already is not known", done.err)
        self.assertEqual(found["buyers"], int(self.target(self.bought).sum()))
        self.assertGreater(found["unknown_customers"], 100)

    def test_too_few_outcomes(self):
        text = self.refused("--from", "2024-12-27", "--within", "1d", "--target", "kind = toys", code=65)
        self.assertRegex(text, "fewer than 10|no order is in the period")
        self.assertNotRegex(text, r"\b[1-9] customers")

    def test_other_faults(self):
        for arguments, code, text in (
                (("--model", "ridge"), 2, "--model ridge predicts money"),
                (("--target", "money", "--model", "logistic"), 2, "--model logistic predicts purchases"),
                (("--penalty", "-1"), 2, "expected auto, or a number"),
                (("--within", "1.5d"), 2, "expected whole days"),
                (("--folds", "1"), 2, "expected a number from 2 to 20"),
                (("--target", "kind ="), 2, "--target"),
                (("--target", "kind = tools"), 65, "no item of data.h5 fulfils it"),
                (("--target", "sort = toys"), 65, "sort"),
                (("--columns", "age,orderz*"), 65, "no column 'orderz*'"),
                (("--columns", "seven"), 65, "no column says anything"),
                (("--target", "money", "--money", "cost"), 65, "cost"),
                (("--score", "absent.h5"), 66, "absent.h5"),
                (("--report", "no/folder.html"), 73, "no/folder.html")):
            with self.subTest(arguments):
                self.assertIn(text, self.refused(*arguments, code=code))
        self.assertIn("is a dataset, expected a profile", self.refused(profile="data.h5", code=65))
        self.assertIn("is a profile, expected a dataset", self.refused(data="customers.h5", code=65))


if __name__ == "__main__":
    unittest.main()
