"""`rankwise evaluate` and `rankwise recommend` against plain numpy: every metric by its formula, every list by a full sort."""
import csv
import hashlib
import json
import math
import pathlib
import tempfile
import unittest

import h5py
import numpy as np

import numpy_als
import shop
from program import ranks_of_refusal, run

RANKS = (1, 2, 7)


def read_lists(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


class Trained(unittest.TestCase):
    """A dataset and a model of each kind of hold-out and objective."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        shop.write_log(cls.path / "log.csv")
        for name, split in (("random", "random:0.2"), ("last", "leave-last:1"), ("users", "users:0.2")):
            cls.prepare(name, split)
            cls.train(name, "implicit", ["--regularization", "0.01"])
        cls.train("random", "explicit", ["--objective", "explicit", "--biases"])
        cls.train("users", "explicit", ["--objective", "explicit", "--biases"])

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def prepare(cls, name, split):
        done = run(["prepare", "--input", cls.path / "log.csv", "--split", split, "--output", cls.path / f"{name}.h5"])
        assert done.code == 0, done

    @classmethod
    def train(cls, name, kind, options):
        done = run(["als", "--data", cls.path / f"{name}.h5", "--model", cls.path / f"{name}-{kind}.h5", "--factors", "12",
                    "--epochs", "4", *options])
        assert done.code == 0, done

    def read(self, name, kind):
        with h5py.File(self.path / f"{name}.h5") as file:
            heldout = numpy_als.read_csr(file, "heldout/interactions")
            training = numpy_als.read_csr(file, "interactions")
            given = numpy_als.read_csr(file, "heldout/given") if "given" in file["heldout"] else None
        return training, heldout, given, numpy_als.read_model(self.path / f"{name}-{kind}.h5")


def full_rankings(scores, seen, entries):
    """Per user all unseen items with training entries, best first, ties to the lowest index; the popular ones for users of whom nothing
    is known."""
    rankings = []
    for user in range(scores.shape[0]):
        is_known = np.any(entries[seen.indices[seen.indptr[user]:seen.indptr[user + 1]]] > 0)
        row = (scores[user] if is_known else entries).astype(float)
        row[entries == 0] = -np.inf
        row[seen.indices[seen.indptr[user]:seen.indptr[user + 1]]] = -np.inf
        order = np.lexsort((np.arange(len(row)), -row))
        rankings.append(order[:np.isfinite(row).sum()])
    return rankings


def metric_values(rankings, heldout, k):
    sums = {"recall": [], "ndcg": [], "map": [], "hr": []}
    for user, ranking in enumerate(rankings):
        relevant = set(heldout.indices[heldout.indptr[user]:heldout.indptr[user + 1]])
        if not relevant:
            continue
        attainable = min(k, len(relevant))
        hits = [position for position, item in enumerate(ranking[:k], 1) if item in relevant]
        sums["recall"].append(len(hits) / attainable)
        sums["ndcg"].append(sum(1 / math.log2(p + 1) for p in hits) / sum(1 / math.log2(p + 1) for p in range(1, attainable + 1)))
        sums["map"].append(sum((i + 1) / p for i, p in enumerate(hits)) / attainable)
        sums["hr"].append(1.0 if hits else 0.0)
    return {name: float(np.mean(values)) for name, values in sums.items()}


class EvaluateTest(Trained):
    def evaluate(self, name, kind, metrics, ranks=1, extra=()):
        output = self.path / "metrics.json"
        done = run(["evaluate", "--data", self.path / f"{name}.h5", "--model", self.path / f"{name}-{kind}.h5", "--metrics",
                    metrics, "--output", output, *extra], ranks=ranks)
        self.assertEqual(done.code, 0, done)
        return json.loads(output.read_text()), done

    def test_rankings_follow_their_formulas(self):
        for name, kind in (("random", "implicit"), ("last", "implicit"), ("random", "explicit"), ("users", "implicit")):
            training, heldout, given, (users, items, _, item_biases, attributes) = self.read(name, kind)
            if given is not None:
                users, _ = self.folded_in(given, items, attributes)
            scores = users.astype(float) @ items.T.astype(float) + (item_biases if item_biases is not None else 0)
            seen = training if given is None else given
            entries = np.diff(training.tocsc().indptr)
            popularity = np.tile(entries.astype(float), (heldout.shape[0], 1))
            for k in (1, 5, 20, 500):
                with self.subTest(name=name, kind=kind, k=k):
                    result, _ = self.evaluate(name, kind, f"recall@{k},ndcg@{k},map@{k},hr@{k}")
                    for source, table in (("model", scores), ("baseline", popularity)):
                        expected = metric_values(full_rankings(table, seen, entries), heldout, k)
                        for metric, value in expected.items():
                            # One user of about 300 may order two nearly equal scores the other way.
                            self.assertAlmostEqual(result["metrics"][f"{metric}@{k}"][source], value, delta=2e-3 if source == "model" else 1e-9)

    def folded_in(self, given, items, attributes):
        alpha0, lam, nu = (float(attributes[name]) for name in ("unobserved-weight", "regularization", "regularization-exponent"))
        items = items.astype(float)
        users = np.zeros((given.shape[0], items.shape[1]))
        for row in range(given.shape[0]):
            features = items[given.indices[given.indptr[row]:given.indptr[row + 1]]]
            lam_u = lam * (len(features) + alpha0 * items.shape[0]) ** nu
            users[row] = np.linalg.solve(alpha0 * items.T @ items + features.T @ features + lam_u * np.eye(items.shape[1]), features.sum(axis=0))
        return users, items

    def test_rating_errors_follow_their_formulas(self):
        _, heldout, _, (users, items, user_biases, item_biases, attributes) = self.read("random", "explicit")
        coo = heldout.tocoo()
        predicted = (float(attributes["global-mean"]) + user_biases[coo.row] + item_biases[coo.col]
                     + np.einsum("ij,ij->i", users[coo.row].astype(float), items[coo.col].astype(float)))
        result, _ = self.evaluate("random", "explicit", "rmse,mae")
        self.assertAlmostEqual(result["metrics"]["rmse"]["model"], float(np.sqrt(np.mean((coo.data - predicted) ** 2))), places=5)
        self.assertAlmostEqual(result["metrics"]["mae"]["model"], float(np.mean(np.abs(coo.data - predicted))), places=5)
        folded, _ = self.evaluate("users", "explicit", "rmse")
        self.assertLess(folded["metrics"]["rmse"]["model"], 1.2)

    def test_output_is_the_same_on_any_ranks_and_threads(self):
        for name, kind, metrics in (("random", "implicit", "recall@5,ndcg@20"), ("users", "explicit", "rmse,mae,map@7")):
            outputs = set()
            for ranks in RANKS:
                result, _ = self.evaluate(name, kind, metrics, ranks, ["--threads", str(1 + ranks % 2)])
                outputs.add(json.dumps(result, sort_keys=True))
            self.assertEqual(len(outputs), 1)

    def test_bad_input(self):
        def refused(args, code, *words):
            done = run(["evaluate", *args], ranks=ranks_of_refusal(self, code))
            self.assertEqual(done.code, code, done)
            self.assertEqual(len(done.our_lines), 1, done)
            for word in words:
                self.assertIn(word, done.our_lines[0])

        data, model = self.path / "random.h5", self.path / "random-implicit.h5"
        refused(["--data", data, "--model", model, "--metrics", "rmse"], 2, "rmse", "explicit")
        refused(["--data", data, "--model", model, "--metrics", "recal@3"], 2, "recal@3")
        refused(["--data", data, "--model", model, "--metrics", "recall"], 2, "@K")
        refused(["--data", data, "--model", model, "--metrics", "recall@0"], 2, "recall@0")
        refused(["--data", data, "--model", data], 65, "is a dataset")
        refused(["--data", data, "--model", model, "--output", self.path / "none/metrics.json"], 73, "none")
        self.prepare("none-held-out", "none")
        self.train("none-held-out", "implicit", [])
        refused(["--data", self.path / "none-held-out.h5", "--model", self.path / "none-held-out-implicit.h5"], 65, "held out")


class RecommendTest(Trained):
    def recommend(self, name, kind, output, ranks=1, extra=()):
        path = self.path / output
        done = run(["recommend", "--data", self.path / f"{name}.h5", "--model", self.path / f"{name}-{kind}.h5", "--output", path,
                    *extra], ranks=ranks)
        self.assertEqual(done.code, 0, done)
        return path

    def expected(self, name, kind, top):
        training, heldout, _, (users, items, user_biases, item_biases, attributes) = self.read(name, kind)
        scores = users.astype(float) @ items.T.astype(float)
        if item_biases is not None:
            scores = scores + item_biases + user_biases[:, None] + float(attributes["global-mean"])
        return [(ranking[:top], scores[user]) for user, ranking in enumerate(full_rankings(scores, (training + heldout).tocsr(), np.diff(training.tocsc().indptr)))]

    def test_lists_are_the_best_unseen_items_by_id(self):
        for kind in ("implicit", "explicit"):
            with h5py.File(self.path / "random.h5") as file:
                user_ids = [text.decode() for text in file["users/ids"][:]]
                item_ids = file["items/ids"][:].tolist()
            rows = read_lists(self.recommend("random", kind, "lists.csv", extra=["--top", "7"]))
            expected = self.expected("random", kind, 7)
            by_user = {}
            for row in rows:
                by_user.setdefault(row["user"], []).append(row)
            self.assertEqual(sorted(by_user), [user for user, (ranking, _) in zip(user_ids, expected) if len(ranking) > 0])
            for user, (ranking, scores) in zip(user_ids, expected):
                got = by_user.get(user, [])  # a user who has all items has no list
                self.assertEqual([int(row["rank"]) for row in got], list(range(1, len(ranking) + 1)))
                for row, item in zip(got, ranking):
                    place = item_ids.index(int(row["item"]))
                    self.assertAlmostEqual(float(row["score"]), scores[place], places=4)
                    self.assertAlmostEqual(scores[place], scores[item], places=4)  # the same item, or one that scores alike

    def test_same_bytes_on_any_ranks_and_both_formats_agree(self):
        for output in ("lists.csv", "lists.h5"):
            digests = {hashlib.sha256(self.recommend("random", "implicit", output, ranks, ["--threads", str(1 + ranks % 2)]).read_bytes()).hexdigest()
                       for ranks in RANKS}
            self.assertEqual(len(digests), 1, output)
        rows = read_lists(self.path / "lists.csv")
        with h5py.File(self.path / "lists.h5") as file:
            self.assertEqual(file["recommendations/items"][:].tolist(), [int(row["item"]) for row in rows])
            np.testing.assert_allclose(file["recommendations/scores"][:], [float(row["score"]) for row in rows], rtol=1e-6)
            indptr = file["recommendations/indptr"][:]
            users = [text.decode() for text in file["users/ids"][:]]
        self.assertEqual([user for user, count in zip(users, np.diff(indptr)) for _ in range(count)], [row["user"] for row in rows])

    def test_a_list_of_users_is_served_alone(self):
        wanted = self.path / "wanted.txt"
        wanted.write_text("c0007\nc0123\r\n\nc0007\n")
        for ranks in (1, 3):
            rows = read_lists(self.recommend("random", "implicit", "some.csv", ranks, ["--users", wanted, "--top", "3"]))
            self.assertEqual([row["user"] for row in rows], ["c0007"] * 3 + ["c0123"] * 3)
        wanted.write_text("c0007\nnobody\nnowhere\n")
        done = run(["recommend", "--data", self.path / "random.h5", "--model", self.path / "random-implicit.h5", "--users", wanted,
                    "--unknown-users", "error", "--output", self.path / "unwritten.csv"])
        self.assertEqual(done.code, 65, done)
        self.assertEqual(len(done.our_lines), 1)
        self.assertIn("wanted.txt:2: 'nobody'", done.our_lines[0])
        self.assertFalse(list(self.path.glob("*unwritten*")))

    def test_more_items_asked_than_there_are(self):
        rows = read_lists(self.recommend("random", "implicit", "all.csv", 2, ["--top", "1000"]))
        training, heldout, _, _ = self.read("random", "implicit")
        self.assertTrue(np.all(training.getnnz(axis=0) > 0))  # every item is a candidate
        self.assertEqual(len(rows), training.shape[0] * training.shape[1] - training.nnz - heldout.nnz)


if __name__ == "__main__":
    unittest.main()
