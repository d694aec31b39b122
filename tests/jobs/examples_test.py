"""The examples run as they are, are short, and say on top what they teach. An argument of ctest picks one (`test_01...`)."""
import os
import pathlib
import tempfile
import unittest

from documents import run_shell
from program import SOURCE

# What each leaves behind, at least.
MADE = {
    "01_recommend.sh": ["metrics.json", "final.h5", "recommendations.csv"],
    "02_choose_factors.sh": ["search/results/report.html", "search/results/winner.ini", "chosen.h5", "chosen.json"],
    "03_segments.sh": ["segments.h5", "segments.csv", "quality.json", "next-segments.h5"],
    "04_interrupted.sh": ["model.h5", "uninterrupted.h5"],
    "05_quarter.sh": ["q1/metrics.json", "q1/final.h5", "q1/recommendations.csv", "q1/segments-users.h5", "q1/index.html", "q2/gate.json", "q2/segments.json", "q2/index.html"],
}


class ExamplesTest(unittest.TestCase):
    def run_example(self, name):
        """What it prints, in a new folder."""
        with tempfile.TemporaryDirectory() as folder:
            printed = run_shell([str(SOURCE / "examples" / name), "made"], folder)
            for file in MADE[name]:
                self.assertGreater((pathlib.Path(folder) / "made" / file).stat().st_size, 0, file)
            return printed

    def test_01_recommend(self):
        self.assertIn("user,rank,item,score,source", self.run_example("01_recommend.sh"))

    def test_02_choose_factors(self):
        self.assertIn("<- chosen", self.run_example("02_choose_factors.sh"))

    def test_03_segments(self):
        self.assertIn("recommended: ", self.run_example("03_segments.sh"))

    def test_04_interrupted(self):
        self.assertIn("the same, byte for byte", self.run_example("04_interrupted.sh"))

    def test_05_quarter(self):
        self.assertNotIn("failed", self.run_example("05_quarter.sh"))

    def test_all_are_short_and_begin_with_what_they_teach(self):
        examples = sorted((SOURCE / "examples").iterdir())
        self.assertEqual([path.name for path in examples], sorted(MADE))
        for path in examples:
            lines = path.read_text().splitlines()
            self.assertLess(len(lines), 40, path)
            self.assertTrue(os.access(path, os.X_OK), path)
            self.assertEqual(lines[0], "#!/usr/bin/env bash", path)
            self.assertTrue(all(line.startswith("# ") for line in lines[1:3]), path)
            self.assertIn(f"examples/{path.name} [FOLDER]", path.read_text(), "how it is run")


if __name__ == "__main__":
    unittest.main()
