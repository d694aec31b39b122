"""Epochs of `rankwise als` on two nodes whose link is slow, against computing and transferring alone.

    benchmarks/network_overlap.py --data DATASET.h5 [--program PATH] [--baseline PATH] [--bandwidths 100mbit,1gbit] [--factors 128] [--epochs 3]

Nodes are network namespaces of this machine (tests/network/testbed: root, Linux). `compute` is the epoch over a link of 20 Gbit/s, `transfer` the
bytes that the busiest rank sends per epoch over the stated bandwidth, `ratio` the epoch over the larger of the two: 1 is perfect
overlap. --baseline is another build of the program, such as one that gathers before it solves. The first epoch, which waits for the random
start's rows, is left out; medians of the others.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM = HERE.parent / "build/release/jobs/rankwise"
TESTBED = HERE.parent / "tests/network/testbed"
UNITS = {"mbit": 1e6 / 8, "gbit": 1e9 / 8}


def bytes_per_second(bandwidth):
    (unit,) = [unit for unit in UNITS if bandwidth.endswith(unit)]
    return float(bandwidth[:-len(unit)]) * UNITS[unit]


def epochs(program, bandwidth, options, folder):
    log = folder / "log.jsonl"
    subprocess.run([TESTBED, "--ranks", "2", "--bandwidth", bandwidth, "--", program, "als", "--quiet", "--data", options.data, "--model",
                    folder / "model.h5", "--factors", str(options.factors), "--epochs", str(options.epochs), "--threads", "1", "--log-json", log],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    events = [json.loads(line) for line in log.read_text().splitlines()]
    seconds = [event["epoch_seconds"] for event in events if event["event"] == "epoch"]
    (sent,) = [event["max_bytes_sent"] for event in events if event["event"] == "finished"]
    return statistics.median(seconds[1:]), sent / options.epochs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--program", default=PROGRAM)
    parser.add_argument("--baseline")
    parser.add_argument("--bandwidths", default="100mbit,1gbit")
    parser.add_argument("--factors", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        compute, sent = epochs(options.program, "20gbit", options, folder)
        print(f"{'bandwidth':>9} {'compute s':>10} {'transfer s':>10} {'epoch s':>8} {'ratio':>6} {'baseline s':>10} {'ratio':>6}")
        for bandwidth in options.bandwidths.split(","):
            transfer = sent / bytes_per_second(bandwidth)
            programs = [options.program] + ([options.baseline] if options.baseline else [])
            seconds = [epochs(program, bandwidth, options, folder)[0] for program in programs]
            print(f"{bandwidth:>9} {compute:>10.2f} {transfer:>10.2f} " + " ".join(
                f"{s:>{width}.2f} {s / max(compute, transfer):>6.2f}" for s, width in zip(seconds, (8, 10))), flush=True)


if __name__ == "__main__":
    main()
