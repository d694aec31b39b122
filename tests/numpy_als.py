"""An independent ALS in numpy and scipy (float64): the formulas of kernels/als/objective.hpp, row by row, nothing shared with
the program. Also readers of the program's files by h5py alone."""
import h5py
import numpy as np
import scipy.sparse


def read_csr(file, name):
    group = file[name]
    return scipy.sparse.csr_matrix((group["data"][:], group["indices"][:], group["indptr"][:]), shape=group.attrs["shape"])


def read_model(path):
    """(user factors, item factors, user biases or None, item biases or None, attributes)"""
    with h5py.File(path) as file:
        biases = [file[f"{side}/biases"][:] if "biases" in file[side] else None for side in ("users", "items")]
        return file["users/factors"][:], file["items/factors"][:], biases[0], biases[1], dict(file.attrs)


def _solve_rows(matrix, other, base, weight, target, lambdas):
    result = np.zeros((matrix.shape[0], other.shape[1]))
    for row in range(matrix.shape[0]):
        begin, end = matrix.indptr[row], matrix.indptr[row + 1]
        if begin == end:
            continue
        features = other[matrix.indices[begin:end]]
        values = matrix.data[begin:end].astype(float)
        system = base + lambdas[row] * np.eye(other.shape[1]) + (features.T * weight(values)) @ features
        result[row] = np.linalg.solve(system, features.T @ target(values))
    return result


def implicit_als(matrix, items, epochs, alpha0, lam, nu, weighting, alpha):
    """Returns users and items after `epochs` from the start `items`."""
    confidence = {"constant": lambda r: np.ones_like(r), "linear": lambda r: 1 + alpha * r,
                  "log": lambda r: 1 + alpha * np.log1p(r)}[weighting]
    shift = 0.0 if weighting == "constant" else alpha0
    sides = [matrix.tocsr(), matrix.T.tocsr()]
    for side in sides:
        side.sort_indices()
    factors = [None, items.astype(float)]
    for _ in range(epochs):
        for mine, other in ((0, 1), (1, 0)):
            counts = np.diff(sides[mine].indptr)
            lambdas = lam * (counts + alpha0 * factors[other].shape[0]) ** nu
            base = alpha0 * factors[other].T @ factors[other]
            factors[mine] = _solve_rows(sides[mine], factors[other], base, lambda r: confidence(r) - shift, confidence, lambdas)
    return factors[0], factors[1]


def explicit_als(matrix, items, epochs, lam, nu, biases):
    """Returns users and items after `epochs`; with biases the last column of each is the bias (start: zero)."""
    sides = [matrix.tocsr().astype(float), matrix.T.tocsr().astype(float)]
    mean = sides[0].data.mean() if biases else 0.0
    width = items.shape[1] + (1 if biases else 0)
    start = np.zeros((items.shape[0], width))
    start[:, :items.shape[1]] = items
    factors = [None, start]
    for _ in range(epochs):
        for mine, other in ((0, 1), (1, 0)):
            result = np.zeros((sides[mine].shape[0], width))
            for row in range(result.shape[0]):
                begin, end = sides[mine].indptr[row], sides[mine].indptr[row + 1]
                if begin == end:
                    continue
                features = factors[other][sides[mine].indices[begin:end]].copy()
                target = sides[mine].data[begin:end] - mean
                if biases:
                    target = target - features[:, -1]
                    features[:, -1] = 1.0
                system = lam * (end - begin) ** nu * np.eye(width) + features.T @ features
                result[row] = np.linalg.solve(system, features.T @ target)
            factors[mine] = result
    return factors[0], factors[1]
