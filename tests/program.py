"""Runs the program for the Python tests: under any number of ranks, always with a time limit, and without what the
surrounding shell may have set."""
import os
import pathlib
import signal
import subprocess
import unittest

SOURCE = pathlib.Path(os.environ.get("RANKWISE_SOURCE", pathlib.Path(__file__).resolve().parents[1]))
PROGRAM = os.environ.get("RANKWISE_PROGRAM", str(SOURCE / "build/release/jobs/rankwise"))
LAUNCHER = str(SOURCE / "tests/launch_mpi.sh")


class Finished:
    """What a run left behind."""

    def __init__(self, args, code, out, err):
        self.args, self.code, self.out, self.err = args, code, out, err

    @property
    def our_lines(self):
        """Lines of standard error that the program wrote as errors (mpirun adds its own)."""
        return [line for line in self.err.splitlines() if line.startswith("rankwise:")]

    def __repr__(self):
        return f"{' '.join(self.args)}\nexit code {self.code}\n--- out\n{self.out}\n--- err\n{self.err}"


def run(args, ranks=1, env=None, timeout=120, cwd=None, launcher=None):
    """Runs `rankwise args`; one rank runs without mpirun; `launcher` is a command that starts the ranks in its place. `env`
    adds variables, a value of None takes one away. Threads: one per rank, unless env sets OMP_NUM_THREADS or args say
    otherwise. A run that outlives `timeout` seconds is killed with all its ranks and fails the test."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SLURM_")}
    environment.setdefault("OMP_NUM_THREADS", "1")
    for key, value in (env or {}).items():
        environment.pop(key, None)
        if value is not None:
            environment[key] = str(value)
    command = [PROGRAM] + [str(argument) for argument in args]
    if launcher:
        command = [*launcher, *command]
    elif ranks > 1:
        command = [LAUNCHER, str(ranks)] + command
    with subprocess.Popen(command, env=environment, cwd=cwd, start_new_session=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace") as process:
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGTERM)  # mpirun takes its ranks along; they are in groups of their own
            try:
                out, err = process.communicate(timeout=10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                out, err = process.communicate()
            raise AssertionError(f"still running after {timeout} s, killed: {Finished(command, None, out, err)}") from None
    return Finished(command, process.returncode, out, err)


def data_file(name):
    """The path of a real data file; skips the test where the data is absent."""
    folder = pathlib.Path(os.environ.get("RANKWISE_DATA", SOURCE.parent / "shared/data"))
    path = folder / name
    if not path.is_file():
        raise unittest.SkipTest(f"{path} is absent (set RANKWISE_DATA to the folder with the real data)")
    return str(path)
