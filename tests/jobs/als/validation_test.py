"""`rankwise als --validation-metric`: what `evaluate` tells of each epoch's model, a stop where patience ends, the best epoch's
factors; the same bits however often the run is interrupted."""
import hashlib
import json
import math
import pathlib
import shutil
import tempfile
import unittest

import h5py

import shop
from program import ranks_of_refusal, run

STOPPED = 75
# Little regularization: rankings get worse after some epochs.
IMPLICIT = ["--factors", "24", "--regularization", "1e-5", "--regularization-exponent", "0", "--validation-metric", "ndcg@10"]
EXPLICIT = ["--factors", "6", "--objective", "explicit", "--biases", "--regularization", "0.01", "--validation-metric", "rmse"]


class ValidationTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        shop.write_log(cls.path / "log.csv")
        for name, split in (("random", "random:0.2"), ("users", "users:0.2"), ("none", "none")):
            done = run(["prepare", "--quiet", "--input", cls.path / "log.csv", "--split", split, "--output", cls.path / f"{name}.h5"])
            assert done.code == 0, done

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def setUp(self):
        self.model = self.path / "model.h5"
        self.log = self.path / "log.jsonl"
        self.checkpoints = self.path / "checkpoints"
        shutil.rmtree(self.checkpoints, ignore_errors=True)

    def train(self, options, epochs, data="random", ranks=1, code=0):
        done = run(["als", "--data", self.path / f"{data}.h5", "--model", self.model, "--epochs", epochs, "--log-json", self.log, *options], ranks=ranks)
        self.assertEqual(done.code, code, done)
        return done

    def events(self, name):
        return [event for event in map(json.loads, self.log.read_text().splitlines()) if event["event"] == name]

    def digest(self):
        return hashlib.sha256(self.model.read_bytes()).hexdigest()

    def evaluated(self, metric, data="random"):
        output = self.path / "metrics.json"
        done = run(["evaluate", "--data", self.path / f"{data}.h5", "--model", self.model, "--metrics", metric, "--output", output])
        self.assertEqual(done.code, 0, done)
        return json.loads(output.read_text())["metrics"][metric]

    def history(self):
        with h5py.File(self.model) as file:
            best = int(file.attrs["best-epoch"])
            return best, file["history/validation"][:].tolist(), file["history/loss"].shape[0]

    def test_compares_the_best_epoch_with_popularity(self):
        for data, options, is_better in (("random", ["--factors", "8"], True), ("users", ["--factors", "8"], True),
                                         ("random", ["--factors", "4", "--regularization", "50"], False)):
            for ranks in (1, 3) if data == "users" else (1,):
                with self.subTest(data=data, ranks=ranks, options=options):
                    done = self.train([*options, "--validation-metric", "ndcg@10", "--quiet"], 4, data, ranks)
                    (event,) = self.events("validation_baseline")
                    expected = self.evaluated("ndcg@10", data)
                    self.assertEqual((event["metric"], event["model"], event["popularity"]), ("ndcg@10", expected["model"], expected["baseline"]))
                    self.assertEqual(event["model"] > event["popularity"], is_better)
                    hint = f"this searches better options: rankwise sweep plan FOLDER --data {self.path / data}.h5"
                    self.assertEqual(sum(hint in line for line in done.our_lines), 0 if is_better else 1)
        self.train(EXPLICIT, 2)  # ratings have no popularity
        self.assertEqual(self.events("validation_baseline"), [])

    def test_tells_what_evaluate_tells_of_the_model(self):
        for options, data, metrics in ((IMPLICIT[:-1], "random", ("ndcg@10", "recall@20", "map@5", "hr@1")), (IMPLICIT[:-1], "users", ("ndcg@10",)),
                                       (EXPLICIT[:-1], "random", ("rmse", "mae", "ndcg@10")), (EXPLICIT[:-1], "users", ("mae",))):
            for metric in metrics:
                digests = set()
                expected = None
                for ranks in (1, 2, 3) if metric == metrics[0] else (3,):
                    with self.subTest(data=data, metric=metric, ranks=ranks):
                        self.train([*options, metric, "--threads", 1 + ranks % 2], 1, data, ranks)
                        (told,) = self.events("validation")
                        expected = expected or self.evaluated(metric, data)  # of one and the same model
                        self.assertEqual(told["value"], expected["model"])
                        self.assertEqual(told["standard_error"], expected["standard_error"])
                        self.assertGreater(told["standard_error"], 0)
                        digests.add(self.digest())
                self.assertEqual(len(digests), 1)

    def expect_best(self, better):
        """The model is that of the first epoch with the best value, and says so."""
        best, validation, epochs = self.history()
        values = [value for value in validation if not math.isnan(value)]
        self.assertEqual(best, validation.index(better(values)) + 1)
        self.assertEqual([event["value"] for event in self.events("validation")], values)
        return best, validation, epochs

    def test_stops_after_patience_with_the_model_of_the_best_epoch(self):
        for options, better in ((IMPLICIT, max), (EXPLICIT, min)):
            with self.subTest(metric=options[-1]):
                self.train([*options, "--patience", 3], 60)
                best, validation, epochs = self.expect_best(better)
                self.assertLess(epochs, 60)
                self.assertEqual(len(validation), epochs)
                self.assertEqual(epochs, best + 3)  # nothing was better for three epochs
                self.assertEqual([event["epoch"] for event in self.events("stopped_by_patience")], [epochs])
                for e in range(1, epochs):  # and no earlier one should have stopped it
                    first_best = validation.index(better(validation[:e])) + 1
                    self.assertLess(e - first_best, 3)
                whole = self.digest()
                expected = self.evaluated(options[-1])["model"]
                self.assertEqual(validation[best - 1], expected)
                # A run that ends with the best epoch has the same factors.
                with h5py.File(self.model) as file:
                    factors = {name: file[name][:].tobytes() for name in ("users/factors", "items/factors")}
                self.train([*options, "--patience", 3], 60, ranks=2 if options is IMPLICIT else 3)
                self.assertEqual(self.digest(), whole)
                self.train(options[:-2], best)
                with h5py.File(self.model) as file:
                    self.assertNotIn("best-epoch", file.attrs)
                    self.assertNotIn("validation", file["history"])
                    for name, values in factors.items():
                        self.assertEqual(file[name][:].tobytes(), values)

    def test_without_patience_all_epochs_are_made(self):
        self.train([*EXPLICIT, "--validation-every", 2], 9)
        best, validation, epochs = self.expect_best(min)
        self.assertEqual(epochs, 9)
        self.assertEqual([math.isnan(value) for value in validation], [epoch % 2 == 1 for epoch in range(1, 10)])
        self.assertEqual(best % 2, 0)
        inspected = json.loads(run(["inspect", "--json", self.model]).out)
        self.assertEqual([value is None for value in inspected["history"]["validation"]], [math.isnan(value) for value in validation])

    def test_ties_go_to_the_earlier_epoch(self):
        self.train([*IMPLICIT[:-1], "hr@120", "--patience", 2], 30)  # every user's items are among all items
        best, validation, epochs = self.history()
        self.assertEqual((best, epochs, validation), (1, 3, [1.0, 1.0, 1.0]))

    def test_interrupted_anywhere_the_best_survives(self):
        for options, ways in ((IMPLICIT, ((["--keep", 1], (1, 3)), (["--checkpoint-every", 50], (1, 1)))), (EXPLICIT, ((["--keep", 1], (2, 1)),))):
            options = [*options, "--patience", 2]
            self.train(options, 60)
            whole, (best, _, epochs) = self.digest(), self.history()
            for every, ranks in ways:
                with self.subTest(metric=options[-3], every=every):
                    shutil.rmtree(self.checkpoints, ignore_errors=True)
                    self.checkpoints.mkdir()
                    checkpointed = [*options, *every, "--checkpoint", self.checkpoints]
                    stops = 0
                    while True:
                        (self.checkpoints / "stop").touch()  # at every occasion: half an epoch each
                        done = run(["als", "--data", self.path / "random.h5", "--model", self.model, "--epochs", 60, *checkpointed],
                                   ranks=ranks[stops % 2])
                        if done.code != STOPPED:
                            break
                        stops += 1
                    self.assertEqual(done.code, 0, done)
                    self.assertEqual(stops, 2 * epochs)  # the last one when patience had ended
                    self.assertEqual(self.digest(), whole)
                    self.assertIn(f"epoch-{best:06}.h5", [path.name for path in self.checkpoints.iterdir()])
                    # Once more, from the end: nothing is left to do but to write the best.
                    self.train(checkpointed, 60, ranks=3)
                    self.assertEqual(self.events("epoch"), [])
                    self.assertEqual(self.digest(), whole)

    def test_the_last_ones_and_the_best_are_kept(self):
        self.train([*EXPLICIT, "--patience", 4, "--checkpoint", self.checkpoints, "--keep", 2], 60, ranks=2)
        best, _, epochs = self.history()
        expected = {f"epoch-{epoch:06}.h5" for epoch in (best, epochs - 1, epochs)}
        self.assertEqual({path.name for path in self.checkpoints.iterdir()} - {"lock", "newest"}, expected)
        whole = self.digest()
        # From elsewhere, the best comes along.
        elsewhere = self.path / "elsewhere"
        shutil.rmtree(elsewhere, ignore_errors=True)
        self.train([*EXPLICIT, "--patience", 4, "--checkpoint", elsewhere, "--resume", self.checkpoints / f"epoch-{epochs - 1:06}.h5"], 60)
        self.assertEqual(self.digest(), whole)
        # Where the best is lost, a checkpoint that needs it is passed by.
        (self.checkpoints / f"epoch-{best:06}.h5").unlink()
        done = self.train([*EXPLICIT, "--patience", 4, "--checkpoint", self.checkpoints], 60, ranks=3)
        self.assertIn("its best epoch cannot be had", done.err)
        self.assertEqual(self.digest(), whole)

    def refused(self, options, *words, data="random", epochs=3):
        done = run(["als", "--data", self.path / f"{data}.h5", "--model", self.path / "refused.h5", "--epochs", epochs, *options],
                   ranks=ranks_of_refusal(self, 2))
        self.assertEqual(done.code, 2, done)
        self.assertEqual(len(done.our_lines), 1, done)
        for word in words:
            self.assertIn(word, done.our_lines[0])
        self.assertFalse((self.path / "refused.h5").exists())

    def test_what_makes_no_sense_is_refused(self):
        self.refused(["--patience", "3"], "--patience", "--validation-metric")
        self.refused(["--validation-every", "3"], "--validation-every", "--validation-metric")
        self.refused(["--validation-metric", "rmse"], "rmse", "explicit")
        self.refused(["--validation-metric", "ndcg"], "--validation-metric ndcg", "@K")
        self.refused(["--validation-metric", "best@3"], "best@3", "recall@K")
        self.refused(["--validation-metric", "ndcg@5", "--patience", "0"], "--patience")
        self.refused(["--validation-metric", "ndcg@5", "--validation-every", "4"], "--validation-every 4", "3")
        self.refused(["--validation-metric", "ndcg@5"], "none.h5", "holds nothing out", "--split", data="none")

    def test_a_memory_budget_counts_what_validation_takes(self):
        def least(options):
            done = run(["als", "--data", self.path / "random.h5", "--model", self.model, "--memory-budget", "1MiB", "--factors", "900", *options])
            self.assertEqual(done.code, 2, done)
            return float(done.our_lines[-1].split("one rank takes ")[1].split(" MiB")[0])

        # The best factors of 420 rows of 3.5 KB, and vectors of the users that are ranked.
        self.assertGreater(least(["--validation-metric", "ndcg@100"]), least([]) + 1)


if __name__ == "__main__":
    unittest.main()
