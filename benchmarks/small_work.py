"""Small trainings where ranks have more threads than there are processors: what waiting threads take from those that work.

    benchmarks/small_work.py [--programs PATH[,PATH]] [--layouts 1x1,2x2,4x4] [--repeat 3]

K-means of 200 and of 20,000 rows and als of a few thousand interactions, on RANKSxTHREADS of this machine. Several programs run in turn. Best
wall time and processor time of all ranks, launch included.
"""
import argparse
import os
import pathlib
import resource
import subprocess
import tempfile
import time

import numpy as np

from epochs import PROGRAM, run

LAUNCHER = str(pathlib.Path(__file__).resolve().parents[1] / "tests/launch_mpi.sh")


def inputs(program, folder):
    random = np.random.default_rng(1)
    np.save(folder / "few.npy", random.normal(size=(200, 8)).astype(np.float32))
    np.save(folder / "more.npy", random.normal(size=(20_000, 16)).astype(np.float32))
    log, data = folder / "log.csv", folder / "data.h5"
    run(program, "synthesize", "--quiet", "--users", "300", "--items", "100", "--interactions", "4000", "--output", log)
    run(program, "prepare", "--quiet", "--input", log, "--output", data)
    return {
        "kmeans, 200 x 8, K = 2 to 40": ["kmeans", "--input", folder / "few.npy", "--clusters", "2:40", "--restarts", "5", "--tolerance", "0",
                                         "--output", folder / "k.h5"],
        "kmeans, 20,000 x 16, K = 50": ["kmeans", "--input", folder / "more.npy", "--clusters", "50", "--max-iterations", "30",
                                        "--output", folder / "k.h5"],
        "als, 300 x 100, k = 16, 10 epochs": ["als", "--data", data, "--factors", "16", "--epochs", "10", "--model", folder / "m.h5"]}


def measure(program, arguments, ranks, threads):
    """Seconds and processor seconds."""
    def processor_seconds():
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime
    begin, used = time.monotonic(), processor_seconds()
    subprocess.run([LAUNCHER, str(ranks), program, *map(str, arguments), "--quiet"], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, env=os.environ | {"OMP_NUM_THREADS": str(threads)})
    return time.monotonic() - begin, processor_seconds() - used


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", default=PROGRAM)
    parser.add_argument("--layouts", default="1x1,2x2,4x4")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    programs = options.programs.split(",")
    print("| work | ranks x threads | program | seconds | processor seconds |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for work, arguments in inputs(programs[0], pathlib.Path(folder)).items():
            for layout in options.layouts.split(","):
                ranks, threads = map(int, layout.split("x"))
                runs = {program: [] for program in programs}
                for _ in range(options.repeat):
                    for program in programs:
                        runs[program].append(measure(program, arguments, ranks, threads))
                for program, measured in runs.items():
                    print(f"| {work} | {layout} | {program} | {min(m[0] for m in measured):.2f} | {min(m[1] for m in measured):.2f} |",
                          flush=True)


if __name__ == "__main__":
    main()
