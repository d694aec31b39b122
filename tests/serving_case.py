"""What tests of served lists share: datasets and models in a folder, and lists by plain numpy."""
import csv
import hashlib
import pathlib
import tempfile
import unittest

import h5py
import numpy as np

import numpy_als
from program import ranks_of_refusal, run

RANKS = (1, 3)


def popularity_order(entries):
    """Items with an entry, most entries first, ties to the lower item."""
    order = np.lexsort((np.arange(len(entries)), -entries))
    return [item for item in order if entries[item] > 0]


def expected_list(scores, entries, history, top, seen="exclude"):
    """The best items that a list may hold; scores of None stand for a user whom the model does not know."""
    allowed = [item for item in range(len(entries)) if entries[item] > 0
               and (seen == "allow" or (item in history) == (seen == "only"))]
    if scores is None:
        order = [item for item in popularity_order(entries) if item in set(allowed)]
    else:
        order = sorted(allowed, key=lambda item: (-scores[item], item))
    return order[:top]


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        cls.make()

    @classmethod
    def make(cls):
        """What all tests of a class share."""

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def job(cls, *args, ranks=1, code=0):
        done = run([cls.path / arg[1:] if isinstance(arg, str) and arg.startswith("@") else arg for arg in args], ranks=ranks)
        assert done.code == code, done
        return done

    def refused(self, code, *args, words=()):
        done = self.job(*args, ranks=ranks_of_refusal(self, code), code=code)
        errors = [line for line in done.our_lines if not line.startswith("rankwise: warning")]
        self.assertEqual(len(errors), 1, done)
        for word in words:
            self.assertIn(word, errors[0])

    def lists(self, name):
        """Rows of a CSV of recommendations by user."""
        by_user = {}
        with open(self.path / name, newline="") as file:
            for row in csv.DictReader(file):
                by_user.setdefault(row["user"], []).append(row)
        return by_user

    def digest(self, name):
        return hashlib.sha256((self.path / name).read_bytes()).hexdigest()

    def alike(self, name, *args):
        """A job's file, the same for any number of ranks."""
        digests = set()
        for ranks, threads in ((1, 1), (3, 2)):
            done = self.job(*args, "--threads", threads, ranks=ranks)
            digests.add(self.digest(name))
        self.assertEqual(len(digests), 1, args)
        return done

    def matrices(self, data):
        with h5py.File(self.path / data) as file:
            heldout = file.get("heldout")
            parts = {name: numpy_als.read_csr(file, f"heldout/{name}") for name in ("interactions", "given", "repeated")
                     if heldout is not None and name in heldout}
            users = [text.decode() for text in file["users/ids"][:]]
            new = [text.decode() for text in file["heldout/users/ids"][:]] if "given" in parts else []
            items = [text.decode() if isinstance(text, bytes) else int(text) for text in file["items/ids"][:]]
            return numpy_als.read_csr(file, "interactions"), parts, users, new, items
