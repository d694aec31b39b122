"""Every job that writes HDF5, with freed memory overwritten: a use after free that HDF5 hides from the address sanitizer ends the run."""
import pathlib
import tempfile
import unittest

from program import run

LOG = "user,item\nann,tea\nann,cup\nbob,tea\nbob,pot\nbob,cup\ncat,pot\ncat,tea\ndan,pot\neve,cup\n"


class PerturbedMemoryTest(unittest.TestCase):
    def test_every_written_file(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "log.csv").write_text(LOG)
            for job in ["prepare --input log.csv --split random:0.3 --output d.h5",
                        "als --data d.h5 --model m.h5 --factors 2 --epochs 2 --checkpoint c",
                        "recommend --data d.h5 --model m.h5 --output r.h5",
                        "kmeans --input m.h5 --rows items --clusters 2 --output k.h5 --checkpoint k",
                        "verify d.h5 m.h5 r.h5 k.h5",
                        "synthesize --users 20 --items 10 --interactions 60 --output s.csv --truth t.h5"]:
                done = run(job.split(), env={"MALLOC_PERTURB_": "165"}, cwd=folder)
                self.assertEqual(done.code, 0, done)


if __name__ == "__main__":
    unittest.main()
