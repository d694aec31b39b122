"""Runs every command of README.md as written: each ```sh block in order, in one folder, with the program on the PATH. The sbatch
script is checked by bash; its commands run with srun replaced by mpirun on two ranks, on the tour's data."""
import os
import pathlib
import re
import tempfile
import unittest

from documents import blocks, run_block
from program import SOURCE

README = (SOURCE / "README.md").read_text()


class ReadmeTest(unittest.TestCase):
    def test_every_command_runs_as_written(self):
        with tempfile.TemporaryDirectory() as folder:
            commands = blocks(README, "sh")
            self.assertGreater(len(commands), 5)
            for block in commands:
                run_block(block, folder)
            for name in ("stars.h5", "taste.h5", "quarter.h5", "metrics.json", "recommendations.csv", "segments.h5", "segments.csv", "assigned.h5", "orders.h5", "customers.h5",
                         "scores.h5", "propensity.html", "demand.csv", "demand.html",
                         "als.jsonl", "als.sbatch", "plan.json", "scale.json", "scale.csv", "scale.svg", "q3/model.h5",
                         "q3/metrics.json", "q3/items-metrics.json", "q3/items-final.h5", "chosen-items.h5", "q3/recommendations.csv", "q3/segments-users.h5", "q3/sweep/results/report.html"):
                self.assertGreater((pathlib.Path(folder) / name).stat().st_size, 0, name)

            # The cluster's script, as far as one machine without a scheduler can go.
            (script,) = blocks(README, "sbatch")
            for quarter in ("log-2026q3.csv", "log-2026q4.csv"):
                (pathlib.Path(folder) / quarter).write_text((pathlib.Path(folder) / "ratings.csv").read_text())
            launched = 'SLURM_CPUS_PER_TASK=1\nsrun() { while [[ $1 == --* ]]; do shift; done; mpirun -n 2 "$@"; }\n' + script
            run_block(launched, folder)
            self.assertGreater((pathlib.Path(folder) / "shop-model.h5").stat().st_size, 0)

    def test_the_two_commands_exist(self):
        for command in re.findall(r"^scripts/\S+", "\n".join(blocks(README, "bash")), re.M):
            self.assertTrue(os.access(SOURCE / command, os.X_OK), command)


if __name__ == "__main__":
    unittest.main()
