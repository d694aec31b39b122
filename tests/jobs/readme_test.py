"""Runs every command of README.md as written: each ```sh block in order, in one folder, with the program on the PATH. The sbatch
script is checked by bash; its commands run with srun replaced by mpirun on two ranks, on the tour's data."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from program import PROGRAM, SOURCE

README = (SOURCE / "README.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


class ReadmeTest(unittest.TestCase):
    def shell(self, script, folder):
        environment = dict(os.environ)
        environment.update(PATH=f"{pathlib.Path(PROGRAM).parent}:{environment['PATH']}", OMPI_ALLOW_RUN_AS_ROOT="1",
                           OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", OMPI_MCA_rmaps_base_oversubscribe="1", OMP_NUM_THREADS="1",
                           OMPI_MCA_mpi_yield_when_idle="1", OMPI_MCA_hwloc_base_binding_policy="none")
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=folder, env=environment, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
        self.assertEqual(done.returncode, 0, f"{script}\n{done.stdout}")
        return done.stdout

    def test_every_command_runs_as_written(self):
        with tempfile.TemporaryDirectory() as folder:
            commands = blocks("sh")
            self.assertGreater(len(commands), 5)
            for block in commands:
                self.shell(block, folder)
            for name in ("stars.h5", "taste.h5", "quarter.h5", "metrics.json", "recommendations.csv", "segments.h5", "segments.csv", "assigned.h5", "orders.h5",
                         "als.jsonl", "als.sbatch", "plan.json", "scale.json", "scale.csv", "scale.svg", "q3/model.h5",
                         "q3/metrics.json", "q3/recommendations.csv", "q3/segments-users.h5", "q3/sweep/results/report.html"):
                self.assertGreater((pathlib.Path(folder) / name).stat().st_size, 0, name)

            # The cluster's script, as far as one machine without a scheduler can go.
            (script,) = blocks("sbatch")
            for quarter in ("log-2026q3.csv", "log-2026q4.csv"):
                (pathlib.Path(folder) / quarter).write_text((pathlib.Path(folder) / "ratings.csv").read_text())
            launched = 'SLURM_CPUS_PER_TASK=1\nsrun() { while [[ $1 == --* ]]; do shift; done; mpirun -n 2 "$@"; }\n' + script
            self.shell(launched, folder)
            self.assertGreater((pathlib.Path(folder) / "shop-model.h5").stat().st_size, 0)

    def test_the_two_commands_exist(self):
        for command in re.findall(r"^scripts/\S+", "\n".join(blocks("bash")), re.M):
            self.assertTrue(os.access(SOURCE / command, os.X_OK), command)


if __name__ == "__main__":
    unittest.main()
