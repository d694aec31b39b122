"""Every job with freed memory overwritten: a use after free that HDF5 hides from the address sanitizer ends the run."""
import tempfile
import unittest

import every_job


class PerturbedMemoryTest(unittest.TestCase):
    def test_every_job_has_a_case(self):
        self.assertEqual(every_job.names(), every_job.help_names())

    def test_every_job(self):
        with tempfile.TemporaryDirectory() as folder:
            every_job.write_inputs(folder)
            for group in every_job.CASES:
                for done in every_job.run_group(group, folder, env={"MALLOC_PERTURB_": "165"}):
                    with self.subTest(command=done.args[1:]):
                        self.assertEqual(done.code, 0, done)


if __name__ == "__main__":
    unittest.main()
