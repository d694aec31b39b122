"""h5py, scipy and anndata open our datasets and models in three lines, and a file's bytes are the same for any number of
ranks that wrote it."""
import csv
import hashlib
import os
import pathlib
import subprocess
import tempfile
import unittest
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # on packages that anndata could also use
    import anndata.experimental
import h5py
import numpy as np
import scipy.sparse

WRITE_SAMPLES = os.environ["RANKWISE_WRITE_SAMPLES"]
LAUNCHER = pathlib.Path(os.environ["RANKWISE_SOURCE"]) / "tests/launch_mpi.sh"
RANKS = [1, 2, 7]
NAMES = ["empty.dataset.h5", "integers.dataset.h5", "integers.model.h5", "plain.clustering.h5", "rich.clustering.csv",
         "rich.clustering.h5", "sample.users.h5", "split.dataset.h5", "strings.dataset.h5", "strings.model.h5", "tables.dataset.h5"]


# The content of the samples (tests/io/sample_files.hpp), said once more.
def sample_matrix(users, items, keep=0):
    user, item = np.mgrid[:users, :items]
    present = (user % 7 != 3) & (item % 11 != 5) & ((user * 31 + item * 17) % 5 == 0) & ((user + item + keep) % 2 == 1)
    return np.where(present, (1 + (user * 13 + item * 7) % 10) / 4, 0).astype(np.float32)


def sample_factors(rows, columns):
    row, column = np.mgrid[:rows, :columns]
    return (((row * 37 + column * 11) % 101 - 50) / 64).astype(np.float32)


def sample_texts(rows, prefix):
    return [f"{prefix}{row * row}{'ü' if row % 3 == 0 else ''}" for row in range(rows)]


class Interop(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="rankwise-interop-")
        cls.addClassCleanup(cls.folder.cleanup)
        for ranks in RANKS:
            folder = pathlib.Path(cls.folder.name) / str(ranks)
            folder.mkdir()
            subprocess.run([LAUNCHER, str(ranks), WRITE_SAMPLES, folder], check=True, timeout=120)

    def path(self, name, ranks=2):
        return pathlib.Path(self.folder.name) / str(ranks) / name

    def test_files_are_byte_identical_for_any_number_of_ranks(self):
        for name in NAMES:
            digests = {hashlib.sha256(self.path(name, ranks).read_bytes()).hexdigest() for ranks in RANKS}
            self.assertEqual(len(digests), 1, name)

    def test_nothing_else_is_left(self):
        for ranks in RANKS:
            self.assertEqual(sorted(os.listdir(pathlib.Path(self.folder.name) / str(ranks))), NAMES)

    def test_scipy_reads_the_interactions(self):
        for name, users, items in [("strings.dataset.h5", 173, 61), ("integers.dataset.h5", 5, 900), ("empty.dataset.h5", 0, 0)]:
            with h5py.File(self.path(name)) as file:
                group = file["interactions"]
                matrix = scipy.sparse.csr_matrix((group["data"], group["indices"], group["indptr"]), shape=group.attrs["shape"])
                np.testing.assert_array_equal(matrix.toarray(), sample_matrix(users, items))
                self.assertTrue(matrix.has_canonical_format)
                self.assertEqual(group["indices"].dtype, np.int32)
                self.assertEqual(group["indptr"].dtype, np.int64)

    def test_anndata_reads_every_matrix(self):
        expected = {
            "strings.dataset.h5": {"interactions": sample_matrix(173, 61), "interactions_by_item": sample_matrix(173, 61).T,
                                   "heldout/interactions": sample_matrix(173, 61, keep=1),
                                   "heldout/interactions_by_item": sample_matrix(173, 61, keep=1).T},
            "split.dataset.h5": {"heldout/repeated": sample_matrix(173, 61), "heldout/repeated_by_item": sample_matrix(173, 61).T},
            "integers.dataset.h5": {"interactions": sample_matrix(5, 900), "interactions_by_item": sample_matrix(5, 900).T,
                                    "heldout/interactions": sample_matrix(2, 900, keep=1), "heldout/given": sample_matrix(2, 900),
                                    "heldout/interactions_by_item": sample_matrix(2, 900, keep=1).T,
                                    "heldout/given_by_item": sample_matrix(2, 900).T},
        }
        for name, matrices in expected.items():
            with h5py.File(self.path(name)) as file:
                for group, dense in matrices.items():
                    read = anndata.experimental.read_elem(file[group])
                    self.assertIsInstance(read, scipy.sparse.csr_matrix)
                    np.testing.assert_array_equal(read.toarray(), dense, err_msg=f"{name} {group}")

    def test_attributes_are_text_and_numbers(self):
        with h5py.File(self.path("strings.dataset.h5")) as file:
            self.assertEqual(file["interactions"].attrs["encoding-type"], "csr_matrix")
            self.assertIsInstance(file["interactions"].attrs["encoding-type"], str)
            self.assertEqual(file.attrs["kind"], "dataset")
            self.assertEqual(file.attrs["configuration"], "epochs = 3\nseed = 7\n")
            self.assertEqual(int(file.attrs["seed"]), 18446744073709551557)
            self.assertEqual(file.attrs["version"], "1.2.3 (abcdef)")

    def test_ids_are_text_or_integers(self):
        with h5py.File(self.path("strings.dataset.h5")) as file:
            self.assertEqual(list(file["users/ids"].asstr()), sample_texts(173, "user "))
            self.assertEqual(list(file["items/ids"].asstr()), sample_texts(61, "item "))
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                self.assertEqual(list(anndata.experimental.read_elem(file["items/ids"])), sample_texts(61, "item "))
        with h5py.File(self.path("integers.dataset.h5")) as file:
            np.testing.assert_array_equal(file["items/ids"], 1000 + 3 * np.arange(900))
            np.testing.assert_array_equal(file["heldout/users/ids"], [1000, 1003])

    def test_anndata_reads_tables_as_dataframes(self):
        with h5py.File(self.path("tables.dataset.h5")) as file:
            for group, first in (("items", 0), ("users", 0), ("heldout/users", 5)):
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    table = anndata.experimental.read_elem(file[group + "/table"])
                rows = first + np.arange(len(file[group + "/ids"]))
                missing = rows % 4 == 3
                self.assertEqual(list(table.index), [str(each) for each in file[group + "/ids"]])
                self.assertEqual(list(table.columns), ["brand", "price", "title"])
                self.assertEqual(list(table["brand"].cat.categories), ["Ash", "Elm", "Oak"])
                self.assertFalse(table["brand"].cat.ordered)
                np.testing.assert_array_equal(table["brand"].cat.codes, np.where(missing, -1, rows % 3))
                np.testing.assert_array_equal(table["price"], np.where(missing, np.nan, rows / 4))
                self.assertEqual(list(table["title"]), ["" if row % 4 == 3 else f"Stück {row * row}" for row in rows])

    def test_numpy_reads_the_model(self):
        with h5py.File(self.path("strings.model.h5")) as file:
            np.testing.assert_array_equal(file["users/factors"], sample_factors(173, 17))
            np.testing.assert_array_equal(file["items/factors"], sample_factors(61, 17))
            self.assertEqual(list(file["items/ids"].asstr()), sample_texts(61, "item "))
            self.assertEqual(file["users/factors"].dtype, np.float32)
            self.assertNotIn("biases", file["users"])
            self.assertEqual(file.attrs["objective"], "implicit")
            self.assertEqual(file.attrs["weighting"], "logarithmic")
            self.assertEqual((file.attrs["alpha"], file.attrs["unobserved-weight"]), (1.5, 0.25))
            self.assertEqual((file.attrs["regularization"], file.attrs["regularization-exponent"]), (0.0625, 0.75))
            self.assertEqual((file.attrs["factors"], file.attrs["trained-on"]), (17, "all"))
            np.testing.assert_array_equal(file["users/entries"], np.arange(173) * 5 % 7)
            np.testing.assert_array_equal(file["items/entries"], np.arange(61) * 5 % 7)
            np.testing.assert_array_equal(file["history/loss"], [6, 5.25])
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                np.testing.assert_array_equal(anndata.experimental.read_elem(file["users/factors"]), sample_factors(173, 17))

    def test_biases_stand_apart_from_the_factors(self):
        with h5py.File(self.path("integers.model.h5")) as file:
            both = sample_factors(900, 4)
            np.testing.assert_array_equal(file["items/factors"], both[:, :3])
            np.testing.assert_array_equal(file["items/biases"], both[:, 3])
            self.assertEqual((file.attrs["objective"], file.attrs["biases"], file.attrs["global-mean"]), ("explicit", 1, 3.5))

    def test_h5py_reads_the_clustering(self):
        rows = np.arange(150)
        for name in ("plain.clustering.h5", "rich.clustering.h5"):
            with h5py.File(self.path(name)) as file:
                np.testing.assert_array_equal(file["centroids"], sample_factors(3, 2))
                np.testing.assert_array_equal(file["assignments"], rows % 3)
                np.testing.assert_array_equal(file["distances"], rows / 8)
                self.assertEqual([file[each].dtype for each in ("centroids", "assignments", "distances")], ["f4", "i4", "f4"])
                np.testing.assert_array_equal(file["clusters/sizes"], [50, 50, 50])
                np.testing.assert_array_equal(file["history/inertia"], [40.5, 30.25, 30])
                np.testing.assert_array_equal(file["history/moved"], [12, 4, 0])
                self.assertEqual((file.attrs["kind"], file.attrs["inertia"], file.attrs["iterations"]), ("clustering", 30, 3))
                np.testing.assert_array_equal(anndata.experimental.read_elem(file["centroids"]), sample_factors(3, 2))
        with h5py.File(self.path("plain.clustering.h5")) as file:
            self.assertEqual((file.attrs["metric"], file.attrs["converged"]), ("euclidean", 1))
            np.testing.assert_array_equal(file["ids"], 1000 + 3 * rows)
            self.assertNotIn("dimensions", file)
            self.assertNotIn("weights", file["clusters"])
        with h5py.File(self.path("rich.clustering.h5")) as file:
            self.assertEqual((file.attrs["metric"], file.attrs["converged"]), ("cosine", 0))
            self.assertEqual(list(file["ids"].asstr()), sample_texts(150, "row, "))
            self.assertEqual(list(file["dimensions/names"].asstr()), ["recency", "größe"])
            np.testing.assert_array_equal(file["dimensions/shift"], [1, -2])
            np.testing.assert_array_equal(file["dimensions/scale"], [0.5, 4])
            np.testing.assert_array_equal(file["clusters/weights"], [1.5, 2.5, 3.5])

    def test_h5py_reads_metrics_of_users(self):
        users = np.arange(150)
        with h5py.File(self.path("sample.users.h5")) as file:
            self.assertEqual(list(file["users/ids"].asstr()), sample_texts(150, "user "))
            self.assertEqual(sorted(file["metrics"]), ["auc", "recall@20"])
            self.assertEqual({metric.dtype for metric in file["metrics"].values()}, {np.dtype("f8")})
            np.testing.assert_array_equal(file["metrics/recall@20"], np.where(users % 7 == 3, np.nan, users % 20 / 20))
            np.testing.assert_array_equal(file["metrics/auc"], 1 / (users + 1))
            self.assertEqual(file["metrics/recall@20"].attrs["definition"], "hits / min(k, targets)")
            self.assertEqual(file["metrics/auc"].attrs["definition"], "größer")
            self.assertEqual((file.attrs["kind"], file.attrs["model-digest"]), ("user-metrics", 0xfedcba9876543210))
            np.testing.assert_array_equal(anndata.experimental.read_elem(file["metrics/auc"]), 1 / (users + 1))

    def test_csv_readers_read_the_assignments(self):
        with self.path("rich.clustering.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([row["id"] for row in rows], sample_texts(150, "row, "))
        self.assertEqual([int(row["cluster"]) for row in rows], [row % 3 for row in range(150)])
        self.assertEqual([float(row["distance"]) for row in rows], [row / 8 for row in range(150)])


if __name__ == "__main__":
    unittest.main()
