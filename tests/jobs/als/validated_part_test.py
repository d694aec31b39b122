"""Trainings and measurements on a dataset with a validation part: what chooses, what is measured, what lists know, and what is said where
the same rows do both."""
import json
import pathlib
import tempfile
import unittest

import h5py
import numpy as np
import scipy.sparse

import shop
from program import ranks_of_refusal, run

TRAINING = ["--factors", "24", "--regularization", "1e-5", "--regularization-exponent", "0"]
METRIC = "ndcg@10"


class ValidatedPartTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        shop.write_log(cls.path / "log.csv")
        for name, options in (("plain", ["--split", "random:0.2"]), ("random", ["--split", "random:0.2", "--validation", "random:0.2"]),
                              ("users", ["--split", "users:0.2", "--validation", "users:0.2"])):
            done = run(["prepare", "--quiet", "--input", cls.path / "log.csv", *options, "--output", cls.path / f"{name}.h5"])
            assert done.code == 0, done

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def setUp(self):
        self.log = self.path / "log.jsonl"

    def done(self, arguments, ranks=1, code=0):
        done = run(arguments, ranks=ranks)
        self.assertEqual(done.code, code, done)
        return done

    def events(self, name):
        return [event for event in map(json.loads, self.log.read_text().splitlines()) if event["event"] == name]

    def trained(self, data, *options, epochs=8, ranks=1, name="model"):
        model = self.path / f"{name}.h5"
        done = self.done(["als", "--data", self.path / f"{data}.h5", "--model", model, "--epochs", epochs, *TRAINING, *options, "--log-json", self.log], ranks)
        return model, done

    def measured(self, data, model, *options, ranks=1):
        output = self.path / "metrics.json"
        done = self.done(["evaluate", "--data", self.path / f"{data}.h5", "--model", model, "--metrics", METRIC, "--output", output, "--quiet", *options], ranks)
        return json.loads(output.read_text()), done

    def test_the_validation_part_chooses_the_epoch(self):
        for data in ("random", "users"):
            models = set()
            for ranks in (1, 3):
                model, done = self.trained(data, "--validation-metric", METRIC, ranks=ranks)
                models.add(model.read_bytes())
            self.assertEqual(len(models), 1)
            self.assertEqual([(event["part"], event["is_reported"]) for event in self.events("validated_part")], [("validation", False)])
            self.assertNotIn("reads the held-out part", done.err)
            with h5py.File(model) as file:
                values, best = file["history/validation"][:], file.attrs["best-epoch"]
            self.assertEqual(best, np.argmax(values) + 1)
            # evaluate takes the validation part of a model with --fold prepared, and has the value of each epoch.
            for epochs in (1, best):
                folded, _ = self.trained(data, "--fold", "prepared", epochs=epochs, ranks=2, name="folded")
                self.assertAlmostEqual(self.measured(data, folded)[0]["metrics"][METRIC]["model"], values[epochs - 1], places=12)
            # Of others the held-out part, which is another number.
            found, done = self.measured(data, model, ranks=2)
            self.assertNotAlmostEqual(found["metrics"][METRIC]["model"], values[best - 1], places=6)
            self.assertFalse(found["chosen_by_heldout"])
            self.assertNotIn("was chosen by this held-out part", done.err)

    def test_a_part_that_chooses_and_is_reported_is_told(self):
        model, done = self.trained("plain", "--validation-metric", METRIC, "--quiet")
        self.assertEqual(done.err.count("rankwise: warning: --validation-metric ndcg@10 reads the held-out part"), 1)
        self.assertEqual([(event["part"], event["is_reported"]) for event in self.events("validated_part")], [("heldout", True)])
        found, done = self.measured("plain", model)
        self.assertTrue(found["chosen_by_heldout"])
        self.assertEqual(done.err.count("was chosen by this held-out part"), 1)
        model, done = self.trained("plain", "--quiet")
        self.assertNotIn("warning", done.err)
        self.assertFalse(self.measured("plain", model)[0]["chosen_by_heldout"])

    def test_lists_know_the_validation_part(self):
        """NDCG of the held-out part in numpy, from the factors: training and validation items are no candidates."""
        model, _ = self.trained("random", epochs=2)
        with h5py.File(self.path / "random.h5") as data, h5py.File(model) as file:
            matrices = {name: scipy.sparse.csr_matrix((data[name]["data"][:], data[name]["indices"][:], data[name]["indptr"][:]),
                                                      shape=tuple(data[name].attrs["shape"])).toarray() > 0
                        for name in ("interactions", "validation/interactions", "heldout/interactions")}
            scores = file["users/factors"][:].astype(float) @ file["items/factors"][:].astype(float).T
            trained_items = file["items/entries"][:] > 0
            cold_users = file["users/entries"][:] == 0
            scores[cold_users] = file["items/entries"][:]  # the popular items
        known = matrices["interactions"] | matrices["validation/interactions"]
        scores[known | ~trained_items[None, :]] = -np.inf
        values = []
        for user in range(len(scores)):
            targets = matrices["heldout/interactions"][user]
            if not targets.any():
                continue
            hits = targets[np.argsort(-scores[user], kind="stable")[:10]]
            gains = 1 / np.log2(np.arange(10) + 2)
            values.append((hits * gains[:len(hits)]).sum() / gains[:min(10, targets.sum())].sum())
        found, _ = self.measured("random", model, ranks=3)
        self.assertEqual(found["users"], len(values))
        self.assertAlmostEqual(found["metrics"][METRIC]["model"], np.mean(values), places=9)

    def test_recommendations_leave_the_validation_part_out(self):
        model, _ = self.trained("random", epochs=2)
        lists = self.path / "lists.h5"
        self.done(["recommend", "--data", self.path / "random.h5", "--model", model, "--top", "20", "--output", lists, "--quiet"], ranks=2)
        with h5py.File(self.path / "random.h5") as data, h5py.File(lists) as file:
            self.assertEqual(file["users/ids"][:].tolist(), data["users/ids"][:].tolist())
            item_ids = data["items/ids"][:]
            listed = validated = 0
            for user in range(len(file["users/ids"])):
                items = set(file["recommendations/items"][slice(*file["recommendations/indptr"][user:user + 2])].tolist())
                for name in ("interactions", "validation/interactions", "heldout/interactions"):
                    own = set(item_ids[data[name]["indices"][slice(*data[name]["indptr"][user:user + 2])]].tolist())
                    self.assertFalse(items & own, name)
                    validated += len(own)
                listed += len(items)
        self.assertTrue(listed and validated)

    def test_training_and_validation_for_the_reported_model(self):
        models = {self.trained("random", "--train-on", "training+validation", ranks=ranks)[0].read_bytes() for ranks in (1, 2, 3)}
        self.assertEqual(len(models), 1)
        model = self.path / "model.h5"
        with h5py.File(model) as file:
            self.assertEqual(file.attrs["trained-on"], "training+validation")
        found, _ = self.measured("random", model, ranks=2)
        former, _ = self.trained("plain", name="former")
        expected, _ = self.measured("plain", former)
        self.assertEqual(found["metrics"], expected["metrics"])  # the same model, popularity and held-out part
        self.assertEqual(found["rankings"], expected["rankings"])
        # It cannot begin a training that validates by what it has learned.
        for options in (["--validation-metric", METRIC], []):
            self.refused(65, "was trained on the validation part of the same dataset", "random", "--warm-start", model, *options)
        self.trained("random", "--train-on", "training+validation", "--warm-start", model, name="again")
        self.measured("random", self.path / "again.h5")

    def refused(self, code, words, data, *options):
        done = self.done(["als", "--data", self.path / f"{data}.h5", "--model", self.path / "no.h5", *TRAINING, *options],
                         ranks=ranks_of_refusal(self, code), code=code)
        self.assertEqual(len(done.our_lines), 1, done)
        self.assertIn(words, done.our_lines[0])

    def test_refusals(self):
        self.refused(2, "plain.h5 holds no validation part; expected a dataset from prepare --validation", "plain", "--train-on", "training+validation")
        self.refused(65, "plain.h5: holds no validation part; expected a dataset from prepare --validation", "plain", "--fold", "prepared")
        self.refused(2, "--fold needs --train-on training", "random", "--train-on", "training+validation", "--fold", "prepared")
        self.refused(2, "--validation-metric needs --train-on training", "random", "--train-on", "training+validation", "--validation-metric", METRIC)
        self.refused(2, "--fold prepared:1", "random", "--fold", "prepared:1")

    def test_a_sweep_chooses_by_the_validation_part(self):
        sweep, model, metrics = self.path / "sweep", self.path / "chosen.h5", self.path / "chosen.json"
        self.done(["sweep", "plan", sweep, "--data", self.path / "random.h5", "--factors", "4, 8", "--epochs", "2", "--optimize", METRIC, "--quiet"])
        plan = json.loads((sweep / "plan.json").read_text())
        self.assertEqual(plan["folds"], ["prepared"])
        self.done(["sweep", "run", sweep, "--quiet"])
        done = self.done(["sweep", "refit", sweep, "--model", model, "--metrics", metrics])
        self.assertIn("trained on: training+validation", done.err)
        with h5py.File(model) as file:
            self.assertEqual(file.attrs["trained-on"], "training+validation")
        self.assertIn(METRIC, json.loads(metrics.read_text())["metrics"])
        self.done(["sweep", "refit", sweep, "--model", self.path / "less.h5", "--train-on", "training", "--quiet"])
        with h5py.File(self.path / "less.h5") as file:
            self.assertEqual(file.attrs["trained-on"], "training")


if __name__ == "__main__":
    unittest.main()
