"""`rankwise kmeans`: the same bits on any ranks, threads, SIMD targets and pruning; equal to scikit-learn from the same start; what
goes wrong is told."""
import hashlib
import json
import os
import pathlib
import re
import tempfile
import unittest
import warnings

import h5py
import numpy as np
import sklearn.cluster
import sklearn.metrics

from program import data_file, run


def simd_targets():
    flags = pathlib.Path("/proc/cpuinfo").read_text().split() if os.path.exists("/proc/cpuinfo") else []
    return [target for target, flag in (("avx512", "avx512bw"), ("avx2", "avx2")) if flag in flags] or ["auto"]


def mixture(rows, dimensions, centers, gap, seed):
    random = np.random.default_rng(seed)
    means = random.normal(0, gap, (centers, dimensions))
    labels = random.integers(0, centers, rows)
    return (means[labels] + random.normal(0, 1, (rows, dimensions))).astype(np.float32), labels


def squared_distances(points, centroids):
    """In double, from differences; rows in blocks."""
    found = np.empty((len(points), len(centroids)))
    for begin in range(0, len(points), 4096):
        block = points[begin:begin + 4096].astype(np.float64)
        for k, centroid in enumerate(centroids.astype(np.float64)):
            found[begin:begin + 4096, k] = ((block - centroid) ** 2).sum(axis=1)
    return found


class KMeansTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name)

    def cluster(self, name, *options, **how):
        output = self.path / name
        done = run(["kmeans", "--output", output, *options], **how)
        self.assertEqual(done.code, 0, done)
        self.done = done
        return output

    def refused(self, code, *options):
        done = run(["kmeans", "--output", self.path / "refused.h5", *options])
        self.assertEqual(done.code, code, done)
        self.assertEqual(len(done.our_lines), 1, done)
        self.assertFalse((self.path / "refused.h5").exists())
        return done.our_lines[0]

    def digests(self, output):
        """Of the arrays, which tell what differs, and of the file."""
        with h5py.File(output) as file:
            names = ["centroids", "assignments", "distances", "history/inertia"]
            digests = {name: hashlib.sha256(file[name][()].tobytes()).hexdigest() for name in names}
        return {**digests, "file": hashlib.sha256(output.read_bytes()).hexdigest()}

    def save(self, name, array):
        np.save(self.path / name, array)
        return self.path / name

    # --- the same bits

    def test_same_bits_on_any_ranks_threads_simd_targets_and_pruning(self):
        points, _ = mixture(3000, 19, 12, 1.5, 1)
        source = self.save("points.npy", points)
        kinds = {
            "kmeans-parallel": ["--clusters", "12", "--init", "kmeans-parallel"],
            "kmeans++ to the end": ["--clusters", "9", "--tolerance", "0"],
            "random, restarts": ["--clusters", "5", "--init", "random", "--restarts", "3"],
            "cosine": ["--clusters", "7", "--metric", "cosine"],
            "standard": ["--clusters", "6", "--scale", "standard"],
            "mini-batch": ["--clusters", "6", "--batch", "200", "--max-iterations", "20"],
            "sweep": ["--clusters", "2:6:2", "--max-iterations", "20"],
            "many clusters": ["--clusters", "90", "--init", "random"],
        }
        first, last = simd_targets()[0], simd_targets()[-1]
        for kind, options in kinds.items():
            expected = None
            runs = [(1, 1, first, "auto"), (1, 2, last, "hamerly"), (1, 1, last, "yinyang"), (3, 2, "auto", "off")]
            if kind == "kmeans-parallel":
                runs += [(2, 1, first, "hamerly"), (4, 2, last, "yinyang"), (7, 1, first, "auto")]
            if kind == "kmeans++ to the end":
                runs += [(2, 1, last, "off"), (3, 1, first, "yinyang")]
            for ranks, threads, simd, pruning in runs:
                if kind == "mini-batch":
                    pruning = "auto"
                with self.subTest(kind=kind, ranks=ranks, threads=threads, simd=simd, pruning=pruning):
                    budget = ["--memory-budget", "600kB"] if ranks % 2 == 0 else []
                    output = self.cluster("bits.h5", "--input", source, *options, "--threads", str(threads), "--simd", simd,
                                          "--pruning", pruning, *budget, ranks=ranks)
                    digests = self.digests(output)
                    expected = expected or digests
                    self.assertEqual(digests, expected)

    def test_bounds_fit_into_the_memory_budget(self):
        points, _ = mixture(20000, 8, 400, 3, 2)
        source = self.save("points.npy", points)
        options = ["--input", source, "--clusters", "400", "--init", "random", "--pruning", "yinyang", "--tolerance", "0"]
        told = self.refused(2, *options, "--memory-budget", "100kB", "--threads", "1")
        least = re.search(r"the rows and 400 clusters take ([0-9.]+) MiB on one rank; expected at least that", told)
        self.assertTrue(least, told)
        megabytes = float(least.group(1)) * 1.048576
        digests, scored = [], []
        # Room for a bound per group; for one per two groups, 68 bytes a row; for none.
        for budget in ("100MB", f"{megabytes + 2:.2f}MB", f"{megabytes + 0.5:.2f}MB"):
            digests.append(self.digests(self.cluster("budget.h5", *options, "--memory-budget", budget, "--threads", "1", "--log-json",
                                                     self.path / "log.jsonl")))
            iterations = [event for event in map(json.loads, (self.path / "log.jsonl").read_text().splitlines())
                          if event["event"] == "iteration"]
            scored.append([iterations[-1]["search"], iterations[-1]["scored_share"]])
        self.assertEqual(digests[1:], digests[:1] * 2)
        self.assertEqual([search for search, _ in scored], ["yinyang", "yinyang", "plain"])
        self.assertLess(scored[0][1], scored[1][1])
        self.assertIn("expected a size as in 4GiB", self.refused(2, *options, "--memory-budget", "much"))
        clusters = self.cluster("clusters.h5", *options)
        for ignored in (["--memory-budget", "1GiB"], ["--pruning", "off"]):
            self.assertIn("--predict keeps no bounds", self.refused(2, "--input", source, "--predict", clusters, *ignored))

    def test_auto_takes_up_bounds_that_save_time(self):
        points, _ = mixture(60000, 16, 300, 3, 2)
        self.cluster("auto.h5", "--input", self.save("points.npy", points), "--clusters", "300", "--init", "random", "--tolerance", "0",
                     "--log-json", self.path / "log.jsonl")
        searches = [event["search"] for event in map(json.loads, (self.path / "log.jsonl").read_text().splitlines())
                    if event["event"] == "iteration"]
        self.assertEqual(searches[0], "plain")
        self.assertEqual(searches[-1], "yinyang")

    # --- against scikit-learn

    def agree_with_sklearn(self, points, start, options, input_options):
        """Both from `start`, scikit-learn in double. Assignments may differ only where both centroids are equally near to float
        rounding of the centroids."""
        self.save("start.npy", start)
        output = self.cluster("clusters.h5", *input_options, "--init", self.path / "start.npy", "--tolerance", "0", *options)
        with h5py.File(output) as file:
            centroids, labels, inertia = file["centroids"][:], file["assignments"][:], file.attrs["inertia"]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            peer = sklearn.cluster.KMeans(len(start), init=start.astype(np.float64), n_init=1, max_iter=300, tol=0,
                                          algorithm="lloyd").fit(points.astype(np.float64))
        self.assertAlmostEqual(inertia / peer.inertia_, 1, delta=1e-5)
        differ = np.flatnonzero(labels != peer.labels_)
        if len(differ):
            distances = squared_distances(points[differ], centroids)
            rows = np.arange(len(differ))
            ours, theirs = distances[rows, labels[differ]], distances[rows, peer.labels_[differ]]
            np.testing.assert_allclose(ours, theirs, rtol=1e-4)
        self.assertLessEqual(len(differ), 1e-4 * len(points) + 2)
        return len(differ)

    def test_agrees_with_sklearn_on_mixtures(self):
        for rows, dimensions, clusters in ((2000, 2, 5), (3000, 33, 17), (999, 1, 4), (500, 1000, 3), (4000, 64, 100)):
            with self.subTest(rows=rows, dimensions=dimensions, clusters=clusters):
                points, _ = mixture(rows, dimensions, clusters, 1, clusters)
                self.agree_with_sklearn(points, points[:clusters], [], ["--input", self.save("points.npy", points)])

    def test_agrees_with_sklearn_on_real_data(self):
        htru = np.loadtxt(data_file("htru2.csv.gz"), delimiter=",", usecols=range(8), dtype=np.float32)
        skin = np.loadtxt(data_file("skin.tsv.gz"), delimiter="\t", usecols=range(3), dtype=np.float32)
        numeric = [0, *range(4, 41)]
        kdd = np.loadtxt(data_file("kddcup99_10pct.csv.gz"), delimiter=",", usecols=numeric, dtype=np.float32)
        columns = "1,5-41"
        random = np.random.default_rng(3)

        def start(points, clusters):
            different = np.unique(points, axis=0)
            return different[random.choice(len(different), clusters, replace=False)]

        def standard(points):
            wide = points.astype(np.float64)
            deviations = wide.std(axis=0)
            return ((wide - wide.mean(axis=0)) / np.where(deviations > 0, deviations, 1)).astype(np.float32)

        cases = {
            "HTRU2": (htru, "htru2.csv.gz", "1-8", 8),
            "Skin": (skin, "skin.tsv.gz", "1-3", 11),
            "KDD": (kdd, "kddcup99_10pct.csv.gz", columns, 10),
        }
        for name, (points, file, chosen, clusters) in cases.items():
            with self.subTest(name):
                self.agree_with_sklearn(points, start(points, clusters), [],
                                        ["--input", data_file(file), "--columns", chosen, "--header", "no"])
        with self.subTest("KDD, standardized"):
            scaled = standard(kdd)
            # The program scales the start as it scales the rows.
            raw_start = start(kdd, 10)
            self.save("start.npy", raw_start)
            output = self.cluster("standard.h5", "--input", data_file("kddcup99_10pct.csv.gz"), "--columns", columns, "--header", "no",
                                  "--scale", "standard", "--init", self.path / "start.npy", "--tolerance", "0")
            wide = kdd.astype(np.float64)
            deviations = wide.std(axis=0)
            scaled_start = (raw_start - wide.mean(axis=0)) / np.where(deviations > 0, deviations, 1)
            peer = sklearn.cluster.KMeans(10, init=scaled_start, n_init=1, tol=0).fit(scaled.astype(np.float64))
            with h5py.File(output) as result:
                self.assertAlmostEqual(result.attrs["inertia"] / peer.inertia_, 1, delta=1e-4)
                self.assertLess((result["assignments"][:] != peer.labels_).mean(), 1e-3)

    def test_indices_agree_with_sklearn(self):
        points, _ = mixture(700, 6, 5, 2, 9)
        output = self.cluster("clusters.h5", "--input", self.save("points.npy", points), "--clusters", "5", "--log-json",
                              self.path / "log.jsonl")
        events = [json.loads(line) for line in (self.path / "log.jsonl").read_text().splitlines()]
        (row,) = [event for event in events if event["event"] == "clusters"]
        with h5py.File(output) as file:
            labels = file["assignments"][:]
        wide = points.astype(np.float64)
        self.assertAlmostEqual(row["silhouette"], sklearn.metrics.silhouette_score(wide, labels, metric="sqeuclidean"), delta=1e-5)
        self.assertAlmostEqual(row["davies_bouldin"], sklearn.metrics.davies_bouldin_score(wide, labels), delta=1e-5)
        self.assertAlmostEqual(row["calinski_harabasz"] / sklearn.metrics.calinski_harabasz_score(wide, labels), 1, delta=1e-5)

    # --- uses

    def test_weights_count_as_repetitions(self):
        points, _ = mixture(300, 4, 3, 3, 5)
        repeats = np.random.default_rng(1).integers(1, 5, len(points))
        with open(self.path / "weighted.csv", "w") as file:
            file.write("a,b,c,d,times\n")
            for row, times in zip(points, repeats):
                file.write(",".join(repr(float(value)) for value in row) + f",{times}\n")
        self.save("start.npy", points[:3])
        weighted = self.cluster("weighted.h5", "--input", self.path / "weighted.csv", "--weight-column", "times", "--init",
                                self.path / "start.npy", "--tolerance", "0")
        repeated = self.cluster("repeated.h5", "--input", self.save("repeated.npy", np.repeat(points, repeats, axis=0)), "--init",
                                self.path / "start.npy", "--tolerance", "0")
        with h5py.File(weighted) as a, h5py.File(repeated) as b:
            np.testing.assert_allclose(a["centroids"][:], b["centroids"][:], rtol=1e-6)
            self.assertAlmostEqual(a.attrs["inertia"] / b.attrs["inertia"], 1, delta=1e-9)

    def test_warm_start_keeps_cluster_numbers_and_predict_assigns_new_rows(self):
        points, labels = mixture(1500, 5, 4, 20, 6)
        first = self.cluster("first.h5", "--input", self.save("points.npy", points), "--clusters", "4", "--scale", "standard")
        later = points + np.float32(0.05)
        second = self.cluster("second.h5", "--input", self.save("later.npy", later), "--init", first, "--scale", "standard")
        predicted = self.cluster("predicted.h5", "--input", self.path / "later.npy", "--predict", first, "--export",
                                 self.path / "rows.csv")
        with h5py.File(first) as a, h5py.File(second) as b, h5py.File(predicted) as c:
            self.assertGreater(sklearn.metrics.adjusted_rand_score(labels, a["assignments"][:]), 0.99)
            np.testing.assert_array_equal(a["assignments"][:], b["assignments"][:])
            np.testing.assert_array_equal(a["assignments"][:], c["assignments"][:])
            np.testing.assert_array_equal(a["centroids"][:], c["centroids"][:])
            lines = (self.path / "rows.csv").read_text().splitlines()
            self.assertEqual(lines[0], "id,cluster,distance")
            self.assertEqual([int(line.split(",")[1]) for line in lines[1:]], c["assignments"][:].tolist())

    def test_recommends_the_planted_number_of_clusters(self):
        points, labels = mixture(1200, 8, 5, 10, 8)
        for start in ("fresh", "warm"):
            output = self.cluster("sweep.h5", "--input", self.save("points.npy", points), "--clusters", "2:9", "--sweep-start", start)
            self.assertIn("recommended: 5 clusters", self.done.out)
            with h5py.File(output) as file:
                self.assertEqual(len(file["centroids"]), 5)
                self.assertGreater(sklearn.metrics.adjusted_rand_score(labels, file["assignments"][:]), 0.99)

    def test_centroids_must_fit_the_rows(self):
        for name, header in (("ab.csv", "a,b"), ("ac.csv", "a,c")):
            (self.path / name).write_text(header + "\n" + "".join(f"{r},{r * r}\n" for r in range(1, 20)))
        first = self.cluster("ab.h5", "--input", self.path / "ab.csv", "--clusters", "3", "--metric", "cosine")
        line = self.refused(65, "--input", self.path / "ac.csv", "--predict", first)
        self.assertIn("dimension 'b': expected 'c'", line)
        self.assertIn("--metric cosine: expected the same", self.refused(2, "--input", self.path / "ab.csv", "--init", first))
        self.cluster("again.h5", "--input", self.path / "ab.csv", "--init", first, "--metric", "cosine")

    def test_edges(self):
        points = np.arange(12, dtype=np.float32).reshape(6, 2)
        source = self.save("points.npy", points)
        with h5py.File(self.cluster("one.h5", "--input", source, "--clusters", "1")) as file:
            np.testing.assert_allclose(file["centroids"][:], [points.mean(axis=0)])
        with h5py.File(self.cluster("all.h5", "--input", source, "--clusters", "6", ranks=7)) as file:
            self.assertEqual(file.attrs["inertia"], 0)
            self.assertEqual(sorted(file["assignments"][:]), list(range(6)))

    # --- what goes wrong

    def test_refusals(self):
        points = np.arange(12, dtype=np.float32).reshape(6, 2)
        source = self.save("points.npy", points)
        self.assertIn("6 rows: expected at least 7", self.refused(65, "--input", source, "--clusters", "7"))
        self.assertIn("--clusters is missing", self.refused(2, "--input", source))
        self.assertIn("--clusters 0", self.refused(2, "--input", source, "--clusters", "0"))
        self.assertIn("--clusters 5:2", self.refused(2, "--input", source, "--clusters", "5:2"))
        self.assertIn("centroids of 3 dimensions: expected 2",
                      self.refused(65, "--input", source, "--init", self.save("wide.npy", np.zeros((2, 3), np.float32))))
        self.assertIn("absent.npy", self.refused(66, "--input", self.path / "absent.npy", "--clusters", "2"))
        points[4, 1] = np.nan
        self.assertIn("row 4", self.refused(65, "--input", self.save("nan.npy", points), "--clusters", "2"))
        for useless in (["--rounds", "3"], ["--folds", "3"], ["--sweep-start", "warm"], ["--batch", "2", "--tolerance", "0.5"]):
            self.assertIn("meaning", self.refused(2, "--input", source, "--clusters", "2", *useless))
        self.assertIn("no meaning", self.refused(2, "--input", source, "--predict", source, "--clusters", "2"))


if __name__ == "__main__":
    unittest.main()
