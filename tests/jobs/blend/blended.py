"""What tests of blends share: a small dataset with models of both kinds, and blended scores in plain numpy."""
import json
import pathlib
import tempfile
import unittest

import h5py
import numpy as np
import scipy.sparse
import scipy.stats

import numpy_als
import plain_metrics
from program import run


def item_weights(path):
    with h5py.File(path) as file:
        group = file["items/neighbours"]
        return scipy.sparse.csc_matrix((group["data"][:], group["indices"][:], group["indptr"][:]), shape=group.attrs["shape"]).toarray()


def factor_scores(data, path):
    """Of each user, of all items; nothing is known of users without a training entry."""
    users, items, *_ = numpy_als.read_model(path)
    scores = plain_metrics.float_scores(users, items)
    for user in range(len(scores)):
        if not data.is_known(user):
            scores[user] = 0
    return scores


def item_scores(data, path):
    weights = item_weights(path).astype(float)
    scores = np.zeros((data.seen.shape[0], data.items))
    for user in range(len(scores)):
        for item in data.row(data.seen, user):
            scores[user] += weights[item]
    return scores.astype(np.float32)


def normalize(scores, kind):
    scores = scores.astype(float)
    if scores.min() == scores.max():
        return np.full(len(scores), 0.0 if kind == "standard" else 0.5)
    if kind == "standard":
        return (scores - scores.mean()) / scores.std()
    return (scipy.stats.rankdata(scores) - 1) / (len(scores) - 1)


def blended(data, models, weights, kind, seen):
    """Scores of a user for plain_metrics.Lists: weighted sums as floats; popularity if no model tells items apart."""
    shares = np.array(weights) / max(weights)
    shares = shares / shares.sum()

    def scores(user):
        allowed = data.candidates(user, seen)
        parts = [model[user][allowed] for model in models]
        if all(part.min() == part.max() for part in parts):
            return [data.entries]
        total = np.full(data.items, np.nan, dtype=np.float32)
        total[allowed] = sum(share * normalize(part, kind) for share, part in zip(shares, parts)).astype(np.float32)
        return [total]
    return scores


class Blended(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        shared = tempfile.TemporaryDirectory()
        cls.addClassCleanup(shared.cleanup)
        cls.folder = pathlib.Path(shared.name)
        for command in ("synthesize --users 150 --items 90 --interactions 2500 --output s.csv",
                        "prepare --input s.csv --duplicates sum --split random:0.2 --validation random:0.2 --output d.h5",
                        "als --data d.h5 --model als.h5 --factors 6 --epochs 3",
                        "als --data d.h5 --model als-2.h5 --factors 3 --epochs 2 --objective explicit --biases",
                        "itemcf --data d.h5 --model items.h5 --neighbours 8"):
            cls.job(*command.split())

    @classmethod
    def job(cls, *arguments, code=0, ranks=1, env=None):
        done = run([*arguments, "--quiet"], cwd=cls.folder, ranks=ranks, env=env)
        assert done.code == code, done
        return done

    def refused(self, code, words, *arguments):
        done = run([*arguments, "--quiet"], cwd=self.folder)
        self.assertEqual(done.code, code, done)
        self.assertEqual(len(done.our_lines), 1, done)
        for word in words:
            self.assertIn(word, done.our_lines[0])

    def told(self, *arguments, **options):
        done = self.job(*arguments, "--output", "out.json", **options)
        return json.loads((self.folder / "out.json").read_text()), done


BOTH = ("--model", "als.h5", "--model", "items.h5")
