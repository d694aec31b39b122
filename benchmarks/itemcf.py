"""Pairs of items a second that `rankwise itemcf` counts, beside scipy's sparse product X^T X in the same run; and what ridge weights take on top.

    benchmarks/itemcf.py [--program PATH] [--shape movielens-20m] [--scale 1] [--threads 1,2] [--neighbours 100] [--peer-share 0.05] [--repeat 3]

Plants a log of the shape and splits off a tenth. Then, `repeat` times in turn, for each number of threads: neighbours, and ridge weights. A pair is one
increment: the sum over users of the square of their items; scipy adds the same, for the first users that hold the share of the interactions (its result has all
pairs in memory at once), with 32-bit integers. Seconds are those of the phases, without reading and writing; medians.
Needs Debian's python3-scipy and python3-h5py.
"""
import argparse
import json
import pathlib
import statistics
import tempfile
import time

import h5py
import numpy as np
import scipy.sparse

from epochs import PROGRAM, dataset_of, run, synthetic_log


def our_events(program, data, folder, threads, *options):
    log = folder / "itemcf.jsonl"
    run(program, "itemcf", "--quiet", "--data", data, "--model", folder / "items.h5", "--threads", threads, "--log-json", log, *options)
    return [json.loads(line) for line in log.read_text().splitlines()]


def phase_seconds(events, name):
    return next(event["max_seconds"] for event in events if event["event"] == "phase" and event["phase"] == name)


def of_event(events, name):
    return next(event for event in events if event["event"] == name)


def peer_rate(data, share):
    """Pairs a second of scipy, and the entries of its result."""
    with h5py.File(data) as file:
        group = file["interactions"]
        indptr = group["indptr"][:]
        users = max(int(np.searchsorted(indptr, share * indptr[-1])), 1)
        indices = group["indices"][:indptr[users]]
        items = group.attrs["shape"][1]
    x = scipy.sparse.csr_matrix((np.ones(len(indices), np.int32), indices, indptr[:users + 1]), shape=(users, items))
    pairs = float((np.diff(x.indptr).astype(np.int64)**2).sum())
    transposed = x.T.tocsr()
    begin = time.perf_counter()
    product = transposed @ x
    return pairs / (time.perf_counter() - begin), product.nnz


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=PROGRAM)
    parser.add_argument("--shape", default="movielens-20m")
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--neighbours", default="100")
    parser.add_argument("--peer-share", type=float, default=0.05, help="of the interactions, for scipy")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        data = dataset_of(options.program, synthetic_log(options.program, options.shape, options.scale, folder), folder, "--split", "random:0.1")
        threads = options.threads.split(",")
        counts, ridges, peers = {each: [] for each in threads}, {each: [] for each in threads}, []
        for _ in range(options.repeat):
            for each in threads:
                events = our_events(options.program, data, folder, each, "--neighbours", options.neighbours, "--weights", "ridge")
                counted, ridge = of_event(events, "neighbours")["counted_pairs"], of_event(events, "ridge")
                counts[each].append(phase_seconds(events, "count"))
                ridges[each].append(phase_seconds(events, "ridge"))
            peers.append(peer_rate(data, options.peer_share))
        for each in threads:
            seconds = statistics.median(counts[each])
            print(f"{each} threads: neighbours {seconds:.2f} s, {counted / seconds:.3g} pairs/s; ridge weights {statistics.median(ridges[each]):.2f} s "
                  f"({ridge['counted_pairs']:.3g} pairs, {ridge['asked_pairs']:.3g} sums, {ridge['batches']} batches)")
        print(f"scipy, {options.peer_share:.0%} of the interactions: {statistics.median(rate for rate, _ in peers):.3g} pairs/s, {peers[0][1]:.3g} sums in memory")


if __name__ == "__main__":
    main()
