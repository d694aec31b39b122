"""What running many short trainings costs beside the trainings: `rankwise sweep` of tasks of about a second, here and through Slurm.

    benchmarks/sweep_overhead.py [--program PATH] [--tasks 200] [--seconds 1] [--cores N] [--schedulers local,slurm] [--tasks-per-job N]

Tasks are of one rank and one thread, as many at a time as there are cores. Slurm is the tests' own (slurm/test-cluster: nothing
else installed than for the tests), one virtual node, with small tasks packed into jobs as the sweep does by itself. For each scheduler
two ratios of the wall time, from the command to the report, over seconds of work / cores, which is the least there could be:

    over trainings  work is the tasks' epochs alone, as long as they take while every core does nothing but train, before and after: all else
                    counts as overhead (start of program and MPI, reading, dividing the dataset, evaluating, writing, scheduling)
    over tasks      work is what each task took from its start to its record, as it says itself: the scheduling alone

Nothing else should run on the machine meanwhile.
"""
import argparse
import concurrent.futures
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from epochs import PROGRAM, epoch_seconds, run, trained_events

sys.path += [str(pathlib.Path(__file__).resolve().parents[1] / folder) for folder in ("tests", "tests/slurm")]
from cluster import Cluster, eventually  # noqa: E402

OPTIONS = ["--factors", "32", "--threads", "1"]
FOLDS = 2


def dataset(program, folder):
    log, data = folder / "log.csv", folder / "data.h5"
    run(program, "synthesize", "--quiet", "--kind", "ratings", "--users", "3000", "--items", "1000", "--interactions", "150000",
        "--output", log)
    run(program, "prepare", "--quiet", "--input", log, "--split", "random:0.1", "--output", data)
    return data


def seconds_per_epoch(options, data, folder):
    """Of a task's training, one on each core: they share caches and memory, and cores their clock."""
    def train(core):
        events = trained_events(options.program, data, folder / f"core-{core}.h5", *OPTIONS, "--fold", f"interactions:1/{FOLDS}", "--epochs", 300)
        return statistics.mean(epoch_seconds(events))
    with concurrent.futures.ThreadPoolExecutor(options.cores) as cores:
        return statistics.mean(cores.map(train, range(options.cores)))


def plan(options, data, epochs, directory):
    trials = max(1, options.tasks // FOLDS)
    run(options.program, "sweep", "plan", directory, "--quiet", "--data", data, "--factors", "32", "--regularization", "log 0.001 .. 0.01",
        "--search", "random", "--trials", trials, "--validation", f"interactions:{FOLDS}", "--optimize", "ndcg@10", "--epochs", epochs,
        stdout=subprocess.DEVNULL)
    return directory


def run_here(options, directory):
    run(options.program, "sweep", "run", directory, "--quiet", "--cores", options.cores, stdout=subprocess.DEVNULL)


def run_through_slurm(options, directory, cluster):
    packing = ["--tasks-per-job", options.tasks_per_job] if options.tasks_per_job else []
    cluster.ask(options.program, "sweep", "run", directory, "--scheduler", "slurm", *packing)
    eventually((directory / "results/report.html").exists, seconds=60 + 10 * options.tasks * options.seconds, what=cluster.queue)


def measured(runs_sweep):
    begin = time.monotonic()
    runs_sweep()
    return time.monotonic() - begin


def task_seconds(directory):
    return [json.loads(path.read_text())["seconds"] for path in (directory / "records").glob("*.json")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=PROGRAM)
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=1, help="that a task trains")
    parser.add_argument("--cores", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--schedulers", default="local,slurm")
    parser.add_argument("--tasks-per-job", type=int, default=0, help="slurm: without it as the sweep decides")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        data = dataset(options.program, folder)
        epoch = seconds_per_epoch(options, data, folder)
        epochs = max(1, math.ceil(options.seconds / epoch))
        print(f"{options.tasks} tasks of {epochs} epochs, {epochs * epoch:.2f} s each where all {options.cores} cores train")
        print(f"{'scheduler':<10} {'wall s':>8} {'task s':>8} {'over trainings':>14} {'over tasks':>10}", flush=True)
        for scheduler in options.schedulers.split(","):
            directory = plan(options, data, epochs, folder / scheduler)
            if scheduler == "local":
                wall = measured(lambda: run_here(options, directory))
            else:
                with Cluster(nodes=1, cpus=options.cores) as cluster:
                    wall = measured(lambda: run_through_slurm(options, directory, cluster))
            seconds = task_seconds(directory)
            before, epoch = epoch, seconds_per_epoch(options, data, folder)  # machines that others use change their pace
            work = [len(seconds) * epochs * statistics.mean([before, epoch]) / options.cores, sum(seconds) / options.cores]
            print(f"{scheduler:<10} {wall:>8.1f} {sum(seconds) / len(seconds):>8.2f} {wall / work[0]:>14.2f} {wall / work[1]:>10.2f}", flush=True)


if __name__ == "__main__":
    main()
