"""`als --user-features --item-features`: equal to an independent numpy implementation, the same bits on any ranks, threads and
targets and after an interruption, cold users and items served, what goes wrong is told."""
import csv
import gzip
import hashlib
import json
import pathlib
import random
import re
import shutil
import tempfile
import unittest

import h5py
import numpy as np

import numpy_als
from described_als import DescribedAls, Features
from program import data_file, ranks_of_refusal, run

USERS, ITEMS = 90, 60
KINDS = {
    "implicit": (["--regularization", "0.01"], {"lambda": 0.01}),
    "implicit exponent": (["--regularization", "0.05", "--regularization-exponent", "0.5", "--weighting", "linear", "--alpha", "2",
                           "--unobserved-weight", "0.3"], {"lambda": 0.05, "nu": 0.5, "alpha": 2, "alpha0": 0.3}),
    "explicit": (["--objective", "explicit", "--regularization", "0.1"], {"lambda": 0.1}),
    "explicit biases": (["--objective", "explicit", "--biases", "--regularization", "0.1"], {"lambda": 0.1, "biases": True}),
}
USER_KINDS = {"city": "category", "age": "number"}
ITEM_KINDS = {"brand": "category", "price": "number", "title": "text"}
TITLES = ("Big Red pot", "small red cup", "BIG cup", "tea", "\u00c4pfel und Tee", "")


def write_shop(path):
    """A log in which cities buy brands; item 0 has more entries than one part of a row. Users and items above some number are
    held out whole by a column."""
    rng = random.Random(5)
    users = {f"u{u:03d}": {"city": rng.choice(["Rome", "Oslo", "Bern"]) if u % 9 else None, "age": rng.randint(18, 80) if u % 7 else None}
             for u in range(USERS)}
    items = {f"i{i:03d}": {"brand": rng.choice(["ajax", "bold", "cave"]), "price": round(rng.uniform(1, 90), 2) if i % 6 else None,
                           "title": rng.choice(TITLES)} for i in range(ITEMS)}
    items[f"i{ITEMS - 1:03d}"] = {"brand": None, "price": None, "title": None}  # nothing is known of it
    items[f"i{ITEMS - 2:03d}"] = {"brand": "delta", "price": 10.0, "title": "unheard of"}
    users[f"u{USERS - 1:03d}"] = {"city": "Lima", "age": None}  # nothing that training knows
    fits = {"Rome": "ajax", "Oslo": "bold", "Bern": "cave"}
    with open(path / "log.csv", "w") as log:
        log.write("user,item,value,part\n")
        for u, (user, of_user) in enumerate(users.items()):
            for i, (item, of_item) in enumerate(items.items()):
                likes = fits.get(of_user["city"]) == of_item["brand"]
                if rng.random() < (0.5 if likes else 0.12):
                    cold = u >= USERS - 12 or i >= ITEMS - 8
                    log.write(f"{user},{item},{rng.randint(3, 5) if likes else rng.randint(1, 4)},{'heldout' if cold else 'training'}\n")
    for name, table in (("people", users), ("goods", items)):
        columns = list(next(iter(table.values())))
        with open(path / f"{name}.csv", "w", encoding="utf-8") as file:
            file.write(",".join(["id", *columns]) + "\n")
            for key, row in table.items():
                file.write(",".join([key, *("" if row[c] is None else str(row[c]) for c in columns)]) + "\n")
    return users, items


class SideFeaturesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        cls.users, cls.items = write_shop(cls.path)
        done = run(["prepare", "--input", cls.path / "log.csv", "--columns", "user=user,item=item,value=value,split=part", "--split", "column",
                    "--min-user-count", "1", "--min-item-count", "1", "--users", cls.path / "people.csv", "--user-types", "city=category,age=number",
                    "--items", cls.path / "goods.csv", "--item-types", "brand=category,price=number,title=text", "--output", cls.path / "data.h5"])
        assert done.code == 0, done

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def job(self, *args, code=0, ranks=None, **how):
        args = [str(self.path / arg[1:]) if str(arg).startswith("@") else str(arg) for arg in args]
        done = run(args, ranks=ranks or (ranks_of_refusal(self, code) if code else 1), **how)
        self.assertEqual(done.code, code, done)
        if code:
            self.assertEqual(len([line for line in done.our_lines if "warning" not in line]), 1, done)
        return done

    def train(self, name, *options, epochs=4, **how):
        return self.job("als", "--data", "@data.h5", "--model", f"@{name}", "--factors", "5", "--epochs", epochs, *options, **how)

    FEATURES = ("--user-features", "all", "--item-features", "brand,price,title", "--feature-penalty", "3")

    def ids(self, name, side):
        with h5py.File(self.path / name) as file:
            return list(file[f"{side}/ids"].asstr()[:])

    def digests(self, name):
        with h5py.File(self.path / name) as file:
            found = {}
            file.visititems(lambda key, value: found.update({key: hashlib.sha256(value[()].tobytes()).hexdigest()})
                            if isinstance(value, h5py.Dataset) and not key.startswith("digests") else None)
            return found

    def prepare_mixed_items(self):
        """mixed.h5: the same log, with a table whose rows are of other items, which says nothing."""
        lines = (self.path / "goods.csv").read_text().splitlines()
        keys, rest = [line.split(",", 1)[0] for line in lines[1:]], [line.split(",", 1)[1] for line in lines[1:]]
        random.Random(3).shuffle(rest)
        (self.path / "mixed.csv").write_text("\n".join([lines[0], *(",".join(row) for row in zip(keys, rest))]) + "\n")
        self.job("prepare", "--input", "@log.csv", "--columns", "user=user,item=item,value=value,split=part", "--split", "column", "--min-user-count", "1",
                 "--min-item-count", "1", "--users", "@people.csv", "--user-types", "city=category,age=number", "--items", "@mixed.csv", "--item-types",
                 "brand=category,price=number,title=text", "--output", "@mixed.h5")

    def reference(self, objective, start, trained):
        tables = []
        for side, table, kinds, is_trained in (("users", self.users, USER_KINDS, trained[0]), ("items", self.items, ITEM_KINDS, trained[1])):
            rows = [table[key] for key in self.ids("data.h5", side)]
            tables.append(Features({c: [row[c] or None for row in rows] for c in kinds}, kinds, is_trained))
        with h5py.File(self.path / "data.h5") as file:
            matrix = numpy_als.read_csr(file, "interactions")
        return tables, DescribedAls(matrix, [tables[0].matrix, tables[1].matrix], start, objective)

    def trained_rows(self):
        with h5py.File(self.path / "data.h5") as file:
            matrix = numpy_als.read_csr(file, "interactions")
        return np.diff(matrix.indptr) > 0, np.diff(matrix.tocsc().indptr) > 0

    def test_equals_an_independent_implementation_from_the_same_start(self):
        trained = self.trained_rows()
        self.assertGreater((~trained[0]).sum(), 5)
        self.assertGreater((~trained[1]).sum(), 5)
        for kind, (options, objective) in KINDS.items():
            with self.subTest(kind=kind):
                self.train("start.h5", *options, epochs=0)
                start = numpy_als.read_model(self.path / "start.h5")[1]
                self.train("model.h5", *options, *self.FEATURES)
                users, items, user_biases, item_biases, attributes = numpy_als.read_model(self.path / "model.h5")
                objective = {**objective, "penalty": 3}
                if "implicit" in kind:
                    objective["alpha0"] = float(attributes["unobserved-weight"])
                tables, reference = self.reference(objective, start, trained)
                reference.train(4)
                served = [reference.served(side, tables[side].known) for side in (0, 1)]
                if "biases" in kind:
                    users, items = np.column_stack([users, user_biases]), np.column_stack([items, item_biases])
                for side, (actual, expected) in enumerate(((users, served[0]), (items, served[1]))):
                    self.assertLess(np.abs(actual - expected).max(), 3e-4 * np.abs(expected).max())
                    cold = ~trained[side]
                    self.assertTrue((np.abs(actual[cold & tables[side].known]).max(axis=1) > 0).all())
                    self.assertTrue((actual[cold & ~tables[side].known] == 0).all())
                with h5py.File(self.path / "model.h5") as file:
                    losses = file["history/loss"][:]
                    for side, name in enumerate(("user-features", "item-features")):
                        self.assertEqual(list(file[name]["names"].asstr()[:]), tables[side].names)
                        self.assertLess(np.abs(file[name]["weights"][:] - reference.maps[side]).max(), 3e-4 * np.abs(reference.maps[side]).max())
                        self.assertAlmostEqual(file[name].attrs["penalty"], reference.penalty(side), delta=1e-6 * reference.penalty(side))
                np.testing.assert_allclose(losses, reference.losses, rtol=2e-5)
                self.assertTrue((np.diff(losses) <= 1e-9 * losses[0]).all())

    def test_same_bits_on_any_ranks_threads_and_simd_targets(self):
        flags = pathlib.Path("/proc/cpuinfo").read_text().split()
        targets = [target for target, flag in (("avx512", "avx512bw"), ("avx2", "avx2")) if flag in flags] or ["auto"]
        for kind in ("implicit", "explicit biases"):
            expected = None
            for ranks, threads, simd in [(1, 1, targets[0]), (1, 2, targets[-1]), (2, 1, "auto"), (3, 2, "auto"), (5, 1, "auto")]:
                with self.subTest(kind=kind, ranks=ranks, threads=threads, simd=simd):
                    self.train("bits.h5", *KINDS[kind][0], *self.FEATURES, "--threads", threads, "--simd", simd, ranks=ranks)
                    expected = expected or self.digests("bits.h5")
                    self.assertEqual(self.digests("bits.h5"), expected)

    def test_a_resumed_training_has_the_same_bits(self):
        options = (*KINDS["implicit"][0], *self.FEATURES)
        self.train("whole.h5", *options, epochs=6)
        shutil.rmtree(self.path / "kept", ignore_errors=True)
        self.train("part.h5", *options, "--checkpoint", "@kept", "--checkpoint-every", "1", epochs=3)
        self.train("resumed.h5", *options, "--checkpoint", "@kept", "--resume", "auto", epochs=6, ranks=3)
        self.assertEqual(self.digests("resumed.h5"), self.digests("whole.h5"))
        done = self.train("refused.h5", *options[:-1], "4", "--checkpoint", "@kept", "--resume", "auto", epochs=6, code=65)
        self.assertIn("feature-penalty", done.err)
        self.prepare_mixed_items()
        done = self.job("als", "--data", "@mixed.h5", "--model", "@refused.h5", "--factors", "5", "--epochs", "6", *options, "--checkpoint", "@kept", code=65)
        self.assertIn("its features are from tables of the digest", done.err)

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

    def test_memory_beyond_the_budget_is_said(self):
        done = self.train("features.h5", *self.FEATURES, "--memory-budget", "64MiB", "--log-json", "@log.jsonl", "--quiet")
        self.assertIn("warning: each rank holds", done.err)
        events = [json.loads(line) for line in (self.path / "log.jsonl").read_text().splitlines()]
        widths = [(event["features"], event["matrix_bytes"]) for event in events if event["event"] == "features"]
        self.assertEqual([bytes for _, bytes in widths], [4 * width * (width + 1) for width, _ in widths])
        self.assertNotIn("warning: each rank", self.train("plain.h5", "--memory-budget", "64MiB").err)

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

    def test_same_bits_where_rows_are_shared_and_come_in_batches(self):
        rng = random.Random(7)
        with open(self.path / "lopsided.csv", "w") as log:  # item 0 has half of all entries: more than a part of a row
            log.write("user,item\n")
            for user in range(12000):
                log.write(f"{user},0\n" + (f"{user},{1 + rng.randrange(400)}\n" if user % 3 == 0 else ""))
        with open(self.path / "lopsided-goods.csv", "w") as file:
            file.write("id,shelf,price\n" + "".join(f"{i},s{i % 9},{i % 31}\n" for i in range(401)))
        with open(self.path / "lopsided-people.csv", "w") as file:
            file.write("id,town\n" + "".join(f"{i},t{i % 13}\n" for i in range(12000)))
        self.job("prepare", "--input", "@lopsided.csv", "--items", "@lopsided-goods.csv", "--item-types", "shelf=category,price=number", "--users",
                 "@lopsided-people.csv", "--user-types", "town=category", "--output", "@lopsided.h5")
        options = ["als", "--data", "@lopsided.h5", "--factors", "96", "--epochs", "3", "--item-features", "all", "--user-features", "all"]
        for kind in (["--weighting", "log", "--alpha", "2"], []):
            self.job(*options, *kind, "--model", "@lopsided1.h5")
            expected = self.digests("lopsided1.h5")
            for ranks, threads in ((3, 1), (1, 2)):
                with self.subTest(kind=kind, ranks=ranks, threads=threads):
                    done = self.job(*options, *kind, "--model", "@lopsided2.h5", "--threads", threads, "--log-json", "@lopsided.jsonl", ranks=ranks)
                    self.assertEqual(self.digests("lopsided2.h5"), expected)
                    events = [json.loads(line) for line in (self.path / "lopsided.jsonl").read_text().splitlines()]
                    self.assertEqual(any(event["event"] == "shared_rows" for event in events), ranks == 3, done)

    def test_same_bits_where_rows_come_in_batches(self):
        self.job("synthesize", "--shape", "shop", "--users", "6000", "--items", "3000", "--interactions", "60000", "--output", "@wide.csv")
        with open(self.path / "wide-goods.csv", "w") as file:
            file.write("id,shelf,price\n" + "".join(f"{i},s{i % 9},{i % 31}\n" for i in range(1, 3001)))
        self.job("prepare", "--input", "@wide.csv", "--columns", "user=user_id,item=item_id", "--split", "items:0.2", "--items", "@wide-goods.csv",
                 "--item-types", "shelf=category,price=number", "--output", "@wide.h5")
        options = ["als", "--data", "@wide.h5", "--factors", "300", "--epochs", "2", "--item-features", "all", "--node-sharing", "off", "--threads", "1"]
        self.job(*options, "--model", "@wide1.h5")
        for ranks in (1, 3):
            refused = self.job(*options, "--model", "@wide2.h5", "--memory-budget", "1MiB", code=2, ranks=ranks)
            least = float(re.search("one rank takes ([0-9.]+) MiB; expected", refused.err).group(1)) * 1.048576
            self.job(*options, "--model", "@wide2.h5", "--memory-budget", f"{least + 1.6:.2f}MB", "--log-json", "@wide.jsonl", ranks=ranks)
            self.assertEqual(self.digests("wide2.h5"), self.digests("wide1.h5"))
            (batches,) = [event for event in map(json.loads, (self.path / "wide.jsonl").read_text().splitlines()) if event["event"] == "batches"]
            self.assertGreater(max(batches["users"], batches["items"]), 1)

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

    def test_a_sweep_compares_columns_and_penalties(self):
        self.job("sweep", "plan", "@search", "--data", "@data.h5", "--item-features", "brand+price,title", "--feature-penalty", "1,10", "--factors", "2",
                 "--epochs", "1", "--validation", "interactions:2", "--optimize", "ndcg@10", "--calibrate", "0")
        plan = json.loads((self.path / "search/plan.json").read_text())
        self.assertEqual(len(plan["trials"]), 4)
        self.assertEqual({trial["point"]["item-features"] for trial in plan["trials"]}, {"brand+price", "title"})
        self.job("sweep", "run", "@search", "--cores", "1")
        # Records of other tables are not taken over, and tables do not change beneath a plan.
        self.prepare_mixed_items()
        search = ["--item-features", "brand+price,title", "--feature-penalty", "1,10", "--factors", "2", "--epochs", "1", "--validation", "interactions:2",
                  "--optimize", "ndcg@10", "--calibrate", "0", "--reuse", "@search"]
        self.assertIn("8 of 8 records are taken over", self.job("sweep", "plan", "@again", "--data", "@data.h5", *search).err)
        self.assertIn("0 of 8 records are taken over", self.job("sweep", "plan", "@mixed", "--data", "@mixed.h5", *search).err)
        done = self.job("sweep", "run", "@search", "--cores", "1", "--data", "@mixed.h5", code=65, ranks=1)
        self.assertIn("has other tables than this sweep was planned on", done.err)
        self.train("both.h5", "--item-features", "brand+price")
        self.train("comma.h5", "--item-features", "brand,price")
        self.assertEqual(self.digests("both.h5"), self.digests("comma.h5"))

    def test_columns_are_hashed_beyond_the_width(self):
        done = self.train("hashed.h5", *KINDS["implicit"][0], "--item-features", "title,brand", "--feature-width", "3")
        self.assertIn("hashed", done.err)
        with h5py.File(self.path / "hashed.h5") as file:
            group = file["item-features"]
            self.assertEqual(list(group["kinds"].asstr()[:]), ["hashed words", "categories"])
            self.assertEqual(list(group["buckets"][:]), [3, 0])
            self.assertEqual(group["weights"].shape[0], 1 + 3 + 1 + 3)  # the constant, buckets, missing titles, brands
        self.train("hashed3.h5", *KINDS["implicit"][0], "--item-features", "title,brand", "--feature-width", "3", ranks=3)
        self.assertEqual(self.digests("hashed.h5"), self.digests("hashed3.h5"))
        self.job("verify", "@hashed.h5")

    def test_bad_input_gets_one_line_and_leaves_nothing(self):
        self.job("prepare", "--input", "@log.csv", "--columns", "user=user,item=item,value=value", "--output", "@bare.h5")
        for code, words, options in (
                (65, "holds no table of items, which --item-features needs; expected a dataset of prepare --items FILE", ["--item-features", "brand", "--data", "@bare.h5"]),
                (2, "--item-features: the table has no column 'colour'; expected some of 'brand', 'price', 'title'", ["--item-features", "colour"]),
                (2, "a name is given twice", ["--item-features", "brand,brand"]),
                (2, "a name is empty", ["--item-features", "brand,"]),
                (2, "--feature-width has a meaning only with", ["--feature-width", "10"]),
                (2, "--feature-penalty has a meaning only with", ["--feature-penalty", "10"]),
                (2, "--feature-penalty 0: expected a number from", ["--item-features", "brand", "--feature-penalty", "0"]),
                (2, "--feature-penalty: 'nan' does not fit; expected a number", ["--item-features", "brand", "--feature-penalty", "nan"]),
                (2, "--feature-width 4096: expected a number from 2 to 4095", ["--item-features", "brand", "--feature-width", "4096"]),
                (2, "need --solver auto or primal", ["--item-features", "brand", "--solver", "cg"]),
                (2, "need --solver auto or primal", ["--user-features", "age", "--solver", "dual"]),
                (2, "need a --regularization above 0", ["--item-features", "brand", "--regularization", "0"])):
            with self.subTest(words=words):
                data = [] if "--data" in options else ["--data", "@data.h5"]
                done = self.job("als", *data, "--model", "@refused.h5", "--factors", "2", *options, code=code)
                self.assertIn(words, done.err)
                self.assertFalse((self.path / "refused.h5").exists())

    def test_forged_features_are_refused(self):
        self.train("forged.h5", *KINDS["implicit"][0], *self.FEATURES)
        forgeries = {
            "weights: row 0 holds a value that is not finite": lambda group: group["weights"].__setitem__((0, 0), np.nan),
            "kinds: holds a word that is none of the known ones": lambda group: group["kinds"].__setitem__(0, b"magic"),
            "deviations: holds a value that is not above 0": lambda group: group["deviations"].__setitem__(0, 0.0),
            "means: holds a value that is not finite": lambda group: group["means"].__setitem__(0, np.inf),
            "labels-in-column: counts more labels than labels has": lambda group: group["labels-in-column"].__setitem__(0, 4000),
            "labels-in-column: holds -1": lambda group: group["labels-in-column"].__setitem__(0, -1),
            "labels: those of a column do not ascend": lambda group: group["labels"].__setitem__(0, b"zzz"),
            "buckets: row 0 does not fit": lambda group: group["buckets"].__setitem__(0, 5),
            "attribute penalty": lambda group: group.attrs.__setitem__("penalty", np.nan),
        }
        for words, forge in forgeries.items():
            with self.subTest(words=words):
                shutil.copy(self.path / "forged.h5", self.path / "copy.h5")
                with h5py.File(self.path / "copy.h5", "r+") as file:
                    forge(file["item-features"])
                done = self.job("evaluate", "--data", "@data.h5", "--model", "@copy.h5", "--verify-inputs", "no", code=65)
                self.assertIn(words, done.err)

    def test_columns_that_say_nothing_are_left_out(self):
        with open(self.path / "dull.csv", "w") as file:
            file.write("id,brand,weight,shape\n")
            for key, row in self.items.items():
                file.write(f"{key},{row['brand'] or ''},7,\n")
        self.job("prepare", "--input", "@log.csv", "--columns", "user=user,item=item,value=value,split=part", "--split", "column", "--min-user-count", "1",
                 "--min-item-count", "1", "--items", "@dull.csv", "--item-types", "brand=category,weight=number,shape=category", "--output", "@dull.h5")
        done = self.job("als", "--data", "@dull.h5", "--model", "@dull-model.h5", "--factors", "2", "--item-features", "all", "--quiet")
        self.assertIn("2 columns have one value or none in the training and are left out: weight, shape", done.err)
        done = self.job("als", "--data", "@dull.h5", "--model", "@none.h5", "--factors", "2", "--item-features", "weight", "--quiet", code=65)
        self.assertIn("no column has two values in the training", done.err)


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
