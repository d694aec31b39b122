"""Why an item is in a list: terms against plain numpy, and how far their sum is off the score."""
import json
import unittest

import h5py
import numpy as np

import numpy_als
import shop
from serving_case import Case

LAMBDA, ALPHA0 = 0.01, 0.1


class ExplainTest(Case):
    @classmethod
    def make(cls):
        shop.write_log(cls.path / "log.csv", users=80, items=40)
        cls.job("prepare", "--input", "@log.csv", "--split", "users:0.2", "--output", "@data.h5")
        common = ["als", "--data", "@data.h5", "--factors", "5", "--epochs", "40", "--regularization", LAMBDA, "--regularization-exponent", "1"]
        cls.job(*common, "--model", "@implicit.h5", "--unobserved-weight", ALPHA0)
        cls.job(*common, "--model", "@log.h5", "--unobserved-weight", ALPHA0, "--weighting", "log", "--alpha", "2")
        cls.job(*common, "--model", "@stars.h5", "--objective", "explicit", "--biases")
        cls.job("itemcf", "--data", "@data.h5", "--model", "@items.h5", "--similarity", "cosine", "--neighbours", "6")
        training, parts, cls.users, cls.new, cls.items = cls.matrices(cls, "data.h5")
        cls.rows = {user: training[at] for at, user in enumerate(cls.users)}
        whole = parts["given"] + parts["interactions"]
        cls.rows |= {user: whole[at] for at, user in enumerate(cls.new)}

    def served(self, model, *options):
        self.alike("lists.jsonl", "recommend", "--data", "@data.h5", "--model", f"@{model}", "--top", "4", "--explain", "3", *options, "--log-json",
                   "@log.jsonl", "--output", "@lists.jsonl")
        (told,) = [event for event in map(json.loads, (self.path / "log.jsonl").read_text().splitlines()) if event["event"] == "explained"]
        return [json.loads(line) for line in (self.path / "lists.jsonl").read_text().splitlines()], told["largest_gap"]

    def compare(self, terms_of, lists):
        """terms_of(user, item): {item of the history: term}."""
        compared = 0
        for user in lists:
            for entry in user["items"]:
                terms = {item: term for item, term in terms_of(user["user"], entry["item"]).items() if term > 0}
                total = sum(terms.values())
                expected = sorted(terms.values(), reverse=True)[:3]
                self.assertEqual(len(entry["because"]), len(expected))
                for reason, term in zip(entry["because"], expected):
                    self.assertAlmostEqual(reason["term"], term, delta=1e-3 * max(total, 1e-3))
                    self.assertAlmostEqual(terms[reason["item"]], term, delta=1e-3 * max(total, 1e-3))
                    self.assertAlmostEqual(reason["share"], term / total, delta=2e-3)
                compared += 1
        self.assertGreater(compared, 200)

    def test_terms_of_factors_are_the_row_s_solve_taken_apart(self):
        for model in ("implicit.h5", "log.h5", "stars.h5"):
            lists, gap = self.served(model)
            self.assertLess(gap, 0.05, model)  # of users of the model, whose last solve was against older items
            x, y, _, item_biases, attributes = numpy_als.read_model(self.path / model)
            y = y.astype(float)
            if item_biases is not None:
                features = np.hstack([y, np.ones((len(y), 1))])
            else:
                features = y

            def terms_of(user, item):
                row = self.rows[user]
                history, values = row.indices, row.data.astype(float)
                if model == "stars.h5":
                    system = LAMBDA * len(history) * np.eye(features.shape[1])
                    weights, targets = np.ones(len(history)), values - attributes["global-mean"] - item_biases[history]
                else:
                    system = ALPHA0 * y.T @ y + LAMBDA * (len(history) + ALPHA0 * len(y)) * np.eye(y.shape[1])
                    confidence = np.ones(len(history)) if model == "implicit.h5" else 1 + 2 * np.log1p(values)
                    weights, targets = (confidence, confidence) if model == "implicit.h5" else (confidence - ALPHA0, confidence)
                system = system + (features[history].T * weights) @ features[history]
                solved = np.linalg.solve(system, features[self.items.index(item)])
                return {self.items[i]: t * features[i] @ solved for i, t in zip(history, targets)}

            self.compare(terms_of, lists)

    def test_terms_of_folded_in_users_sum_to_their_scores(self):
        (self.path / "new.txt").write_text("\n".join(self.new) + "\n")
        for model in ("implicit.h5", "log.h5", "stars.h5"):
            lists, gap = self.served(model, "--users", "@new.txt")
            self.assertEqual(len(lists), len(self.new))
            self.assertLess(gap, 1e-4, model)

    def test_terms_of_an_item_model_are_its_weights(self):
        lists, gap = self.served("items.h5")
        self.assertLess(gap, 1e-6)
        with h5py.File(self.path / "items.h5") as file:
            weights = numpy_als.read_csr(file, "items/neighbours").toarray().astype(float)

        def terms_of(user, item):
            return {self.items[i]: weights[self.items.index(item), i] for i in self.rows[user].indices}

        self.compare(terms_of, [user for user in lists if user["source"] == "model"])

    def test_reasons_are_columns_of_text(self):
        self.alike("lists.csv", "recommend", "--data", "@data.h5", "--model", "@implicit.h5", "--top", "4", "--explain", "2", "--output", "@lists.csv")
        header, first = (self.path / "lists.csv").read_text().splitlines()[:2]
        self.assertEqual(header, "user,rank,item,score,source,because_1,share_1,because_2,share_2")
        self.assertEqual(first.count(","), 8)
        self.refused(2, "recommend", "--data", "@data.h5", "--model", "@implicit.h5", "--explain", "2", "--output", "@lists.h5", words=["--explain", "JSON lines"])


if __name__ == "__main__":
    unittest.main()
