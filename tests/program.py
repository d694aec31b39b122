"""Runs the program for the Python tests: under any number of ranks, always with a time limit, and without what the
surrounding shell may have set."""
import os
import pathlib
import shutil
import signal
import subprocess
import unittest

# What a shell, a batch job or a login file may have set, and what would change how the program and its tools run.
SURROUNDINGS = ("SLURM_", "SBATCH_", "SALLOC_", "SQUEUE_", "SCANCEL_", "SINFO_", "SCONTROL_", "SRUN_", "PMI_", "PMIX_", "OMPI_COMM_", "OMP_", "GOMP_",
                "LC_", "LANG", "COLUMNS", "LINES")


def forget_surroundings():
    """Takes them out of this process: what a test starts by any way does not see them. Messages of tools are in English."""
    for name in [name for name in os.environ if name.startswith(SURROUNDINGS)]:
        del os.environ[name]
    os.environ["LC_ALL"] = "C.UTF-8"
    os.environ["HWLOC_PLUGINS_PATH"] = "/nonexistent"  # each launch would look for displays and devices
    os.environ["PATH"] = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"  # tc is there, which an ordinary user's PATH leaves out


forget_surroundings()

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


def run(args, ranks=1, env=None, timeout=300, cwd=None, launcher=None):
    """Runs `rankwise args`; one rank runs without mpirun; `launcher` is a command that starts the ranks in its place. `env`
    adds variables, a value of None takes one away. Threads: one per rank, unless env sets OMP_NUM_THREADS or args say
    otherwise. A run that outlives `timeout` seconds is killed with all its ranks and fails the test."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    for key, value in (env or {}).items():
        environment.pop(key, None)
        if value is not None:
            environment[key] = str(value)
    if "/" in environment.get("LD_PRELOAD", ""):
        environment |= preloaded(environment["LD_PRELOAD"])
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


def ranks_of_refusal(test, code):
    """How many ranks a run gets that must be refused: three for the first with this exit code in a test, one for the others. All of one code
    leave the program by one way, on all ranks with one line, whatever the reason is."""
    codes = vars(test).setdefault("refused_codes", set())
    ranks = 1 if code in codes else 3
    codes.add(code)
    return ranks


def preloaded(library):
    """Variables that load a library before others. LD_PRELOAD takes no path with a space: the folder goes another way."""
    folder, name = os.path.split(library)
    return {"LD_PRELOAD": name, "LD_LIBRARY_PATH": ":".join(filter(None, (folder, os.environ.get("LD_LIBRARY_PATH"))))}


def folder_of_tools(folder, *names):
    """A value of PATH: `folder` with links to these tools of the PATH and nothing else. Skips the test if one is not installed."""
    for name in names:
        tool = shutil.which(name)
        if not tool:
            raise unittest.SkipTest(f"{name} is not installed")
        (pathlib.Path(folder) / name).symlink_to(tool)
    return str(folder)


def data_file(name):
    """The path of a real data file; skips the test where the data is absent."""
    folder = pathlib.Path(os.environ.get("RANKWISE_DATA", SOURCE.parent / "shared/data"))
    path = folder / name
    if not path.is_file():
        raise unittest.SkipTest(f"{path} is absent (set RANKWISE_DATA to the folder with the real data)")
    return str(path)
