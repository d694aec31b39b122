"""Calls into the system that fail: fsync, rename, fallocate, and writes of rows. One line, exit code 74, all ranks end, what stood
before still stands, nothing unfinished is left, and a training continues from its last good checkpoint to the same bits."""
import errno
import hashlib
import os
import pathlib
import shutil
import tempfile
import unittest

import program
from program import run

LIBRARY = os.environ.get("RANKWISE_FAIL_IO", str(program.SOURCE / "build/release/tests/faults/libfail_io.so"))
ROWS = 6_000  # bytes: more than HDF5 writes of its own at once


class FailingIoTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name).resolve()
        cls.log, cls.data, cls.model = cls.path / "log.csv", cls.path / "data.h5", cls.path / "model.h5"
        for step in (["synthesize", "--users", "3000", "--items", "800", "--interactions", "60000", "--output", cls.log],
                     ["prepare", "--input", cls.log, "--output", cls.data],
                     ["als", "--data", cls.data, "--model", cls.model, "--factors", "24", "--epochs", "4"]):
            done = run([*step, "--quiet"])
            assert done.code == 0, done
        cls.failed = 0

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()
        print(f"{cls.failed} runs met a call that failed")

    def fail(self, job, output, call, ranks, file=None, first=1, rank=None, least_bytes=ROWS):
        """Runs a job in which a call on `file` (the output where none is given) fails, and checks how it ends. Whether there was such
        a call."""
        file = file or output.name
        # rename and fsync of a folder see the name itself, all others the temporary file beside it, which small files share.
        pattern = f"*/{file}" if call == "rename" else f"*/.{'records' if file == 'newest' else file}.*.partial"
        notes = self.path / "notes"
        notes.unlink(missing_ok=True)
        environment = {"LD_PRELOAD": LIBRARY, "FAIL_IO_CALL": call, "FAIL_IO_PATH": pattern, "FAIL_IO_FROM": first, "FAIL_IO_BYTES": least_bytes,
                       "FAIL_IO_ERROR": errno.ENOSPC if call in ("write", "fallocate") else errno.EIO, "FAIL_IO_NOTES": notes,
                       "FAIL_IO_RANK": rank}
        done = run([*job, output], ranks=ranks, env=environment, timeout=60)
        if not notes.exists():
            self.assertEqual(done.code, 0, done)
            return False
        self.assertEqual(done.code, 74, done)
        self.assertEqual(len(done.our_lines), 1, done)
        self.assertIn(file.replace("*", ""), done.our_lines[0])
        self.assertEqual([str(path) for path in self.path.rglob("*.partial")], [])
        type(self).failed += 1
        return True

    def jobs(self):
        return {"prepare": ["prepare", "--quiet", "--input", self.log, "--output"],
                "als": ["als", "--quiet", "--data", self.data, "--factors", "24", "--epochs", "1", "--model"],
                "kmeans": ["kmeans", "--quiet", "--input", self.model, "--rows", "users", "--clusters", "4", "--output"],
                "recommend": ["recommend", "--quiet", "--data", self.data, "--model", self.model, "--output"]}

    def test_an_output_that_cannot_be_written_leaves_the_old_one(self):
        output = self.path / "output.h5"
        calls = (("fsync", 1, None), ("rename", 1, None), ("fallocate", 1, None), ("write", 1, None), ("write", 3, 1))
        by_ranks = (("fsync", 3, 2), ("rename", 3, None), ("fallocate", 3, None), ("write", 3, None))
        for name, job in self.jobs().items():
            for call, ranks, rank in calls + by_ranks if name == "als" else calls:
                with self.subTest(job=name, call=call, ranks=ranks, rank=rank):
                    output.write_bytes(b"what stood here before")
                    self.assertTrue(self.fail(job, output, call, ranks, rank=rank))
                    self.assertEqual(output.read_bytes(), b"what stood here before")

    def test_a_file_system_without_fallocate_is_written_to(self):
        output = self.path / "output.h5"
        for error in (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL):
            with self.subTest(error=errno.errorcode[error]):
                notes = self.path / "notes"
                notes.unlink(missing_ok=True)
                done = run([*self.jobs()["als"], output], env={"LD_PRELOAD": LIBRARY, "FAIL_IO_CALL": "fallocate", "FAIL_IO_PATH": "*/.output.h5.*.partial",
                                                               "FAIL_IO_FROM": "1", "FAIL_IO_ERROR": error, "FAIL_IO_NOTES": notes})
                self.assertEqual(done.code, 0, done)
                self.assertTrue(notes.exists())

    def test_a_limit_of_file_sizes_is_told(self):
        """SIGXFSZ would end the run without a word."""
        jobs = {**{name: (job, "output.h5") for name, job in self.jobs().items()},
                "recommend CSV": (["recommend", "--quiet", "--data", self.data, "--model", self.model, "--output"], "output.csv"),
                "similar": (["similar", "--quiet", "--model", self.model, "--rows", "users", "--output"], "output.csv"),
                "export": (["export", "--quiet", "--model", self.model, "--output"], "output.npz"),
                "export faiss": (["export", "--quiet", "--model", self.model, "--output"], "output.faiss"),
                "synthesize": (["synthesize", "--quiet", "--users", "3000", "--items", "800", "--interactions", "60000", "--output"], "output.csv")}
        for name, (job, file) in jobs.items():
            with self.subTest(job=name):
                output = self.path / file
                output.write_bytes(b"what stood here before")
                done = run([*job, output], launcher=["bash", "-c", 'ulimit -f 32; exec "$@"', "limited"])
                self.assertEqual(done.code, 74, done)
                self.assertEqual(len(done.our_lines), 1, done)
                self.assertRegex(done.our_lines[0], rf"{output}: cannot write: File too large$")
                self.assertEqual(output.read_bytes(), b"what stood here before")
                self.assertEqual([str(path) for path in self.path.rglob("*.partial")], [])

    def test_an_export(self):
        """Ranks read together while one of them cannot write."""
        for file in ("output.npz", "output.faiss"):
            output = self.path / file
            for call, ranks, rank in (("write", 1, None), ("write", 3, 2), ("write", 3, 0), ("fsync", 3, None), ("rename", 1, None), ("fallocate", 3, None)):
                with self.subTest(file=file, call=call, ranks=ranks, rank=rank):
                    output.write_bytes(b"what stood here before")
                    self.assertTrue(self.fail(["export", "--quiet", "--model", self.model, "--output"], output, call, ranks, rank=rank, least_bytes=0))
                    self.assertEqual(output.read_bytes(), b"what stood here before")

    def test_any_write_of_a_file(self):
        """Of rows and of all else, from the first to the last."""
        output = self.path / "output.h5"
        for ranks in (1, 3):
            first = 1
            while True:
                with self.subTest(ranks=ranks, first=first):
                    output.write_bytes(b"what stood here before")
                    if not self.fail(self.jobs()["als"], output, "write", ranks, first=first, least_bytes=0):
                        break
                    self.assertEqual(output.read_bytes(), b"what stood here before")
                first += ranks
            self.assertGreater(first, 2 * ranks)

    def test_a_training_goes_on_from_the_last_good_checkpoint(self):
        expected = hashlib.sha256(self.model.read_bytes()).hexdigest()
        checkpoints, output = self.path / "checkpoints", self.path / "trained.h5"
        job = ["als", "--quiet", "--data", self.data, "--factors", "24", "--epochs", "4", "--checkpoint", checkpoints, "--model"]
        for call, file, ranks in (("fsync", "epoch-000003.h5", 3), ("rename", "epoch-000002.h5", 1), ("rename", "newest", 1),
                                  ("write", "epoch-000003.h5", 3), ("fallocate", "epoch-000002.h5", 1), ("fsync", "newest", 3), ("write", "newest", 1)):
            with self.subTest(call=call, file=file, ranks=ranks):
                shutil.rmtree(checkpoints, ignore_errors=True)
                self.assertTrue(self.fail(job, output, call, ranks, file=file, least_bytes=0 if file == "newest" else ROWS))
                self.assertFalse(output.exists())
                kept = sorted(path.name for path in checkpoints.glob("epoch-*"))
                if file != "newest":
                    self.assertNotIn(file, kept)
                self.assertTrue(kept)
                done = run([*job, output], ranks=2 if ranks == 1 else 1)
                self.assertEqual(done.code, 0, done)
                self.assertEqual(hashlib.sha256(output.read_bytes()).hexdigest(), expected)
                output.unlink()


if __name__ == "__main__":
    unittest.main()
