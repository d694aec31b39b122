"""valgrind_test.py GROUP ...: a small case of every job under valgrind, which sees invalid reads and writes and uses of undefined values in HDF5 and
Open MPI too. Ends with 77 where valgrind is not installed. valgrind knows no AVX-512: kernels run as AVX2, which it tells them to."""
import shutil
import sys
import tempfile
import unittest

import every_job

VALGRIND = shutil.which("valgrind")
FOUND = 99


class ValgrindTest(unittest.TestCase):
    groups = list(every_job.CASES)

    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        every_job.write_inputs(self.folder)

    def test_jobs(self):
        for group in self.groups:
            if group != "training" and "training" not in self.groups:
                self.expect_sound("training", None)
            self.expect_sound(group, [VALGRIND, "--quiet", "--vgdb=no", "--leak-check=no", "--num-callers=30", f"--error-exitcode={FOUND}"])

    def expect_sound(self, group, launcher):
        for done in every_job.run_group(group, self.folder, launcher=launcher):
            with self.subTest(command=done.args):
                self.assertEqual(done.code, 0, done)


if __name__ == "__main__":
    if not VALGRIND:
        print("skipped: valgrind is not installed (scripts/dependencies.sh --test)")
        sys.exit(77)
    ValgrindTest.groups = [word for word in sys.argv[1:] if word in every_job.CASES] or ValgrindTest.groups
    unittest.main(argv=[sys.argv[0], *(word for word in sys.argv[1:] if word not in every_job.CASES)])
