"""Every command of docs/CAMPAIGNS.md runs as written, in one folder."""
import json
import pathlib
import tempfile
import unittest

from documents import blocks, run_block
from program import SOURCE


class CampaignsDocumentTest(unittest.TestCase):
    def test_every_command_runs_as_written(self):
        with tempfile.TemporaryDirectory() as folder:
            commands = blocks((SOURCE / "docs/CAMPAIGNS.md").read_text(), "sh")
            self.assertTrue(commands)
            printed = "".join(run_block(block, folder) for block in commands)
            self.assertIn("No effect on revenue per customer was found", printed)
            found = json.loads((pathlib.Path(folder) / "spring.json").read_text())
            self.assertEqual(found["campaigns"][0]["verdict"], "none-found")
            self.assertGreater((pathlib.Path(folder) / "uplift.csv").stat().st_size, 0)


if __name__ == "__main__":
    unittest.main()
