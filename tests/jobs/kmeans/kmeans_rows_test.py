"""`rankwise kmeans`: rows that belong to no cluster, rows whose dimensions mean something else, and rows that are known from an
earlier clustering."""
import hashlib
import json
import pathlib
import shutil
import tempfile
import unittest

import h5py
import numpy as np

from program import run


class RowsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.log = self.path / "log.jsonl"

    def do(self, *arguments, ranks=1, code=0):
        self.done = run([*arguments], ranks=ranks)
        self.assertEqual(self.done.code, code, self.done)
        return self.done

    def cluster(self, name, *options, ranks=1):
        self.do("kmeans", "--output", self.path / name, "--log-json", self.log, *options, ranks=ranks)
        return self.path / name

    def refused(self, code, *options):
        self.do("kmeans", "--output", self.path / "refused.h5", *options, code=code)
        self.assertFalse((self.path / "refused.h5").exists())
        (line,) = [line for line in self.done.our_lines if "warning" not in line]
        return line

    def event(self, name):
        (event,) = [event for event in map(json.loads, self.log.read_text().splitlines()) if event["event"] == name]
        return event

    def save(self, name, array):
        np.save(self.path / name, array)
        return self.path / name

    def model(self, name, rows, seed=1, options=(), model="model.h5", epochs=4, factors=4, ranks=1):
        """A model of a log of (user, item) rows, some of which a split by time takes out of the training part."""
        lines = ["user,item,value,time"] + [",".join(map(str, row)) for row in rows]
        (self.path / f"{name}.csv").write_text("\n".join(lines) + "\n")
        self.do("prepare", "--input", self.path / f"{name}.csv", "--output", self.path / f"{name}.h5", "--split", "temporal:0.25")
        self.do("als", "--data", self.path / f"{name}.h5", "--model", self.path / model, "--factors", factors, "--epochs", epochs, "--seed", seed,
                *options, ranks=ranks)
        return self.path / model


def log_with_cold_users(users=24, items=12, cold=5):
    """Users u00, u01, ... of two tastes; the last rows by time are those of users that nobody has seen before."""
    rows = [(f"u{user:02d}", f"i{item:02d}", 1 + (user + item) % 3, 1_000_000_000 + 1000 * user + item)
            for user in range(users) for item in range(items) if item % 2 == user % 2 and (user * item) % 5 != 1]
    taken = len(rows) // 3
    return rows + [(f"c{k % cold}", f"i{k % items:02d}", 1, 1_500_000_000 + k) for k in range(taken)]


class NoClusterTest(RowsTest):
    def check_file(self, path, none, clusters):
        with h5py.File(path) as file:
            assignments, distances = file["assignments"][:], file["distances"][:]
            self.assertEqual(np.flatnonzero(assignments == -1).tolist(), none)
            self.assertEqual(np.flatnonzero(np.isnan(distances)).tolist(), none)
            self.assertTrue((assignments[assignments != -1] >= 0).all())
            sizes = np.bincount(assignments[assignments >= 0], minlength=clusters)
            self.assertEqual(file["clusters/sizes"][:].tolist(), sizes.tolist())
            self.assertEqual(file.attrs["rows-in-no-cluster"], len(none))

    def test_users_without_an_entry_belong_to_no_cluster(self):
        model = self.model("shop", log_with_cold_users())
        with h5py.File(model) as file:
            ids = file["users/ids"].asstr()[:]
            factors = file["users/factors"][:]
        cold = [row for row, name in enumerate(ids) if name.startswith("c")]
        self.assertEqual(len(cold), 5)
        self.assertFalse(factors[cold].any())
        # What remains is clustered as it would be without them.
        known = np.delete(factors, cold, axis=0)
        for kind, options in {"one number": ["--clusters", "3"], "several": ["--clusters", "2:4"], "cosine": ["--clusters", "3", "--metric", "cosine"],
                              "mini-batch": ["--clusters", "3", "--batch", "7", "--max-iterations", "5"],
                              "standard": ["--clusters", "2", "--scale", "standard", "--init", "kmeans-parallel"]}.items():
            expected = None
            for ranks in (1, 2 if kind == "several" else 3):
                with self.subTest(kind=kind, ranks=ranks):
                    output = self.cluster("segments.h5", "--input", model, *options, "--quality", self.path / "quality.json", "--export",
                                          self.path / "segments.csv", ranks=ranks)
                    told = self.event("rows")
                    self.assertEqual([told[name] for name in ("rows", "in_no_cluster", "without_entries", "without_direction")],
                                     [len(ids), 5, 5, 0])
                    self.assertIn(f"5 of {len(ids)} rows belong to no cluster: 5 without an entry", self.done.err)
                    files = [hashlib.sha256((self.path / name).read_bytes()).hexdigest() for name in ("segments.h5", "segments.csv", "quality.json")]
                    expected = expected or files
                    self.assertEqual(files, expected)
            quality = json.loads((self.path / "quality.json").read_text())
            self.assertEqual([quality["rows"], quality["rows_in_no_cluster"]], [len(known), 5])
            self.check_file(output, cold, quality["clusters"])
            lines = (self.path / "segments.csv").read_text().splitlines()[1:]
            self.assertEqual([line for line in lines if line.startswith("c")], [f"c{k},-1," for k in range(5)])
            self.do("verify", output)
            twin = self.cluster("twin.h5", "--input", self.save("known.npy", known), *options, "--quality", self.path / "twin.json")
            with h5py.File(output) as ours, h5py.File(twin) as theirs:
                np.testing.assert_array_equal(ours["centroids"][:], theirs["centroids"][:])
                np.testing.assert_array_equal(np.delete(ours["assignments"][:], cold), theirs["assignments"][:])
                self.assertEqual(ours.attrs["inertia"], theirs.attrs["inertia"])
            self.assertEqual(json.loads((self.path / "twin.json").read_text())["metrics"], quality["metrics"])

    def test_predict_leaves_them_out_too_and_counts_who_keeps_a_cluster(self):
        model = self.model("shop", log_with_cold_users())
        first = self.cluster("first.h5", "--input", model, "--clusters", "3", "--metric", "cosine")
        told = []
        for ranks in (1, 3):
            again = self.cluster("again.h5", "--input", model, "--predict", first, ranks=ranks)
            told.append(again.read_bytes())
        self.assertEqual(told[0], told[1])
        self.assertIn("metric cosine", self.done.err)
        self.assertEqual(self.event("assigned")["metric"], "cosine")
        known = self.event("known_rows")
        self.assertEqual([known[name] for name in ("known", "kept", "moved", "new")], [24, 24, 0, 0])
        with h5py.File(first) as a, h5py.File(again) as b:
            np.testing.assert_array_equal(a["assignments"][:], b["assignments"][:])
            self.assertIn("metric = cosine\n", b.attrs["configuration"])
        self.cluster("same.h5", "--input", model, "--predict", first, "--metric", "cosine")
        euclidean = self.cluster("euclidean.h5", "--input", model, "--clusters", "2")
        self.assertIn("euclidean.h5: clusters by --metric euclidean",
                      self.refused(2, "--input", model, "--predict", euclidean, "--metric", "cosine"))

    def test_zero_rows_have_no_direction(self):
        random = np.random.default_rng(2)
        points = random.normal(0, 1, (40, 3)).astype(np.float32)
        points[[0, 7, 39]] = 0
        source = self.save("points.npy", points)
        outputs = []
        for ranks in (1, 3):
            outputs.append(self.cluster("cosine.h5", "--input", source, "--clusters", "2:4", "--metric", "cosine", "--folds", "2", ranks=ranks).read_bytes())
        self.assertEqual(outputs[0], outputs[1])
        self.check_file(self.path / "cosine.h5", [0, 7, 39], len(h5py.File(self.path / "cosine.h5")["centroids"]))
        self.assertIn("3 of 40 rows belong to no cluster: 3 with only zeros, so without a direction", self.done.err)
        self.assertEqual(self.event("rows")["without_direction"], 3)
        twin = self.cluster("twin.h5", "--input", self.save("without.npy", np.delete(points, [0, 7, 39], axis=0)), "--clusters", "2:4", "--metric", "cosine")
        with h5py.File(self.path / "cosine.h5") as ours, h5py.File(twin) as theirs:
            np.testing.assert_array_equal(ours["centroids"][:], theirs["centroids"][:])
        with h5py.File(self.cluster("predicted.h5", "--input", source, "--predict", self.path / "cosine.h5", ranks=2)) as file:
            self.assertEqual(np.flatnonzero(file["assignments"][:] == -1).tolist(), [0, 7, 39])
            self.assertEqual(file["clusters/sizes"][:].sum(), 37)
        with h5py.File(self.cluster("plain.h5", "--input", source, "--clusters", "3")) as file:
            self.assertGreaterEqual(file["assignments"][:].min(), 0)  # zero is a place like any other
        none = self.save("none.npy", np.zeros((4, 2), np.float32))
        self.assertIn("4 rows, and all of them have only zeros, so no direction: none can belong to a cluster",
                      self.refused(65, "--input", none, "--clusters", "2", "--metric", "cosine"))
        points[1:] = 0
        points[0] = 1
        self.assertIn("1 row that can belong to a cluster: expected at least 2",
                      self.refused(65, "--input", self.save("one.npy", points), "--clusters", "2", "--metric", "cosine"))
        self.assertIn("37 rows that can belong to a cluster: expected at least 38",
                      self.refused(65, "--input", source, "--clusters", "38", "--metric", "cosine"))

    def test_weights_and_checkpoints_know_the_rows_that_take_part(self):
        random = np.random.default_rng(3)
        points = random.normal(0, 1, (60, 3)).astype(np.float32)
        points[[5, 59]] = 0
        lines = ["name,a,b,c,w"] + [f"r{r},{row[0]!r},{row[1]!r},{row[2]!r},{1 + r % 4}" for r, row in enumerate(points.tolist())]
        (self.path / "rows.csv").write_text("\n".join(lines) + "\n")
        options = ["--input", self.path / "rows.csv", "--id-column", "name", "--weight-column", "w", "--columns", "a,b,c", "--metric", "cosine",
                   "--clusters", "4", "--tolerance", "0"]
        whole = self.cluster("whole.h5", *options).read_bytes()
        with h5py.File(self.path / "whole.h5") as file:
            self.assertEqual(file["clusters/weights"][:].sum(), sum(1 + r % 4 for r in range(60) if r not in (5, 59)))
        (self.path / "ck").mkdir()
        (self.path / "ck" / "stop").touch()
        self.do("kmeans", "--output", self.path / "parts.h5", *options, "--checkpoint", self.path / "ck", code=75)
        self.do("kmeans", "--output", self.path / "parts.h5", *options, "--checkpoint", self.path / "ck", ranks=3)
        self.assertEqual((self.path / "parts.h5").read_bytes(), whole)

    def test_sparse_rows_without_an_entry(self):
        model = self.model("shop", log_with_cold_users())
        data = self.path / "shop.h5"
        outputs = []
        for ranks in (1, 3):
            outputs.append(self.cluster("sparse.h5", "--input", data, "--rows", "users", "--clusters", "2", "--metric", "cosine", ranks=ranks).read_bytes())
        self.assertEqual(outputs[0], outputs[1])
        with h5py.File(model) as file:
            cold = [row for row, name in enumerate(file["users/ids"].asstr()[:]) if name.startswith("c")]
        self.check_file(self.path / "sparse.h5", cold, 2)
        # The same number of other items is another space.
        text = (self.path / "shop.csv").read_text().replace("i11", "i99")
        (self.path / "other.csv").write_text(text)
        self.do("prepare", "--input", self.path / "other.csv", "--output", self.path / "other.h5", "--split", "temporal:0.25")
        self.assertIn("a dataset with other items", self.refused(65, "--input", self.path / "other.h5", "--predict", self.path / "sparse.h5"))

    def test_tables_hold_dashes_and_say_why(self):
        points = self.save("points.npy", np.array([[0, 1], [0, -1], [1, 0], [-1, 0]], np.float32))
        self.do("kmeans", "--input", points, "--clusters", "1", "--output", self.path / "one.h5")
        self.assertIn("-: indices need at least two clusters with rows", self.done.out)
        self.assertIn("-: no stability: it is found for several numbers of clusters, or with --quality", self.done.out)
        # Two clusters whose means are the same float, each with a spread: a Davies-Bouldin index beyond all bounds.
        def near(places):
            return (1.5 + np.array(places) * 2.0 ** -23).astype(np.float32)

        crowd = self.save("crowd.npy", near([[-1, 1], [1, 0], [0, 0], [1, -1], [-1, 0], [-1, 0]]))
        self.do("kmeans", "--input", crowd, "--init", self.save("start.npy", near([[100, 101], [-100, -101]])), "--max-iterations", "0",
                "--output", self.path / "two.h5", "--quality", self.path / "two.json")
        self.assertIn("-: no davies-bouldin: two clusters have the same mean", self.done.out)
        self.assertNotRegex(self.done.out + self.done.err, r"(?<![a-z])-?(inf|nan)(?![a-z])")
        self.assertIsNone(json.loads((self.path / "two.json").read_text())["metrics"]["davies-bouldin"])


class LineageTest(RowsTest):
    def setUp(self):
        super().setUp()
        self.rows = log_with_cold_users()
        self.first = self.model("shop", self.rows, model="first.h5")
        self.segments = self.cluster("segments.h5", "--input", self.first, "--clusters", "3")

    def warm(self, name, begin, **how):
        return self.model("shop", self.rows, model=name, options=["--warm-start", begin], **how)

    def lineage(self, path):
        with h5py.File(path) as file:
            return file["lineage"][:].tolist() if "lineage" in file else []

    def digest(self, path):
        with h5py.File(path) as file:
            return int(file.attrs["metadata-digest"])

    def test_models_know_their_ancestors_and_clusterings_their_model(self):
        second = self.warm("second.h5", self.first, ranks=2)
        third = self.warm("third.h5", second)
        self.assertEqual(self.lineage(self.first), [])
        self.assertEqual(self.lineage(second), [self.digest(self.first)])
        self.assertEqual(self.lineage(third), [self.digest(second), self.digest(self.first)])
        with h5py.File(self.segments) as file:
            self.assertEqual([file.attrs["rows-from"], file.attrs["rows"], int(file.attrs["model-digest"])], ["model", "users", self.digest(self.first)])
        for model in (self.first, second, third):
            for use in ("--predict", "--init"):
                with self.subTest(model=model.name, use=use):
                    output = self.cluster("later.h5", "--input", model, use, self.segments)
                    self.assertEqual(self.lineage(output), self.lineage(model))
                    self.assertEqual(self.event("known_rows")["known"], 24)
                    self.assertNotIn("moved (100.00%)", self.done.err)
                    self.assertNotIn("warning", self.done.err)
        # The other way round, factors of an ancestor are not what the clusters were found in.
        later = self.cluster("later.h5", "--input", third, "--clusters", "3")
        self.assertIn("is an ancestor of that", self.refused(65, "--input", self.first, "--predict", later))
        # A run that a checkpoint continued is the same run.
        self.model("shop", self.rows, model="half.h5", options=["--warm-start", self.first, "--checkpoint", self.path / "ck"], epochs=2)
        resumed = self.model("shop", self.rows, model="resumed.h5", options=["--warm-start", self.first, "--checkpoint", self.path / "ck"])
        self.assertEqual(self.digest(resumed), self.digest(second))

    def test_other_models_are_refused(self):
        other = self.model("shop", self.rows, model="other.h5", seed=2)
        for use in ("--predict", "--init"):
            line = self.refused(65, "--input", other, use, self.segments)
            self.assertIn(f"model {self.digest(self.first):016x}", line)
            self.assertIn("does not descend from that by warm starts", line)
        wide = self.model("shop", self.rows, model="wide.h5", factors=12)  # as many as there are items
        of_items = self.cluster("wide-segments.h5", "--input", wide, "--clusters", "2")
        self.assertIn("wide-segments.h5: its clusters are of rows of a model, and",
                      self.refused(65, "--input", self.path / "shop.h5", "--predict", of_items))

    def test_what_cannot_be_checked_is_told(self):
        with h5py.File(self.first) as file:
            factors = file["users/factors"][:]
        exported = self.save("factors.npy", factors)
        self.cluster("of-npy.h5", "--input", exported, "--predict", self.segments, "--quiet")
        self.assertIn("whether their dimensions mean the same cannot be checked", self.done.err)
        old = self.path / "old.h5"
        shutil.copy(self.segments, old)
        with h5py.File(old, "r+", libver="latest") as file:
            for name in ("rows-from", "rows-have-ids", "rows", "model-digest", "scale", "rows-in-no-cluster", "metadata-digest"):
                del file.attrs[name]
            del file["digests"]
        self.cluster("of-old.h5", "--input", self.first, "--predict", old, "--quiet")
        self.assertIn("warning: ", self.done.err)
        self.assertIn("an older version wrote it", self.done.err)

    def test_unit_rows_are_predicted_as_unit_rows(self):
        unit = self.cluster("unit.h5", "--input", self.first, "--clusters", "3", "--scale", "unit")
        again = self.cluster("again.h5", "--input", self.first, "--predict", unit)
        with h5py.File(unit) as a, h5py.File(again) as b:
            np.testing.assert_array_equal(a["assignments"][:], b["assignments"][:])
            np.testing.assert_array_equal(a["distances"][:], b["distances"][:])
        self.assertIn("--scale unit", self.refused(2, "--input", self.first, "--init", unit))


class ColumnsTest(RowsTest):
    def table(self, name, text):
        (self.path / name).write_text(text)
        return self.path / name

    def rows(self, bad_row, bad, count=40):
        """x and z are numbers; y is, but in one row."""
        return "customer,x,y,z\n" + "".join(f"c{r},{r % 7},{bad if r == bad_row else r % 5},{r % 3}\n" for r in range(count))

    def test_all_rows_decide_what_a_column_is(self):
        for row, ranks, bad, shown in ((0, 1, "NA", "NA"), (1, 2, "NA", "NA"), (39, 3, "NA", "NA"), (39, 1, "5%", "5%"),
                                       (0, 1, '"$1,200"', "$1,200"), (1, 1, "2010-12-01", "2010-12-01"), (39, 1, "", "")):
            with self.subTest(bad=bad, row=row):
                source = self.table("rows.csv", self.rows(row, bad))
                output = self.cluster("out.h5", "--input", source, "--clusters", "2", "--quiet", ranks=ranks)
                self.assertIn(f"warning: {source}: column 'y' is left out: line {row + 2}: '{shown}': expected a finite number", self.done.err)
                with h5py.File(output) as file:
                    self.assertEqual(file["dimensions/names"].asstr()[:].tolist(), ["x", "z"])
                    self.assertEqual(file["ids"].asstr()[:].tolist(), [f"c{r}" for r in range(40)])
                line = self.refused(65, "--input", source, "--clusters", "2", "--columns", "x,y")
                self.assertIn(f"rows.csv:{row + 2}: column 'y': '{shown}': expected a finite number", line)
        outputs = [self.cluster("out.h5", "--input", source, "--clusters", "2", ranks=ranks).read_bytes() for ranks in (1, 3)]
        self.assertEqual(outputs[0], outputs[1])
        self.assertIn("no column holds a number in every row", self.refused(65, "--input", self.table("a.csv", "a,b\nx,y\n"), "--clusters", "1"))

    def test_ids_are_no_feature(self):
        source = self.table("rfm.csv", "CustomerID,recency,spent\n" + "".join(f"{17000 + r},{r % 7},{r % 5}.5\n" for r in range(30)))
        output = self.cluster("out.h5", "--input", source, "--clusters", "2")
        self.assertIn("id = column 'CustomerID' (by its name)", self.done.err)
        with h5py.File(output) as file:
            self.assertEqual(file["dimensions/names"].asstr()[:].tolist(), ["recency", "spent"])
            self.assertEqual(file["ids"][:].tolist(), [17000 + r for r in range(30)])
        # They are how rows are known again.
        self.cluster("again.h5", "--input", source, "--init", output)
        self.assertEqual(self.event("known_rows")["known"], 30)

    def test_centroids_of_a_table_are_matched_by_name(self):
        source = self.table("rows.csv", "x,y\n" + "".join(f"{r % 2 * 10},{r % 3}\n" for r in range(12)))
        straight = self.cluster("a.h5", "--input", source, "--init", self.table("a.csv", "x,y\n0,1\n10,1\n"))
        crossed = self.cluster("b.h5", "--input", source, "--init", self.table("b.csv", "y,size,x\n1,6,0\n1,6,10\n"), ranks=2)
        with h5py.File(straight) as a, h5py.File(crossed) as b:
            np.testing.assert_array_equal(a["centroids"][:], b["centroids"][:])
            self.assertEqual(a["assignments"][:].tolist(), [r % 2 for r in range(12)])
            self.assertEqual(b["assignments"][:].tolist(), [r % 2 for r in range(12)])
        self.assertIn("b.csv: columns that are no dimension of the rows are left out: size", self.done.err)
        self.assertIn("c.csv: has no column of numbers 'y', which is a dimension of the rows: its columns are x, z",
                      self.refused(65, "--input", source, "--init", self.table("c.csv", "x,z\n0,1\n10,1\n")))
        self.assertIn("centroids of 3 dimensions: expected 2",
                      self.refused(65, "--input", source, "--init", self.table("d.csv", "0,1,2\n10,1,2\n")))


if __name__ == "__main__":
    unittest.main()
