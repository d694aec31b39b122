"""What surrounds whoever submits to a real Slurm: variables for its clients, a job that is submitted from, odd names of folders, and a sbatch
that gets no answer. Sweeps and chains run each piece of work once."""
import os
import pathlib
import re
import shutil
import unittest

from cluster import eventually, main
from program import PROGRAM, run
from sweep_case import SweepCase

CLIENTS = ("sbatch", "squeue", "scancel", "scontrol", "sacct", "sinfo", "srun")
# Of these sbatch gets what no option says: all of them but this one name what the test's cluster does not have.
PLACES = {"SBATCH_ACCOUNT", "SBATCH_QOS", "SBATCH_RESERVATION", "SBATCH_CLUSTERS"}
ODD = """it's "odd" 100% a\\b #1 $x;&é"""

CHAIN = """
[quarterly]
directory = chain
final = no
ranks = 2
time-limit = 00:20:00

[prepare]
input = log.csv
split = random:0.1

[als]
objective = explicit
factors = 2
epochs = 2

[evaluate]
metrics = rmse
"""


def hostile_variables():
    """Every one that a client of this Slurm reads, and what a job and a step around leave behind."""
    names = set()
    for client in CLIENTS:
        if shutil.which(client):
            names |= {name.decode() for name in re.findall(rb"(?:SBATCH|SQUEUE|SCANCEL|SCONTROL|SACCT|SINFO|SRUN)_[A-Z0-9_]+", pathlib.Path(shutil.which(client)).read_bytes())}
    assert {"SBATCH_JOB_NAME", "SBATCH_EXPORT", "SQUEUE_USERS"} <= names, names
    variables = {name: "nowhere" for name in names - PLACES} | {"SBATCH_PARTITION": "main", "SBATCH_EXPORT": "NONE"}
    return variables | {"SLURM_EXPORT_ENV": "NONE", "SLURM_JOB_ID": "999", "SLURM_JOB_NAME": "outer", "SLURM_NTASKS": "7", "SLURM_NNODES": "7",
                        "SLURM_MEM_PER_CPU": "1000000", "SLURM_CPU_BIND": "map_cpu:77", "SLURM_TIMELIMIT": "1", "SLURM_PARTITION": "nowhere",
                        "SLURM_JOB_NODELIST": "elsewhere", "SLURM_HINT": "nonsense", "SLURM_DISTRIBUTION": "nonsense"}


class SurroundingsTest(SweepCase):
    cluster_settings = {"nodes": 2, "cpus": 2}
    OPTIONS = ["--objective", "explicit", "--factors", "2, 3", "--epochs", "2", "--validation", "interactions:2", "--ranks", "2"]

    def hostile(self, *words, path=None):
        variables = hostile_variables() | ({"PATH": path} if path else {})
        done = self.cluster.run("env", *(f"{key}={value}" for key, value in variables.items()), PROGRAM, *words, cwd=self.folder, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done

    def assert_ran_once(self, directory):
        tasks = [f"t{trial}.f{fold}.r0" for trial in (1, 2) for fold in (1, 2)]
        self.assertEqual({task: self.codes(directory, task) for task in tasks}, {task: [0] for task in tasks})
        self.assertEqual(self.summary(directory)["tasks_done"], 4)

    def test_sweeps_run_each_task_once_whatever_is_in_the_environment_or_the_folders_name(self):
        hostile, odd = self.plan("hostile", *self.OPTIONS), self.plan(ODD, *self.OPTIONS)
        done = self.hostile("sweep", "run", hostile, "--scheduler", "slurm")
        self.assertIn("SBATCH_PARTITION=main of the environment: used", done.stderr)
        self.assertRegex(done.stderr, "warning: .*SBATCH_EXPORT.*SBATCH_JOB_NAME.*of the environment: no effect")
        self.submit(odd)
        for directory in (hostile, odd):
            status = self.hostile("sweep", "status", directory).stdout
            self.assertIn("0 lost", status)
            self.hostile("sweep", "run", directory)  # and what is in the queue is not submitted again
        for directory in (hostile, odd):
            self.finish(directory)
            self.assert_ran_once(directory)
        self.assertEqual(self.metrics(hostile), self.metrics(odd))
        self.sweep("collect", odd)
        self.assertTrue(list((odd / "scheduler/logs").glob("sweep-*_0.log")))

    def test_a_chain_is_found_by_its_names_and_by_a_job_that_comes_late(self):
        clients = self.folder / "clients"
        clients.mkdir()
        (clients / "sbatch").write_text(f"""#!/bin/bash
            if [[ ${{@: -1}} == *-als-0.sbatch ]] && mkdir {clients}/once 2> /dev/null; then
              setsid bash -c 'sleep 2; {shutil.which("sbatch")} "$@"' late "$@" > /dev/null 2>&1 < /dev/null &
              echo "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation" >&2
              exit 1
            fi
            exec {shutil.which("sbatch")} "$@"
            """)
        (clients / "sbatch").chmod(0o755)
        (self.folder / "chain.ini").write_text(CHAIN)
        done = self.hostile("quarterly", "chain.ini", "--submit", path=f"{clients}:{os.environ['PATH']}")
        self.assertRegex(done.stderr, r"sbatch gave no answer for job quarterly-\w+-als-0, which may still enter the queue; looking for it")
        states = self.hostile("quarterly", "status", "chain").stdout
        self.assertEqual(len(re.findall("^(?:prepare|als|evaluate) +(?:waiting|running|done)", states, re.MULTILINE)), 3, states)
        self.hostile("quarterly", "chain.ini", "--submit")  # all of it is in the queue or done
        eventually(self.cluster.empty, 90, what=self.cluster.queue)
        states = self.hostile("quarterly", "status", "chain").stdout
        self.assertEqual(states.count("done"), 4, states)  # the page, too
        for step in ("prepare", "als", "evaluate"):
            self.assertEqual(self.codes(self.folder / "chain", step), [0])


if __name__ == "__main__":
    main()
