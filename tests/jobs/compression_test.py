"""--compression: every HDF5 file that a job writes has the same content in fewer bytes, the same bytes from any number of ranks, and other programs
read it."""
import hashlib
import pathlib
import tempfile
import unittest

import h5py
import numpy

import shop
from program import run


def contents(path):
    """Rows of all datasets but digests, and the attributes but what the option changes."""
    found = {}
    with h5py.File(path) as file:
        def note(name, entry):
            found[name] = {key: value for key, value in entry.attrs.items() if not isinstance(value, numpy.ndarray)}
            if isinstance(entry, h5py.Dataset):
                found[name]["rows"] = hashlib.sha256(entry[()].tobytes()).hexdigest()
        file.visititems(note)
    return {name: entry for name, entry in found.items() if not name.startswith("digests")}


def packed(path):
    with h5py.File(path) as file:
        names = []
        file.visititems(lambda name, entry: names.append(name) if isinstance(entry, h5py.Dataset) and entry.compression == "gzip" and entry.shuffle else None)
        return names


class CompressionTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.path = pathlib.Path(folder)
        shop.write_log(cls.path / "log.csv", users=1500, items=200)
        cls.done(["prepare", "--input", cls.path / "log.csv", "--split", "random:0.1", "--output", cls.path / "data.h5"])
        cls.done(["als", "--data", cls.path / "data.h5", "--factors", "24", "--epochs", "3", "--model", cls.path / "model.h5"])

    @classmethod
    def done(cls, arguments, ranks=1, code=0):
        finished = run(arguments, ranks=ranks)
        assert finished.code == code, finished
        return finished

    def test_every_file(self):
        model, data = self.path / "model.h5", self.path / "data.h5"
        jobs = {"data": ["prepare", "--input", self.path / "log.csv", "--split", "random:0.1", "--output"],
                "model": ["als", "--data", data, "--factors", "24", "--epochs", "3", "--model"],
                "clusters": ["kmeans", "--input", model, "--rows", "users", "--clusters", "5", "--output"],
                "lists": ["recommend", "--data", data, "--model", model, "--top", "20", "--output"]}
        for name, job in jobs.items():
            with self.subTest(job=job[0]):
                plain, small = self.path / f"{name}-plain.h5", self.path / f"{name}-small.h5"
                self.done([*job, plain])
                digests = set()
                for ranks, threads in ((1, 1), (1, 2), (3, 2), (7, 1)) if name == "model" else ((1, 2), (3, 1)):
                    self.done([*job, small, "--compression", "4", "--threads", threads], ranks=ranks)
                    digests.add(hashlib.sha256(small.read_bytes()).hexdigest())
                self.assertEqual(len(digests), 1)
                self.assertTrue(packed(small))
                self.assertFalse(packed(plain))
                self.assertEqual(contents(small), contents(plain))
                self.assertLess(small.stat().st_size, plain.stat().st_size)
                self.done(["verify", small])

    def test_checkpoints_of_packed_factors_are_resumed(self):
        expected, checkpoints = self.path / "expected.h5", self.path / "checkpoints"
        job = ["als", "--data", self.path / "data.h5", "--factors", "24", "--epochs", "3", "--compression", "9"]
        self.done([*job, "--model", expected])
        for writing, ranks_of_parts in (("behind", (1, 3)), ("waiting", (2, 1))):
            checkpoints.mkdir(exist_ok=True)
            for ranks in ranks_of_parts:
                (checkpoints / "stop").touch()
                self.done([*job, "--model", self.path / "other.h5", "--checkpoint", checkpoints, "--checkpoint-writing", writing], ranks=ranks, code=75)
            newest = checkpoints / (checkpoints / "newest").read_text().strip()
            self.assertEqual(sorted(packed(newest)), ["items/factors", "users/factors"])
            self.done(["verify", newest], ranks=ranks_of_parts[1])
            self.done([*job, "--model", self.path / "other.h5", "--checkpoint", checkpoints], ranks=ranks_of_parts[0])
            self.assertEqual((self.path / "other.h5").read_bytes(), expected.read_bytes())
            for path in checkpoints.iterdir():
                path.unlink()

    def test_damage_is_named(self):
        small = self.path / "damaged.h5"
        self.done(["als", "--data", self.path / "data.h5", "--factors", "24", "--epochs", "1", "--model", small, "--compression", "1"])
        with h5py.File(small) as file:
            chunk = file["users/factors"].id.get_chunk_info(0)
        content = bytearray(small.read_bytes())
        content[chunk.byte_offset + chunk.size // 2] ^= 16
        small.write_bytes(content)
        done = self.done(["verify", small], ranks=2, code=65)
        self.assertIn("/users/factors", done.err)

    def test_refusals(self):
        done = self.done(["recommend", "--data", self.path / "data.h5", "--model", self.path / "model.h5", "--output", self.path / "lists.csv", "--compression", "3"], code=2)
        self.assertIn("--compression", done.our_lines[0])
        done = self.done(["als", "--data", self.path / "data.h5", "--model", self.path / "no.h5", "--compression", "10"], code=2)
        self.assertIn("--compression 10: expected a number from 0 to 9", done.our_lines[0])


if __name__ == "__main__":
    unittest.main()
