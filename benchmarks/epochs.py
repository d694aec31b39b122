"""Seconds per epoch of `rankwise als` on whole datasets, with GFLOP/s and the share of the FMA peak of the same run.

    benchmarks/epochs.py [--program PATH] [--factors 64,128] [--threads 1,2] [--epochs 4] [--repeat 2] LOG.csv[.gz] ...
    benchmarks/epochs.py --planted movielens-20m ...      # plants the log first

Configurations run in turn, the whole round `repeat` times; medians over all epochs but each run's first (which touches memory for
the first time). Needs nothing but the built program.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def run(*command):
    subprocess.run([str(word) for word in command], check=True)


def dataset_of(program, log, folder):
    data = folder / (pathlib.Path(log).name + ".h5")
    run(program, "prepare", "--quiet", "--input", log, "--output", data)
    return data


def one_run(program, data, factors, threads, epochs, folder):
    events = folder / "events.jsonl"
    run(program, "als", "--quiet", "--data", data, "--model", folder / "model.h5", "--factors", factors, "--threads", threads,
        "--epochs", epochs, "--log-json", events)
    lines = [json.loads(line) for line in events.read_text().splitlines()]
    seconds = [line["epoch_seconds"] for line in lines if line["event"] == "epoch"][1:]
    (peak,) = [line["peak_gflops"] for line in lines if line["event"] == "finished"]
    phases = [line for line in lines if line["event"] == "phase" and line["phase"].endswith("half-sweeps")]
    work = sum(phase["gflops"] * phase["max_seconds"] for phase in phases)
    return seconds, work / sum(phase["max_seconds"] for phase in phases), peak


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logs", nargs="*")
    parser.add_argument("--program", default=HERE.parent / "build/release/jobs/rankwise")
    parser.add_argument("--planted", action="append", default=[], help="a shape of `rankwise synthesize`")
    parser.add_argument("--factors", default="64,128")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--repeat", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        logs = list(options.logs)
        for shape in options.planted:
            logs.append(folder / f"{shape}.csv")
            run(options.program, "synthesize", "--quiet", "--shape", shape, "--output", logs[-1])
        datasets = [dataset_of(options.program, log, folder) for log in logs]
        configurations = [(data, int(k), int(t)) for data in datasets for k in options.factors.split(",")
                          for t in options.threads.split(",")]
        measured = {configuration: [] for configuration in configurations}
        for _ in range(options.repeat):
            for configuration in configurations:
                measured[configuration].append(one_run(options.program, *configuration, options.epochs, folder))
        print(f"{'dataset':<32} {'k':>4} {'threads':>7} {'epoch s: min':>12} {'median':>8} {'max':>8} {'GFLOP/s':>8} {'of peak':>8}")
        for (data, factors, threads), runs in measured.items():
            seconds = [value for run_seconds, _, _ in runs for value in run_seconds]
            gflops = statistics.median(rate for _, rate, _ in runs)
            share = statistics.median(rate / peak for _, rate, peak in runs)
            print(f"{data.stem:<32} {factors:>4} {threads:>7} {min(seconds):>12.3f} {statistics.median(seconds):>8.3f} "
                  f"{max(seconds):>8.3f} {gflops:>8.1f} {share:>8.1%}")


if __name__ == "__main__":
    main()
