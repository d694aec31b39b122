"""Metrics, lists and slices in plain numpy and Python: full sorts, loops over pairs, formulas as they are written. Nothing is
shared with the program but the files that it wrote, which h5py reads."""
import math

import h5py
import numpy as np
import scipy.stats

import numpy_als


class Data:
    """A dataset and the counts that rankings need."""

    def __init__(self, path):
        with h5py.File(path) as file:
            self.training = numpy_als.read_csr(file, "interactions")
            self.heldout = numpy_als.read_csr(file, "heldout/interactions")
            self.given = numpy_als.read_csr(file, "heldout/given") if "given" in file["heldout"] else None
            self.times = file["interactions/time"][:] if "time" in file["interactions"] else None
            self.heldout_times = file["heldout/interactions/time"][:] if "time" in file["heldout/interactions"] else None
        self.seen = self.training if self.given is None else self.given
        self.entries = np.diff(self.training.tocsc().indptr)
        self.users, self.items = self.training.shape

    def row(self, matrix, user):
        return matrix.indices[matrix.indptr[user]:matrix.indptr[user + 1]]

    def history(self, user):
        return set(self.row(self.seen, user).tolist())

    def targets(self, user, seen):
        """{item: place among all held-out entries}"""
        begin, end = self.heldout.indptr[user], self.heldout.indptr[user + 1]
        history = self.history(user)
        return {int(self.heldout.indices[place]): place for place in range(begin, end)
                if seen == "allow" or (int(self.heldout.indices[place]) in history) == (seen == "only")}

    def candidates(self, user, seen):
        history = self.history(user)
        return [item for item in range(self.items) if self.entries[item] > 0 and (seen == "allow" or (item in history) == (seen == "only"))]

    def is_known(self, user):
        return any(self.entries[item] > 0 for item in self.history(user))


def float_scores(users, items):
    """Products as the program's kernel rounds them: one float accumulator, fused multiply-add, columns in order."""
    scores = np.zeros((len(users), len(items)), dtype=np.float32)
    for column in range(users.shape[1]):
        product = users[:, column:column + 1].astype(np.float64) * items[:, column].astype(np.float64)
        scores = (product + scores.astype(np.float64)).astype(np.float32)
    return scores


# Scores of each user for all items: arrays that are compared one after the other.

def model_scores(data, users, items):
    scores = float_scores(users, items)
    return lambda user: [scores[user]] if data.is_known(user) else [data.entries]


def popularity_scores(data):
    return lambda user: [data.entries]


def recent_scores(data, seconds):
    inside = data.times.max() - data.times < seconds
    counts = np.bincount(data.training.indices[inside], minlength=data.items)
    return lambda user: [counts, data.entries]


def own_scores(data):
    def scores(user):
        values = np.full(data.items, -np.inf)
        begin, end = data.seen.indptr[user], data.seen.indptr[user + 1]
        values[data.seen.indices[begin:end]] = data.seen.data[begin:end]
        return [values, data.entries]
    return scores


def cosine_scores(data):
    dense = (data.training.toarray() != 0).astype(np.int64)
    both = dense.T @ dense
    weights = np.zeros(both.shape)
    for i in range(data.items):
        for j in range(data.items):
            if i != j and both[i, j] > 0:
                weights[i, j] = both[i, j] / math.sqrt(float(data.entries[i]) * float(data.entries[j]))

    def scores(user):
        if not data.is_known(user):
            return [data.entries]
        total = np.zeros(data.items)
        for item in sorted(data.history(user)):
            total += weights[item]
        return [total]
    return scores


def ranking(keys, candidates):
    """Candidates, best first; ties to the lower item."""
    return sorted(candidates, key=lambda item: tuple(-key[item] for key in keys) + (item,))


def area(keys, candidates, targets):
    """The share of pairs of a target and another candidate in which the target comes first; a target that is no candidate loses to all."""
    _, places = np.unique(np.column_stack([np.asarray(key, float)[candidates] for key in keys]), axis=0, return_inverse=True)
    places = places.ravel()  # the same place: equal in all keys
    is_target = np.isin(candidates, list(targets))
    others = places[~is_target]
    if len(others) == 0:
        return 0.5
    won = sum(np.count_nonzero(place > others) + 0.5 * np.count_nonzero(place == others) for place in places[is_target])
    return won / (len(targets) * len(others))


def value(kind, k, listed, targets, values, data, factors, definitions):
    """One user's value of a metric of lists."""
    hits = [p for p, item in enumerate(listed[:k], 1) if item in targets]
    m = min(k, len(targets))
    if kind == "recall":
        return len(hits) / (len(targets) if definitions in ("recbole", "trec") else m)
    if kind == "precision":
        return len(hits) / k
    if kind == "ndcg":
        return sum(1 / math.log2(p + 1) for p in hits) / sum(1 / math.log2(p + 1) for p in range(1, m + 1))
    if kind == "map":
        return sum((i + 1) / p for i, p in enumerate(hits)) / (len(targets) if definitions == "trec" else m)
    if kind == "mrr":
        return 1 / hits[0] if hits else 0.0
    if kind == "hr":
        return 1.0 if hits else 0.0
    if kind == "revenue":
        return sum(float(values[targets[listed[p - 1]]]) for p in hits)
    if kind == "novelty":
        return float(np.mean([-math.log2(data.entries[item] / data.users) for item in listed[:k]])) if listed[:k] else 0.0
    if kind == "diversity":
        cosines = [float(factors[a] @ factors[b]) for at, a in enumerate(listed[:k]) for b in listed[:at]]
        return 1 - float(np.mean(cosines)) if cosines else 0.0
    raise ValueError(kind)


def unit(factors):
    norms = np.linalg.norm(factors.astype(float), axis=1, keepdims=True)
    return np.divide(factors.astype(float), norms, out=np.zeros(factors.shape), where=norms > 0)


class Lists:
    """All lists of one contender."""

    def __init__(self, data, scores_of, seen, factors=None, definitions="ours"):
        self.data, self.seen, self.definitions = data, seen, definitions
        self.factors = unit(factors) if factors is not None else None
        self.targets = {user: targets for user in range(data.heldout.shape[0]) if (targets := data.targets(user, seen))}
        self.users = list(self.targets)
        self.keys = {user: scores_of(user) for user in self.users}
        self.candidates = {user: data.candidates(user, seen) for user in self.users}
        self.listed = {user: ranking(self.keys[user], self.candidates[user]) for user in self.users}

    def values(self, metric, users=None, keep=lambda place: True):
        """Of each user with targets of which `keep` says so."""
        kind, _, k = metric.partition("@")
        found = []
        for user in self.users if users is None else users:
            targets = {item: place for item, place in self.targets.get(user, {}).items() if keep(place)}
            if not targets:
                continue
            if kind == "auc":
                found.append(area(self.keys[user], self.candidates[user], targets))
            else:
                found.append(value(kind, int(k), self.listed[user], targets, self.data.heldout.data, self.data, self.factors, self.definitions))
        return np.array(found)

    def concentration(self, metric):
        kind, _, k = metric.partition("@")
        counts = np.zeros(self.data.items + (self.definitions == "recbole"))
        for listed in self.listed.values():
            for item in listed[:int(k)]:
                counts[item] += 1
        if kind == "coverage":
            return np.count_nonzero(counts) / len(counts)
        counts = np.sort(counts)
        n = len(counts)
        return float(np.sum((2 * np.arange(1, n + 1) - n - 1) * counts) / (n * counts.sum()))


def half_width(values):
    return scipy.stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / math.sqrt(len(values))
