"""Seconds per epoch of `rankwise als` on whole datasets, with GFLOP/s and the share of the FMA peak of the same run.

    benchmarks/epochs.py [--program PATH] [--factors 64,128] [--threads 1,2] [--solvers auto,primal,cg] [--epochs 4] [--repeat 2]
                         LOG.csv[.gz] ...
    benchmarks/epochs.py --planted movielens-20m --planted shop [--scale 0.1] ...     # plants the logs first
    benchmarks/epochs.py --data FILE.h5 ...                                           # prepared already

Configurations run in turn, the whole round `repeat` times; medians over all epochs but each run's first (which touches memory for
the first time). GFLOP/s and their share of the peak are primal-equivalent, whoever solves: the flops that the primal solver would
need, over the seconds of the half-sweeps. Below the table, who solved: rows per epoch and the share of the time of all solvers.
Needs nothing but the built program.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM = HERE.parent / "build/release/jobs/rankwise"


def run(*command, stdout=None):
    subprocess.run([str(word) for word in command], check=True, stdout=stdout)


def synthetic_log(program, shape, scale, folder):
    log = folder / f"{shape}.csv"
    run(program, "synthesize", "--quiet", "--shape", shape, "--scale", scale, "--output", log)
    return log


def dataset_of(program, log, folder, *options):
    data = folder / (pathlib.Path(log).name + ".h5")
    run(program, "prepare", "--quiet", "--input", log, "--output", data, *options)
    return data


def trained_events(program, data, model, *options):
    """Trains `model` and returns the events of the run."""
    log = model.with_suffix(".jsonl")
    run(program, "als", "--quiet", "--data", data, "--model", model, "--log-json", log, *options)
    return [json.loads(line) for line in log.read_text().splitlines()]


def epoch_seconds(events):
    return [event["epoch_seconds"] for event in events if event["event"] == "epoch"]


def one_run(program, data, factors, threads, solver, epochs, folder):
    """Seconds of the epochs but the first, GFLOP/s, the peak, and (rows, seconds) by (side, solver)."""
    events = trained_events(program, data, folder / "model.h5", "--factors", factors, "--threads", threads, "--solver", solver,
                            "--epochs", epochs)
    (peak,) = [event["peak_gflops"] for event in events if event["event"] == "finished"]
    phases = [event for event in events if event["event"] == "phase" and event["phase"].endswith("half-sweeps")]
    work = sum(phase["gflops"] * phase["max_seconds"] for phase in phases)
    solvers = {(event["side"], event["solver"]): (event["rows"], event["seconds"]) for event in events
               if event["event"] == "solver"}
    return epoch_seconds(events)[1:], work / sum(phase["max_seconds"] for phase in phases), peak, solvers


def print_epochs(measured):
    print(f"{'dataset':<32} {'k':>4} {'threads':>7} {'solver':<8} {'epoch s: min':>12} {'median':>8} {'max':>8} {'GFLOP/s':>8} "
          f"{'of peak':>8}")
    for (data, factors, threads, solver), runs in measured.items():
        seconds = [value for run_seconds, _, _, _ in runs for value in run_seconds]
        gflops = statistics.median(rate for _, rate, _, _ in runs)
        share = statistics.median(rate / peak for _, rate, peak, _ in runs)
        print(f"{data.stem:<32} {factors:>4} {threads:>7} {solver:<8} {min(seconds):>12.3f} {statistics.median(seconds):>8.3f} "
              f"{max(seconds):>8.3f} {gflops:>8.1f} {share:>8.1%}")


def print_solvers(measured, epochs):
    print("\nrows per epoch, and share of the solvers' time:")
    for (data, factors, threads, solver), runs in measured.items():
        total = sum(seconds for _, _, _, solvers in runs for _, seconds in solvers.values())
        parts = {"users": [], "items": []}
        for side, name in runs[0][3]:
            rows = runs[0][3][side, name][0] // epochs  # a run's are of all its epochs
            share = sum(solvers[side, name][1] for _, _, _, solvers in runs) / total if total > 0 else 0
            parts[side].append(f"{name} {rows:,} rows {share:.1%}")
        sides = "; ".join(f"{side} {', '.join(part)}" for side, part in parts.items())
        print(f"{data.stem:<32} {factors:>4} {threads:>7} {solver:<8} {sides}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logs", nargs="*")
    parser.add_argument("--program", default=PROGRAM)
    parser.add_argument("--planted", action="append", default=[], help="a shape of `rankwise synthesize`; may be repeated")
    parser.add_argument("--scale", type=float, default=1, help="of the planted shapes")
    parser.add_argument("--data", action="append", default=[], type=pathlib.Path, help="a prepared dataset; may be repeated")
    parser.add_argument("--factors", default="64,128")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--solvers", default="auto,primal,cg", help="of `rankwise als --solver`")
    parser.add_argument("--epochs", type=int, default=4, help="2 or more: the first is left out")
    parser.add_argument("--repeat", type=int, default=2)
    options = parser.parse_args()
    if options.epochs < 2 or options.repeat < 1:
        parser.error("expected 2 epochs or more, and a repeat of 1 or more")
    if not (options.logs or options.planted or options.data):
        parser.error("expected a log, --planted or --data")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        logs = options.logs + [synthetic_log(options.program, shape, options.scale, folder) for shape in options.planted]
        datasets = options.data + [dataset_of(options.program, log, folder) for log in logs]
        configurations = [(data, int(k), int(t), solver) for data in datasets for k in options.factors.split(",")
                          for t in options.threads.split(",") for solver in options.solvers.split(",")]
        measured = {configuration: [] for configuration in configurations}
        for _ in range(options.repeat):
            for configuration in configurations:
                measured[configuration].append(one_run(options.program, *configuration, options.epochs, folder))
        print_epochs(measured)
        print_solvers(measured, options.epochs)


if __name__ == "__main__":
    main()
