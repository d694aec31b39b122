"""rankwise sweep blend: the values of all weights against evaluations of each blend in plain numpy, the best of them, the same bytes on any
ranks, and what is refused."""
import hashlib
import json
import re
import unittest

import numpy as np

import numpy_als
import plain_metrics
from blended import BOTH, Blended, blended, factor_scores, item_scores
from program import run


class ValidationData(plain_metrics.Data):
    """The validation part in the place of the held-out part."""

    def __init__(self, path):
        import h5py
        super().__init__(path)
        with h5py.File(path) as file:
            self.heldout = numpy_als.read_csr(file, "validation/interactions")


class SweepBlendTest(Blended):
    def test_every_point_is_that_of_numpy_and_the_best_is_told(self):
        data = ValidationData(self.folder / "d.h5")
        models = [factor_scores(data, self.folder / "als.h5"), item_scores(data, self.folder / "items.h5")]
        for kind in ("standard", "rank"):
            found, done = self.told("sweep", "blend", "--data", "d.h5", *BOTH, "--metric", "ndcg@20", "--blend-scores", kind)
            self.assertEqual([point["weights"][0] for point in found["points"]], [k / 20 for k in range(20, -1, -1)])
            for point in found["points"][1:-1]:
                values = plain_metrics.Lists(data, blended(data, models, point["weights"], kind, "exclude"), "exclude").values("ndcg@20")
                self.assertAlmostEqual(point["value"], values.mean(), delta=1e-12, msg=point)
            blends = found["points"][1:-1]
            best = max(blends, key=lambda point: point["value"])
            self.assertEqual(found["best_blend"], best)
            self.assertEqual(found["best_model"]["value"], max(found["points"][0]["value"], found["points"][-1]["value"]))
            self.assertAlmostEqual(found["difference"]["mean"], best["value"] - found["best_model"]["value"], delta=1e-12)
            self.assertEqual(found["is_better"], found["difference"]["interval"][0] > 0)
            self.assertEqual(found["part"], "validation")
            command = re.search(r"^  rankwise (evaluate .*)$", done.out, re.M)[1]
            self.assertIn(f"--blend {best['weights'][0]:g},{best['weights'][1]:g}", command)
            self.assertEqual(run(command.split(), cwd=self.folder).code, 0)
            self.assertIn("the best blend is " + ("better than" if found["is_better"] else "not better"), done.out)

    def test_single_models_are_measured_as_evaluate_does(self):
        # A fold's held-out rows are what both read.
        for job, name in (("als", "f-als.h5"), ("itemcf", "f-items.h5")):
            self.job(job, "--data", "d.h5", "--model", name, "--fold", "interactions:1/4", *(["--factors", "4", "--epochs", "2"] if job == "als" else ["--neighbours", "5"]))
        found, _ = self.told("sweep", "blend", "--data", "d.h5", "--model", "f-als.h5", "--model", "f-items.h5", "--metric", "recall@10", "--step", "0.5")
        self.assertEqual(found["part"], "fold interactions:1/4")
        self.assertEqual([point["weights"] for point in found["points"]], [[1, 0], [0.5, 0.5], [0, 1]])
        for name, point in (("f-als.h5", found["points"][0]), ("f-items.h5", found["points"][-1])):
            alone, _ = self.told("evaluate", "--data", "d.h5", "--model", name, "--metrics", "recall@10")
            self.assertEqual(alone["metrics"]["recall@10"]["model"], point["value"])
        both, _ = self.told("evaluate", "--data", "d.h5", "--model", "f-als.h5", "--model", "f-items.h5", "--blend", "1,1", "--metrics", "recall@10")
        self.assertEqual(both["metrics"]["recall@10"]["model"], found["points"][1]["value"])

    def test_three_models_on_a_simplex(self):
        digests = set()
        for ranks, threads in ((1, "1"), (1, "2"), (2, "1"), (3, "2")):
            found, done = self.told("sweep", "blend", "--data", "d.h5", *BOTH, "--model", "als-2.h5", "--step", "0.25", "--metric", "auc", "--threads", threads, ranks=ranks)
            digests.add(hashlib.sha256((self.folder / "out.json").read_bytes()).hexdigest())
        self.assertEqual(len(digests), 1)
        self.assertEqual(len(found["points"]), 15)
        np.testing.assert_allclose([sum(point["weights"]) for point in found["points"]], 1)
        self.assertEqual([model["file"] for model in found["models"]], ["als.h5", "items.h5", "als-2.h5"])

    def test_a_blend_that_brings_nothing_is_told(self):
        self.job("als", "--data", "d.h5", "--model", "poor.h5", "--factors", "2", "--epochs", "0")
        found, done = self.told("sweep", "blend", "--data", "d.h5", "--model", "items.h5", "--model", "poor.h5", "--metric", "ndcg@20", "--step", "0.5")
        self.assertFalse(found["is_better"])
        self.assertRegex(done.out, r"the best blend is not better.* than items\.h5 alone .*: take items\.h5 alone")

    def test_what_is_refused(self):
        sweep = ["sweep", "blend", "--data", "d.h5"]
        self.refused(2, ["two or more times"], *sweep, "--model", "als.h5")
        self.refused(2, ["given twice"], *sweep, "--model", "als.h5", "--model", "als.h5")
        self.refused(2, ["divides 1"], *sweep, *BOTH, "--step", "0.3")
        self.refused(2, ["0.001 to 0.5"], *sweep, *BOTH, "--step", "0.9")
        self.refused(2, ["500"], *sweep, *BOTH, "--model", "als-2.h5", "--step", "0.01")
        for metric in ("rmse", "coverage@5"):
            self.refused(2, ["--metric " + metric], *sweep, *BOTH, "--metric", metric)
        self.job("prepare", "--input", "s.csv", "--duplicates", "sum", "--split", "random:0.2", "--output", "without.h5")
        self.job("als", "--data", "without.h5", "--model", "w-als.h5", "--factors", "2", "--epochs", "1")
        self.job("itemcf", "--data", "without.h5", "--model", "w-items.h5", "--neighbours", "5")
        self.refused(65, ["no validation part", "prepare --validation"], "sweep", "blend", "--data", "without.h5", "--model", "w-als.h5", "--model", "w-items.h5")
        self.job("itemcf", "--data", "d.h5", "--model", "both.h5", "--neighbours", "5", "--train-on", "training+validation")
        self.refused(65, ["both.h5 was trained on the validation part"], *sweep, "--model", "als.h5", "--model", "both.h5", "--output", "no.json")
        self.assertFalse((self.folder / "no.json").exists())


if __name__ == "__main__":
    unittest.main()
