"""`rankwise segments --points`: silhouettes are those of scikit-learn, doubtful customers and stability those of plain numpy, and other rows than those
that were clustered are refused."""
import collections
import csv
import json
import pathlib
import tempfile
import unittest

import h5py
import numpy as np
from sklearn import metrics

from planted_quarters import Quarter
from program import ranks_of_refusal, run

LEAST = 10


class FitTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.path = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.quarter = Quarter(range(600), np.random.default_rng(1).choice(3, size=600, p=[0.5, 0.3, 0.2]), 7, 0)
        cls.quarter.points = cls.quarter.points * [0.2, 0.25] + np.random.default_rng(2).normal(size=(600, 2))  # segments that touch
        cls.data, cls.clusters = cls.quarter.write(cls.path, "shop")
        cls.points = cls.path / "shop-points.csv"
        cls.rounded = np.array([[float(f"{x:.4f}"), float(f"{y:.4f}")] for x, y in cls.quarter.points], dtype=np.float32).astype(float)

    def kmeans(self, name, *options, input=None):
        output = self.path / name
        done = run(["kmeans", "--input", input or self.points, *options, "--output", output])
        self.assertEqual(done.code, 0, done)
        return output

    def segments(self, clusters, *options, points=None, ranks=1, output="segments.json", env=None):
        done = run(["segments", "--data", self.data, "--segments", clusters, *(["--points", points] if points else []), *options,
                    "--output", self.path / output], ranks=ranks, env=env)
        self.assertEqual(done.code, 0, done)
        return json.loads((self.path / output).read_text()) if output.endswith(".json") else (self.path / output).read_text(), done

    def assignments(self, clusters):
        with h5py.File(clusters) as file:
            return file["assignments"][()]

    def simplified(self, points, of):
        means = np.array([points[of == cluster].mean(axis=0) for cluster in range(of.max() + 1)])
        distances = np.linalg.norm(points[:, None] - means[None], axis=2)
        own = distances[np.arange(len(points)), of]
        distances[np.arange(len(points)), of] = np.inf
        other = distances.min(axis=1)
        return (other - own) / np.maximum(own, other)

    def check(self, clusters, scaled, file):
        found, _ = self.segments(clusters, "--bootstrap", "3", points=file)
        of = self.assignments(clusters)
        exact = metrics.silhouette_samples(scaled, of, metric="sqeuclidean")
        simplified = self.simplified(scaled, of)
        self.assertAlmostEqual(found["fit"]["silhouette"], exact.mean(), places=4)
        self.assertAlmostEqual(found["fit"]["simplified_silhouette"], simplified.mean(), places=4)
        self.assertEqual(found["fit"]["replicates"], 3)
        printed = 0
        for segment in found["segments"]:
            inside = of == int(segment["key"])
            self.assertAlmostEqual(segment["fit"]["silhouette"], exact[inside].mean(), places=4)
            self.assertAlmostEqual(segment["fit"]["simplified_silhouette"], simplified[inside].mean(), places=4)
            doubtful = int((simplified[inside] < 0.1).sum())
            if segment["fit"]["doubtful"] is None:
                self.assertIsNone(segment["fit"]["doubtful_share"])
                continue
            printed += 1
            self.assertGreaterEqual(doubtful, LEAST)
            self.assertEqual(segment["fit"]["doubtful"], doubtful)
            self.assertAlmostEqual(segment["fit"]["doubtful_share"], doubtful / inside.sum(), places=12)
            self.assertTrue(0 < segment["fit"]["stability"] <= 1)
        return found, printed

    def test_silhouettes_are_those_of_all_pairs(self):
        _, printed = self.check(self.clusters, self.rounded, self.points)
        self.assertGreater(printed, 0)

    def test_scales_and_metrics(self):
        log = np.sign(self.rounded) * np.log1p(np.abs(self.rounded))
        standard = (log - log.mean(axis=0)) / log.std(axis=0)
        self.check(self.kmeans("log.h5", "--clusters", "4", "--scale", "log-standard"), standard, self.points)
        below = np.array([[(column < value).mean() + (column == value).mean() / 2 for value in column] for column in self.rounded.T]).T
        self.check(self.kmeans("rank.h5", "--clusters", "4", "--scale", "rank"), below, self.points)
        length = self.rounded / np.linalg.norm(self.rounded, axis=1)[:, None]
        self.check(self.kmeans("cosine.h5", "--clusters", "3", "--metric", "cosine"), length, self.points)

    def test_a_profile_and_a_model_are_points_too(self):
        profile, model = self.path / "profile.h5", self.path / "model.h5"
        self.assertEqual(run(["profile", "--data", self.data, "--output", profile]).code, 0)
        self.assertEqual(run(["als", "--data", self.data, "--factors", "4", "--epochs", "2", "--model", model]).code, 0)
        for file, options in ((profile, ("--columns", "orders,money")), (profile, ()), (model, ("--rows", "users"))):
            quality = self.path / "quality.json"
            clusters = self.kmeans("of-file.h5", *options, "--clusters", "3", "--quality", quality, "--scale", "standard", input=file)
            found, _ = self.segments(clusters, "--bootstrap", "2", points=file)
            self.assertAlmostEqual(found["fit"]["silhouette"], json.loads(quality.read_text())["metrics"]["silhouette"], places=9)

    def test_stability_finds_what_is_no_segment(self):
        random = np.random.default_rng(8)
        rows = np.vstack([random.normal(0, 1, (300, 2)), random.normal(0, 1, (300, 2)) + 12])
        points = self.path / "two.csv"
        points.write_text("id,x,y\n" + "".join(f"{id},{x:.4f},{y:.4f}\n" for id, (x, y) in zip(self.quarter.ids, rows)))
        steady, _ = self.segments(self.kmeans("two.h5", "--clusters", "2", input=points), points=points)
        self.assertEqual([segment["fit"]["stability"] for segment in steady["segments"]], [1, 1])
        clusters = self.kmeans("four.h5", "--clusters", "5", input=points)
        found, done = self.segments(clusters, points=points)
        unstable = [segment for segment in found["segments"] if segment["fit"]["stability"] < 0.6]
        self.assertGreater(len(unstable), 0)
        for segment in unstable:
            self.assertIn(f"warning: {segment['name']}: stability {segment['fit']['stability']:.2f}, below 0.6", done.err)
        self.assertIn("Another sample of customers may not have", " ".join(found["sentences"]))
        none, _ = self.segments(clusters, "--bootstrap", "0", points=points)
        self.assertEqual({segment["fit"]["stability"] for segment in none["segments"]}, {None})

    def test_same_bytes_on_any_ranks_and_threads(self):
        found = set()
        for ranks, threads in ((1, 1), (1, 2), (2, 1), (3, 2), (5, 1)):
            _, done = self.segments(self.clusters, "--bootstrap", "4", points=self.points, ranks=ranks, env={"OMP_NUM_THREADS": threads})
            found.add(((self.path / "segments.json").read_bytes(), done.out))
        self.assertEqual(len(found), 1)

    def test_csv_has_the_same_numbers(self):
        found, _ = self.segments(self.clusters, "--bootstrap", "2", points=self.points)
        table, _ = self.segments(self.clusters, "--bootstrap", "2", points=self.points, output="segments.csv")
        rows = collections.defaultdict(dict)
        for row in csv.DictReader(table.splitlines()):
            if row["part"] == "fit":
                rows[row["segment"]][row["measure"]] = row["number"]
        self.assertEqual(set(rows), {segment["name"] for segment in found["segments"]} | {"(all)"})
        for segment in found["segments"]:
            self.assertEqual({measure: None if text == "" else float(text) for measure, text in rows[segment["name"]].items()}, segment["fit"])

    def test_without_points_the_reason_is_said(self):
        found, done = self.segments(self.clusters)
        self.assertIsNone(found["fit"])
        self.assertTrue(all(segment["fit"] is None for segment in found["segments"]))
        reason = "silhouettes and stability: expected --points FILE, the rows that were clustered (--input of kmeans)"
        self.assertIn(reason, found["left_out"])
        self.assertIn(f"warning: left out: {reason}", done.err)

    def refused(self, code, words, *options):
        done = run(["segments", "--data", self.data, "--output", self.path / "none.json", *options], ranks=ranks_of_refusal(self, code))
        self.assertEqual(done.code, code, done)
        self.assertEqual(len(done.our_lines), 1, done)
        self.assertIn(words, done.our_lines[0])
        self.assertFalse((self.path / "none.json").exists())

    def test_other_rows_are_refused(self):
        lines = self.points.read_text().splitlines(keepends=True)
        others = {"fewer.csv": (lines[:-1], "has 599 rows, not 600"),
                  "names.csv": (["id,x,z\n", *lines[1:]], "has dimensions of other names"),
                  "order.csv": ([lines[0], *lines[2:], lines[1]], "has other ids"),
                  "moved.csv": ([lines[0], lines[1].replace(",", ",9", 1), *lines[2:]], "1 of 600 rows has another distance to the centroid")}
        for name, (text, words) in others.items():
            (self.path / name).write_text("".join(text))
            self.refused(65, words, "--segments", self.clusters, "--points", self.path / name)
        self.refused(2, "--points has a meaning only with --segments", "--segment-column", "tribe", "--points", self.points)
        self.refused(2, "--bootstrap has a meaning only with --points", "--segments", self.clusters, "--bootstrap", "5")


if __name__ == "__main__":
    unittest.main()
