"""`rankwise kmeans` reads what h5py and anndata write: sparse X by row and by column, names of observations, ids and numbers of every type.
The clusters of a sparse matrix are, bit by bit, those of the dense one."""
import pathlib
import tempfile
import unittest
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # on packages that anndata could also use
    import anndata
import h5py
import numpy as np
import pandas
import scipy.sparse

from program import run

ROWS, COLUMNS = 240, 30


class HDF5Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.path = pathlib.Path(folder.name)
        random = np.random.default_rng(7)
        block = np.arange(ROWS)[:, None] % 3 == np.arange(COLUMNS)[None, :] % 3
        cls.dense = np.where(random.random((ROWS, COLUMNS)) < np.where(block, 0.6, 0.05), random.integers(1, 9, (ROWS, COLUMNS)), 0).astype(np.float32)
        cls.dense[17] = 0  # a row without entries is a point as well
        cls.names = [f"cell {row * row}{'ü' if row % 3 == 0 else ''}" for row in range(ROWS)]

    def cluster(self, file, *options, ranks=1, dataset="/X"):
        output = self.path / "clusters.h5"
        done = run(["kmeans", "--input", self.path / file, "--dataset", dataset, "--clusters", "3", "--output", output, *options], ranks=ranks)
        self.assertEqual(done.code, 0, done)
        with h5py.File(output) as found:
            ids = found["ids"][:]
            return done, {"ids": [i.decode() if isinstance(i, bytes) else int(i) for i in ids],
                          **{name: found[name][:].tobytes() for name in ("assignments", "distances", "centroids", "clusters/sizes")}}

    def refused(self, file, *options, ranks=1):
        output = self.path / "refused.h5"
        done = run(["kmeans", "--input", self.path / file, "--dataset", "/X", "--clusters", "2", "--output", output, *options], ranks=ranks)
        self.assertEqual(done.code, 65, done)
        self.assertFalse(output.exists())
        (line,) = done.our_lines
        return line.removeprefix(f"rankwise: {self.path / file}: ")


class AnnotatedDataTest(HDF5Test):
    def write(self, file, matrix, index_name=None, **options):
        observations = pandas.DataFrame({"age": np.arange(ROWS)}, index=pandas.Index(self.names, name=index_name))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            anndata.AnnData(matrix, observations, layers={"twice": matrix * 2}, obsm={"space": self.dense[:, :4]}).write_h5ad(self.path / file, **options)

    def test_sparse_matrices_cluster_as_the_dense_one(self):
        self.write("dense.h5ad", self.dense)
        _, expected = self.cluster("dense.h5ad")
        self.assertEqual(expected["ids"], self.names)
        rows, columns = scipy.sparse.csr_matrix(self.dense), scipy.sparse.csc_matrix(self.dense)
        mixed = rows.copy()
        for row in range(ROWS):  # not in ascending order of columns
            part = slice(mixed.indptr[row], mixed.indptr[row + 1])
            mixed.indices[part], mixed.data[part] = mixed.indices[part][::-1].copy(), mixed.data[part][::-1].copy()
        mixed.has_sorted_indices = False
        for name, matrix, counts, options in (("csr", rows, (1, 3), {}), ("csc", columns, (1, 2, 3), {}), ("csr packed", rows, (2,), {"compression": "gzip"}),
                                              ("csc of integers", columns.astype(np.int64), (1,), {}), ("mixed", mixed, (1,), {})):
            self.write("sparse.h5ad", matrix, **options)
            for ranks in counts:
                with self.subTest(name, ranks=ranks):
                    done, found = self.cluster("sparse.h5ad", ranks=ranks)
                    self.assertIn(f"/X, {ROWS} x {COLUMNS}, sparse, ids = /obs/_index", done.err)
                    self.assertEqual(found, expected)
        _, expected = self.cluster("dense.h5ad", dataset="/layers/twice")
        self.assertEqual(self.cluster("sparse.h5ad", dataset="/layers/twice", ranks=2)[1], expected)
        self.assertEqual(self.cluster("sparse.h5ad", dataset="/obsm/space")[1]["ids"], self.names)

    def test_cosines_and_unit_rows_too(self):
        self.write("dense.h5ad", self.dense)
        self.write("sparse.h5ad", scipy.sparse.csc_matrix(self.dense))
        for options in (["--metric", "cosine"], ["--scale", "unit"]):
            self.assertEqual(self.cluster("sparse.h5ad", *options, ranks=2)[1], self.cluster("dense.h5ad", *options)[1])

    def test_names_of_observations(self):
        self.write("named.h5ad", scipy.sparse.csr_matrix(self.dense), index_name="customer")
        for options in ([], ["--id-column", "/obs"], ["--id-column", "/obs/_index"], ["--id-column", "/obs/customer"]):
            with self.subTest(options):
                done, found = self.cluster("named.h5ad", *options)
                self.assertEqual(found["ids"], self.names)
                self.assertIn("ids = /obs/customer", done.err)
        self.assertEqual(self.cluster("named.h5ad", "--id-column", "/obs/age")[1]["ids"], list(range(ROWS)))
        with h5py.File(self.path / "named.h5ad", "r+") as file:
            del file["obs/customer"]
            file["obs/customer"] = np.linspace(0, 1, ROWS)
        done, found = self.cluster("named.h5ad", "--quiet")
        self.assertEqual(found["ids"], list(range(ROWS)))
        self.assertEqual(done.our_lines, [f"rankwise: warning: {self.path / 'named.h5ad'}: /obs/customer is not one row of integer or string ids: "
                                          "it holds float64 values; rows are numbered from 0"])

    def test_the_form_of_old_files(self):
        self.write("dense.h5ad", self.dense)
        matrix = scipy.sparse.csr_matrix(self.dense)
        with h5py.File(self.path / "old.h5ad", "w") as file:
            group = file.create_group("X")
            group.attrs["h5sparse_format"], group.attrs["h5sparse_shape"] = "csr", matrix.shape
            for part in ("data", "indices", "indptr"):
                group[part] = getattr(matrix, part)
            file["names"] = self.names
        self.assertEqual(self.cluster("old.h5ad", "--id-column", "/names")[1], self.cluster("dense.h5ad")[1])

    def test_faults_are_named(self):
        def damaged(change, matrix=scipy.sparse.csr_matrix(self.dense), ranks=1):
            self.write("bad.h5ad", matrix)
            with h5py.File(self.path / "bad.h5ad", "r+") as file:
                change(file["X"])
            return self.refused("bad.h5ad", ranks=ranks)

        def put(name, place, value):
            def change(group):
                group[name][place] = value
            return change

        def encode(word):
            def change(group):
                group.attrs["encoding-type"] = word
            return change

        matrix = scipy.sparse.csr_matrix(self.dense)
        self.assertEqual(damaged(put("data", 5, np.nan), ranks=3), "/X: data: entry 5 is nan: expected a number within the range of 32-bit floating point")
        self.assertEqual(damaged(put("indices", 6, COLUMNS)), f"/X: indices: entry 6 is {COLUMNS}; expected 0 to {COLUMNS - 1}")
        self.assertEqual(damaged(put("indices", matrix.indptr[9] + 1, matrix.indices[matrix.indptr[9]])),
                         f"/X: row 9 has column {matrix.indices[matrix.indptr[9]]} more than once; expected each once (sum_duplicates of scipy)")
        self.assertEqual(damaged(put("indptr", 4, 10**6)).split(" falls")[0], "/X: indptr")
        self.assertEqual(damaged(encode("awkward-array")), "/X: is a group of encoding-type awkward-array; expected a dataset, csr_matrix or csc_matrix")
        self.assertEqual(damaged(lambda group: group.attrs.pop("encoding-type")),
                         "/X: is a group without the attribute encoding-type; expected a dataset, csr_matrix or csc_matrix")
        self.assertEqual(damaged(lambda group: group.attrs.modify("shape", (ROWS + 1, COLUMNS))),
                         f"/X: indptr holds {ROWS + 1} offsets, expected {ROWS + 2} for {ROWS + 1} rows")
        columns = scipy.sparse.csc_matrix(self.dense)
        self.assertEqual(damaged(lambda group: group.attrs.modify("shape", (2**50, COLUMNS)), columns, ranks=2),
                         f"/X: claims {2**50} rows, of which the file does not hold enough")


class TypesTest(HDF5Test):
    def make(self, ids=None, matrix=None, write=None):
        with h5py.File(self.path / "types.h5", "w") as file:
            file["X"] = self.dense if matrix is None else matrix
            if write:
                write(file)
            elif ids is not None:
                file["ids"] = ids

    @staticmethod
    def texts(type_, values):
        """Writes as a string type of HDF5's own making."""
        def write(file):
            space = h5py.h5s.create_simple((len(values),))
            dataset = h5py.h5d.create(file.id, b"ids", type_, space)
            dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array(values, dtype=f"S{type_.get_size()}"), type_)
        return write

    def test_ids_of_every_type(self):
        plain = [f"row {row:03d}" for row in range(ROWS)]
        numbers = np.arange(ROWS)
        padded = []
        for padding, pad in ((h5py.h5t.STR_NULLTERM, b"\0"), (h5py.h5t.STR_NULLPAD, b"\0"), (h5py.h5t.STR_SPACEPAD, b" ")):
            for charset in (h5py.h5t.CSET_ASCII, h5py.h5t.CSET_UTF8):
                type_ = h5py.h5t.C_S1.copy()
                type_.set_size(12)
                type_.set_strpad(padding)
                type_.set_cset(charset)
                padded.append(self.texts(type_, [text.encode().ljust(12, pad) for text in plain]))
        cases = [(np.array(plain, dtype="S7"), plain), (np.array(plain, dtype="S40"), plain), (np.array(plain, dtype=h5py.string_dtype("ascii")), plain),
                 (np.array(self.names, dtype=h5py.string_dtype()), self.names),
                 (np.array([name.encode() for name in self.names], dtype=h5py.string_dtype("utf-8", 24)), self.names),
                 *((write, plain) for write in padded),
                 *((numbers.astype(kind), numbers.tolist()) for kind in ("u1", "<i2", ">i2", ">u4", "<i8", ">i8", ">u8"))]
        for ids, expected in cases:
            with self.subTest(str(getattr(ids, "dtype", "padded"))):
                self.make(**({"write": ids} if callable(ids) else {"ids": ids}))
                self.assertEqual(self.cluster("types.h5", "--id-column", "/ids")[1]["ids"], expected)
        self.make(np.array(self.names, dtype=h5py.string_dtype()))
        self.assertEqual(self.cluster("types.h5", "--id-column", "/ids", ranks=3)[1]["ids"], self.names)

    def test_texts_that_are_not_where_they_should_be(self):
        self.make(np.array(self.names, dtype=h5py.string_dtype()))
        sound = (self.path / "types.h5").read_bytes()
        for place in (sound.index(b"GCOL"), sound.index(b"GCOL") + 8, sound.rindex(b"GCOL") + 16):
            (self.path / "types.h5").write_bytes(sound[:place] + b"\xff\xff" + sound[place + 2:])
            self.assertEqual(self.refused("types.h5", "--id-column", "/ids"), "/ids is damaged: its text is not where it should be")

    def test_ids_that_are_none(self):
        numbers = np.arange(ROWS)
        no_ids = "/ids is not one row of integer or string ids: it holds "
        large = numbers.astype("u8")
        large[7] = 2**63 + 5
        bits = h5py.h5t.STD_B8LE

        def write_bits(file):
            h5py.h5d.create(file.id, b"ids", bits, h5py.h5s.create_simple((ROWS,))).write(h5py.h5s.ALL, h5py.h5s.ALL, (numbers % 2).astype("u1"), bits)

        other = [name.encode("latin-1") for name in self.names]
        for ids, expected in ((numbers / 2, no_ids + "float64 values"), (numbers % 2 == 0, no_ids + "enum8 values"), (write_bits, no_ids + "bits8 values"),
                              (self.dense[:, :2], no_ids + "a table of float32 values"),
                              (np.zeros(ROWS, dtype=[("a", "i4"), ("b", "f4")]), "/ids holds values of type compound, expected numbers or strings"),
                              (numbers.astype(h5py.enum_dtype({"A": 0, "B": 1}, "i4")), "/ids holds values of type enum32, expected numbers or strings"),
                              (large, f"/ids: row 7 holds the id {2**63 + 5}; expected one below 2^63"),
                              (numbers - 1, "/ids: row 0 holds the negative id -1"),
                              (np.array(other, dtype="S24"), "/ids: row 0 is no UTF-8: 'cell 0\\xfc'")):
            with self.subTest(expected):
                self.make(**({"write": ids} if callable(ids) else {"ids": ids}))
                self.assertEqual(self.refused("types.h5", "--id-column", "/ids", ranks=3 if ids is large else 1), expected)

    def test_numbers_of_every_type(self):
        _, expected = (self.make(), self.cluster("types.h5"))[1]
        for kind in ("u1", ">i2", "<f2", ">f4", ">f8", "i8"):
            with self.subTest(kind):
                self.make(matrix=self.dense.astype(kind))
                self.assertEqual(self.cluster("types.h5")[1], expected)
        truth = self.dense > 0
        self.make(matrix=truth.astype(np.float32))
        _, expected = self.cluster("types.h5")
        self.make(matrix=truth)  # an enumeration of FALSE and TRUE
        self.assertEqual(self.cluster("types.h5")[1], expected)
        with h5py.File(self.path / "types.h5", "w") as file:  # as PyTables
            bits = h5py.h5t.STD_B8LE
            h5py.h5d.create(file.id, b"X", bits, h5py.h5s.create_simple(truth.shape)).write(h5py.h5s.ALL, h5py.h5s.ALL, truth.astype("u1"), bits)
        self.assertEqual(self.cluster("types.h5")[1], expected)
        self.make(matrix=self.dense.astype(np.complex64))
        self.assertEqual(self.refused("types.h5"), "/X holds values of type compound, expected numbers or strings")
        self.make(matrix=np.array([["a", "b"]] * ROWS, dtype="S1"))
        self.assertEqual(self.refused("types.h5"), "/X is not a matrix of numbers: it holds string[1] values in 2 dimensions")


if __name__ == "__main__":
    unittest.main()
