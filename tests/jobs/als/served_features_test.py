"""Whom and what models with features serve: cold users and items, lists, reasons, other files."""
import csv
import gzip
import json
import pathlib
import random
import shutil
import tempfile
import unittest

import h5py
import numpy as np

import numpy_als
from described_als import Features
from program import data_file, run
from side_features_case import ITEMS, KINDS, USERS, USER_KINDS, SideFeaturesCase


class ServedFeaturesTest(SideFeaturesCase):
    def test_evaluate_counts_whom_a_blend_serves_by_features(self):
        self.train("features.h5", *KINDS["implicit"][0], *self.FEATURES, epochs=8)
        self.train("plain.h5", *KINDS["implicit"][0])
        counts = []
        for name, models, ranks in (("alone", ["--model", "@features.h5"], 1),
                                    ("blend", ["--model", "@features.h5", "--model", "@plain.h5", "--blend", "1,1"], 3)):
            self.job("evaluate", "--data", "@data.h5", *models, "--metrics", "recall@5", "--output", f"@{name}.json", ranks=ranks)
            told = json.loads((self.path / f"{name}.json").read_text())["rankings"]
            counts.append((told["popular_users"], told["described_users"]))
        self.assertEqual(counts[0], counts[1])
        self.assertGreater(counts[0][1], 0)
        # Lists say who is served by features.
        base = ["recommend", "--data", "@data.h5", "--model", "@features.h5", "--output"]
        self.job(*base, "@alone.csv")
        self.job(*base, "@blend.csv", "--model", "@plain.h5", "--blend", "1,1", ranks=3)
        sources = [{line.split(",")[0]: line.split(",")[4] for line in (self.path / name).read_text().splitlines()[1:]} for name in ("alone.csv", "blend.csv")]
        self.assertEqual(sources[0], sources[1])
        self.assertIn("features", sources[1].values())

    def test_export_has_what_features_predict(self):
        self.train("features.h5", *KINDS["implicit"][0], *self.FEATURES)
        trained = self.trained_rows()
        done = self.job("export", "--model", "@features.h5", "--output", "@out.faiss", ranks=2)
        self.assertIn(f"{len(trained[1]) - 1} vectors", done.err)
        self.assertIn("1 item left out, as the model knows nothing of it", done.err)
        done = self.job("export", "--model", "@features.h5", "--output", "@out.npz", ranks=3)
        self.assertIn("1 user and 1 item have no interaction that the model was trained on: their factors mean nothing", done.err)
        self.assertIn(f"{(~trained[0]).sum() - 1} users and {(~trained[1]).sum() - 1} items have no interaction that the model was trained on: "
                      "their factors are what their features predict", done.err)

    def test_cold_users_and_items_are_served(self):
        self.train("plain.h5", *KINDS["implicit"][0], epochs=8)
        self.train("features.h5", *KINDS["implicit"][0], *self.FEATURES, "--log-json", "@log.jsonl", epochs=8)
        events = [json.loads(line) for line in (self.path / "log.jsonl").read_text().splitlines()]
        of_users, of_items = [event for event in events if event["event"] == "features"]
        trained = self.trained_rows()
        self.assertEqual(of_users["cold_rows"], (~trained[0]).sum())
        self.assertEqual(of_items["described_rows"], of_items["cold_rows"] - 1)
        self.assertEqual(of_users["unknown_values"], 1)  # Lima
        self.assertGreaterEqual(of_items["unknown_values"], 2)  # delta, unheard, of
        figures = {}
        for name in ("plain", "features"):
            done = self.job("evaluate", "--data", "@data.h5", "--model", f"@{name}.h5", "--metrics", "recall@10,auc,novelty@10", "--output",
                            f"@{name}.json", ranks=1 if name == "plain" else 3)
            figures[name] = json.loads((self.path / f"{name}.json").read_text())
        plain, described = figures["plain"]["rankings"], figures["features"]["rankings"]
        self.assertNotIn("described_users", plain)
        self.assertGreater(plain["popular_users"], described["popular_users"])
        self.assertEqual(plain["popular_users"], described["popular_users"] + described["described_users"])
        self.assertEqual(plain["cold_targets"], described["cold_targets"] + described["described_targets"])
        self.assertGreater(described["described_targets"], 0)
        self.assertIn("served by their features", done.err)
        value = lambda name: figures[name]["metrics"]["recall@10"]["model"]
        self.assertGreater(value("features"), 1.3 * value("plain"))
        # Lists: cold users by features, cold items among the candidates.
        outputs = [self.job("recommend", "--data", "@data.h5", "--model", "@features.h5", "--top", "10", "--seen", "allow", "--output", f"@{name}.csv",
                            ranks=ranks) for name, ranks in (("lists", 1), ("lists3", 3))]
        text = (self.path / "lists.csv").read_text()
        self.assertEqual(text, (self.path / "lists3.csv").read_text())
        self.assertIn("served by their features", outputs[0].err)
        rows = [line.split(",") for line in text.splitlines()[1:]]
        sources = {row[0]: row[4] for row in rows}
        user_ids, item_ids = self.ids("data.h5", "users"), self.ids("data.h5", "items")
        last = f"u{USERS - 1:03d}"
        for row, user in enumerate(user_ids):
            self.assertEqual(sources[user], "model" if trained[0][row] else "popular" if user == last else "features")
        listed = {row[2] for row in rows if row[4] != "popular"}
        self.assertTrue(listed & {item for row, item in enumerate(item_ids) if not trained[1][row]})
        self.assertNotIn(f"i{ITEMS - 1:03d}", {row[2] for row in rows})
        # What is similar to a new item, by the cosine of what its features predict; an item of which nothing is known is similar to none.
        self.job("similar", "--model", "@features.h5", "--top", "3", "--output", "@similar.csv", ranks=3)
        similar = [line.split(",") for line in (self.path / "similar.csv").read_text().splitlines()[1:]]
        factors = numpy_als.read_model(self.path / "features.h5")[1].astype(np.float64)
        rows = {item: row for row, item in enumerate(self.ids("features.h5", "items"))}
        of_new = [line for line in similar if not trained[1][rows[line[0]]]]
        self.assertEqual({line[0] for line in of_new} | {f"i{ITEMS - 1:03d}"}, {item for item in item_ids if not trained[1][rows[item]]})
        for item, _, other, score in of_new:
            a, b = factors[rows[item]], factors[rows[other]]
            self.assertAlmostEqual(float(score), a @ b / np.linalg.norm(a) / np.linalg.norm(b), delta=1e-5)

    def test_users_held_out_whole_begin_from_their_features(self):
        self.job("prepare", "--input", "@log.csv", "--columns", "user=user,item=item,value=value", "--split", "users:0.3", "--min-user-count", "1",
                 "--min-item-count", "1", "--users", "@people.csv", "--user-types", "city=category,age=number", "--output", "@users.h5")
        for ranks in (1, 3):
            self.job("als", "--data", "@users.h5", "--model", "@users-model.h5", "--factors", "5", "--epochs", "4", "--user-features", "all",
                         "--validation-metric", "ndcg@10", "--log-json", "@users.jsonl", ranks=ranks)
        events = [json.loads(line) for line in (self.path / "users.jsonl").read_text().splitlines()]
        best = max(event["value"] for event in events if event["event"] == "validation")
        self.job("evaluate", "--data", "@users.h5", "--model", "@users-model.h5", "--metrics", "ndcg@10", "--output", "@users.json", ranks=2)
        told = json.loads((self.path / "users.json").read_text())
        self.assertEqual(told["metrics"]["ndcg@10"]["model"], best)
        self.job("recommend", "--data", "@users.h5", "--model", "@users-model.h5", "--top", "5", "--output", "@users.csv", ranks=3)
        self.job("recommend", "--data", "@users.h5", "--model", "@users-model.h5", "--top", "5", "--output", "@users1.csv")
        self.assertEqual((self.path / "users.csv").read_text(), (self.path / "users1.csv").read_text())
        # A file that lacks the table of these users, as one that another program wrote.
        shutil.copy(self.path / "users.h5", self.path / "lacking.h5")
        with h5py.File(self.path / "lacking.h5", "a") as file:
            del file["heldout/users/table"], file["digests"]
            for name in ("metadata-digest", "digests"):
                file.attrs.pop(name, None)
        done = self.job("evaluate", "--data", "@lacking.h5", "--model", "@users-model.h5", code=65)
        self.assertIn("holds a table of users, but none of those held out whole", done.err)
        # Values that another program has changed are found, unless nobody is to look.
        shutil.copy(self.path / "users.h5", self.path / "changed.h5")
        with h5py.File(self.path / "changed.h5", "r+") as file:
            ages = file["heldout/users/table/age"]
            ages[...] = ages[:] + 1
        for job, options in (("evaluate", ["--metrics", "ndcg@10"]), ("recommend", ["--output", "@changed.csv"])):
            asked = [job, "--data", "@changed.h5", "--model", "@users-model.h5", *options]
            self.assertIn("heldout/users/table/age", self.job(*asked, code=65).err)
            self.job(*asked, "--verify-inputs", "no")
        # Users of a log, one of whom the dataset does not have; and why lists are what they are.
        with h5py.File(self.path / "users.h5") as file:
            logged, some_items = file["users/ids"].asstr()[0], list(file["items/ids"].asstr()[:5])
        (self.path / "more.csv").write_text("user,item\n" + "".join(f"{user},{item}\n" for user in (logged, "nobody") for item in some_items))
        for ranks in (1, 3):
            self.job("recommend", "--data", "@users.h5", "--model", "@users-model.h5", "--top", "5", "--log", "@more.csv", "--explain", "100", "--output",
                     f"@why{ranks}.jsonl", "--log-json", "@why.log", ranks=ranks)
        self.assertEqual((self.path / "why1.jsonl").read_text(), (self.path / "why3.jsonl").read_text())
        why = {line["user"]: line for line in map(json.loads, (self.path / "why1.jsonl").read_text().splitlines())}
        self.job("recommend", "--data", "@users.h5", "--model", "@users-model.h5", "--top", "5", "--explain", "2", "--output", "@why.csv")
        self.assertIn("user,rank,item,score,source,because_1,share_1,because_2,share_2", (self.path / "why.csv").read_text())
        # Their scores by numpy: a solve towards what features predict, from all that the dataset has of them.
        users, items, _, _, attributes = numpy_als.read_model(self.path / "users-model.h5")
        with h5py.File(self.path / "users.h5") as file:
            own, new = list(file["users/ids"].asstr()[:]), list(file["heldout/users/ids"].asstr()[:])
            item_places = {item: place for place, item in enumerate(file["items/ids"].asstr()[:])}
            history = numpy_als.read_csr(file, "heldout/given") + numpy_als.read_csr(file, "heldout/interactions")
        with h5py.File(self.path / "users-model.h5") as file:
            weights = file["user-features/weights"][:]
        trained = np.array([True] * len(own) + [False] * len(new))
        features = Features({c: [self.users[user][c] or None for user in own + new] for c in USER_KINDS}, USER_KINDS, trained).matrix
        lam, alpha0 = float(attributes["regularization"]), float(attributes["unobserved-weight"])
        listed = {}
        for line in (self.path / "users.csv").read_text().splitlines()[1:]:
            user, _, item, score, source = line.split(",")
            listed.setdefault(user, []).append((item_places[item], float(score), source))
        for row, user in enumerate(new):
            y = items[history.indices[history.indptr[row]:history.indptr[row + 1]]].astype(float)
            strength = lam * (len(y) + alpha0 * len(items))
            system = alpha0 * items.T.astype(float) @ items + y.T @ y + strength * np.eye(items.shape[1])
            x = np.linalg.solve(system, y.sum(axis=0) + strength * (features[len(own) + row] @ weights))
            for place, score, source in listed[user]:
                self.assertEqual(source, "model")
                self.assertAlmostEqual(score, x @ items[place], delta=2e-4 * max(1, abs(score)))

        # Terms: of items, and of features. Those above 0 are listed, and their shares are of their sum.
        all_users = own + new + ["nobody"]
        trained = np.array([True] * len(own) + [False] * (len(new) + 1))
        table = Features({c: [self.users.get(user, {}).get(c) or None for user in all_users] for c in USER_KINDS}, USER_KINDS, trained)
        with h5py.File(self.path / "users.h5") as file:
            old = numpy_als.read_csr(file, "interactions")
        names, kinds = list(item_places), set()
        for row, user in enumerate(all_users):
            entries = set(old[row].indices) if row < len(own) else set(history[row - len(own)].indices) if user != "nobody" else set()
            entries |= {item_places[item] for item in some_items} if user in (logged, "nobody") else set()
            solved_here = user in (logged, "nobody") or row >= len(own)
            y = items[sorted(entries)].astype(float)
            strength = lam * (len(y) + alpha0 * len(items))
            system = alpha0 * items.T.astype(float) @ items + y.T @ y + strength * np.eye(items.shape[1])
            self.assertEqual(why[user]["source"], "log" if user in (logged, "nobody") else "model")
            for entry in why[user]["items"]:
                direction = np.linalg.solve(system, items[item_places[entry["item"]]].astype(float))
                terms = {("item", names[place]): items[place] @ direction for place in entries}
                terms |= {("feature", name): strength * value * (weight @ direction)
                          for name, value, weight in zip(table.names, table.matrix[row], weights) if value != 0}
                if solved_here:
                    self.assertAlmostEqual(sum(terms.values()), entry["score"], delta=2e-4 * max(1, abs(entry["score"])))
                positive = {key: term for key, term in terms.items() if term > 1e-5}
                listed_terms = {next((key, reason[key]) for key in ("item", "feature") if key in reason): reason for reason in entry["because"]}
                kinds |= {key[0] for key in listed_terms}
                for key, term in positive.items():
                    self.assertAlmostEqual(listed_terms[key]["term"], term, delta=1e-4 * max(1, abs(term)))
                    self.assertAlmostEqual(listed_terms[key]["share"], term / sum(t for t in terms.values() if t > 0), delta=1e-3)
        self.assertEqual(kinds, {"item", "feature"})

    def test_lists_of_features_alone_are_explained_by_them(self):
        self.train("features.h5", *KINDS["explicit biases"][0], *self.FEATURES)
        self.job("recommend", "--data", "@data.h5", "--model", "@features.h5", "--top", "3", "--seen", "allow", "--explain", "50", "--output", "@why.jsonl", ranks=2)
        with h5py.File(self.path / "features.h5") as file:
            mean = file.attrs["global-mean"]
            biases = dict(zip(file["items/ids"].asstr()[:], file["items/biases"][:]))
        seen = 0
        for line in map(json.loads, (self.path / "why.jsonl").read_text().splitlines()):
            if line["source"] != "features":
                continue
            for entry in line["items"]:
                self.assertLessEqual({tuple(sorted(reason)) for reason in entry["because"]}, {("feature", "share", "term")})
                positive = sum(reason["term"] for reason in entry["because"])
                self.assertGreaterEqual(positive + mean + biases[entry["item"]], entry["score"] - 1e-4)  # the others are below 0
                if entry["because"]:  # else no term is above 0
                    self.assertAlmostEqual(sum(reason["share"] for reason in entry["because"]), 1, delta=1e-4)
                    seen += 1
        self.assertGreater(seen, 3)

    def test_lists_of_new_items_alone_are_measured(self):
        self.train("features.h5", *KINDS["implicit"][0], *self.FEATURES, epochs=8)
        self.train("plain.h5", *KINDS["implicit"][0])
        self.prepare_mixed_items()
        self.job("als", "--data", "@mixed.h5", "--model", "@mixed-model.h5", "--factors", "5", "--epochs", "8", *KINDS["implicit"][0], *self.FEATURES)
        done = [self.job("evaluate", "--data", "@data.h5", "--model", "@features.h5", "--baseline", "@mixed-model.h5", "--candidates", "new", "--metrics",
                         "recall@2,auc", "--output", f"@new{ranks}.json", ranks=ranks) for ranks in (1, 3)]
        self.assertEqual((self.path / "new1.json").read_text(), (self.path / "new3.json").read_text())
        told = json.loads((self.path / "new1.json").read_text())
        self.assertEqual(told["rankings"]["candidates"], "new")
        self.assertIn("of other items, and count as misses", done[0].err)
        # Plain numpy: new items by factors, users without factors get the first ones.
        users, items, *_ = numpy_als.read_model(self.path / "features.h5")
        with h5py.File(self.path / "data.h5") as file:
            matrix, heldout = numpy_als.read_csr(file, "interactions"), numpy_als.read_csr(file, "heldout/interactions")
        new = np.flatnonzero((np.diff(matrix.tocsc().indptr) == 0) & (np.abs(items).max(axis=1) > 0))
        values = []
        for user in range(heldout.shape[0]):
            targets = heldout.indices[heldout.indptr[user]:heldout.indptr[user + 1]]
            if len(targets) == 0:
                continue
            order = new if not users[user].any() else new[np.argsort(-(items[new] @ users[user]), kind="stable")]
            values.append(len(set(order[:2]) & set(targets)) / min(2, len(targets)))
        self.assertAlmostEqual(told["metrics"]["recall@2"]["model"], np.mean(values), places=6)
        (mixed,) = told["metrics"]["auc"]["baselines"].values()
        self.assertGreater(told["metrics"]["auc"]["model"], mixed["value"])
        for code, words, options in ((65, "knows no item without a training entry", ["--model", "@plain.h5"]),
                                     (2, "no baseline knows new items", ["--model", "@features.h5", "--baselines", "popularity"]),
                                     (2, "expected metrics of rankings", ["--model", "@features.h5", "--metrics", "rmse"])):
            self.assertIn(words, self.job("evaluate", "--data", "@data.h5", "--candidates", "new", *options, code=code).err)


class GoodbooksTest(unittest.TestCase):
    def test_authors_and_years_order_new_books(self):
        books, ratings = data_file("goodbooks_books.csv.gz"), data_file("goodbooks_ratings.csv.gz")
        with tempfile.TemporaryDirectory() as folder:
            def job(*args):
                done = run([folder + arg[1:] if str(arg).startswith("@") else arg for arg in args])
                self.assertEqual(done.code, 0, done)
            with gzip.open(books, "rt", encoding="utf-8", newline="") as file:
                header, *rows = csv.reader(file)
            keys = [row[0] for row in rows]
            places = [header.index("authors"), header.index("original_publication_year")]
            values = [[row[place] for place in places] for row in rows]
            for name in ("true", "random"):  # a map from the features of other books is the yardstick
                with open(f"{folder}/{name}.csv", "w", encoding="utf-8", newline="") as file:
                    csv.writer(file).writerows([["id", "authors", "year"], *([key, *value] for key, value in zip(keys, values))])
                job("prepare", "--input", ratings, "--columns", "item=book_id,user=user_id,value=rating", "--duplicates", "mean", "--split", "items:0.1",
                    "--items", f"@/{name}.csv", "--item-types", "authors=text,year=number", "--output", f"@/{name}.h5")
                job("als", "--data", f"@/{name}.h5", "--model", f"@/{name}-model.h5", "--factors", "8", "--epochs", "4", "--item-features", "authors,year")
                random.Random(1).shuffle(values)
            job("evaluate", "--data", "@/true.h5", "--model", "@/true-model.h5", "--baseline", "@/random-model.h5", "--candidates", "new", "--metrics",
                "recall@20", "--output", "@/metrics.json")
            (metric,) = json.loads(pathlib.Path(folder, "metrics.json").read_text())["metrics"].values()
            (at_random,) = metric["baselines"].values()
            self.assertGreater(metric["model"], 5 * at_random["value"])
            self.assertGreater(at_random["difference"]["interval"][0], 0.05)


if __name__ == "__main__":
    unittest.main()
