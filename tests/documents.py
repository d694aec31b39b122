"""Commands in documents and examples, which tests run as they are written."""
import os
import pathlib
import re
import subprocess

from program import PROGRAM


def blocks(text, language):
    """The ```language blocks of a document."""
    return re.findall(rf"```{language}\n(.*?)```", text, re.S)


def run_shell(command, folder):
    """Runs it in a folder with the program on the PATH, one thread a rank and any number of ranks; its output, of both
    streams. Fails with that output unless it ends with 0."""
    environment = dict(os.environ)
    environment.update(PATH=f"{pathlib.Path(PROGRAM).parent}:{environment['PATH']}", OMPI_ALLOW_RUN_AS_ROOT="1",
                       OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", OMPI_MCA_rmaps_base_oversubscribe="1", OMP_NUM_THREADS="1",
                       OMPI_MCA_mpi_yield_when_idle="1", OMPI_MCA_hwloc_base_binding_policy="none")
    done = subprocess.run(command, cwd=folder, env=environment, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=300)
    assert done.returncode == 0, f"{command}: exit code {done.returncode}\n{done.stdout}"
    return done.stdout


def run_block(script, folder):
    return run_shell(["bash", "-euo", "pipefail", "-c", script], folder)
