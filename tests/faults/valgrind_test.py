"""valgrind_test.py GROUP ...: a small case of every job under valgrind, which sees invalid reads and writes and uses of undefined values in HDF5 and
Open MPI too. Ends with 77 if valgrind is not installed or cannot run here. valgrind knows no AVX-512: kernels run as AVX2, which it tells them to."""
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

import every_job
from program import PROGRAM

VALGRIND = shutil.which("valgrind")
FOUND = 99


def lacks_instruction():
    """Valgrind offers RDTSCP even if the processor has none (virtual machines may hide it), and libhwy takes it when it is loaded."""
    if " rdtscp " in pathlib.Path("/proc/cpuinfo").read_text():
        return False
    return subprocess.run([VALGRIND, "--quiet", PROGRAM, "--version"], capture_output=True).returncode == -signal.SIGILL


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
    if lacks_instruction():
        print("skipped: this processor has no RDTSCP, so that valgrind cannot load libhwy")
        sys.exit(77)
    ValgrindTest.groups = [word for word in sys.argv[1:] if word in every_job.CASES] or ValgrindTest.groups
    unittest.main(argv=[sys.argv[0], *(word for word in sys.argv[1:] if word not in every_job.CASES)])
