"""Seconds per Lloyd iteration of `rankwise kmeans` against scikit-learn and faiss, from the same initial centroids.

    benchmarks/kmeans.py [--program PATH] [--threads 1,2] [--shapes 1000000x64x10,1000000x64x100,...] [--iterations 8] [--repeat 3]
                         [--end-to-end]

Shapes are rows x dimensions x clusters of a mixture of as many Gaussians, half a spread apart per dimension. The three run in turn, `repeat`
times; medians over iterations and rounds, the first iteration of each run left out. GFLOP/s count 2 n K d over the whole iteration; the
FMA peak is measured by each of our runs. --end-to-end also times seeding and iterations to the end: ours by k-means++, scikit-learn's
k-means++ with tolerance 1e-4, faiss' random start with as many iterations as scikit-learn took; inertias stand beside the seconds.
Needs Debian's python3-sklearn and python3-faiss.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile
import time
import warnings

import faiss
import numpy as np
import sklearn.cluster
import threadpoolctl

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM = HERE.parent / "build/release/jobs/rankwise"


def mixture(rows, dimensions, clusters):
    random = np.random.default_rng(1)
    means = random.normal(0, 0.5, (clusters, dimensions)).astype(np.float32)
    points = random.standard_normal((rows, dimensions), dtype=np.float32)
    points += means[random.integers(0, clusters, rows)]
    return points


def our_events(program, points, options, threads, folder):
    log = folder / "log.jsonl"
    subprocess.run([program, "kmeans", "--quiet", "--input", points, "--output", folder / "clusters.h5", "--threads", str(threads),
                    "--log-json", log, *options], check=True, stdout=subprocess.DEVNULL)
    return [json.loads(line) for line in log.read_text().splitlines()]


def our_iterations(program, points, start, iterations, threads, folder):
    events = our_events(program, points, ["--init", start, "--tolerance", "0", "--max-iterations", str(iterations)], threads, folder)
    seconds = [event["iteration_seconds"] for event in events if event["event"] == "iteration"]
    (peak,) = [event["peak_gflops"] for event in events if event["event"] == "finished"]
    return seconds[1:], peak


def sklearn_iterations(points, start, iterations, threads):
    def fit(count):
        begin = time.perf_counter()
        with warnings.catch_warnings(), threadpoolctl.threadpool_limits(threads):
            warnings.simplefilter("ignore")
            model = sklearn.cluster.KMeans(len(start), init=start, n_init=1, max_iter=count, tol=0, algorithm="lloyd").fit(points)
        assert model.n_iter_ == count
        return time.perf_counter() - begin
    few = 2
    return [(fit(iterations) - fit(few)) / (iterations - few)]


def faiss_iterations(points, start, iterations, threads):
    faiss.omp_set_num_threads(threads)
    model = faiss.Kmeans(points.shape[1], len(start), niter=iterations, max_points_per_centroid=len(points), min_points_per_centroid=1)
    model.train(points, init_centroids=start)
    return list(np.diff([stats["time"] for stats in model.iteration_stats]))  # "time" counts from the start of the training


def compare_iterations(program, shape, threads, iterations, repeat, folder):
    rows, dimensions, clusters = shape
    points = mixture(*shape)
    start = points[np.random.default_rng(2).choice(rows, clusters, replace=False)]
    np.save(folder / "points.npy", points)
    np.save(folder / "start.npy", start)
    seconds = {"rankwise": [], "scikit-learn": [], "faiss": []}
    peaks = []
    for _ in range(repeat):
        ours, peak = our_iterations(program, folder / "points.npy", folder / "start.npy", iterations, threads, folder)
        seconds["rankwise"] += ours
        peaks.append(peak)
        seconds["scikit-learn"] += sklearn_iterations(points, start, iterations, threads)
        seconds["faiss"] += faiss_iterations(points, start, iterations, threads)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    gflops = 2e-9 * rows * dimensions * clusters / medians["rankwise"]
    bandwidth = 4e-9 * rows * dimensions / medians["rankwise"]
    best_peer = min(medians["scikit-learn"], medians["faiss"])
    print(f"{rows:>9} {dimensions:>4} {clusters:>6} {threads:>7} " + " ".join(f"{medians[name]:>12.4f}" for name in seconds)
          + f" {best_peer / medians['rankwise']:>7.2f} {gflops:>8.1f} {gflops / statistics.median(peaks):>8.1%} {bandwidth:>6.1f}", flush=True)


def compare_whole_runs(program, shape, threads, folder):
    rows, dimensions, clusters = shape
    points = mixture(*shape)
    np.save(folder / "points.npy", points)
    events = our_events(program, folder / "points.npy", ["--clusters", str(clusters)], threads, folder)
    phases = {event["phase"]: event["max_seconds"] for event in events if event["event"] == "phase"}
    (ours,) = [event for event in events if event["event"] == "clusters"]
    print(f"{rows} x {dimensions}, K = {clusters}, {threads} threads, seeding included")
    print(f"  rankwise      {phases['seeds'] + phases['iterations']:8.2f} s, inertia {ours['inertia']:.6e}, {ours['iterations']} iterations, "
          f"seeding {phases['seeds']:.2f} s")
    begin = time.perf_counter()
    with warnings.catch_warnings(), threadpoolctl.threadpool_limits(threads):
        warnings.simplefilter("ignore")
        peer = sklearn.cluster.KMeans(clusters, n_init=1, random_state=1, algorithm="lloyd").fit(points)
    print(f"  scikit-learn  {time.perf_counter() - begin:8.2f} s, inertia {peer.inertia_:.6e}, {peer.n_iter_} iterations")
    faiss.omp_set_num_threads(threads)
    begin = time.perf_counter()
    model = faiss.Kmeans(dimensions, clusters, niter=peer.n_iter_, max_points_per_centroid=rows, min_points_per_centroid=1)
    model.train(points)
    print(f"  faiss         {time.perf_counter() - begin:8.2f} s, inertia {model.obj[-1]:.6e}, {peer.n_iter_} iterations", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=PROGRAM)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--shapes", default="1000000x64x10,1000000x64x100,1000000x64x1000,200000x128x1000")
    parser.add_argument("--iterations", type=int, default=8)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--end-to-end", action="store_true")
    options = parser.parse_args()
    shapes = [tuple(int(number) for number in shape.split("x")) for shape in options.shapes.split(",")]
    thread_counts = [int(count) for count in options.threads.split(",")]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        if not options.end_to_end:
            print(f"{'rows':>9} {'dim.':>4} {'K':>6} {'threads':>7} {'rankwise s':>12} {'sklearn s':>12} {'faiss s':>12} {'ratio':>7} "
                  f"{'GFLOP/s':>8} {'of peak':>8} {'GB/s':>6}")
        for shape in shapes:
            for threads in thread_counts:
                if options.end_to_end:
                    compare_whole_runs(options.program, shape, threads, folder)
                else:
                    compare_iterations(options.program, shape, threads, options.iterations, options.repeat, folder)


if __name__ == "__main__":
    main()
