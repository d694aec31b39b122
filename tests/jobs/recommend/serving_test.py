"""What a shop receives: popular items for users whom the model does not know, models of all that a dataset holds. Against plain
numpy."""
import hashlib
import json
import math
import unittest

import h5py
import numpy as np
import scipy.sparse

import numpy_als
import shop
from serving_case import Case, expected_list, RANKS


def cold_log(rename=lambda name: name):
    """Users c* only after the cut, items new* too; popularity has no ties. Time goes with the row."""
    random = np.random.default_rng(5)
    old = [(f"u{user}", f"i{item}") for item in range(12) for user in range(3 + 2 * item)]
    old = [old[place] for place in random.permutation(len(old))]
    new = [(f"c{user}", f"i{item}") for user in range(9) for item in range(12) if (user * 5 + item) % 4 == 0]
    new += [(f"u{user}", f"new{user % 3}") for user in range(7)] + [(f"u{user}", f"i{11 - user}") for user in range(3)]
    rows = [f"{rename(user)},{rename(item)},{1_600_000_000 + place}" for place, (user, item) in enumerate(old + new)]
    return "user,item,timestamp\n" + "\n".join(rows) + "\n", (len(new) + 0.5) / len(old + new)


class ColdTest(Case):
    @classmethod
    def make(cls):
        log, share = cold_log()
        (cls.path / "log.csv").write_text(log)
        cls.job("prepare", "--input", "@log.csv", "--split", f"temporal:{share}", "--output", "@data.h5")
        cls.job("als", "--data", "@data.h5", "--model", "@model.h5", "--factors", "4", "--epochs", "4")

    def test_the_model_counts_entries(self):
        training, _, _, _, _ = self.matrices("data.h5")
        with h5py.File(self.path / "model.h5") as file:
            np.testing.assert_array_equal(file["users/entries"], np.diff(training.indptr))
            np.testing.assert_array_equal(file["items/entries"], np.diff(training.tocsc().indptr))
            self.assertEqual(file.attrs["trained-on"], "training")
        self.assertEqual((np.diff(training.indptr) == 0).sum(), 9)
        self.assertEqual((np.diff(training.tocsc().indptr) == 0).sum(), 3)

    def test_unknown_users_get_the_popular_items_and_new_items_are_in_no_list(self):
        training, parts, user_ids, _, item_ids = self.matrices("data.h5")
        known = training + parts["interactions"]
        entries = np.diff(training.tocsc().indptr)
        users, items, _, _, _ = numpy_als.read_model(self.path / "model.h5")
        scores = users.astype(float) @ items.T.astype(float)
        done = self.alike("lists.csv", "recommend", "--data", "@data.h5", "--model", "@model.h5", "--top", "6", "--output", "@lists.csv")
        self.assertIn("9 users have no training entry and are served the popular items", done.err)
        lists = self.lists("lists.csv")
        for user, user_id in enumerate(user_ids):
            history = set(known.indices[known.indptr[user]:known.indptr[user + 1]])
            is_cold = training.indptr[user] == training.indptr[user + 1]
            rows = lists.get(user_id, [])
            self.assertEqual({row["source"] for row in rows} or {"model"}, {"popular" if is_cold else "model"})
            got = [item_ids.index(row["item"]) for row in rows]
            self.assertFalse({row["item"] for row in rows} & {"new0", "new1", "new2"})
            expected = expected_list(None if is_cold else scores[user], entries, history, 6)
            if is_cold:
                self.assertEqual(got, expected)
                for row, item in zip(rows, got):
                    self.assertEqual(np.float32(row["score"]), np.float32(entries[item] / len(user_ids)))
            else:
                np.testing.assert_allclose(scores[user, got], scores[user, expected], atol=1e-6)
        self.alike("lists.h5", "recommend", "--data", "@data.h5", "--model", "@model.h5", "--top", "6", "--output", "@lists.h5")
        with h5py.File(self.path / "lists.h5") as file:
            self.assertEqual(list(file["recommendations/source"].asstr()), [row["source"] for user in user_ids for row in lists.get(user, [])])

    def metrics(self, data, model, metrics="recall@4,ndcg@4,map@4,hr@4", ranks=1):
        self.job("evaluate", "--data", f"@{data}", "--model", f"@{model}", "--metrics", metrics, "--output", "@metrics.json", ranks=ranks)
        return json.loads((self.path / "metrics.json").read_text())

    def test_metrics_follow_the_lists_that_are_served(self):
        training, parts, _, _, _ = self.matrices("data.h5")
        heldout = parts["interactions"]
        entries = np.diff(training.tocsc().indptr)
        users, items, _, _, _ = numpy_als.read_model(self.path / "model.h5")
        scores = users.astype(float) @ items.T.astype(float)
        told = [json.dumps(self.metrics("data.h5", "model.h5", ranks=ranks)) for ranks in RANKS]
        self.assertEqual(len(set(told)), 1)
        told = json.loads(told[0])
        recalls = {"model": [], "baseline": []}
        for user in range(heldout.shape[0]):
            targets = set(heldout.indices[heldout.indptr[user]:heldout.indptr[user + 1]])
            history = set(training.indices[training.indptr[user]:training.indptr[user + 1]])
            if not targets:
                continue
            for source, row in (("model", scores[user] if history else None), ("baseline", None)):
                best = expected_list(row, entries, history, 4)
                recalls[source].append(len(targets & set(best)) / min(4, len(targets)))
        for source, values in recalls.items():
            self.assertAlmostEqual(told["metrics"]["recall@4"][source], np.mean(values), places=9)
        cold = [user for user in range(heldout.shape[0]) if training.indptr[user] == training.indptr[user + 1]]
        self.assertEqual(told["rankings"]["popular_users"], len(cold))
        self.assertEqual(told["rankings"]["cold_targets"], int(heldout.tocsc()[:, entries == 0].nnz))
        # Training says the same after its last epoch.
        self.job("als", "--data", "@data.h5", "--model", "@validated.h5", "--factors", "4", "--epochs", "4", "--validation-metric", "recall@4",
                 "--validation-every", "4", "--log-json", "@log.jsonl", ranks=2)
        events = [json.loads(line) for line in (self.path / "log.jsonl").read_text().splitlines()]
        (validation,) = [event for event in events if event["event"] == "validation"]
        self.assertEqual(validation["value"], told["metrics"]["recall@4"]["model"])
        (rankings,) = [event for event in events if event["event"] == "rankings"]
        self.assertEqual(rankings["popular_users"], len(cold))

    def test_renumbered_ids_change_no_metric_of_users_without_entries(self):
        """Their lists are by popularity, which here has no ties; before, they were the first ids."""
        log, share = cold_log()
        lines = log.splitlines()
        cold_only = [line for line in lines[1:] if line[0] == "c" or int(line.rsplit(",", 1)[1]) < 1_600_000_000 + round((1 - share) * (len(lines) - 1))]
        told = []
        for name, rename in (("plain", lambda text: text), ("renumbered", lambda text: text[0] + hashlib.sha256(text.encode()).hexdigest()[:8])):
            rows = [line.split(",") for line in cold_only]
            (self.path / "cold.csv").write_text("user,item,timestamp\n" + "".join(f"{rename(u)},{rename(i)},{t}\n" for u, i, t in rows))
            heldout = sum(u[0] == "c" for u, _, _ in rows)
            self.job("prepare", "--input", "@cold.csv", "--split", f"temporal:{(heldout + 0.5) / len(rows)}", "--output", "@cold.h5")
            self.job("als", "--data", "@cold.h5", "--model", "@cold-model.h5", "--factors", "4", "--epochs", "2")
            metrics = self.metrics("cold.h5", "cold-model.h5")
            self.assertEqual(metrics["rankings"]["popular_users"], 9)
            self.assertEqual(metrics["rankings"]["users"], 9)
            told.append({name: value["model"] for name, value in metrics["metrics"].items()})
            self.assertEqual(metrics["worse_than_baseline"], False)
        self.assertEqual(told[0].keys(), told[1].keys())
        for name in told[0]:
            self.assertAlmostEqual(told[0][name], told[1][name], places=12)

    def test_listed_ids_that_nobody_has(self):
        wanted = self.path / "wanted.txt"
        wanted.write_text("nobody\nu20\nc1\nelse\nnobody\n")
        args = ["recommend", "--data", "@data.h5", "--model", "@model.h5", "--users", wanted, "--top", "3", "--output"]
        for ranks in RANKS:
            done = self.job(*args, "@some.csv", "--quiet", ranks=ranks)
            self.assertEqual(len(done.our_lines), 1)
            self.assertIn("warning: 2 ids in --users are not in the dataset and get no list, for example", done.our_lines[0])
            self.assertIn("wanted.txt:1: 'nobody'", done.our_lines[0])
            self.assertEqual(list(self.lists("some.csv")), ["c1", "u20"])
        self.alike("some.csv", *args, "@some.csv", "--unknown-users", "popular")
        lists = self.lists("some.csv")
        self.assertEqual(list(lists), ["c1", "u20", "nobody", "else"])
        self.assertEqual([row["item"] for row in lists["else"]], ["i11", "i10", "i9"])
        self.assertEqual({row["source"] for row in lists["else"]}, {"popular"})
        self.alike("some.h5", *args, "@some.h5", "--unknown-users", "popular")
        with h5py.File(self.path / "some.h5") as file:
            self.assertEqual(list(file["users/ids"].asstr()), ["c1", "u20", "nobody", "else"])
            self.assertEqual(file["recommendations/indptr"][:].tolist(), [0, 3, 6, 9, 12])
        self.refused(65, *args, "@none.csv", "--unknown-users", "error", words=["wanted.txt:1: 'nobody'", "no user of the dataset"])
        self.refused(2, "recommend", "--data", "@data.h5", "--model", "@model.h5", "--output", "@none.csv", "--unknown-users", "error", words=["--users"])
        self.assertFalse(list(self.path.glob("*none*")))
        wanted.write_text("id,cluster,distance\nc1,0,1\nNULL,1,2\n")
        done = self.job(*args, "@some.csv", "--quiet", ranks=2)
        self.assertEqual(len(done.our_lines), 1)
        self.assertIn("warning: 1 line of --users has no id (it is empty, or a word such as NULL): passed over", done.our_lines[0])
        self.assertEqual(list(self.lists("some.csv")), ["c1"])


class RatingsTest(Case):
    """Ratings of users and items that the training does not have."""

    @classmethod
    def make(cls):
        random = np.random.default_rng(2)
        old = [(f"u{user}", f"i{item}", 1 + (user * 7 + item * 3) % 5) for user in range(20) for item in range(10) if (user + item) % 3]
        old = [old[place] for place in random.permutation(len(old))]
        new = [(f"c{user}", f"i{user}", 4) for user in range(4)] + [(f"u{user}", f"new{user}", 2) for user in range(4)]
        new += [("c9", "new9", 5)]
        rows = [f"{u},{i},{r},{1_600_000_000 + place}" for place, (u, i, r) in enumerate(old + new)]
        (cls.path / "log.csv").write_text("user,item,rating,timestamp\n" + "\n".join(rows) + "\n")
        cls.job("prepare", "--input", "@log.csv", "--split", f"temporal:{(len(new) + 0.5) / len(rows)}", "--output", "@data.h5")

    def test_predictions_fall_back_to_what_is_known(self):
        training, parts, _, _, _ = self.matrices("data.h5")
        heldout = parts["interactions"].tocoo()
        self.assertEqual(heldout.nnz, 9)
        mean = training.data.mean()
        for name, options in (("plain", []), ("biases", ["--biases"])):
            self.job("als", "--data", "@data.h5", "--model", "@model.h5", "--objective", "explicit", "--factors", "3", "--epochs", "3",
                     "--validation-metric", "rmse", "--validation-every", "3", "--log-json", "@log.jsonl", *options, ranks=2)
            _, _, user_biases, item_biases, _ = numpy_als.read_model(self.path / "model.h5")
            users = np.diff(training.indptr) > 0
            items = np.diff(training.tocsc().indptr) > 0
            predicted = np.full(heldout.nnz, mean)
            if options:
                predicted += np.where(users[heldout.row], user_biases[heldout.row], 0) + np.where(items[heldout.col], item_biases[heldout.col], 0)
            done = self.alike("metrics.json", "evaluate", "--data", "@data.h5", "--model", "@model.h5", "--output", "@metrics.json")
            told = json.loads((self.path / "metrics.json").read_text())
            self.assertEqual(told["ratings"], {"ratings": 9, "cold_users": 5, "cold_items": 5, "cold": 9})
            self.assertIn("9 of 9 held-out ratings are of a user or an item without a training entry: the prediction is the mean", done.out + done.err)
            self.assertAlmostEqual(told["metrics"]["rmse"]["model"], math.sqrt(np.mean((heldout.data - predicted) ** 2)), places=5)
            events = [json.loads(line) for line in (self.path / "log.jsonl").read_text().splitlines()]
            (validation,) = [event for event in events if event["event"] == "validation"]
            self.assertEqual(validation["value"], told["metrics"]["rmse"]["model"])


class WholeUsersTest(Case):
    @classmethod
    def make(cls):
        shop.write_log(cls.path / "shop.csv", users=60, items=150)
        cls.job("prepare", "--input", "@shop.csv", "--split", "users:0.25", "--output", "@data.h5")
        cls.job("als", "--data", "@data.h5", "--model", "@model.h5", "--factors", "5", "--epochs", "3", "--regularization", "0.01")

    def test_users_held_out_whole_are_folded_in_and_served(self):
        training, parts, old, new, item_ids = self.matrices("data.h5")
        known = (parts["given"] + parts["interactions"]).tocsr()
        _, items, _, _, attributes = numpy_als.read_model(self.path / "model.h5")
        items = items.astype(float)
        entries = np.diff(training.tocsc().indptr)
        alpha0, lam, nu = (float(attributes[name]) for name in ("unobserved-weight", "regularization", "regularization-exponent"))
        done = self.alike("lists.csv", "recommend", "--data", "@data.h5", "--model", "@model.h5", "--top", "4", "--output", "@lists.csv")
        self.assertIn(f"{len(new)} users were held out whole, folded in", done.err)
        lists = self.lists("lists.csv")
        self.assertEqual(list(lists), old + new)
        for row, user in enumerate(new):
            history = known.indices[known.indptr[row]:known.indptr[row + 1]]
            features = items[history]
            system = alpha0 * items.T @ items + features.T @ features + lam * (len(history) + alpha0 * len(items)) ** nu * np.eye(items.shape[1])
            scores = items @ np.linalg.solve(system, features.sum(axis=0))
            expected = expected_list(scores, entries, set(history), 4)
            got = [item_ids.index(int(each["item"])) for each in lists[user]]
            self.assertFalse(set(got) & set(history))
            np.testing.assert_allclose(scores[got], scores[expected], atol=1e-5)
            self.assertEqual({each["source"] for each in lists[user]}, {"model"})

    def test_a_model_of_all_parts_has_them_as_rows(self):
        training, parts, old, new, _ = self.matrices("data.h5")
        whole = scipy.sparse.vstack([training, parts["given"] + parts["interactions"]]).tocsr()
        whole.sort_indices()
        options = ["--data", "@data.h5", "--factors", "5", "--train-on", "all", "--regularization", "0.01", "--unobserved-weight", "0.1"]
        self.job("als", *options, "--model", "@start.h5", "--epochs", "0")
        start = numpy_als.read_model(self.path / "start.h5")[1]
        self.alike("all.h5", "als", *options, "--model", "@all.h5", "--epochs", "2")
        users, items, _, _, _ = numpy_als.read_model(self.path / "all.h5")
        expected_users, expected_items = numpy_als.implicit_als(whole, start, 2, 0.1, 0.01, 1, "constant", 1)
        np.testing.assert_allclose(users, expected_users, atol=2e-4)
        np.testing.assert_allclose(items, expected_items, atol=2e-4)
        with h5py.File(self.path / "all.h5") as file:
            self.assertEqual(list(file["users/ids"].asstr()), old + new)
            np.testing.assert_array_equal(file["users/entries"], np.diff(whole.indptr))
            self.assertEqual(file.attrs["trained-on"], "all")
        self.alike("lists.csv", "recommend", "--data", "@data.h5", "--model", "@all.h5", "--top", "4", "--output", "@lists.csv")
        self.assertEqual(list(self.lists("lists.csv")), old + new)


class TrainOnAllTest(Case):
    @classmethod
    def make(cls):
        shop.write_log(cls.path / "log.csv", users=70, items=30)
        lines = (cls.path / "log.csv").read_text().splitlines()
        again = [f"{line.rsplit(',', 1)[0]},{1_650_000_000 + place}" for place, line in enumerate(lines[1::9])]
        (cls.path / "again.csv").write_text("\n".join(lines + again) + "\n")

    def factors(self, name):
        with h5py.File(self.path / name) as file:
            return {each: file[each][:].tobytes() for each in ("users/factors", "items/factors", "users/entries", "items/entries", "users/ids")}

    def test_it_is_the_model_of_a_dataset_without_a_split(self):
        """Also if pairs have rows in both parts, whose values then are those of all rows together."""
        for split, options in (("random:0.3", []), ("leave-last:2", ["--repeats", "keep"]), ("temporal:0.3", ["--duplicates", "sum"])):
            kind = ["--duplicates", "sum"] if "sum" in options else []
            self.job("prepare", "--input", "@again.csv", "--output", "@whole.h5", *kind)
            self.job("prepare", "--input", "@again.csv", "--split", split, "--output", "@split.h5", *options)
            training = ["--factors", "4", "--epochs", "2", "--weighting", "linear"]
            self.job("als", "--data", "@whole.h5", "--model", "@whole-model.h5", *training)
            self.alike("model.h5", "als", "--data", "@split.h5", "--model", "@model.h5", "--train-on", "all", *training)
            self.assertEqual(self.factors("model.h5"), self.factors("whole-model.h5"), split)
            if split == "temporal:0.3":
                self.job("plan", "--data", "@split.h5", "--train-on", "all", "--calibrate", "0", "--json", "@plan.json")
                with h5py.File(self.path / "whole.h5") as file:
                    pairs = file["interactions/data"].shape[0]
                self.assertEqual(json.loads((self.path / "plan.json").read_text())["dataset"]["interactions"], pairs)

    def test_it_has_the_epochs_of_another_model(self):
        self.job("prepare", "--input", "@log.csv", "--split", "random:0.3", "--output", "@data.h5")
        options = ["--data", "@data.h5", "--factors", "9", "--regularization", "1e-5", "--regularization-exponent", "0"]
        self.job("als", *options, "--model", "@tried.h5", "--epochs", "12", "--validation-metric", "ndcg@5")
        with h5py.File(self.path / "tried.h5") as file:
            best = int(file.attrs["best-epoch"])
        self.assertLess(best, 12)
        self.job("als", *options, "--model", "@final.h5", "--train-on", "all", "--epochs-of", "@tried.h5")
        self.job("als", *options, "--model", "@stated.h5", "--train-on", "all", "--epochs", best)
        self.assertEqual(self.digest("final.h5"), self.digest("stated.h5"))

    def test_what_makes_no_sense_is_refused(self):
        self.job("prepare", "--input", "@log.csv", "--split", "random:0.3", "--output", "@data.h5")
        options = ["als", "--data", "@data.h5", "--model", "@all.h5", "--factors", "3", "--epochs", "2", "--train-on", "all"]
        self.refused(2, *options, "--validation-metric", "ndcg@5", words=["--train-on all", "--validation-metric"])
        self.refused(2, *options, "--fold", "interactions:1/3", words=["--train-on all", "--fold"])
        self.job(*options, "--checkpoint", "@points")
        self.refused(65, *options[:-1], "training", "--checkpoint", "@points", words=["train-on"])
        self.refused(65, "evaluate", "--data", "@data.h5", "--model", "@all.h5", words=["all.h5", "trained on all"])

    def test_a_warm_start_does_not_get_round_the_refusal(self):
        """Neither directly nor through a model between; what another dataset's final model has learned is a warning."""
        for seed, name in (("1", "first"), ("2", "second")):
            self.job("prepare", "--input", "@log.csv", "--split", "random:0.3", "--seed", seed, "--output", f"@{name}.h5")
        factors = ["--factors", "3"]
        self.job("als", "--data", "@first.h5", "--model", "@f.h5", *factors, "--epochs", "2", "--train-on", "all")
        self.job("als", "--data", "@first.h5", "--model", "@w.h5", *factors, "--epochs", "0", "--warm-start", "@f.h5")
        self.job("als", "--data", "@second.h5", "--model", "@v.h5", *factors, "--epochs", "1", "--warm-start", "@w.h5")
        self.job("als", "--data", "@first.h5", "--model", "@x.h5", *factors, "--epochs", "1", "--warm-start", "@v.h5")
        for model in ("w.h5", "x.h5"):
            self.refused(65, "evaluate", "--data", "@first.h5", "--model", f"@{model}", words=[model, "trained on all", "--warm-start"])
        for ancestor in ("f.h5", "v.h5"):
            self.refused(65, "als", "--data", "@first.h5", "--model", "@none.h5", *factors, "--warm-start", f"@{ancestor}",
                         "--validation-metric", "ndcg@5", words=[ancestor, "trained on all", "--validation-metric"])
        done = self.job("als", "--quiet", "--data", "@second.h5", "--model", "@y.h5", *factors, "--epochs", "1", "--warm-start", "@w.h5",
                        "--validation-metric", "ndcg@5")
        self.assertEqual(len([line for line in done.our_lines if "trained on all of another dataset" in line]), 1, done)
        done = self.job("evaluate", "--quiet", "--data", "@second.h5", "--model", "@v.h5", "--output", "@metrics.json", "--log-json", "@log.jsonl")
        warnings = [line for line in done.our_lines if "ancestor" in line]
        self.assertEqual(len(warnings), 1, done)
        self.assertIn("v.h5 (--warm-start) was trained on all of another dataset", warnings[0])
        self.assertIs(json.loads((self.path / "metrics.json").read_text())["ancestor_trained_on_all"], True)
        events = [json.loads(line) for line in (self.path / "log.jsonl").read_text().splitlines()]
        self.assertEqual([event["datasets"] for event in events if event["event"] == "ancestor_trained_on_all"], [1])
        with h5py.File(self.path / "v.h5") as model, h5py.File(self.path / "f.h5") as first:
            self.assertEqual(model["lineage-trained-on-all"][:].tolist(), [first.attrs["dataset-digest"]])

    def test_what_an_ancestor_may_have_learned_of_the_held_out_part_is_a_warning(self):
        """From a part of another dataset, too; not if its training ended before all that is held out."""
        times = sorted(line.rsplit(",", 1)[1] for line in (self.path / "log.csv").read_text().splitlines()[1:])
        middle = times[len(times) // 2]
        for name, options in (("first", ["random:0.3", "--seed", "1"]), ("second", ["random:0.3", "--seed", "2"]),
                              ("earlier", ["random:0.3", "--until", middle]), ("later", ["temporal:0.1"])):
            self.job("prepare", "--input", "@log.csv", "--output", f"@{name}.h5", "--split", *options)
        for model, data, ancestor, elsewhere in (("a", "first", None, 0), ("b", "second", "a", 1), ("c", "second", "b", 1), ("same", "first", "a", 0),
                                                 ("round", "first", "b", 1), ("old", "earlier", None, 0), ("new", "later", "old", 0)):
            with self.subTest(model):
                self.job("als", "--data", f"@{data}.h5", "--model", f"@{model}.h5", "--factors", "3", "--epochs", "1",
                         *(["--warm-start", f"@{ancestor}.h5"] if ancestor else []))
                done = self.job("evaluate", "--quiet", "--data", f"@{data}.h5", "--model", f"@{model}.h5", "--output", "@metrics.json",
                                "--log-json", "@log.jsonl")
                warnings = [line for line in done.our_lines if "ancestor" in line]
                self.assertEqual(len(warnings), 1 if elsewhere else 0, done)
                self.assertIs(json.loads((self.path / "metrics.json").read_text())["ancestor_may_know_heldout"], elsewhere > 0)
                events = [json.loads(line) for line in (self.path / "log.jsonl").read_text().splitlines()]
                self.assertEqual([event["elsewhere"] for event in events if event["event"] == "ancestors_elsewhere"], [elsewhere] if elsewhere else [])
                if elsewhere:
                    self.assertIn(f"an ancestor of {self.path}/{model}.h5 (--warm-start) was trained on another dataset", warnings[0])
        digests = {}
        for name in ("first", "second"):
            with h5py.File(self.path / f"{name}.h5") as file:
                digests[name] = file.attrs["dataset-digest"]
        with h5py.File(self.path / "round.h5") as file:
            self.assertEqual(file["lineage-datasets"][:].tolist(), [digests["second"], digests["first"]])
            self.assertEqual(len(file["lineage"]), 2)
        # A file of an older version does not say what its ancestors were trained on.
        with h5py.File(self.path / "old-version.h5", "w") as file, h5py.File(self.path / "same.h5") as same:
            for name in same:
                if name != "lineage-datasets":
                    same.copy(name, file)
            for name, value in same.attrs.items():
                file.attrs[name] = value
        done = self.job("evaluate", "--quiet", "--verify-inputs", "no", "--data", "@first.h5", "--model", "@old-version.h5")
        self.assertIn("was trained on a dataset that is not known", "".join(done.our_lines))

    def test_a_dataset_of_another_preparation_is_told_by_its_settings(self):
        self.job("prepare", "--input", "@log.csv", "--split", "random:0.3", "--output", "@one.h5")
        self.job("prepare", "--input", "@log.csv", "--split", "random:0.2", "--output", "@other.h5")
        self.job("als", "--data", "@one.h5", "--model", "@one-model.h5", "--factors", "2", "--epochs", "1")
        for job in (["evaluate"], ["recommend", "--output", "@lists.csv"]):
            done = self.job(*job, "--data", "@other.h5", "--model", "@one-model.h5")
            (told,) = [line for line in done.err.splitlines() if "its own has" in line]
            for words in ("was trained on another dataset than", "70 users and 30 items (split = random:0.3)", "has 70 and 30 (split = random:0.2)"):
                self.assertIn(words, told)


class WorseTest(Case):
    @classmethod
    def make(cls):
        shop.write_log(cls.path / "log.csv", users=80, items=30)
        cls.job("prepare", "--input", "@log.csv", "--split", "random:0.3", "--output", "@data.h5")
        cls.job("als", "--data", "@data.h5", "--model", "@random.h5", "--factors", "3", "--epochs", "0")
        cls.job("als", "--data", "@data.h5", "--model", "@stars.h5", "--objective", "explicit", "--factors", "3", "--epochs", "0")

    def test_a_model_that_is_worse_than_its_baseline_says_so(self):
        for model, metrics, baseline in (("random.h5", "recall@5,ndcg@5", "popularity"), ("stars.h5", "rmse,mae", "mean and biases")):
            done = self.job("evaluate", "--data", "@data.h5", "--model", f"@{model}", "--metrics", metrics, "--output", "@metrics.json", "--quiet", ranks=2)
            told = json.loads((self.path / "metrics.json").read_text())
            self.assertIs(told["worse_than_baseline"], True)
            for name in metrics.split(","):
                self.assertIs(told["metrics"][name]["worse_than_baseline"], True)
                self.assertLess(told["metrics"][name]["vs_baseline"], 1)
                self.assertIn(name, done.our_lines[0])
            self.assertEqual(len(done.our_lines), 1)
            self.assertIn("rankwise: warning: the model is worse than its baseline: ", done.our_lines[0])
            self.assertIn(baseline, done.our_lines[0])

    def test_there_is_no_ratio_to_nothing(self):
        """Popularity offers x to those who then buy y."""
        rows = [("u%d" % user, "top") for user in range(6)] + [("u4", "x"), ("u5", "x"), ("u5", "y"), ("u0", "y"), ("u1", "y")]
        (self.path / "zero.csv").write_text("user,item,timestamp\n" + "".join(f"{u},{i},{1_600_000_000 + t}\n" for t, (u, i) in enumerate(rows)))
        self.job("prepare", "--input", "@zero.csv", "--split", f"temporal:{2.5 / len(rows)}", "--output", "@zero.h5")
        self.job("als", "--data", "@zero.h5", "--model", "@zero-model.h5", "--factors", "2", "--epochs", "1")
        done = self.job("evaluate", "--data", "@zero.h5", "--model", "@zero-model.h5", "--metrics", "hr@1,hr@2", "--output", "@zero.json")
        told = json.loads((self.path / "zero.json").read_text())["metrics"]
        self.assertEqual((told["hr@1"]["baseline"], told["hr@2"]["baseline"]), (0, 1))
        self.assertIsNone(told["hr@1"]["vs_baseline"])
        self.assertEqual(done.out.splitlines()[0].split(), ["metric", "model", "+-", "users", "baseline", "difference", "+-", "p", "adjusted"])
        self.assertEqual(done.out.splitlines()[1].split()[4:6], ["popularity", "0.000000"])


if __name__ == "__main__":
    unittest.main()
