"""rankwise prepare: sparse matrices that AnnData and scipy wrote, as logs; the same from any number of ranks."""
import unittest
import warnings
import zipfile

import h5py
import numpy as np
import scipy.sparse

import prepare_test
from prepare_test import pairs
from program import ranks_of_refusal, run

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # on packages that anndata could also use
    import anndata
    import pandas

USERS, ITEMS = 70, 20


class PrepareMatricesTest(unittest.TestCase):
    write = prepare_test.PrepareTest.write
    prepare, prepare_alike = prepare_test.PrepareTest.prepare, prepare_test.PrepareTest.prepare_alike

    def setUp(self):
        prepare_test.PrepareTest.setUp(self)
        self.matrix = scipy.sparse.random(USERS, ITEMS, 0.2, "csr", np.float32, np.random.default_rng(3))
        self.users = [f"user {n}" for n in range(USERS)]
        self.items = [f"item {n * n}" for n in range(ITEMS)]

    def expected(self, user=lambda n: n, item=lambda n: n):
        entries = self.matrix.tocoo()
        return {(user(u), item(i)): v for u, i, v in zip(entries.row, entries.col, entries.data)}

    def annotated(self, matrix, name="m.h5ad"):
        path = self.folder / name
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            anndata.AnnData(matrix, pandas.DataFrame(index=self.users), pandas.DataFrame(index=self.items)).write_h5ad(path)
        return path

    def saved(self, matrix, name="m.npz", **options):
        scipy.sparse.save_npz(self.folder / name, matrix, **options)
        return self.folder / name

    def read(self, path, ranks=(1, 3)):
        with h5py.File(self.prepare_alike("--input", path, ranks=ranks)) as file:
            return pairs(file, "/interactions")

    def refused(self, *inputs, code=65, options=(), ranks=None):
        args = [word for path in inputs for word in ("--input", path)]
        done = run(["prepare", *args, *options, "--output", "out.h5"], ranks=ranks or ranks_of_refusal(self, code), cwd=self.folder)
        self.assertEqual(done.code, code, done)
        self.assertEqual(len(done.our_lines), 1, done)
        return done.our_lines[0]

    def test_annotated_data(self):
        expected = self.expected(self.users.__getitem__, self.items.__getitem__)
        self.assertEqual(self.read(self.annotated(self.matrix), ranks=[1, 2, 5]), expected)
        self.assertEqual(self.read(self.annotated(self.matrix.tocsc()), ranks=[2]), expected)

    def test_hdf5_without_names(self):
        path = self.folder / "plain.h5"
        with h5py.File(path, "w") as file:
            group = file.create_group("X")
            group.attrs["encoding-type"], group.attrs["shape"] = "csr_matrix", self.matrix.shape
            for name in ("data", "indices", "indptr"):
                group[name] = getattr(self.matrix, name)
        self.assertEqual(self.read(path, ranks=[1, 3]), self.expected())
        with h5py.File(path, "a") as file:
            file["X/data"][4] = np.nan
        self.assertIn("plain.h5: /X: data: entry 4 is nan", self.refused(path))

    def test_npz(self):
        self.assertEqual(self.read(self.saved(self.matrix), ranks=[1, 2, 5]), self.expected())
        self.assertEqual(self.read(self.saved(self.matrix, compressed=False), ranks=[3]), self.expected())
        self.assertEqual(self.read(self.saved(self.matrix.tocsc()), ranks=[1]), self.expected())
        self.matrix.data = np.round(self.matrix.data * 9)
        self.assertEqual(self.read(self.saved(self.matrix.astype(np.int16)), ranks=[1]), self.expected())

    def test_parts_of_a_stored_array_are_compared_together(self):
        stored = self.saved(self.matrix, "stored.npz", compressed=False)
        self.assertEqual(self.read(stored), self.expected())
        self.assertEqual(self.read(self.saved(self.matrix.tocsc(), "columns.npz", compressed=False), ranks=[1, 5]), self.expected())
        with zipfile.ZipFile(stored) as file:
            begins = {name: file.getinfo(name).header_offset for name in ("data.npy", "indices.npy")}
        whole = stored.read_bytes()
        for name in ("data", "indices"):
            array = getattr(self.matrix, name)
            begin = whole.index(array.tobytes(), begins[f"{name}.npy"])
            # On several ranks where two of them share the array.
            for entry, ranks in ((0, 1), (self.matrix.nnz // 2, 3), (self.matrix.nnz - 1, 1)):
                damaged = bytearray(whole)
                damaged[begin + entry * array.itemsize] ^= 1
                line = self.refused(self.write("damaged.npz", bytes(damaged)), ranks=ranks)
                self.assertRegex(line, rf"damaged.npz: array {name}: (is damaged: its checksum differs|entry {entry} is {ITEMS};)")

    def test_several_matrices_are_added(self):
        one, two = self.saved(self.matrix, "1.npz"), self.saved(self.matrix, "2.npz")
        with h5py.File(self.prepare_alike("--input", one, "--input", two)) as file:
            found = pairs(file, "/interactions")
        self.assertEqual(found, {pair: np.float32(2) * value for pair, value in self.expected().items()})

    def test_options_of_text_are_refused(self):
        npz, annotated = self.saved(self.matrix), self.annotated(self.matrix)
        for option, value, file in (("--format", "csv", npz), ("--format", "matrix-market", annotated), ("--delimiter", "tab", npz),
                                    ("--decimal", "comma", npz), ("--header", "absent", annotated), ("--time-format", "iso", npz),
                                    ("--missing", "skip", npz), ("--max-bad", "3", npz), ("--missing-values", "none", npz)):
            with self.subTest(option):
                self.assertIn(f"{file.name}: {option} is for text files, and this is a matrix",
                              self.refused(file, options=(option, value), code=2))
        for option, value in (("--since", "2025-01-01"), ("--half-life", "30d")):
            self.assertIn("has no time column, as no matrix has", self.refused(npz, options=(option, value), code=2))

    def test_a_folder_of_matrices_is_told(self):
        (self.folder / "logs").mkdir()
        self.saved(self.matrix, "logs/1.npz"), self.saved(self.matrix, "logs/.2.npz")
        done = run(["prepare", "--input", "logs", "--output", "out.h5"], ranks=2, cwd=self.folder)
        self.assertEqual(done.code, 0, done)
        self.assertEqual(done.err.count("logs: 1 file (left out: 1 hidden)"), 1, done)

    def test_what_is_refused(self):
        npz = self.saved(self.matrix)
        whole = npz.read_bytes()
        self.assertIn("m.npz: array format: the matrix is 'coo'; expected csr or csc", self.refused(self.saved(self.matrix.tocoo())))
        damaged = bytearray(whole)
        damaged[len(whole) // 2] ^= 16
        self.assertIn("damaged.npz: ", self.refused(self.write("damaged.npz", bytes(damaged))))
        self.assertIn("short.npz: is a zip file without a directory", self.refused(self.write("short.npz", whole[:-40])))
        with zipfile.ZipFile(self.folder / "packed.zip", "w") as packed:
            packed.writestr("log.csv", "user,item\n1,2\n")
        self.assertIn("packed.zip: is a zip file (or an Excel workbook), which is not read here: unpack it first", self.refused("packed.zip"))
        np.savez(self.folder / "other.npz", x=np.arange(3))
        self.assertIn("other.npz: array format: is not in the file", self.refused("other.npz"))
        log = self.write("log.csv", "user,item\n1,2\n")
        npz = self.saved(self.matrix)
        self.assertIn("m.npz is a matrix file and", self.refused(npz, log, code=2))
        self.assertIn("a matrix has no columns for --columns or --where", self.refused(npz, options=("--columns", "user=1,item=2"), code=2))
        self.assertIn("has no time column", self.refused(npz, options=("--split", "temporal:0.2"), code=2))
        self.assertIn("dense.h5ad: has a dense matrix /X; expected a group /X", self.refused(self.annotated(self.matrix.toarray(), "dense.h5ad")))


if __name__ == "__main__":
    unittest.main()
