"""rankwise itemcf: neighbours and weights against plain numpy, the same bytes on any ranks, threads, budgets and SIMD targets, and item models
wherever a model of factors is taken."""
import csv
import hashlib
import json
import pathlib
import tempfile
import unittest

import h5py
import numpy as np
import scipy.sparse

from program import run

RIDGE = ["--weights", "ridge", "--neighbours", "9", "--penalty", "20", "--entry-weights", "log"]


def matrix(path, name, encoding):
    with h5py.File(path) as file:
        group = file[name]
        assert group.attrs["encoding-type"] == encoding
        kind = {"csr_matrix": scipy.sparse.csr_matrix, "csc_matrix": scipy.sparse.csc_matrix}[encoding]
        return kind((group["data"][:], group["indices"][:], group["indptr"][:]), shape=group.attrs["shape"])


def interactions(path, name="interactions"):
    return matrix(path, name, "csr_matrix")


def weights(path):
    return matrix(path, "items/neighbours", "csc_matrix")


def brute_similarities(x, kind, a=0.5, b=0.5, alpha=1.0, h=0.0):
    """All pairs, itself left out, and which of them have a user in common. x: users x items, weights of entries."""
    d = x.sum(axis=0)
    length = (x != 0).sum(axis=1, keepdims=True)
    rare = np.log((1 + (x != 0).any(axis=0).sum()) / (1 + length))
    if kind == "tfidf":
        w = np.sqrt(x) * rare
    elif kind == "bm25":
        w = 2.2 * x / (1.2 * (0.25 + 0.75 * d / d[d > 0].mean()) + x) * rare
    elif kind == "rp3beta":
        w = np.where(x > 0, x**alpha, 0) / np.maximum(x.sum(axis=1, keepdims=True), 1e-300)**(alpha / 2)
    else:
        w = x
    c = w.T @ w
    n = np.diag(c)
    with np.errstate(divide="ignore", invalid="ignore"):
        s = {"jaccard": lambda: c / (n[:, None] + n[None, :] - c + h),
             "conditional": lambda: c / (n[:, None] * n[None, :]**b + h),
             "rp3beta": lambda: c / (d[:, None]**alpha * d[None, :]**b)}.get(
                 kind, lambda: c / (n[:, None]**a * n[None, :]**(1 - a) + h))()
    s[~(c > 1e-12)] = 0
    np.fill_diagonal(s, 0)
    return s


def nearest(s, k):
    """Of each column the k largest as floats, ties to the lower row."""
    s = s.astype(np.float32)
    kept = np.zeros_like(s)
    for j in range(s.shape[1]):
        order = np.lexsort((np.arange(len(s)), -s[:, j]))[:k]
        kept[order, j] = s[order, j]
    return kept


def lists_of(path):
    found = {}
    with open(path) as file:
        for row in csv.DictReader(file):
            found.setdefault(row["user"], []).append((row["item"], float(row["score"]), row["source"]))
    return found


class ItemcfTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.shared = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.shared.cleanup)
        cls.data = pathlib.Path(cls.shared.name)
        for command in ("synthesize --users 250 --items 150 --interactions 3500 --output s.csv",
                        "prepare --input s.csv --duplicates sum --split random:0.2 --output d.h5",
                        "prepare --input s.csv --duplicates sum --split users:0.3 --output u.h5",
                        "itemcf --data d.h5 --model items.h5 --neighbours 12"):
            done = run([*command.split(), "--quiet"], cwd=cls.data)
            assert done.code == 0, done
        cls.d = cls.data / "d.h5"
        cls.x = np.asarray(interactions(cls.d).todense(), dtype=float)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def itemcf(self, *options, ranks=1, data=None, name="m.h5", env=None):
        path = self.folder / name
        done = run(["itemcf", "--data", data or self.d, "--model", path, "--quiet", *options], ranks=ranks, env=env)
        self.assertEqual(done.code, 0, done)
        return path

    def refused(self, code, words, *arguments, cwd=None):
        done = run([*arguments, "--quiet"], cwd=cwd)
        self.assertEqual(done.code, code, done)
        self.assertEqual(len(done.our_lines), 1, done)
        for word in words:
            self.assertIn(word, done.our_lines[0])

    def test_every_similarity_of_ones_has_the_neighbours_of_brute_force(self):
        ones = (self.x != 0).astype(float)
        for kind, options, numbers in (("cosine", [], {"h": 20}), ("cosine", ["--shrinkage", "0"], {}), ("cosine", ["--asymmetry", "0.2", "--shrinkage", "3"], {"a": 0.2, "h": 3}),
                                       ("jaccard", ["--shrinkage", "2"], {"h": 2}), ("conditional", ["--popularity-exponent", "0.4"], {"b": 0.4})):
            found = weights(self.itemcf("--similarity", kind, "--neighbours", "12", *options)).toarray()
            expected = nearest(brute_similarities(ones, kind, **numbers), 12)
            np.testing.assert_array_equal(found != 0, expected != 0, err_msg=kind)  # exact neighbours, ties too
            np.testing.assert_allclose(found, expected, rtol=1e-6, err_msg=kind)

    def test_every_similarity_of_values_is_that_of_brute_force(self):
        for words, x in (("value", self.x), ("log", np.log1p(self.x))):
            for kind, options, numbers in (("cosine", [], {}), ("jaccard", [], {}), ("conditional", [], {}), ("tfidf", [], {}), ("bm25", ["--shrinkage", "1"], {"h": 1}),
                                           ("rp3beta", ["--walk-exponent", "0.8", "--popularity-exponent", "0.6"], {"alpha": 0.8, "b": 0.6})):
                found = weights(self.itemcf("--similarity", kind, "--neighbours", "all", "--entry-weights", words, *options)).toarray()
                np.testing.assert_allclose(found, brute_similarities(x, kind, **numbers), rtol=2e-3, atol=1e-6, err_msg=f"{words} {kind}")

    def test_min_common_users_and_min_similarity_leave_out(self):
        ones = (self.x != 0).astype(float)
        s = brute_similarities(ones, "cosine")
        s[(ones.T @ ones < 3) | (s.astype(np.float32) < np.float32(0.2))] = 0
        found = weights(self.itemcf("--neighbours", "all", "--min-common-users", "3", "--min-similarity", "0.2", "--shrinkage", "0")).toarray()
        np.testing.assert_allclose(found, s, rtol=1e-6)

    def test_ridge_of_all_items_is_ease(self):
        g = self.x.T @ self.x
        used = np.diag(g) > 0
        p = np.linalg.inv(g[np.ix_(used, used)] + 30 * np.eye(used.sum()))
        ease = np.zeros_like(g)
        ease[np.ix_(used, used)] = -p / np.diag(p)[None, :]
        np.fill_diagonal(ease, 0)
        dense = weights(self.itemcf("--weights", "ridge", "--neighbours", "all", "--penalty", "30", "--entry-weights", "value")).toarray()
        self.assertLess(np.abs(dense - ease).max(), 1e-4 * np.abs(ease).max())
        # All that have users in common, by the way of neighbourhoods: the same where every pair has one.
        full = (self.x != 0).sum(axis=0).argsort()[-12:]
        log = "user,item,value\n" + "".join(f"u{u},i{i},{self.x[u, i]}\n" for u in range(len(self.x)) for i in sorted(full) if self.x[u, i])
        (self.folder / "few.csv").write_text(log + "".join(f"z,i{i},1\n" for i in full))
        done = run(["prepare", "--input", "few.csv", "--output", "few.h5", "--quiet"], cwd=self.folder)
        self.assertEqual(done.code, 0, done)
        options = ["--weights", "ridge", "--penalty", "5", "--entry-weights", "value"]
        few = self.folder / "few.h5"
        by_neighbours = weights(self.itemcf(*options, "--neighbours", "11", data=few)).toarray()
        at_once = weights(self.itemcf(*options, "--neighbours", "all", data=few)).toarray()
        np.testing.assert_allclose(by_neighbours, at_once, rtol=1e-5, atol=1e-7)

    def test_normalized_ridge_is_scaled_back(self):
        ones = (self.x != 0).astype(float)
        users = np.count_nonzero(ones.any(axis=1))  # those with an entry
        d = ones.sum(axis=0)
        v = d - d * d / users
        used = v > 0
        scale = np.where(used, np.maximum(v, 1e-9)**0.375, 1)
        g = (ones.T @ ones - np.outer(d, d) / users) / np.outer(scale, scale)
        found = weights(self.itemcf("--weights", "ridge", "--neighbours", "6", "--penalty", "0.5", "--normalization", "0.75"))
        for j in range(found.shape[1]):
            s = found.indices[found.indptr[j]:found.indptr[j + 1]]
            if len(s) == 0:
                continue
            b = np.linalg.solve(g[np.ix_(s, s)] + 0.5 * np.eye(len(s)), g[s, j]) * scale[j] / scale[s]
            np.testing.assert_allclose(found.data[found.indptr[j]:found.indptr[j + 1]], b, rtol=1e-5, atol=1e-7)

    def test_the_same_bytes_on_ranks_threads_budgets_and_targets(self):
        for options in (["--similarity", "bm25", "--neighbours", "7", "--entry-weights", "value", "--max-user-items", "20"], RIDGE):
            digests = set()
            for ranks, threads, more, env in ((1, "1", [], {}), (1, "2", ["--simd", "avx2"], {}), (2, "1", ["--memory-budget", "4KiB"], {}),
                                              (3, "2", ["--memory-budget", "1MiB"], {}), (3, "1", [], {})):
                if "--simd" in more and "avx2" not in run(["--version"]).out + "avx512":
                    more = []
                path = self.itemcf(*options, "--threads", threads, *more, ranks=ranks, env=env)
                digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
            self.assertEqual(len(digests), 1, options)

    def test_lists_are_the_best_scores_and_evaluation_measures_them(self):
        # Lists of a model of the training part leave out all that the dataset has, so those of all of it are compared.
        model = self.itemcf("--train-on", "all", "--neighbours", "12", "--entry-weights", "log", name="all.h5")
        histories = self.x.copy()
        held = np.asarray(interactions(self.d, "heldout/interactions").todense(), dtype=float)
        histories += held
        s = weights(model).toarray().astype(float)
        scores = np.where(histories != 0, np.log1p(histories), 0) @ s
        done = run(["recommend", "--data", self.d, "--model", model, "--top", "7", "--output", self.folder / "r.csv"])
        self.assertEqual(done.code, 0, done)
        found = lists_of(self.folder / "r.csv")
        with h5py.File(self.d) as file:
            users, items = file["users/ids"].asstr()[:] if file["users/ids"].dtype.kind in "SO" else file["users/ids"][:], file["items/ids"][:]
        names = [item.decode() if isinstance(item, bytes) else str(item) for item in items]
        for u, user in enumerate(users):
            allowed = (histories[u] == 0) & (scores[u] > 0)
            order = [i for i in np.lexsort((np.arange(len(names)), -scores[u].astype(np.float32))) if allowed[i]][:7]
            if not order:
                continue
            given = found[str(user)]
            self.assertEqual([source for _, _, source in given], ["model"] * len(order))
            np.testing.assert_allclose([score for _, score, _ in given], scores[u][order], rtol=1e-5)

    def measured_by_numpy(self, data, s, entries):
        """Recall@10 and AUC of an item model s (by the dataset's items), whose training had so many entries of each."""
        ones = (np.asarray(interactions(data).todense()) != 0).astype(float)
        held = np.asarray(interactions(data, "heldout/interactions").todense()) != 0
        scores = ones @ s.astype(float)
        candidates = entries > 0
        popular = np.lexsort((np.arange(len(candidates)), -entries))
        recalls, areas = [], []
        for u in range(len(ones)):
            targets = held[u] & (ones[u] == 0)
            if not targets.any():
                continue
            rounded = scores[u].astype(np.float32)
            allowed = candidates & (ones[u] == 0)
            order = [i for i in np.lexsort((np.arange(len(rounded)), -rounded)) if allowed[i] and rounded[i] > 0][:10]
            if not order:
                order = [i for i in popular if allowed[i]][:10]
            recalls.append(targets[order].sum() / min(10, targets.sum()))
            standing = scores[u] if (ones[u] != 0)[candidates].any() else entries.astype(float)
            wrong = standing[allowed & ~targets]
            values = [((wrong < t).sum() + (wrong == t).sum() / 2) / len(wrong) for t in standing[targets & candidates]]
            areas.append(sum(values) / targets.sum())
        return float(np.mean(recalls)), float(np.mean(areas))

    def test_recall_and_auc_are_those_of_numpy(self):
        model = self.data / "items.h5"
        out = self.folder / "e.json"
        done = run(["evaluate", "--data", self.d, "--model", model, "--metrics", "recall@10,auc", "--output", out, "--quiet"])
        self.assertEqual(done.code, 0, done)
        recall, auc = self.measured_by_numpy(self.d, weights(model).toarray(), (self.x != 0).sum(axis=0))
        metrics = json.loads(out.read_text())["metrics"]
        self.assertAlmostEqual(metrics["recall@10"]["model"], recall, places=9)
        self.assertAlmostEqual(metrics["auc"]["model"], auc, places=9)

    def other_dataset(self):
        """Two thirds of the users, without every seventh item, and with an item that the log of the model does not have."""
        rows = (self.data / "s.csv").read_text().splitlines()
        kept = [row for row in rows[1:] if int(row.split(",")[0]) % 3 and int(row.split(",")[1]) % 7]
        users = sorted({row.split(",")[0] for row in kept})
        new = [",".join([user, "987654", *rows[1].split(",")[2:]]) for user in users[:30]]
        (self.folder / "other.csv").write_text("\n".join([rows[0], *kept, *new]) + "\n")
        done = run(["prepare", "--input", "other.csv", "--duplicates", "sum", "--split", "random:0.3", "--output", "other.h5", "--quiet"], cwd=self.folder)
        self.assertEqual(done.code, 0, done)
        return self.folder / "other.h5"

    def test_a_model_of_another_dataset_is_matched_by_ids(self):
        other = self.other_dataset()
        model = self.itemcf("--neighbours", "12", name="model.h5")

        def ids(path):
            with h5py.File(path) as file:
                return [name.decode() if isinstance(name, bytes) else str(name) for name in file["items/ids"][:]]
        there = {name: row for row, name in enumerate(ids(self.d))}
        rows = np.array([there.get(name, -1) for name in ids(other)])
        self.assertIn(-1, rows)
        known = rows >= 0
        s = np.where(known[:, None] & known[None, :], weights(model).toarray()[np.ix_(rows, rows)], 0)
        trained = (self.x != 0).sum(axis=0)
        entries = np.where(known, trained[rows], 0)
        recall, auc = self.measured_by_numpy(other, s, entries)
        seen = set()
        for ranks in (1, 2, 3):
            done = run(["evaluate", "--data", other, "--model", model, "--metrics", "recall@10,auc", "--output", self.folder / "e.json",
                        "--log-json", self.folder / "e.jsonl", "--baseline", model], ranks=ranks)
            self.assertEqual(done.code, 0, done)
            self.assertIn("was trained on another dataset", done.err)
            self.assertIn("cannot be shown not to have learned", done.err)  # nothing says so: it knows no users
            lists = run(["recommend", "--data", other, "--model", model, "--output", self.folder / "r.csv", "--log-json", self.folder / "r.jsonl"], ranks=ranks)
            self.assertEqual(lists.code, 0, lists)
            seen.add((self.folder / "e.json").read_bytes() + (self.folder / "r.csv").read_bytes())
        self.assertEqual(len(seen), 1)
        found = json.loads((self.folder / "e.json").read_text())
        self.assertAlmostEqual(found["metrics"]["recall@10"]["model"], recall, places=9)
        self.assertAlmostEqual(found["metrics"]["auc"]["model"], auc, places=9)
        held = np.asarray(interactions(other, "heldout/interactions").todense()) != 0
        ones = np.asarray(interactions(other).todense()) != 0
        measured = held.any(axis=1)
        self.assertEqual(found["matched_model"], {
            "users": int(measured.sum()), "folded_in": int(ones[measured][:, entries > 0].any(axis=1).sum()),
            "unknown_users": int((~ones[measured][:, entries > 0].any(axis=1)).sum()),
            "history_entries": int(ones[measured].sum()), "unknown_entries": int(ones[measured][:, entries == 0].sum()),
            "items": len(rows), "known_items": int((entries > 0).sum()), "items_elsewhere": int((trained > 0).sum() - (entries > 0).sum()),
            "pairs": int(held.sum()), "missed_pairs": int(held[:, entries == 0].sum())})
        # Lists: by all that this dataset has of each user, and never the item that the model does not know.
        both = (ones | held).astype(float)
        scores = both @ s.astype(float)
        with h5py.File(other) as file:
            users = [name.decode() if isinstance(name, bytes) else str(name) for name in file["users/ids"][:]]
        names = ids(other)
        lists = lists_of(self.folder / "r.csv")
        for u, user in enumerate(users):
            allowed = (both[u] == 0) & (scores[u].astype(np.float32) > 0) & (entries > 0)
            order = [i for i in np.lexsort((np.arange(len(names)), -scores[u].astype(np.float32))) if allowed[i]][:10]
            if order:
                self.assertEqual([item for item, _, _ in lists[user]], [names[i] for i in order])
        # None in common is said in one line.
        (self.folder / "apart.csv").write_text("user,item\n" + "".join(f"u{u},other{i}\n" for u in range(4) for i in range(4)))
        self.assertEqual(run(["prepare", "--input", "apart.csv", "--split", "random:0.3", "--output", "apart.h5"], cwd=self.folder).code, 0)
        for arguments in (["evaluate"], ["recommend", "--output", self.folder / "no.csv"]):
            self.refused(65, ["knows none of its", "other"], *arguments, "--data", self.folder / "apart.h5", "--model", model)

    def test_a_score_is_the_sum_of_what_the_user_has(self):
        model = self.itemcf("--train-on", "all", "--neighbours", "12", "--entry-weights", "value", name="all.h5")
        done = run(["recommend", "--data", self.d, "--model", model, "--top", "5", "--output", self.folder / "r.csv"])
        self.assertEqual(done.code, 0, done)
        s = weights(model).tocsc()
        whole = interactions(self.d) + interactions(self.d, "heldout/interactions")
        with h5py.File(self.d) as file:
            users, items = ([name.decode() if isinstance(name, bytes) else str(name) for name in file[f"{side}/ids"][:]] for side in ("users", "items"))
        row_of, column_of = ({name: n for n, name in enumerate(names)} for names in (users, items))
        for user, given in lists_of(self.folder / "r.csv").items():
            history = whole[row_of[user]]
            for item, score, source in given:
                if source != "model":
                    continue
                column = s[:, column_of[item]].toarray()[:, 0].astype(float)
                terms = [value * column[i] for i, value in zip(history.indices, history.data) if column[i]]
                self.assertTrue(terms)
                self.assertAlmostEqual(score / sum(terms), 1, places=5)

    def test_the_model_says_with_what_it_was_made(self):
        def settings(*options):
            with h5py.File(self.itemcf(*options)) as file:
                return dict(line.split(" = ") for line in file.attrs["configuration"].splitlines())
        usual = settings()
        self.assertEqual({name: usual[name] for name in ("similarity", "asymmetry", "shrinkage", "neighbours", "weights", "entry-weights")},
                         {"similarity": "cosine", "asymmetry": "0.5", "shrinkage": "20", "neighbours": "100", "weights": "similarity", "entry-weights": "one"})
        self.assertNotIn("penalty", usual)
        ridge = settings("--weights", "ridge", "--similarity", "conditional", "--popularity-exponent", "0.25", "--entry-weights", "value")
        self.assertEqual({name: ridge[name] for name in ("similarity", "popularity-exponent", "shrinkage", "penalty", "normalization")},
                         {"similarity": "conditional", "popularity-exponent": "0.25", "shrinkage": "0", "penalty": "100", "normalization": "0"})
        self.assertNotIn("asymmetry", ridge)
        dense = settings("--weights", "ridge", "--neighbours", "all")
        self.assertEqual(dense["penalty"], "100")
        self.assertNotIn("similarity", dense)
        shown = run(["inspect", self.data / "items.h5"])
        self.assertIn("shrinkage = 20", shown.out)

    def events(self, *arguments, ranks=1):
        done = run([*arguments, "--quiet", "--log-json", self.folder / "events.jsonl"], ranks=ranks)
        self.assertEqual(done.code, 0, done)
        found = {}
        for line in (self.folder / "events.jsonl").read_text().splitlines():
            found[json.loads(line)["event"]] = json.loads(line)
        return found

    def test_pairs_are_counted_once_and_planned(self):
        lengths = (self.x != 0).sum(axis=1)
        for options, half in ((["--weights", "ridge"], True), ([], False)):
            planned = self.events("plan", "itemcf", "--data", self.d, "--neighbours", "12", "--ranks", "1,3", "--calibrate", "0.02", *options)
            for ranks in (1, 2):
                trained = self.events("itemcf", "--data", self.d, "--model", self.folder / "m.h5", "--neighbours", "12", *options, ranks=ranks)
                self.assertEqual(trained["neighbours"]["counted_pairs"], int((lengths**2).sum()))
                self.assertEqual(planned["item_work"]["pairs"], int((lengths**2).sum()))
                self.assertGreaterEqual(planned["item_work"]["weights"], trained["neighbours"]["neighbours"])
                if half:
                    self.assertLessEqual(trained["ridge"]["counted_pairs"], planned["item_work"]["ridge_pairs"])
                    self.assertEqual(planned["item_work"]["ridge_pairs"], int((lengths * (lengths - 1) // 2).sum()))
                    self.assertEqual(trained["ridge"]["batches"], 1)
        small = self.events("itemcf", "--data", self.d, "--model", self.folder / "m.h5", "--neighbours", "12", "--weights", "ridge", "--memory-budget", "20KiB", "--threads", "1")
        self.assertGreater(small["ridge"]["batches"], 3)
        self.refused(2, ["plan itemcf needs --data"], "plan", "itemcf")
        stated = run(["plan", "itemcf", "--users", "300", "--items", "100", "--interactions", "3000", "--neighbours", "all", "--weights", "ridge", "--calibrate", "0"])
        self.assertEqual(stated.code, 0, stated)
        self.assertIn("least budget", stated.out)

    def test_a_regression_that_hardly_has_a_solution_is_a_warning(self):
        with open(self.folder / "twins.csv", "w") as file:
            file.write("user,item\n" + "".join(f"u{u},twin{i}\n" for u in range(40) for i in range(3)) + "".join(f"u{u},other{u % 5}\n" for u in range(40)))
        self.assertEqual(run(["prepare", "--input", "twins.csv", "--output", "twins.h5"], cwd=self.folder).code, 0)
        for ranks in (1, 2):
            done = run(["itemcf", "--data", self.folder / "twins.h5", "--model", self.folder / "m.h5", "--weights", "ridge", "--penalty", "1e-10", "--neighbours", "4", "--quiet"],
                       ranks=ranks)
            self.assertEqual(done.code, 0, done)
            self.assertRegex(done.err, r"warning: \d+ regressions are ill-conditioned and were solved in double; the worst is of item \S+ with \d neighbours: its largest pivot is \S+ times")

    def test_users_held_out_whole_and_folds_are_measured(self):
        model = self.itemcf(data=self.data / "u.h5")
        done = run(["evaluate", "--data", self.data / "u.h5", "--model", model])
        self.assertEqual(done.code, 0, done)
        fold = self.itemcf("--fold", "interactions:1/3", name="fold.h5")
        self.assertEqual(run(["evaluate", "--data", self.d, "--model", fold, "--baseline", self.data / "items.h5"]).code, 65)
        self.assertEqual(run(["evaluate", "--data", self.d, "--model", fold]).code, 0)
        self.refused(65, ["trained on all"], "evaluate", "--data", self.d, "--model", self.itemcf("--train-on", "all"))

    def test_evaluation_and_lists_are_the_same_on_any_ranks(self):
        model = self.data / "items.h5"
        seen = set()
        for ranks in (1, 3):
            for arguments, name in ((["evaluate", "--metrics", "ndcg@20,auc,coverage@5"], "e.json"), (["recommend"], "r.csv"), (["recommend"], "r.h5")):
                done = run([*arguments, "--data", self.d, "--model", model, "--output", self.folder / name, "--quiet"], ranks=ranks)
                self.assertEqual(done.code, 0, done)
                seen.add((name, hashlib.sha256((self.folder / name).read_bytes()).hexdigest()))
        self.assertEqual(len(seen), 3)

    def test_inspect_and_verify_know_the_file(self):
        model = self.data / "items.h5"
        done = run(["verify", model])
        self.assertEqual(done.code, 0, done)
        self.assertIn("item-model", done.out)
        self.assertIn("150 x 150", run(["inspect", model]).out)
        damaged = self.folder / "damaged.h5"
        damaged.write_bytes(model.read_bytes())
        with h5py.File(damaged, "r+") as file:
            file["items/neighbours/indices"][3] = 10_000
        self.refused(65, [str(damaged)], "recommend", "--data", self.d, "--model", damaged, "--output", self.folder / "r.csv")
        self.assertFalse((self.folder / "r.csv").exists())

    def test_what_has_no_sense_is_refused_in_one_line(self):
        base = ["itemcf", "--data", self.d, "--model", self.folder / "no.h5"]
        for words, options in ((["--neighbours 0", "whole number from 1"], ["--neighbours", "0"]),
                               (["--penalty", "--weights ridge"], ["--penalty", "3"]),
                               (["--asymmetry", "cosine"], ["--similarity", "jaccard", "--asymmetry", "0.3"]),
                               (["--shrinkage", "rp3beta"], ["--similarity", "rp3beta", "--shrinkage", "3"]),
                               (["--similarity", "--neighbours all"], ["--weights", "ridge", "--neighbours", "all", "--similarity", "cosine"]),
                               (["--memory-budget", "150 items"], ["--weights", "ridge", "--neighbours", "all", "--memory-budget", "100KiB"])):
            self.refused(2, words, *base, *options)
        self.refused(65, ["no item has a neighbour"], *base, "--min-common-users", "100000")
        (self.folder / "apart.csv").write_text("user,item\n" + "".join(f"u{i},i{i}\n" for i in range(9)))
        self.assertEqual(run(["prepare", "--input", "apart.csv", "--output", "apart.h5"], cwd=self.folder).code, 0)
        for options in ([], RIDGE[:4], ["--min-similarity", "0.5"]):
            self.refused(65, ["apart.h5", "no item has a neighbour"], "itemcf", "--data", self.folder / "apart.h5", "--model", self.folder / "no.h5", *options)
        self.refused(2, ["diversity"], "evaluate", "--data", self.d, "--model", self.data / "items.h5", "--metrics", "diversity@5")
        self.refused(2, ["rmse", "item model"], "evaluate", "--data", self.d, "--model", self.data / "items.h5", "--metrics", "rmse")
        # All items at once, beyond the memory of any machine that runs tests.
        (self.folder / "wide.csv").write_text("user,item\n" + "".join(f"u{i % 1000},i{i}\n" for i in range(300_000)))
        self.assertEqual(run(["prepare", "--input", "wide.csv", "--output", "wide.h5"], cwd=self.folder).code, 0)
        self.refused(2, ["--neighbours all for 300000 items", "this machine", "--neighbours K"], "itemcf", "--data", self.folder / "wide.h5", "--model", self.folder / "no.h5",
                     "--weights", "ridge", "--neighbours", "all")
        self.assertFalse((self.folder / "no.h5").exists())

    def test_one_user_with_everything_and_equal_rows_are_no_special_case(self):
        for users in (1, 4):
            (self.folder / "same.csv").write_text("user,item\n" + "".join(f"u{u},i{i}\n" for u in range(users) for i in range(6)))
            self.assertEqual(run(["prepare", "--input", "same.csv", "--output", "same.h5"], cwd=self.folder).code, 0)
            found = weights(self.itemcf("--neighbours", "3", data=self.folder / "same.h5")).toarray()
            for j in range(6):
                self.assertEqual(np.flatnonzero(found[:, j]).tolist(), [i for i in range(6) if i != j][:3])
            # (u J + I) b = u, with J of ones: b = u / (1 + u k) of k others.
            for neighbours, others in (("3", 3), ("all", 5)):
                found = weights(self.itemcf("--weights", "ridge", "--penalty", "1", "--neighbours", neighbours, data=self.folder / "same.h5")).toarray()
                np.testing.assert_allclose(found[found != 0], users / (1 + users * others), rtol=1e-6)
                self.assertEqual((found != 0).sum(), 6 * others)
            # What all users have alike says nothing.
            found = weights(self.itemcf("--weights", "ridge", "--normalization", "0.5", "--penalty", "1", "--neighbours", "3", data=self.folder / "same.h5"))
            self.assertEqual(np.abs(found.toarray()).max(), 0)

    def test_what_is_lost_is_said(self):
        def job(*arguments):
            done = run(arguments)
            self.assertEqual(done.code, 0, done)
            return done

        def log(name, rows):
            (self.folder / f"{name}.csv").write_text("user,item,rating\n" + "".join(f"{u},{i},{r}\n" for u, i, r in rows))
            job("prepare", "--input", self.folder / f"{name}.csv", "--output", self.folder / f"{name}.h5")
        many = [(f"m{u}", f"i{i}", 1) for u in range(3) for i in range(600)]
        log("faint", many + [("two", "i0", 1), ("two", "i1", 1)] + [(f"one{u}", "i0", 1) for u in range(5)])
        done = job("itemcf", "--data", self.folder / "faint.h5", "--model", self.folder / "faint-items.h5", "--similarity", "rp3beta", "--walk-exponent", "4", "--quiet")
        self.assertIn("warning: 1800 interactions weigh less than", done.err)
        log("tiny", [(f"u{u}", f"i{i}", 1e-10) for u in range(4) for i in range(4)])
        done = run(["itemcf", "--data", self.folder / "tiny.h5", "--model", self.folder / "none.h5", "--entry-weights", "value", "--similarity", "conditional",
                    "--popularity-exponent", "4"])
        self.assertEqual(done.code, 65, done)
        self.assertIn("beyond 32-bit floating point", done.err)
        self.assertFalse((self.folder / "none.h5").exists())
        # What is held out may be what training must not have.
        (self.folder / "returns.csv").write_text("user,item,value,part\n" + "".join(f"u{u},i{i},{2 + i},train\n" for u in range(6) for i in range(4)) + "u0,i5,-5,test\n")
        job("prepare", "--input", self.folder / "returns.csv", "--columns", "user=user,item=item,value=value,split=part", "--split", "column", "--min-total", "none",
            "--output", self.folder / "returns.h5")
        job("itemcf", "--data", self.folder / "returns.h5", "--model", self.folder / "returns-items.h5", "--entry-weights", "log")
        for ranks in (1, 2):
            done = run(["recommend", "--data", self.folder / "returns.h5", "--model", self.folder / "returns-items.h5", "--output", self.folder / "returns-lists.csv"],
                       ranks=ranks)
            self.assertEqual(done.code, 65, done)
            self.assertIn("--entry-weights log: expected no value below 0, and one is -5", done.err)
            self.assertFalse((self.folder / "returns-lists.csv").exists())
        # A model that has nothing to say for most users is measured by the popular items, and says so.
        log_rows = [(f"u{u}", "alone", 1) for u in range(30)] + [(f"v{u}", f"i{i}", 1) for u in range(10) for i in range(4)]
        with open(self.folder / "marked.csv", "w") as file:
            file.write("user,item,part\n" + "".join(f"{u},{i},train\n" for u, i, _ in log_rows)
                       + "".join(f"u{u},i{u % 4},test\n" for u in range(30)) + "".join(f"v{u},alone,test\n" for u in range(3)))
        job("prepare", "--input", self.folder / "marked.csv", "--columns", "user=user,item=item,split=part", "--split", "column", "--output", self.folder / "marked.h5")
        job("itemcf", "--data", self.folder / "marked.h5", "--model", self.folder / "marked-items.h5")
        for ranks in (1, 2):
            done = run(["evaluate", "--data", self.folder / "marked.h5", "--model", self.folder / "marked-items.h5", "--metrics", "recall@1", "--quiet"], ranks=ranks)
            self.assertEqual(done.code, 0, done)
            self.assertIn("no new item has a score above 0 for 33 users: the popular items are measured there", done.err)

    def test_long_users_are_told_and_cut_by_the_seed(self):
        (self.folder / "bot.csv").write_text("user,item\n" + "".join(f"bot,i{i}\n" for i in range(1500)) + "".join(f"u{u},i{i}\n" for u in range(30) for i in range(u % 7, u % 7 + 3)))
        self.assertEqual(run(["prepare", "--input", "bot.csv", "--output", "bot.h5"], cwd=self.folder).code, 0)
        bot = self.folder / "bot.h5"
        told = run(["itemcf", "--data", bot, "--model", self.folder / "m.h5"])
        self.assertEqual(told.code, 0, told)
        self.assertIn("1 user has more than 1000 items, the longest 1500", told.err)
        cut = run(["itemcf", "--data", bot, "--model", self.folder / "m.h5", "--max-user-items", "10"])
        self.assertEqual(cut.code, 0, cut)
        self.assertIn("1490 interactions are left out", cut.err)
        # Another user and item, before all others, change nothing of what is drawn.
        (self.folder / "more.csv").write_text((self.folder / "bot.csv").read_text() + "a-new-one,a-new-item\n")
        self.assertEqual(run(["prepare", "--input", "more.csv", "--output", "more.h5"], cwd=self.folder).code, 0)
        self.assertEqual(run(["itemcf", "--data", self.folder / "more.h5", "--model", self.folder / "more-items.h5", "--max-user-items", "10"]).code, 0)

        def speaking(path):
            with h5py.File(path) as file:
                ids = [name.decode() if isinstance(name, bytes) else name for name in file["items/ids"][:]]
                entries = file["items/entries"][:]
            return {name: int(count) for name, count in zip(ids, entries) if count and name != "a-new-item"}
        self.assertEqual(speaking(self.folder / "m.h5"), speaking(self.folder / "more-items.h5"))


if __name__ == "__main__":
    unittest.main()
