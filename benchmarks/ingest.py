"""Seconds and memory to read a log into a matrix: `rankwise prepare` beside pandas, and DuckDB if npm has brought it.

    benchmarks/ingest.py [--program PATH] [--rows 5000000] [--customers 300000] [--items 40000] [--repeat 3] [--processors 0]
                         [--duckdb FOLDER]

Writes a log of customers, items, ratings and times, ids as text. Then all run in turn, `repeat` times, on the processors named
(taskset), the file cached; medians. rankwise writes its dataset, matrix and transpose; pandas ends with both in memory (read_csv,
factorize, CSR and CSC by scipy); DuckDB ends with a table of ids numbered by dense_rank, without a matrix. FOLDER holds
node_modules/@duckdb/node-api (npm install @duckdb/node-api). Needs Debian's python3-pandas and python3-scipy.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

from epochs import PROGRAM

PANDAS = """
import numpy as np, pandas as pd, scipy.sparse as sparse
log = pd.read_csv("log.csv")
users, user_ids = pd.factorize(log.user_id, sort=True)
items, item_ids = pd.factorize(log.item_id, sort=True)
matrix = sparse.csr_matrix((log.rating.to_numpy(np.float32), (users, items)), shape=(len(user_ids), len(item_ids)))
transposed = matrix.tocsc()
"""

DUCKDB = """
const { DuckDBInstance } = require("@duckdb/node-api");
(async () => {
  const connection = await (await DuckDBInstance.create(":memory:", { threads: process.argv[1] })).connect();
  await connection.run(`create table log as select dense_rank() over (order by user_id) as user_number,
    dense_rank() over (order by item_id) as item_number, rating, timestamp from read_csv('log.csv')`);
  await connection.run("create table matrix as select user_number, item_number, last(rating order by timestamp) as rating from log group by all order by all");
})();
"""


def write_log(path, rows, customers, items):
    random = np.random.default_rng(1)
    users = (random.pareto(1.2, rows) * customers / 75).astype(np.int64) % customers
    bought = (random.pareto(1.0, rows) * items / 133).astype(np.int64) % items
    ratings = random.integers(1, 11, rows) / 2
    times = random.integers(1_500_000_000, 1_600_000_000, rows)
    with path.open("w") as log:
        log.write("user_id,item_id,rating,timestamp\n")
        for begin in range(0, rows, 100_000):
            part = slice(begin, begin + 100_000)
            log.writelines(f"customer{u:07d},item-{i:06d},{r},{t}\n" for u, i, r, t in zip(users[part], bought[part], ratings[part], times[part]))


def measured(command, folder, environment):
    """Wall seconds, processor seconds, peak MiB of a process."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    if status != 0:
        sys.exit(f"{command}: {process.stderr.read().decode()}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def phases(path):
    events = [json.loads(line) for line in path.read_text().splitlines()]
    return {event["phase"]: event["max_seconds"] for event in events if event["event"] == "phase"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=PROGRAM)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--customers", type=int, default=300_000)
    parser.add_argument("--items", type=int, default=40_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--processors", default="0", help="as taskset -c takes them; as many threads as there are")
    parser.add_argument("--duckdb", type=pathlib.Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_log(folder / "log.csv", options.rows, options.customers, options.items)
        megabytes = (folder / "log.csv").stat().st_size / 1e6
        threads = len(os.sched_getaffinity(0)) if options.processors == "all" else len(options.processors.split(","))
        on = [] if options.processors == "all" else ["taskset", "-c", options.processors]
        peers = {"rankwise": [*on, str(pathlib.Path(options.program).resolve()), "prepare", "--input", "log.csv", "--output", "log.h5", "--threads", str(threads), "--quiet", "--log-json", "log.jsonl"],
                 "pandas": [*on, "/usr/bin/python3", "-c", PANDAS]}
        if options.duckdb:
            peers["DuckDB"] = [*on, "node", "-e", DUCKDB, "--", str(threads)]
        environment = {"NODE_PATH": str(options.duckdb / "node_modules")} if options.duckdb else {}
        results = {peer: [] for peer in peers}
        of_phases = []
        for _ in range(options.repeat):
            for peer, command in peers.items():
                results[peer].append(measured(command, folder, environment))
            of_phases.append(phases(folder / "log.jsonl"))
            (folder / "log.jsonl").unlink()
        print(f"{options.rows} rows, {megabytes:.0f} MB, {threads} threads")
        print("program    seconds  processor seconds  peak MiB  x log")
        for peer, runs in results.items():
            seconds, processor, peak = (statistics.median(column) for column in zip(*runs))
            print(f"{peer:<9} {seconds:8.2f} {processor:18.2f} {peak:9.0f} {peak * 1.048576 / megabytes:6.1f}")
        print(", ".join(f"{phase} {statistics.median(run[phase] for run in of_phases):.2f} s" for phase in of_phases[0]))


if __name__ == "__main__":
    main()
