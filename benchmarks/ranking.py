"""Seconds to rank all items for all users: `rankwise recommend` and `evaluate` beside faiss' flat index and numpy's argpartition, with shares of the FMA peak.

    benchmarks/ranking.py [--program PATH] [--shape movielens-20m] [--scale 1] [--factors 64,128] [--threads 1,2] [--top 100] [--epochs 2] [--repeat 3]

Plants a log of the shape, splits off a tenth, trains a model for each number of factors; then all four run in turn, `repeat` times; medians. GFLOP/s count every
score, 2 users items k, over the seconds; the FMA peak is measured by each run of evaluate. The seen column says whether items of the training part are left out
of lists. `recommend` counts its writing, `evaluate` all of its phases but reading: ranking, baselines, estimates; rank alone is the phase of that name. Peers get
the factors in memory; faiss' index is built before. OPENBLAS_CORETYPE, which faiss and numpy heed, is set to this machine's kernels if it is not set already, because
older OpenBLAS does not know newer processors and falls back to SSE3.
Needs Debian's python3-faiss, python3-h5py and python3-threadpoolctl.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time


def openblas_kernels():
    flags = next((line for line in open("/proc/cpuinfo", encoding="utf-8") if line.startswith("flags")), "").split()
    return "SKYLAKEX" if "avx512f" in flags else "HASWELL" if "avx2" in flags else None


if openblas_kernels() is not None:
    os.environ.setdefault("OPENBLAS_CORETYPE", openblas_kernels())  # read when the library is loaded

import faiss  # noqa: E402
import h5py  # noqa: E402
import numpy as np  # noqa: E402
import threadpoolctl  # noqa: E402

from epochs import PROGRAM, dataset_of, run, synthetic_log, trained_events  # noqa: E402


class Model:
    """Factors as peers want them, and the items of each user's training part."""

    def __init__(self, data, model):
        with h5py.File(model) as file:
            self.users, self.items = (file[f"{side}/factors"][:] for side in ("users", "items"))
        with h5py.File(data) as file:
            self.indptr, self.indices = (file[f"interactions/{name}"][:] for name in ("indptr", "indices"))

    def flops(self):
        return 2 * len(self.users) * len(self.items) * self.users.shape[1]


def our_events(program, job, log, *options):
    run(program, job, "--quiet", "--log-json", log, *options, stdout=subprocess.DEVNULL)
    return [json.loads(line) for line in log.read_text().splitlines()]


def phase_seconds(events):
    return {event["phase"]: event["max_seconds"] for event in events if event["event"] == "phase"}


def recommend_seconds(program, data, model, top, threads, folder):
    events = our_events(program, "recommend", folder / "recommend.jsonl", "--data", data, "--model", model, "--top", top, "--threads", threads,
                        "--output", folder / "lists.h5")
    return {"rankwise recommend": phase_seconds(events)["recommend"]}


def evaluate_seconds(program, data, model, top, threads, folder):
    """Also the FMA peak."""
    events = our_events(program, "evaluate", folder / "evaluate.jsonl", "--data", data, "--model", model, "--metrics", f"recall@20,ndcg@{top}", "--threads", threads)
    phases = phase_seconds(events)
    (peak,) = [event["peak_gflops"] for event in events if event["event"] == "finished"]
    computing = sum(seconds for phase, seconds in phases.items() if "read" not in phase)
    return {"rankwise evaluate": computing, "  its ranking alone": phases["rank"]}, peak


def faiss_seconds(model, top, threads):
    faiss.omp_set_num_threads(threads)
    index = faiss.IndexFlatIP(model.items.shape[1])
    index.add(model.items)
    begin = time.perf_counter()
    index.search(model.users, top)
    return {"faiss flat index": time.perf_counter() - begin}


def numpy_lists(model, top, block_users=512):
    lists = np.empty((len(model.users), top), dtype=np.int64)
    for first in range(0, len(model.users), block_users):
        rows = slice(first, min(first + block_users, len(model.users)))
        scores = model.users[rows] @ model.items.T
        begin, end = model.indptr[rows.start], model.indptr[rows.stop]
        seen_rows = np.repeat(np.arange(len(scores)), np.diff(model.indptr[rows.start:rows.stop + 1]))
        scores[seen_rows, model.indices[begin:end]] = -np.inf
        best = np.argpartition(scores, -top, axis=1)[:, -top:]
        order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
        lists[rows] = np.take_along_axis(best, order, axis=1)
    return lists


def numpy_seconds(model, top):
    begin = time.perf_counter()
    numpy_lists(model, top)
    return {"numpy argpartition": time.perf_counter() - begin}


def compare(program, data, path, top, threads, repeat, folder):
    model = Model(data, path)
    seconds, peaks = {}, []
    for _ in range(repeat):
        evaluated, peak = evaluate_seconds(program, data, path, top, threads, folder)
        peaks.append(peak)
        with threadpoolctl.threadpool_limits(threads):
            measured = [recommend_seconds(program, data, path, top, threads, folder), evaluated, faiss_seconds(model, top, threads), numpy_seconds(model, top)]
        for name, value in (pair for one in measured for pair in one.items()):
            seconds.setdefault(name, []).append(value)
    peak = statistics.median(peaks)
    print(f"\n{len(model.users)} users x {len(model.items)} items, k = {model.users.shape[1]}, top {top}, {threads} threads; FMA peak {peak:.1f} GFLOP/s")
    print(f"{'':<20} {'seen':>8} {'seconds':>9} {'least':>9} {'most':>9} {'GFLOP/s':>8} {'of peak':>8}")
    for name, values in seconds.items():
        median = statistics.median(values)
        gflops = 1e-9 * model.flops() / median
        print(f"{name:<20} {'listed' if name.startswith('faiss') else 'left out':>8} {median:>9.3f} {min(values):>9.3f} {max(values):>9.3f} {gflops:>8.1f} {gflops / peak:>8.1%}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=PROGRAM)
    parser.add_argument("--shape", default="movielens-20m")
    parser.add_argument("--scale", default="1")
    parser.add_argument("--factors", default="64,128")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--top", type=int, default=100)
    parser.add_argument("--epochs", default="2")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    print("OpenBLAS kernels: " + ", ".join(sorted({library["architecture"] for library in threadpoolctl.threadpool_info() if library.get("internal_api") == "openblas"})))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        log = synthetic_log(options.program, options.shape, options.scale, folder)
        data = dataset_of(options.program, log, folder, "--split", "random:0.1")
        for factors in options.factors.split(","):
            model = folder / f"model{factors}.h5"
            trained_events(options.program, data, model, "--factors", factors, "--epochs", options.epochs)
            for threads in options.threads.split(","):
                compare(options.program, data, model, options.top, int(threads), options.repeat, folder)


if __name__ == "__main__":
    main()
