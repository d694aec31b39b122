"""Epochs of `rankwise als` on two nodes whose link is slow, against computing and transferring alone.

    benchmarks/network_overlap.py --data DATASET.h5 [--program PATH] [--baseline PATH] [--bandwidths 100mbit,1gbit] [--factors 128] [--epochs 3]

Nodes are network namespaces of this machine (tests/network/testbed: root, Linux). `compute` is the mean half-sweep over a link of 20 Gbit/s; `transfer`
what travels while it is solved, the rows that the next half-sweep gathers, sent by the busiest rank over the stated bandwidth. `ratio` is
the epoch over its two half-sweeps' larger of both: 1 is perfect overlap. --baseline is another build of the program, such as one that
gathers before it solves.
"""
import argparse
import json
import pathlib
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM = HERE.parent / "build/release/jobs/rankwise"
TESTBED = HERE.parent / "tests/network/testbed"
UNITS = {"mbit": 1e6 / 8, "gbit": 1e9 / 8}


def bytes_per_second(bandwidth):
    (unit,) = [unit for unit in UNITS if bandwidth.endswith(unit)]
    return float(bandwidth[:-len(unit)]) * UNITS[unit]


def half_sweeps(program, bandwidth, options, folder):
    """Mean seconds of the user and of the item half-sweep, and bytes that the busiest rank sends for each."""
    log = folder / "log.jsonl"
    subprocess.run([TESTBED, "--ranks", "2", "--bandwidth", bandwidth, "--", program, "als", "--quiet", "--data", options.data, "--model",
                    folder / "model.h5", "--factors", str(options.factors), "--epochs", str(options.epochs), "--threads", "1", "--log-json", log],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    events = [json.loads(line) for line in log.read_text().splitlines()]
    phases = {event["phase"]: event["mean_seconds"] / options.epochs for event in events if event["event"] == "phase"}
    traffic = {event["side"]: event["max_bytes_sent"] for event in events if event["event"] == "traffic"}
    return (phases["user half-sweeps"], phases["item half-sweeps"]), traffic


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--program", default=PROGRAM)
    parser.add_argument("--baseline")
    parser.add_argument("--bandwidths", default="100mbit,1gbit")
    parser.add_argument("--factors", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=6)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        compute, traffic = half_sweeps(options.program, "20gbit", options, folder)
        print(f"{'bandwidth':>9} {'compute s':>13} {'transfer s':>13} {'epoch s':>8} {'ratio':>6} {'baseline s':>10} {'ratio':>6}")
        for bandwidth in options.bandwidths.split(","):
            # While users are solved, the rows that items gather travel; and the other way round.
            transfer = [traffic[side] / bytes_per_second(bandwidth) for side in ("items", "users")]
            ideal = sum(max(both) for both in zip(compute, transfer))
            programs = [options.program] + ([options.baseline] if options.baseline else [])
            seconds = [sum(half_sweeps(program, bandwidth, options, folder)[0]) for program in programs]
            print(f"{bandwidth:>9} {compute[0]:>6.2f} {compute[1]:>6.2f} {transfer[0]:>6.2f} {transfer[1]:>6.2f} " + " ".join(
                f"{s:>{width}.2f} {s / ideal:>6.2f}" for s, width in zip(seconds, (8, 10))), flush=True)


if __name__ == "__main__":
    main()
