"""What a checkpoint after every epoch costs `rankwise als`: seconds from epoch to epoch without checkpoints, written behind the
training, and waited for.

    benchmarks/checkpoints.py [--program PATH] [--data FILE.h5 | --scale 1] [--factors 64,128] [--ranks 2] [--epochs 6] [--repeat 3] [--folder DIR]

Without --data a log of the MovieLens-20M shape is planted first. The three run in turn, the whole round `repeat` times; medians over all epochs
but each run's first, and ratios of the runs of one round. `--folder` is where checkpoints are written: what they cost is also its disk's.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile

from epochs import PROGRAM, dataset_of, synthetic_log

WRITING = {"none": [], "behind": ["--checkpoint-writing", "behind"], "waiting": ["--checkpoint-writing", "waiting"]}


def epoch_intervals(program, data, folder, factors, ranks, epochs, writing):
    """Seconds from the end of each epoch to the end of the next."""
    checkpoints, log = folder / "checkpoints", folder / "events.jsonl"
    shutil.rmtree(checkpoints, ignore_errors=True)
    options = ["--checkpoint", checkpoints, *WRITING[writing]] if writing != "none" else []
    command = ["mpirun", "-n", ranks, "--bind-to", "none", program, "als", "--quiet", "--threads", "1", "--data", data, "--model", folder / "model.h5",
               "--factors", factors, "--epochs", epochs, "--log-json", log, *options]
    root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"} if os.geteuid() == 0 else {}
    subprocess.run([str(word) for word in command], check=True, env=os.environ | root)
    events = [json.loads(line) for line in log.read_text().splitlines()]
    ends = [event["seconds"] for event in events if event["event"] == "epoch"]
    written = [event["write_seconds"] for event in events if event["event"] == "checkpoint"]
    waited = [event["max_seconds"] for event in events if event["event"] == "phase" and event["phase"] == "checkpoints"]
    return [after - before for before, after in zip(ends, ends[1:])], written, sum(waited) / epochs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=PROGRAM)
    parser.add_argument("--data", type=pathlib.Path)
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--factors", default="64,128")
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--folder", type=pathlib.Path)
    options = parser.parse_args()
    if options.epochs < 3 or options.repeat < 1:
        parser.error("expected 3 epochs or more, and a repeat of 1 or more")
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = pathlib.Path(name)
        data = options.data or dataset_of(options.program, synthetic_log(options.program, "movielens-20m", options.scale, folder), folder)
        print(f"{'k':>4} {'checkpoints':<12} {'s an epoch: min':>16} {'median':>8} {'max':>8} {'of none':>8} {'file s':>8} {'waited s':>9}")
        for factors in options.factors.split(","):
            runs = {writing: [] for writing in WRITING}
            for _ in range(options.repeat):
                for writing in WRITING:
                    runs[writing].append(epoch_intervals(options.program, data, folder, factors, options.ranks, options.epochs, writing))
            for writing, measured in runs.items():
                seconds = [value for intervals, _, _ in measured for value in intervals]
                ratio = statistics.median(statistics.median(ours[0]) / statistics.median(none[0]) for ours, none in zip(measured, runs["none"]))
                written = [value for _, files, _ in measured for value in files] or [0]
                print(f"{factors:>4} {writing:<12} {min(seconds):>16.3f} {statistics.median(seconds):>8.3f} {max(seconds):>8.3f} {ratio:>8.3f} "
                      f"{statistics.median(written):>8.3f} {statistics.median(waited for _, _, waited in measured):>9.3f}", flush=True)


if __name__ == "__main__":
    main()
