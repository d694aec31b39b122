"""File systems without locks: every job that locks its folder says so in one line and does its work; --lock off says nothing."""
import errno
import json
import os
import pathlib
import tempfile
import unittest

import program
import shop
from program import run

LIBRARY = os.environ.get("RANKWISE_FAIL_IO", str(program.SOURCE / "build/release/tests/faults/libfail_io.so"))


class NoLocksTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name).resolve()
        cls.data, cls.model = shop.write_model(cls.path, users=80, items=40)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def setUp(self):
        self.out = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(dir=self.path)))

    def locks_fail(self, error=errno.ENOLCK):
        return {"LD_PRELOAD": LIBRARY, "FAIL_IO_CALL": "lock", "FAIL_IO_PATH": "*/lock", "FAIL_IO_FROM": 1, "FAIL_IO_ERROR": error,
                "FAIL_IO_NOTES": self.out / "asked"}

    def lines_about_locks(self, done):
        # A sweep of one epoch may also warn of a model that does not beat popularity.
        return [line for line in done.our_lines if "beat lists by popularity" not in line]

    def expect_warning(self, done, folder, reason="No locks available"):
        self.assertEqual(done.code, 0, done)
        lines = self.lines_about_locks(done)
        self.assertEqual(len(lines), 1, done)
        self.assertIn("warning: ", lines[0])
        for words in (str(folder), reason, "--lock off"):
            self.assertIn(words, lines[0])

    def expect_silence(self, done, folder):
        self.assertEqual(done.code, 0, done)
        self.assertEqual(self.lines_about_locks(done), [], done)
        self.assertFalse((self.out / "asked").exists())
        self.assertFalse((folder / "lock").exists())

    def trainings(self):
        folder = self.out / "checkpoints"
        return folder, {"als": ["als", "--data", self.data, "--factors", "4", "--epochs", "2", "--model", self.out / "m.h5", "--checkpoint", folder],
                        "kmeans": ["kmeans", "--input", self.model, "--rows", "users", "--clusters", "3", "--output", self.out / "k.h5", "--checkpoint", folder]}

    def test_trainings(self):
        for name in ("als", "kmeans"):
            for ranks in (1, 2):
                with self.subTest(job=name, ranks=ranks):
                    self.setUp()
                    folder, jobs = self.trainings()
                    self.expect_silence(run([*jobs[name], "--lock", "off"], ranks=ranks, env=self.locks_fail()), folder)
                    self.expect_warning(run(jobs[name], ranks=ranks, env=self.locks_fail()), folder)
                    self.assertTrue((folder / "newest").exists())

    def test_any_way_to_have_none(self):
        folder, jobs = self.trainings()
        for error in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL):
            with self.subTest(error=errno.errorcode[error]):
                self.expect_warning(run(jobs["als"], env=self.locks_fail(error)), folder, os.strerror(error))
        done = run(jobs["als"], env=self.locks_fail(errno.EIO))
        self.assertEqual(done.code, 73, done)

    def test_sweeps(self):
        folder = self.out / "sweep"
        planned = run(["sweep", "plan", folder, "--job", "als", "--data", self.data, "--factors", "4", "--epochs", "1"])
        self.assertEqual(planned.code, 0, planned)
        log = folder / "scheduler/logs/t1.f1.r0.log"
        self.expect_silence(run(["sweep", "run", folder, "--cores", "1", "--lock", "off"], env=self.locks_fail()), folder)
        self.assertEqual(json.loads((folder / "run.json").read_text())["lock"], "off")
        self.assertNotIn("cannot be locked", "".join(path.read_text() for path in log.parent.iterdir()))
        # What one command asked for holds for the next, until another asks for something else.
        self.expect_silence(run(["sweep", "run", folder], env=self.locks_fail()), folder)
        self.expect_warning(run(["sweep", "resume", folder, "--lock", "auto"], env=self.locks_fail()), folder)

    def test_chains(self):
        for lock in ("off", "auto"):
            with self.subTest(lock=lock):
                self.setUp()
                folder, chain = self.out / "chain", self.out / "chain.ini"
                chain.write_text(f"[quarterly]\ndirectory = {folder}\nscheduler = local\nlock = {lock}\ncores = 1\nfinal = no\n"
                                 f"[prepare]\ninput = {self.path}/log.csv\n[als]\nfactors = 4\nepochs = 1\nlock = {lock}\n")
                done = run(["quarterly", chain, "--submit"], env=self.locks_fail())
                if lock == "off":
                    self.expect_silence(done, folder)
                else:
                    self.expect_warning(done, folder)
                self.assertTrue((folder / "model.h5").exists())

    def test_it_has_a_meaning_only_with_a_folder(self):
        _, jobs = self.trainings()
        args = jobs["als"]
        self.assertEqual(run([*args[:args.index("--checkpoint")], "--lock", "off"]).code, 2)


if __name__ == "__main__":
    unittest.main()
