"""CONTRIBUTING.md is right: its commands run, what it names exists, and its table is that of the wings' own comments.
`contributing_test.py --write` writes the table anew."""
import os
import pathlib
import re
import sys
import unittest

import layering_test
from documents import blocks, run_block
from program import SOURCE

DOCUMENT = SOURCE / "CONTRIBUTING.md"
TABLE = re.compile(r"(<!-- The next lines .*? -->\n).*(<!-- end -->\n)", re.S)


def with_table(text):
    """The document with the table of the wings as they are."""
    comments = layering_test.Tree(pathlib.Path(SOURCE)).comments
    rows = [f"| `{wing}` | {comment} |\n" for wing, comment in comments.items()]
    return TABLE.sub(lambda found: found[1] + "\n| wing | what lives there |\n|---|---|\n" + "".join(rows) + "\n" + found[2], text)


class ContributingTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.text = DOCUMENT.read_text()

    def test_the_table_is_that_of_the_wings(self):
        self.assertRegex(self.text, TABLE)
        self.assertEqual(self.text, with_table(self.text), "run tests/contributing_test.py --write")

    def test_commands_run(self):
        commands = blocks(self.text, "sh")
        self.assertTrue(commands)
        for command in commands:
            run_block(command, SOURCE)

    def test_scripts_and_targets_exist(self):
        for script in set(re.findall(r"scripts/\w+\.sh", self.text)):
            self.assertTrue(os.access(SOURCE / script, os.X_OK), script)
        tests = "".join(path.read_text() for path in (SOURCE / "tests").rglob("CMakeLists.txt"))
        for target in re.findall(r"--target (\w+_test)", self.text):
            self.assertIn(f"NAME {target} ", tests)

    def test_named_files_exist(self):
        named = set(re.findall(r"`((?:kernels|distributed|io|slurm|jobs|tests|docs|benchmarks|examples)/[\w./-]*)`", self.text))
        self.assertGreater(len(named), 20)
        for name in sorted(named):
            if "NAME" not in name:
                self.assertTrue((SOURCE / name).exists(), name)


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        DOCUMENT.write_text(with_table(DOCUMENT.read_text()))
    else:
        unittest.main()
