"""A model on other datasets than its own: `evaluate` and `recommend` against plain numpy, by ids alone; and what is told of leakage."""
import csv
import json
import math
import pathlib
import tempfile
import unittest

import h5py
import numpy as np
import scipy.sparse

import numpy_als
from program import ranks_of_refusal, run

LAYOUTS = ((1, 1), (1, 2), (2, 1), (7, 2))  # ranks, threads
FIRST_QUARTER, SECOND_QUARTER = 1_600_000_000, 1_610_000_000
ITEM_TASTES = np.random.default_rng(5).normal(size=(400, 4))


def write_quarter(path, users, items, begin, seed, user_name="u{}", item_name="i{}", times=True, more=()):
    """A log of these users and items, whose tastes are theirs in every quarter."""
    random = np.random.default_rng(seed)
    with open(path, "w") as file:
        file.write("user,item,rating" + (",timestamp\n" if times else "\n"))
        for user in users:
            taste = np.random.default_rng(1000 + user).normal(size=4)
            score = ITEM_TASTES[list(items)] @ taste + np.array(items) % 7 / 4
            order = np.argsort(-(score + random.gumbel(size=len(items))))[:4 + int(random.exponential(9))]
            for place in order:
                rating = int(np.clip(np.round(3 + score[place] / 2 + random.normal() / 2), 1, 5))
                time = f",{begin + int(random.integers(5_000_000))}" if times else ""
                file.write(f"{user_name.format(user)},{item_name.format(items[place])},{rating}{time}\n")
        for line in more:
            file.write(line + "\n")


def ids_of(file, side):
    ids = file[f"{side}/ids"]
    return list(ids.asstr()[:]) if ids.dtype.kind in "OS" else [str(id) for id in ids[:]]


class Dataset:
    def __init__(self, path):
        with h5py.File(path) as file:
            self.training = numpy_als.read_csr(file, "interactions")
            self.heldout = numpy_als.read_csr(file, "heldout/interactions")
            is_whole = "given" in file["heldout"]
            self.seen = numpy_als.read_csr(file, "heldout/given") if is_whole else self.training
            self.users = ids_of(file, "heldout/users" if is_whole else "users")
            self.items = ids_of(file, "items")


class Model:
    def __init__(self, path):
        _, self.items, _, self.biases, self.attributes = numpy_als.read_model(path)
        with h5py.File(path) as file:
            self.entries = file["items/entries"][:]
            self.row = {id: row for row, id in enumerate(ids_of(file, "items")) if self.entries[row] > 0}
            self.users = {id for id, count in zip(ids_of(file, "users"), file["users/entries"][:]) if count > 0}
        self.mean = float(self.attributes["global-mean"]) if self.biases is not None else 0.0

    def fold_in(self, columns, values):
        """Factors, with the bias last if there are biases: normal equations in float64."""
        a = {name: float(self.attributes[name]) for name in ("unobserved-weight", "regularization", "regularization-exponent")}
        lam, nu = a["regularization"], a["regularization-exponent"]
        y = self.items.astype(float)
        f = y[columns]
        if self.attributes["objective"] == "implicit":
            alpha0 = a["unobserved-weight"]
            scale = lam * (len(columns) + alpha0 * len(y)) ** nu
            return np.linalg.solve(alpha0 * y.T @ y + f.T @ f + scale * np.eye(y.shape[1]), f.sum(axis=0))
        target = values - self.mean
        if self.biases is not None:
            target = target - self.biases[columns].astype(float)
            f = np.hstack([f, np.ones((len(f), 1))])
        return np.linalg.solve(f.T @ f + lam * len(columns) ** nu * np.eye(f.shape[1]), f.T @ target)

    def rows_of(self, data):
        """Of each item of the dataset that of the model, or -1."""
        return np.array([self.row.get(id, -1) for id in data.items])


def row_of(matrix, row):
    span = slice(matrix.indptr[row], matrix.indptr[row + 1])
    return matrix.indices[span], matrix.data[span].astype(float)


def best(scores, allowed, count):
    return [int(item) for item in np.lexsort((np.arange(len(scores)), -scores)) if allowed[item]][:count]


def brute_force(data, model, k):
    """Means of recall@k and ndcg@k of the model and of popularity, and the counts that are told."""
    rows = model.rows_of(data)
    popularity = np.diff(data.training.tocsc().indptr)
    trained = np.where(rows >= 0, model.entries[rows], 0)
    values = {"recall": ([], []), "ndcg": ([], [])}
    counts = dict.fromkeys(("users", "known_users", "folded_in", "history_entries", "unknown_entries", "pairs", "missed_pairs"), 0)
    for user, id in enumerate(data.users):
        targets = set(row_of(data.heldout, user)[0].tolist())
        if not targets:
            continue
        seen, ratings = row_of(data.seen, user)
        known = rows[seen] >= 0
        unseen = np.ones(len(rows), bool)
        unseen[seen] = False
        scores = trained.astype(float)
        if known.any():
            factors = model.fold_in(rows[seen][known], ratings[known])
            scores = model.items[rows].astype(float) @ factors[:model.items.shape[1]]
            scores += model.biases[rows] if model.biases is not None else 0
        lists = best(scores, unseen & (trained > 0), k), best(popularity.astype(float), unseen & (popularity > 0), k)
        for source, ranking in enumerate(lists):
            attainable = min(k, len(targets))
            hits = [position for position, item in enumerate(ranking, 1) if item in targets]
            values["recall"][source].append(len(hits) / attainable)
            values["ndcg"][source].append(sum(1 / math.log2(p + 1) for p in hits)
                                          / sum(1 / math.log2(p + 1) for p in range(1, attainable + 1)))
        for name, count in (("users", 1), ("known_users", id in model.users), ("folded_in", known.any()), ("history_entries", len(seen)),
                            ("unknown_entries", (~known).sum()), ("pairs", len(targets)),
                            ("missed_pairs", sum(rows[item] < 0 for item in targets))):
            counts[name] += int(count)
    counts.update(items=len(rows), known_items=int((rows >= 0).sum()), items_elsewhere=len(model.row) - int((rows >= 0).sum()),
                  unknown_users=counts["users"] - counts["folded_in"])
    return {name: tuple(float(np.mean(each)) for each in both) for name, both in values.items()}, counts


def brute_force_errors(data, model):
    """rmse and mae of predicted ratings."""
    rows = model.rows_of(data)
    errors = []
    for user in range(len(data.users)):
        seen, ratings = row_of(data.seen, user)
        known = rows[seen] >= 0
        factors = model.fold_in(rows[seen][known], ratings[known]) if known.any() else None
        for item, rating in zip(*row_of(data.heldout, user)):
            row = rows[item]
            if model.biases is not None:
                predicted = model.mean + (factors[-1] if factors is not None else 0) + (model.biases[row] if row >= 0 else 0)
                predicted += factors[:-1] @ model.items[row] if factors is not None and row >= 0 else 0
            else:
                predicted = factors @ model.items[row] if factors is not None and row >= 0 else data.training.data.astype(float).mean()
            errors.append(rating - predicted)
    return math.sqrt(np.mean(np.square(errors))), float(np.mean(np.abs(errors)))


def permute(source, target):
    """The dataset of users held out whole with its rows and columns in another order, under the same ids."""
    random = np.random.default_rng(3)
    with h5py.File(source) as old, h5py.File(target, "w") as new:
        for name, value in old.attrs.items():
            if name != "metadata-digest":
                new.attrs[name] = value
        new.attrs["dataset-digest"] = np.uint64(12345)  # its rows are others
        orders = {side: random.permutation(len(old[f"{side}/ids"])) for side in ("users", "items", "heldout/users")}
        for side, order in orders.items():
            new.create_dataset(f"{side}/ids", data=old[f"{side}/ids"][:][order], dtype=old[f"{side}/ids"].dtype)
        matrices = [("interactions", "users"), ("heldout/interactions", "heldout/users"), ("heldout/given", "heldout/users")]
        for name, side in matrices:
            matrix = scipy.sparse.csr_matrix(numpy_als.read_csr(old, name)[orders[side]][:, orders["items"]])
            for path, part in ((name, matrix), (f"{name}_by_item", matrix.T.tocsr())):
                part.sort_indices()
                group = new.create_group(path)
                for key, value in old[path].attrs.items():
                    group.attrs[key] = value
                group["data"], group["indices"] = part.data.astype(np.float32), part.indices.astype(np.int32)
                group["indptr"] = part.indptr.astype(np.int64)


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        cls.make()

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def job(cls, *args, ranks=1, code=0):
        done = run([str(arg).replace("@", f"{cls.path}/", 1) if str(arg).startswith("@") else str(arg) for arg in args], ranks=ranks)
        assert done.code == code, done
        return done

    def refused(self, *args, words=()):
        done = self.job(*args, ranks=ranks_of_refusal(self, 65), code=65)
        self.assertEqual(len(done.our_lines), 1, done)
        for word in words:
            self.assertIn(word, done.our_lines[0])

    @classmethod
    def prepare(cls, log, data, split, *options):
        cls.job("prepare", "--input", f"@{log}.csv", "--output", f"@{data}.h5", "--split", split, *options)

    @classmethod
    def train(cls, data, model, *options):
        cls.job("als", "--data", f"@{data}.h5", "--model", f"@{model}.h5", "--factors", "6", "--epochs", "3", *options)

    def evaluate(self, data, model, metrics, *options, ranks=1):
        done = self.job("evaluate", "--data", f"@{data}.h5", "--model", f"@{model}.h5", "--metrics", metrics, "--output", "@metrics.json",
                        "--log-json", "@log.jsonl", *options, ranks=ranks)
        events = [json.loads(line) for line in (self.path / "log.jsonl").read_text().splitlines()]
        return json.loads((self.path / "metrics.json").read_text()), {event["event"]: event for event in events}, done


class QuartersTest(Case):
    """Old users and new ones, old items and new ones, and items that are gone."""

    @classmethod
    def make(cls):
        write_quarter(cls.path / "q1.csv", range(400), range(200), FIRST_QUARTER, 1)
        write_quarter(cls.path / "q2.csv", range(240, 600), range(50, 280), SECOND_QUARTER, 2,
                      more=[f"stranger,i{item},4,{SECOND_QUARTER + 10 + item}" for item in range(270, 276)])
        cls.prepare("q1", "q1", "random:0.2")
        for name, split in (("random", "random:0.2"), ("last", "leave-last:1"), ("cut", "temporal:0.3"), ("users", "users:0.3")):
            cls.prepare("q2", f"q2-{name}", split)
        cls.train("q1", "implicit")
        cls.train("q1", "explicit", "--objective", "explicit", "--regularization", "0.1")
        cls.train("q1", "biases", "--objective", "explicit", "--biases", "--regularization", "0.1")

    def test_rankings_are_those_of_plain_numpy(self):
        for name in ("random", "last", "cut", "users"):
            for kind in ("implicit", "explicit", "biases"):
                with self.subTest(name=name, kind=kind):
                    expected, counts = brute_force(Dataset(self.path / f"q2-{name}.h5"), Model(self.path / f"{kind}.h5"), 10)
                    found, events, _ = self.evaluate(f"q2-{name}", kind, "recall@10,ndcg@10")
                    for metric, (model, baseline) in expected.items():
                        self.assertAlmostEqual(found["metrics"][f"{metric}@10"]["model"], model, places=12)
                        self.assertAlmostEqual(found["metrics"][f"{metric}@10"]["baseline"], baseline, places=12)
                    told = {name: value for name, value in events["matched_model"].items() if name not in ("event", "seconds")}
                    self.assertEqual(told, counts)
                    self.assertEqual(found["matched_model"], counts)
                    self.assertGreater(counts["known_users"], 0)
                    self.assertLess(counts["known_users"], counts["folded_in"])
                    self.assertGreater(min(counts["missed_pairs"], counts["unknown_entries"], counts["items_elsewhere"]), 0)

    def test_ratings_are_those_of_plain_numpy(self):
        for name in ("random", "users"):
            for kind in ("explicit", "biases"):
                rmse, mae = brute_force_errors(Dataset(self.path / f"q2-{name}.h5"), Model(self.path / f"{kind}.h5"))
                found, _, _ = self.evaluate(f"q2-{name}", kind, "rmse,mae")
                self.assertAlmostEqual(found["metrics"]["rmse"]["model"], rmse, places=5)
                self.assertAlmostEqual(found["metrics"]["mae"]["model"], mae, places=5)
        self.job("evaluate", "--data", "@q2-random.h5", "--model", "@implicit.h5", "--metrics", "rmse", code=2)

    def test_the_bytes_are_the_same_on_any_ranks_and_threads(self):
        for name, kind, metrics in (("random", "implicit", "recall@10,ndcg@10"), ("users", "biases", "rmse,mae,map@7")):
            outputs = set()
            for ranks, threads in LAYOUTS:
                _, events, _ = self.evaluate(f"q2-{name}", kind, metrics, "--threads", threads, ranks=ranks)
                del events["matched_model"]["seconds"]
                outputs.add((self.path / "metrics.json").read_text() + json.dumps(events["matched_model"]))
            self.assertEqual(len(outputs), 1)

    def test_the_order_of_rows_changes_no_bit(self):
        self.prepare("q1", "whole", "users:0.3")
        self.train("whole", "own")
        permute(self.path / "whole.h5", self.path / "permuted.h5")
        own, _, _ = self.evaluate("whole", "own", "recall@10,ndcg@10,map@10")
        other, events, _ = self.evaluate("permuted", "own", "recall@10,ndcg@10,map@10")
        for name, metric in own["metrics"].items():
            self.assertAlmostEqual(other["metrics"][name]["model"], metric["model"], delta=1e-12)
        self.assertEqual(events["matched_model"]["missed_pairs"], 0)

    def test_lists_are_those_of_plain_numpy(self):
        with h5py.File(self.path / "q2-cut.h5") as file:
            known = numpy_als.read_csr(file, "interactions") + numpy_als.read_csr(file, "heldout/interactions")
        data = Dataset(self.path / "q2-cut.h5")
        for kind in ("implicit", "biases"):
            model = Model(self.path / f"{kind}.h5")
            rows = model.rows_of(data)
            entries = np.where(rows >= 0, model.entries[rows], 0)
            outputs = set()
            for ranks, threads in ((1, 1), (3, 2)):
                done = self.job("recommend", "--data", "@q2-cut.h5", "--model", f"@{kind}.h5", "--top", "5", "--output", "@lists.csv",
                                "--threads", threads, ranks=ranks)
                outputs.add((self.path / "lists.csv").read_text())
            self.assertEqual(len(outputs), 1)
            self.assertIn(f"knows {int((rows >= 0).sum())} of {len(rows)} items", done.err)
            lists = {}
            for row in csv.DictReader(outputs.pop().splitlines()):
                lists.setdefault(row["user"], []).append(row)
            self.assertEqual(set(lists), set(data.users))
            for user, id in enumerate(data.users):
                seen, values = row_of(known, user)
                allowed = entries > 0
                allowed[seen] = False
                taken = rows[seen] >= 0
                scores = entries / len(numpy_als.read_model(self.path / f"{kind}.h5")[0])
                if taken.any():
                    factors = model.fold_in(rows[seen][taken], values[taken])
                    scores = model.items[rows].astype(float) @ factors[:model.items.shape[1]]
                    if model.biases is not None:
                        scores += model.biases[rows] + factors[-1] + model.mean
                got = lists[id]
                self.assertEqual({row["source"] for row in got}, {"model" if taken.any() else "popular"})
                np.testing.assert_allclose([float(row["score"]) for row in got], scores[best(scores, allowed, 5)], atol=1e-4)
                self.assertTrue(all(allowed[data.items.index(row["item"])] for row in got))
            self.assertEqual({row["source"] for row in lists["stranger"]}, {"popular"})


class IdsTest(Case):
    """Ids of two kinds, and none in common."""

    @classmethod
    def make(cls):
        numbers = {"user_name": "{}", "item_name": "{}"}
        write_quarter(cls.path / "numbers.csv", range(80), range(40), FIRST_QUARTER, 1, **numbers)
        write_quarter(cls.path / "texts.csv", range(60, 130), range(10, 50), SECOND_QUARTER, 2, **numbers,
                      more=[f"7a,{item},3,{SECOND_QUARTER}" for item in range(10, 16)] + [f"61,b{item},3,{SECOND_QUARTER}" for item in range(3)])
        write_quarter(cls.path / "others.csv", range(60), range(30), SECOND_QUARTER, 3, item_name="other{}")
        for name in ("numbers", "texts", "others"):
            cls.prepare(name, name, "random:0.2")
            cls.train(name, f"{name}-model")

    def test_integers_meet_texts(self):
        with h5py.File(self.path / "numbers.h5") as numbers, h5py.File(self.path / "texts.h5") as texts:
            self.assertEqual((numbers["items/ids"].dtype.kind, texts["items/ids"].dtype.kind), ("i", "S"))
        for data, model in (("numbers", "texts-model"), ("texts", "numbers-model")):
            expected, counts = brute_force(Dataset(self.path / f"{data}.h5"), Model(self.path / f"{model}.h5"), 8)
            self.assertGreater(min(counts["known_users"], counts["known_items"]), 0)
            for ranks in (1, 3):
                found, events, _ = self.evaluate(data, model, "recall@8,ndcg@8", ranks=ranks)
                for metric in ("recall", "ndcg"):
                    self.assertAlmostEqual(found["metrics"][f"{metric}@8"]["model"], expected[metric][0], places=12)
                self.assertEqual(events["matched_model"]["known_users"], counts["known_users"])
                self.assertEqual(events["matched_model"]["known_items"], counts["known_items"])

    def test_no_items_in_common(self):
        for job in (["evaluate"], ["recommend", "--output", "@none.csv"]):
            self.refused(*job, "--data", "@others.h5", "--model", "@numbers-model.h5",
                         words=["numbers-model.h5", "another dataset", "none of its 30 items", "'0'", "'other0'"])
        self.assertFalse((self.path / "none.csv").exists())


class OverlapTest(Case):
    """Whether a model has learned what is held out: shown by times or users, or not."""

    @classmethod
    def make(cls):
        write_quarter(cls.path / "q1.csv", range(60), range(30), FIRST_QUARTER, 1)
        write_quarter(cls.path / "q2.csv", range(40, 100), range(30), SECOND_QUARTER, 2)
        write_quarter(cls.path / "new.csv", range(60, 120), range(30), FIRST_QUARTER, 3)
        write_quarter(cls.path / "timeless.csv", range(40, 100), range(30), 0, 4, times=False)
        cls.prepare("q1", "q1", "random:0.2")
        cls.prepare("q1", "q1-cut", "temporal:0.2")
        cls.prepare("q1", "q1-wider-cut", "temporal:0.3")
        cls.prepare("q1", "q1-again", "random:0.2", "--seed", "9")
        cls.prepare("q2", "q2", "random:0.2")
        cls.prepare("new", "new", "random:0.2")
        cls.prepare("timeless", "timeless", "random:0.2")
        for name in ("q1", "q1-cut", "q1-wider-cut", "q2", "timeless"):
            cls.train(name, f"{name}-model")
        cls.train("q1", "q1-all", "--train-on", "all")
        cls.train("q1-cut", "q1-cut-all", "--train-on", "all")
        cls.train("q1", "q1-fold", "--fold", "interactions:1/3")
        cls.train("q1-cut", "warm", "--warm-start", "@q2-model.h5")
        cls.train("q1-cut", "warm-timeless", "--warm-start", "@timeless-model.h5")

    def last_training(self, model):
        with h5py.File(self.path / f"{model}.h5") as file:
            return file.attrs.get("last-training-time")

    def test_a_model_says_when_its_training_ended(self):
        with h5py.File(self.path / "q1.h5") as q1, h5py.File(self.path / "q1-cut.h5") as cut, h5py.File(self.path / "q2.h5") as q2:
            self.assertEqual(self.last_training("q1-model"), q1.attrs["log-last-time"])
            self.assertEqual(self.last_training("q1-cut-model"), cut.attrs["last-training-time"])
            self.assertLessEqual(cut["interactions/time"][:].max(), self.last_training("q1-cut-model"))
            self.assertEqual(self.last_training("q1-cut-all"), cut.attrs["log-last-time"])
            self.assertEqual(self.last_training("warm"), q2.attrs["log-last-time"])
        self.assertIsNone(self.last_training("timeless-model"))
        self.assertIsNone(self.last_training("warm-timeless"))

    def told(self, data, model):
        """What is said of leakage, and the only warnings."""
        found, events, _ = self.evaluate(data, model, "recall@5")
        self.assertEqual(found.get("training_overlap", {}).get("disjoint"), events.get("training_overlap", {}).get("disjoint"))
        done = self.job("evaluate", "--data", f"@{data}.h5", "--model", f"@{model}.h5", "--metrics", "recall@5", "--quiet")
        warnings = [line for line in done.our_lines if "worse than its baseline" not in line]
        return events.get("training_overlap", {}).get("disjoint"), warnings

    def test_what_shows_that_nothing_was_learned(self):
        for data, model, shown in (("q1", "q1-model", None), ("q2", "q1-model", "times"), ("q2", "q1-all", "times"), ("q2", "q1-fold", "times"),
                                   ("q1-cut", "q1-wider-cut-model", "times"), ("new", "q1-model", "users")):
            with self.subTest(data=data, model=model):
                self.assertEqual(self.told(data, model), (shown, []))

    def test_what_cannot_be_shown_is_a_warning(self):
        for data, model, words in (("q1-again", "q1-model", "its training ended at 2020-"), ("q1-wider-cut", "q1-cut-model", "its training ended"),
                                   ("q1-again", "q1-all", "it was trained on all of its dataset"), ("q1", "q2-model", "its training ended at 2021-0"),
                                   ("q2", "timeless-model", "it does not say when its training ended"),
                                   ("q1-again", "warm-timeless", "it does not say when"), ("timeless", "q1-model", "the dataset has no times")):
            with self.subTest(data=data, model=model):
                disjoint, warnings = self.told(data, model)
                self.assertEqual((disjoint, len(warnings)), ("not shown", 1), warnings)
                self.assertIn(f"{model}.h5 was trained on another dataset than", warnings[0])
                self.assertIn(words, warnings[0])

    def test_what_was_learned_is_refused(self):
        self.refused("evaluate", "--data", "@q1.h5", "--model", "@q1-all.h5", words=["q1-all.h5", "trained on all of"])


if __name__ == "__main__":
    unittest.main()
