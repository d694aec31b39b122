"""An independent ALS with features in numpy (float64): rows are held near a linear map of their features, which is solved anew
before each half-sweep but the first epoch's; and features made from a table in plain loops. Nothing shared with the program."""
import math
import re

import numpy as np


def words(text):
    """The words of a text, each once; ASCII letters in lower case."""
    return sorted(set(re.findall("[a-z0-9\x80-\U0010ffff]+", "".join(c.lower() if c < "\x80" else c for c in text))))


class Features:
    """The features of a table by columns: {name: list of values, None for missing}, learned from the trained rows. `kinds` has
    category, number or text for each. Labels of hashed columns are not known here: no column may have too many."""

    def __init__(self, table, kinds, trained):
        self.names, self.columns = ["constant"], [np.ones(len(trained))]
        self.known = np.zeros(len(trained), dtype=bool)
        for name, values in table.items():
            labels = [[] if value is None else words(value) if kinds[name] == "text" else [value] for value in values]
            missing = np.array([not each for each in labels])
            if kinds[name] == "number":
                own = np.array([value for value, is_trained in zip(values, trained) if is_trained and value is not None])
                mean, deviation = own.mean(), own.std()
                self.add(name, [0 if value is None else min(4, max(-4, (value - mean) / deviation)) for value in values])
                self.known |= ~missing
            else:
                all_labels = sorted({label for each, is_trained in zip(labels, trained) if is_trained for label in each},
                                    key=lambda label: label.encode())
                for label in all_labels:
                    self.add(f"{name}{':' if kinds[name] == 'text' else '='}{label}",
                             [1 / math.sqrt(len(each)) if label in each else 0 for each in labels])
                self.known |= np.array([any(label in all_labels for label in each) for each in labels])
            if (missing & trained).any():
                self.add(f"{name}=missing", missing.astype(float))

    def add(self, name, values):
        self.names.append(name)
        self.columns.append(np.array(values, dtype=float))

    @property
    def matrix(self):
        return np.column_stack(self.columns)


class DescribedAls:
    """`matrix`: users x items; `features`: of users and of items, a dense matrix or None; `start`: the items' factors."""

    def __init__(self, matrix, features, start, objective):
        self.sides = [matrix.tocsr().astype(float), matrix.T.tocsr().astype(float)]
        for side in self.sides:
            side.sort_indices()
        self.features, self.objective = features, objective
        self.biases = objective.get("biases", False)
        self.mean = self.sides[0].data.mean() if self.biases else 0.0
        width = start.shape[1] + self.biases
        self.factors = [np.zeros((side.shape[0], width)) for side in self.sides]
        self.factors[1][:, :start.shape[1]] = start
        self.maps = [None if each is None else np.zeros((each.shape[1], width)) for each in features]
        self.losses = []

    def counts(self, side):
        return np.diff(self.sides[side].indptr)

    def lambdas(self, side):
        mass = self.counts(side) + (self.objective["alpha0"] * self.sides[1 - side].shape[0] if self.implicit else 0)
        return self.objective["lambda"] * mass ** self.objective.get("nu", 1)

    @property
    def implicit(self):
        return "alpha0" in self.objective

    def penalty(self, side):
        return self.objective["penalty"] * self.lambdas(side)[self.counts(side) > 0].mean()

    def solve_map(self, side):
        weights = self.lambdas(side) * (self.counts(side) > 0)
        f = self.features[side]
        self.maps[side] = np.linalg.solve(f.T @ (weights[:, None] * f) + self.penalty(side) * np.eye(f.shape[1]),
                                          f.T @ (weights[:, None] * self.factors[side]))

    def predicted(self, side):
        return np.zeros_like(self.factors[side]) if self.features[side] is None else self.features[side] @ self.maps[side]

    def weight_and_target(self, values):
        """Of entries in the normal equations."""
        if not self.implicit:
            return np.ones_like(values), values - self.mean
        if "alpha" not in self.objective:
            return np.ones_like(values), np.ones_like(values)
        confidence = 1 + self.objective["alpha"] * values
        return confidence - self.objective["alpha0"], confidence

    def half_sweep(self, side):
        matrix, other, prior, lambdas = self.sides[side], self.factors[1 - side], self.predicted(side), self.lambdas(side)
        base = self.objective["alpha0"] * other.T @ other if self.implicit else np.zeros((other.shape[1],) * 2)
        for row in range(matrix.shape[0]):
            begin, end = matrix.indptr[row], matrix.indptr[row + 1]
            if begin == end:
                self.factors[side][row] = 0
                continue
            y = other[matrix.indices[begin:end]].copy()
            weight, target = self.weight_and_target(matrix.data[begin:end])
            if self.biases:
                target = target - y[:, -1]
                y[:, -1] = 1
            system = base + lambdas[row] * np.eye(y.shape[1]) + (y.T * weight) @ y
            self.factors[side][row] = np.linalg.solve(system, y.T @ target + lambdas[row] * prior[row])

    def predictions(self):
        if not self.biases:
            return self.factors[0] @ self.factors[1].T
        users, items = self.factors
        return self.mean + users[:, -1:] + items[:, -1] + users[:, :-1] @ items[:, :-1].T

    def loss(self):
        predictions = self.predictions()
        rows, columns = self.sides[0].nonzero()
        values, seen = self.sides[0].data, predictions[rows, columns]
        if not self.implicit:
            total = ((values - seen) ** 2).sum()
        else:
            alpha0, alpha = self.objective["alpha0"], self.objective.get("alpha")
            confidence = np.ones_like(values) if alpha is None else 1 + alpha * values
            total = (confidence * (1 - seen) ** 2).sum() + alpha0 * (predictions ** 2).sum()
            total -= 0 if alpha is None else alpha0 * (seen ** 2).sum()
        for side in (0, 1):
            rest = (self.factors[side] - self.predicted(side))[self.counts(side) > 0]
            total += (self.lambdas(side)[self.counts(side) > 0, None] * rest ** 2).sum()
            if self.maps[side] is not None:
                total += self.penalty(side) * (self.maps[side] ** 2).sum()
        return total

    def train(self, epochs):
        for epoch in range(epochs):
            for side in (0, 1):
                if epoch > 0 and self.features[side] is not None:
                    self.solve_map(side)
                self.half_sweep(side)
            self.losses.append(self.loss())
        return self

    def served(self, side, known):
        """Factors with the map's predictions in the place of rows without entries of which something is known."""
        factors = self.factors[side].copy()
        if self.features[side] is not None:
            self.solve_map(side)
            cold = (self.counts(side) == 0) & known
            factors[cold] = self.predicted(side)[cold]
        return factors
