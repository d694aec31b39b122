"""A real Slurm for tests (slurm/test-cluster), one per test class, and a scheduler at the end of a pipe."""
import contextlib
import json
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from program import PROGRAM, SOURCE

TEST_CLUSTER = str(SOURCE / "slurm/test-cluster")
PROBE = os.environ.get("RANKWISE_SCHEDULER_PROBE", str(SOURCE / "build/release/tests/slurm/scheduler_probe"))


PATIENCE = 4  # a busy machine is that many times slower


def eventually(condition, seconds=40, every=0.1, what="it did not happen"):
    """The first true value of `condition`; fails the test after so many seconds of a machine with nothing else to do. No measure of speed: a
    bound on waiting."""
    deadline = time.monotonic() + PATIENCE * seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(what() if callable(what) else what)
        time.sleep(every)
    return value


def quiet_environment():
    return {**os.environ, "OMP_NUM_THREADS": "1"}


class Cluster:
    """Lives as long as its `with` block, or this process."""

    def __init__(self, nodes=2, cpus=2, preemption=False, requeue_seconds=2, **settings):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir="/tmp", prefix="rwc"))
        self.waiting_since, self.requeue_seconds = {}, requeue_seconds
        command = [TEST_CLUSTER, "start", self.folder, "--nodes", str(nodes), "--cpus", str(cpus), "--while", str(os.getpid())]
        command += ["--preemption"] if preemption else []
        for key, value in settings.items():
            command += ["--set", f"{key}={value}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if done.returncode:
            shutil.rmtree(self.folder)
            if done.returncode == 77:
                raise unittest.SkipTest(done.stderr.strip())
            raise AssertionError(done.stderr)
        exports = subprocess.run([TEST_CLUSTER, "env", self.folder], capture_output=True, text=True, check=True).stdout
        variables = dict(line.removeprefix("export ").split("=", 1) for line in exports.splitlines())
        self.environment = {key: value.strip("'") for key, value in variables.items()}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        done = subprocess.run([TEST_CLUSTER, "stop", self.folder], capture_output=True, text=True, timeout=120)
        shutil.rmtree(self.folder, ignore_errors=True)
        if done.returncode:
            raise AssertionError(done.stderr)

    def run(self, *command, timeout=60, cwd=None):
        return subprocess.run([str(word) for word in command], env=quiet_environment() | self.environment, cwd=cwd, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=timeout)

    def ask(self, *command, **how):
        done = self.run(*command, **how)
        if done.returncode:
            raise AssertionError(f"{command}: {done.stdout}{done.stderr}")
        return done.stdout.strip()

    def daemon(self, name):
        lines = (self.folder / "pids").read_text().splitlines()
        return int(dict(line.split() for line in lines)[name])

    def kill_daemon(self, name, number=signal.SIGKILL):
        pid = self.daemon(name)
        os.kill(pid, number)
        eventually(lambda: not pathlib.Path(f"/proc/{pid}").exists(), what=f"{name} lives on")

    def kill_node(self, name):
        """As when its power fails: the daemon, what it left to watch over jobs, and their processes, each by its number."""
        self.kill_daemon(name)
        wanted = {f"SLURMD_NODENAME={name}".encode(), f"SLURM_CONF={self.environment['SLURM_CONF']}".encode()}
        watchers, processes = set(), set()
        for path in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if wanted <= set((path / "environ").read_bytes().split(b"\0")):
                    processes.add(int(path.name))
                    parent = (path / "stat").read_text().rpartition(")")[2].split()[1]
                    if pathlib.Path(f"/proc/{parent}/comm").read_text().startswith("slurmstepd"):
                        watchers.add(int(parent))
            except OSError:
                pass  # gone meanwhile
        for number in [*watchers, *processes]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)

    def restart_daemon(self, name):
        subprocess.run([TEST_CLUSTER, "restart", self.folder, name], check=True, capture_output=True, timeout=60)

    def queue(self):
        listed = self.ask("squeue", "--noheader", "--array", "--states=all", "--format=%i %T %r").splitlines()
        over = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "PREEMPTED", "BOOT_FAIL", "DEADLINE", "OUT_OF_MEMORY"}
        return "\n".join(line for line in listed if line.split()[1] not in over)

    def hurry(self):
        """A requeued job waits for two minutes: not here. A few seconds it needs, or its nodes take it for the run before, which they are
        told to end, or still hold that one's sockets."""
        waiting = [line.split()[0] for line in self.queue().splitlines() if line.endswith(" PENDING BeginTime")]
        self.waiting_since = {job: self.waiting_since.get(job, time.monotonic()) for job in waiting}
        for job, since in self.waiting_since.items():
            if time.monotonic() - since > self.requeue_seconds:
                self.run("scontrol", "update", f"JobId={job}", "StartTime=now")

    def empty(self):
        """Whether the queue is, and stays so: a job that goes back into it leaves it for a moment. Hurries what is in it."""
        self.hurry()
        if self.queue():
            return False
        time.sleep(0.5)
        return not self.queue()


class Scheduler:
    """scheduler_probe: `kind` is "slurm" or "local"."""

    def __init__(self, kind, folder, *options, environment=None):
        self.folder = pathlib.Path(folder)
        self.process = subprocess.Popen([PROBE, kind, str(folder), *map(str, options)], env=quiet_environment() | (environment or {}), text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=self.folder.parent, start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.process.stdout.close()

    def answer(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def submit(self, name, commands, **more):
        """`commands`: item -> shell command; the answer, {} where all went well."""
        items = [{"name": item, "command": ["bash", "-c", command]} for item, command in commands.items()]
        return self.answer(do="submit", submission={"name": name, "items": items, **more})

    def states(self):
        return {state["name"]: state for state in self.answer(do="states")}

    def phases(self):
        return {name: state["phase"] for name, state in self.states().items()}

    def attempts(self, item):
        """[(job, job id, restart, exit code or None)] by the item's record."""
        path = self.folder / f"logs/{item}.attempts"
        runs = {}
        for kind, _, job, job_id, restart, last in (line.split() for line in (path.read_text().splitlines() if path.exists() else ())):
            runs[job, job_id, restart] = int(last) if kind == "end" else None
        return [(*run, code) for run, code in runs.items()]

    def log(self, item):
        path = self.folder / f"logs/{item}.log"
        return path.read_text() if path.exists() else ""


def word(path):
    """As one word of a shell command."""
    return shlex.quote(str(path))


def counting(path, steps, seconds=0.1):
    """A command that counts to `steps` in a file, and ends with 75 where it is asked to stop: to be run again to go on. It
    notes every start in its log."""
    path, partial = word(path), word(f"{path}.partial")
    return (f'echo started; trap "exit 75" USR2 TERM; n=$(cat {path} 2> /dev/null || echo 0); '
            f"while ((n < {steps})); do sleep {seconds}; n=$((n + 1)); echo $n > {partial}; mv {partial} {path}; done; echo finished")


def noting(folder, item, seconds):
    """A command that takes so long and notes when it began and ended."""
    times = word(f"{folder}/{item}.times")
    return f"date +%s.%N >> {times}; sleep {seconds}; date +%s.%N >> {times}"


def most_at_once(folder, items):
    """How many of these ran together at most."""
    events = []
    for item in items:
        times = [float(line) for line in (pathlib.Path(folder) / f"{item}.times").read_text().split()]
        events += [(time, 1 if n % 2 == 0 else -1) for n, time in enumerate(times)]
    running = most = 0
    for _, change in sorted(events):
        running += change
        most = max(most, running)
    return most


def main():
    """Runs the tests of the script; ends with 77 where none can be run here. Daemons that share two processors with what they run miss
    their own deadlines now and then: a test that failed is run once more, and has failed where it fails again."""
    result = unittest.main(module="__main__", exit=False).result
    if result.skipped and result.testsRun == 0:
        print(result.skipped[0][1])
        sys.exit(77)
    failed = sorted({getattr(test, "test_case", test).id().removeprefix("__main__.") for test, _ in result.failures + result.errors})
    if failed and all("(" not in name for name in failed):
        print("once more:", ", ".join(failed), flush=True)
        result = unittest.main(module="__main__", argv=[sys.argv[0], "-v", *failed], exit=False).result
    sys.exit(0 if result.wasSuccessful() else 1)
