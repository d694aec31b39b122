"""Exported models as other programs read them: numpy, scipy, faiss; and the same bytes on any ranks."""
import hashlib
import unittest
import zipfile

import h5py
import numpy as np
import scipy.sparse

import numpy_als
import shop
from serving_case import Case

LAYOUTS = ((1, 1), (2, 1), (3, 2), (5, 1))  # ranks, threads


def side_ids(file, side):
    ids = file[f"{side}/ids"]
    return ids[:] if ids.dtype.kind == "i" else np.array(list(ids.asstr()))


class ExportTest(Case):
    @classmethod
    def make(cls):
        shop.write_log(cls.path / "log.csv", users=90, items=40)
        cls.job("prepare", "--input", "@log.csv", "--split", "random:0.3", "--output", "@data.h5")
        cls.job("als", "--data", "@data.h5", "--model", "@model.h5", "--factors", "5", "--epochs", "2")
        cls.job("als", "--data", "@data.h5", "--model", "@stars.h5", "--factors", "3", "--epochs", "2", "--objective", "explicit", "--biases")
        cls.job("itemcf", "--data", "@data.h5", "--model", "@items.h5", "--neighbours", "7")
        pairs = "ann,Käse ann,cup bob,Käse bob,🫖pot bob,cup cat,🫖pot cat,Käse dan,🫖pot eve,cup 1,x".split()
        (cls.path / "text.csv").write_text("user,item\n" + "".join(pair + "\n" for pair in pairs))
        cls.job("prepare", "--input", "@text.csv", "--output", "@text.h5")
        cls.job("als", "--data", "@text.h5", "--model", "@text-model.h5", "--factors", "2")

    def expected(self, model):
        with h5py.File(self.path / model) as file:
            arrays = {}
            for side, name in (("users", "user"), ("items", "item")):
                arrays[side] = file[f"{side}/factors"][:]
                arrays[f"{name}_ids"] = side_ids(file, side)
                arrays[f"{name}_entries"] = file[f"{side}/entries"][:]
                if f"{side}/biases" in file:
                    arrays[f"{name}_biases"] = file[f"{side}/biases"][:]
            if "user_biases" in arrays:
                arrays["global_mean"] = np.float64(file.attrs["global-mean"])
            return arrays

    def require_equal(self, loaded, expected):
        self.assertEqual(set(loaded), set(expected))
        for name, values in expected.items():
            got = loaded[name]
            self.assertEqual((got.shape, got.dtype.kind), (np.shape(values), np.asarray(values).dtype.kind), name)
            np.testing.assert_array_equal(got, values)
        self.assertEqual((loaded["users"].dtype, loaded["items"].dtype), ("<f4", "<f4"))

    def layouts(self, make, files):
        """`files` after make(rank, threads), the same on all layouts."""
        digests = set()
        for ranks, threads in LAYOUTS:
            make(ranks, threads)
            digests.add(tuple(hashlib.sha256((self.path / name).read_bytes()).hexdigest() for name in files))
        self.assertEqual(len(digests), 1)

    def test_numpy_reads_a_npz(self):
        for model in ("model.h5", "stars.h5", "text-model.h5"):
            self.layouts(lambda ranks, threads: self.job("export", "--model", f"@{model}", "--output", "@out.npz", "--threads", threads, ranks=ranks),
                         ["out.npz"])
            with np.load(self.path / "out.npz", allow_pickle=False) as loaded:
                self.require_equal(dict(loaded), self.expected(model))
            with zipfile.ZipFile(self.path / "out.npz") as file:
                self.assertIsNone(file.testzip())

    def test_numpy_reads_a_folder(self):
        for model in ("stars.h5", "text-model.h5"):
            expected = self.expected(model)
            folder = self.path / f"folder-{model}"
            self.layouts(lambda ranks, threads: self.job("export", "--model", f"@{model}", "--directory", folder, "--threads", threads, ranks=ranks),
                         [f"folder-{model}/{name}.npy" for name in expected])
            self.assertEqual({path.name for path in folder.iterdir()}, {f"{name}.npy" for name in expected})
            self.require_equal({name: np.load(folder / f"{name}.npy", allow_pickle=False) for name in expected}, expected)
            self.assertIsInstance(np.load(folder / "items.npy", mmap_mode="r"), np.memmap)
        # An export of a model without biases would leave those of the old one beside its factors.
        self.refused(73, "export", "--model", "@model.h5", "--directory", "@folder-stars.h5", words=["user_biases.npy", "another model"])

    def test_numpy_writes_the_same_headers(self):
        self.job("export", "--model", "@model.h5", "--directory", "@same")
        for name in ("users", "items", "user_ids", "item_ids", "user_entries", "item_entries"):
            array = np.load(self.path / "same" / f"{name}.npy")
            np.save(self.path / "again.npy", array)
            self.assertEqual((self.path / "again.npy").read_bytes(), (self.path / "same" / f"{name}.npy").read_bytes())

    def test_scipy_reads_an_item_model(self):
        self.layouts(lambda ranks, threads: self.job("export", "--model", "@items.h5", "--output", "@items.npz", "--threads", threads, ranks=ranks),
                     ["items.npz"])
        weights = scipy.sparse.load_npz(self.path / "items.npz")
        self.assertEqual((weights.format, weights.dtype), ("csc", np.float32))
        with h5py.File(self.path / "items.h5") as file:
            by_column = numpy_als.read_csr(file, "items/neighbours")
            self.assertEqual((weights != by_column.T).nnz, 0)
            with np.load(self.path / "items.npz") as loaded:
                np.testing.assert_array_equal(loaded["item_ids"], side_ids(file, "items"))
                np.testing.assert_array_equal(loaded["item_entries"], file["items/entries"][:])
        # prepare reads it as a matrix: the zip file is one that our own reader takes, too.
        self.job("prepare", "--input", "@items.npz", "--output", "@again.h5")

    def test_faiss_reads_and_writes_the_same_index(self):
        try:
            import faiss
        except ImportError:
            self.skipTest("python3-faiss is not installed")
        for model in ("model.h5", "stars.h5", "text-model.h5"):
            self.layouts(lambda ranks, threads: self.job("export", "--model", f"@{model}", "--output", "@out.faiss", "--threads", threads, ranks=ranks),
                         ["out.faiss"])
            arrays = self.expected(model)
            known = arrays["item_entries"] > 0
            vectors = arrays["items"] if model != "stars.h5" else np.hstack([arrays["items"], arrays["item_biases"][:, None]])
            vectors = np.ascontiguousarray(vectors[known])
            labels = np.arange(len(known))[known] if model == "text-model.h5" else arrays["item_ids"][known]
            own = faiss.IndexIDMap(faiss.IndexFlatIP(vectors.shape[1]))
            own.add_with_ids(vectors, labels)
            faiss.write_index(own, str(self.path / "own.faiss"))
            self.assertEqual((self.path / "own.faiss").read_bytes(), (self.path / "out.faiss").read_bytes())
            index = faiss.read_index(str(self.path / "out.faiss"))
            users = arrays["users"] if model != "stars.h5" else np.hstack([arrays["users"], np.ones((len(arrays["users"]), 1), np.float32)])
            _, found = index.search(np.ascontiguousarray(users), 3)
            scores = users.astype(float) @ vectors.T.astype(float)
            for row, listed in enumerate(found):
                best = np.sort(scores[row])[::-1][:3]
                places = [labels.tolist().index(label) for label in listed]
                np.testing.assert_allclose(scores[row][places], best, rtol=1e-5, atol=1e-6)

    def test_items_without_interactions(self):
        (self.path / "forged.h5").write_bytes((self.path / "model.h5").read_bytes())
        with h5py.File(self.path / "forged.h5", "r+") as file:
            file["items/entries"][3] = 0
            file["items/entries"][39] = 0
            file["users/entries"][:5] = 0
            absent = int((file["items/entries"][:] == 0).sum())
        done = self.job("export", "--model", "@forged.h5", "--verify-inputs", "no", "--output", "@out.faiss", ranks=3)
        self.assertIn(f"{absent} items left out", done.err)
        done = self.job("export", "--model", "@forged.h5", "--verify-inputs", "no", "--output", "@out.npz", ranks=2)
        self.assertIn(f"users and {absent} items have no interaction", done.err)

    def test_what_is_refused(self):
        self.refused(2, "export", "--model", "@model.h5", words=["--output", "--directory"])
        self.refused(2, "export", "--model", "@model.h5", "--output", "@no.npz", "--directory", "@no", words=["one of"])
        self.refused(2, "export", "--model", "@model.h5", "--output", "@no", words=[".npz or .faiss"])
        self.refused(2, "export", "--model", "@model.h5", "--output", "@no.csv", words=[".npz"])
        self.refused(2, "export", "--model", "@items.h5", "--output", "@no.faiss", words=["item model", ".npz"])
        self.refused(2, "export", "--model", "@items.h5", "--directory", "@no", words=["item model", ".npz"])
        self.refused(65, "export", "--model", "@data.h5", "--output", "@no.npz", words=["data.h5"])
        self.refused(66, "export", "--model", "@missing.h5", "--output", "@no.npz", words=["missing.h5"])
        self.refused(73, "export", "--model", "@model.h5", "--output", "@no/such.npz", words=["such.npz"])
        self.refused(73, "export", "--model", "@model.h5", "--directory", "@model.h5/below", words=["cannot create"])
        self.assertFalse(any((self.path / name).exists() for name in ("no", "no.npz", "no.faiss", "no.csv")))


if __name__ == "__main__":
    unittest.main()
