"""Seconds of training until the quality on held-out users is that of a converged exact model, by solver.

    benchmarks/time_to_quality.py [--program PATH] [--factors 64] [--threads 1] [--solvers auto,primal,cg,subspace]
                                  [--converged-epochs 30] --planted movielens-20m [--scale 0.1] ...
    benchmarks/time_to_quality.py --data FILE.h5 ...      # prepared already, with a part held out

The reference is NDCG@100 of `--solver auto` after `converged-epochs` epochs. Each solver trains 1, 2, 3, 4, 6, 8, ... epochs,
every count a run of its own; seeds are fixed, so that a run of n epochs is the beginning of a longer one. The first whose
NDCG@100 is at least 99.9% of the reference counts, with the seconds of its epochs: reading, planning and writing are left out. A
solver that never gets there shows what its last run reached. Needs nothing but the built program.
"""
import argparse
import json
import pathlib
import subprocess
import tempfile

from epochs import PROGRAM, dataset_of, epoch_seconds, synthetic_log, run, trained_events

TOLERANCE = 0.001
METRIC = "ndcg@100"


def quality_of(program, data, model, threads):
    metrics = model.with_suffix(".json")
    run(program, "evaluate", "--quiet", "--data", data, "--model", model, "--threads", threads, "--metrics", METRIC,
        "--output", metrics, stdout=subprocess.DEVNULL)
    return json.loads(metrics.read_text())["metrics"][METRIC]["model"]


def train(options, data, solver, epochs, folder):
    """Seconds of all epochs, and the model's quality."""
    model = folder / "model.h5"
    events = trained_events(options.program, data, model, "--factors", options.factors, "--threads", options.threads,
                            "--solver", solver, "--epochs", epochs)
    return sum(epoch_seconds(events)), quality_of(options.program, data, model, options.threads)


def time_to_quality(options, data, solver, reference, folder):
    """Epochs and seconds (None where the reference stays out of reach), and the quality of the last run."""
    for epochs in options.epochs:
        seconds, quality = train(options, data, solver, epochs, folder)
        if quality >= (1 - TOLERANCE) * reference:
            return epochs, seconds, quality
    return None, None, quality


def print_dataset(options, data, folder):
    _, reference = train(options, data, "auto", options.converged_epochs, folder)
    print(f"{data.stem}: k {options.factors}, threads {options.threads}; NDCG@100 {reference:.5f} after "
          f"{options.converged_epochs} epochs of auto")
    print(f"{'solver':<10} {'epochs':>20} {'seconds':>9} {'NDCG@100':>9} {'of reference':>12}", flush=True)
    for solver in options.solvers.split(","):
        epochs, seconds, quality = time_to_quality(options, data, solver, reference, folder)
        needed = f"not within {options.epochs[-1]} epochs" if epochs is None else epochs
        spent = "-" if seconds is None else f"{seconds:.3f}"
        print(f"{solver:<10} {needed:>20} {spent:>9} {quality:>9.5f} {quality / reference:>12.2%}", flush=True)


def growing_counts(text):
    return sorted({int(word) for word in text.split(",")})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=PROGRAM)
    parser.add_argument("--planted", action="append", default=[], help="a shape of `rankwise synthesize`; may be repeated")
    parser.add_argument("--scale", type=float, default=1, help="of the planted shapes")
    parser.add_argument("--split", default="users:0.1", help="of `rankwise prepare`, for the planted shapes")
    parser.add_argument("--data", action="append", default=[], type=pathlib.Path,
                        help="a dataset prepared with a part held out; may be repeated")
    parser.add_argument("--factors", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--solvers", default="auto,primal,cg,subspace", help="of `rankwise als --solver`")
    parser.add_argument("--epochs", type=growing_counts, default="1,2,3,4,6,8,12,16,24,32", help="the counts to try")
    parser.add_argument("--converged-epochs", type=int, default=30)
    options = parser.parse_args()
    if not (options.planted or options.data):
        parser.error("expected --planted or --data")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        datasets = list(options.data)
        for shape in options.planted:
            log = synthetic_log(options.program, shape, options.scale, folder)
            datasets.append(dataset_of(options.program, log, folder, "--split", options.split))
        for data in datasets:
            print_dataset(options, data, folder)


if __name__ == "__main__":
    main()
