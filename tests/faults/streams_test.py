"""Standard output, standard error and the event log that cannot be written: full, closed, or read by nobody any more. What is told
about a run is dropped, its files are those of any other run, and results that are lost are one line and exit code 74 at the end."""
import errno
import hashlib
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import program
import shop
from program import LAUNCHER, PROGRAM, run

LIBRARY = os.environ.get("RANKWISE_FAIL_IO", str(program.SOURCE / "build/release/tests/faults/libfail_io.so"))


class StreamsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name).resolve()
        cls.log = cls.path / "log.csv"
        cls.data, cls.model = shop.write_model(cls.path, users=80, items=40)
        (cls.path / "chain.ini").write_text(f"[quarterly]\ndirectory = {cls.path}/chain\nscheduler = local\n[prepare]\ninput = {cls.log}\n[als]\n")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def setUp(self):
        self.out = self.path / "out"
        self.out.mkdir(exist_ok=True)

    def jobs(self):
        """By name: the arguments, the file that is written if one is, and whether there are results on standard output."""
        out = self.out
        return {"prepare": (["prepare", "--input", self.log, "--output", out / "d.h5"], "d.h5", False),
                "als": (["als", "--data", self.data, "--factors", "4", "--epochs", "2", "--model", out / "m.h5", "--checkpoint", out / "c"], "m.h5", False),
                "kmeans": (["kmeans", "--input", self.model, "--rows", "users", "--clusters", "2:3", "--output", out / "k.h5"], "k.h5", True),
                "evaluate": (["evaluate", "--data", self.data, "--model", self.model, "--output", out / "e.json"], "e.json", True),
                "recommend": (["recommend", "--data", self.data, "--model", self.model, "--output", out / "r.csv"], "r.csv", False),
                "scale": (["scale", "--strong", "1", "--users", "200", "--items", "50", "--interactions", "900", "--json", out / "s.json"], "s.json", True),
                "plan": (["plan", "--data", self.data, "--ranks", "1,2"], None, True),
                "sweep plan": (["sweep", "plan", out / "sweep", "--job", "als", "--data", self.data, "--factors", "2,4"], "sweep/plan.json", True),
                "quarterly": (["quarterly", self.path / "chain.ini"], None, True),
                "inspect": (["inspect", self.model], None, True),
                "verify": (["verify", self.model, self.data], None, True),
                "--version": (["--version"], None, True)}

    def through_shell(self, redirection, args, ranks=1):
        """A run whose streams a shell has redirected; and what it says on standard error, if that is not."""
        launcher = [LAUNCHER, str(ranks)] if ranks > 1 else []
        environment = {key: value for key, value in os.environ.items() if not key.startswith("SLURM_")} | {"OMP_NUM_THREADS": "1"}
        return subprocess.run(["bash", "-c", f'exec "$@" {redirection}', "-", *launcher, PROGRAM, *map(str, args)], env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)

    def our_lines(self, done):
        return [line for line in done.stderr.splitlines() if line.startswith("rankwise:") and ": warning: " not in line]

    def expect_file(self, name):
        if name:
            file = self.out / name
            self.assertTrue(file.is_file(), name)
            self.assertGreater(file.stat().st_size, 0)
            if file.suffix == ".h5":
                self.assertEqual(run(["verify", file]).code, 0)
            file.unlink()

    def test_what_cannot_be_told_changes_nothing(self):
        for name, (args, file, _) in self.jobs().items():
            for redirection in ("2> /dev/full", "2>&-"):
                with self.subTest(job=name, redirection=redirection):
                    done = self.through_shell(redirection, args)
                    self.assertEqual(done.returncode, 0, done)
                    self.expect_file(file)

    def test_results_that_are_lost_are_74_at_the_end(self):
        for name, (args, file, has_results) in self.jobs().items():
            for redirection, reason in (("> /dev/full", "No space left on device"), (">&-", "Bad file descriptor")):
                with self.subTest(job=name, redirection=redirection):
                    done = self.through_shell(redirection, args)
                    self.assertEqual(done.returncode, 74 if has_results else 0, done)
                    expected = [f"rankwise: standard output: cannot be written: {reason}"] if has_results else []
                    self.assertEqual(self.our_lines(done), expected)
                    self.expect_file(file)

    def test_a_log_to_a_closed_output_is_refused(self):
        args, file, _ = self.jobs()["als"]
        done = self.through_shell(">&-", [*args, "--log-json", "/dev/stdout"])
        self.assertEqual(done.returncode, 73, done)
        self.assertEqual(self.our_lines(done), ["rankwise: --log-json /dev/stdout: cannot create: it is a directory"])
        self.assertFalse((self.out / file).exists())

    def test_no_stream_at_all(self):
        """No file that is written gets the number of one of them, and messages in it."""
        args, file, _ = self.jobs()["als"]
        done = self.through_shell("0<&- >&- 2>&-", args)
        self.assertEqual(done.returncode, 0, done)
        self.expect_file(file)

    def test_of_several_ranks(self):
        """Their streams are pipes to mpirun, which drops what it cannot write."""
        args, file, _ = self.jobs()["kmeans"]
        for redirection in ("2> /dev/full", "2>&-"):
            with self.subTest(redirection=redirection):
                done = self.through_shell(redirection, args, ranks=2)
                self.assertEqual(done.returncode, 0, done)
                self.expect_file(file)

    def test_its_own_error_keeps_its_code(self):
        for redirection in ("2> /dev/full", "2>&-", "> /dev/full"):
            with self.subTest(redirection=redirection):
                self.assertEqual(self.through_shell(redirection, ["inspect", self.path / "absent.h5"]).returncode, 66)
                self.assertEqual(self.through_shell(redirection, ["inspect", "--nothing"]).returncode, 2)
                self.assertEqual(self.through_shell(redirection, ["inspect", self.log]).returncode, 65)

    def test_a_reader_that_has_gone(self):
        reading, writing = os.pipe()
        os.close(reading)
        try:
            args, file, _ = self.jobs()["als"]
            done = subprocess.run([PROGRAM, *map(str, args)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=writing, timeout=60)
            self.assertEqual(done.returncode, 0)
            self.expect_file(file)
            args, file, _ = self.jobs()["kmeans"]
            done = subprocess.run([PROGRAM, *map(str, args)], stdin=subprocess.DEVNULL, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60)
            self.assertEqual(done.returncode, 74, done)
            self.assertIn("Broken pipe", self.our_lines(done)[0])
            self.expect_file(file)
        finally:
            os.close(writing)

    def fill(self, file, first, bytes_at_least=0):
        """The environment of a run in which the disk of one file is full from a write on."""
        return {"LD_PRELOAD": LIBRARY, "FAIL_IO_CALL": "write", "FAIL_IO_PATH": file, "FAIL_IO_FROM": first, "FAIL_IO_BYTES": bytes_at_least,
                "FAIL_IO_ERROR": errno.ENOSPC}

    def train(self, *options, ranks=1, env=None):
        return run(["als", "--data", self.data, "--factors", "4", "--epochs", "30", "--model", self.out / "m.h5",
                    "--log-json", self.out / "events.jsonl", *options], ranks=ranks, env=env)

    def test_a_log_whose_disk_fills_does_not_end_the_training(self):
        log = self.out / "events.jsonl"
        self.assertEqual(self.train().code, 0)
        expected = hashlib.sha256((self.out / "m.h5").read_bytes()).hexdigest()
        for ranks in (1, 2):
            with self.subTest(ranks=ranks):
                (self.out / "m.h5").unlink()
                done = self.train(ranks=ranks, env=self.fill(log, 5))
                self.assertEqual(done.code, 74, done)
                self.assertEqual(done.our_lines, [f"rankwise: {log}: the event log could not be written: No space left on device"])
                self.assertEqual(hashlib.sha256((self.out / "m.h5").read_bytes()).hexdigest(), expected)
                self.assertEqual(len([json.loads(line) for line in log.read_text().splitlines()]), 4)

    def test_a_run_that_ends_early_keeps_its_code_beside_a_lost_log(self):
        log, checkpoints = self.out / "events.jsonl", self.out / "stopped"
        checkpoints.mkdir()
        (checkpoints / "stop").touch()
        warning = f"rankwise: warning: {log}: the event log could not be written: No space left on device"
        done = self.train("--checkpoint", checkpoints, env=self.fill(log, 2))
        self.assertEqual(done.code, 75, done)
        self.assertEqual(len(done.our_lines), 2, done)
        self.assertIn(warning, done.our_lines)
        done = self.train("--warm-start", self.data, env=self.fill(log, 1))
        self.assertEqual(done.code, 65, done)
        self.assertIn(warning, done.our_lines)

    def test_standard_error_whose_disk_fills(self):
        errors = self.out / "errors.txt"
        environment = os.environ | {key: str(value) for key, value in self.fill(errors, 4).items()}
        args, file, _ = self.jobs()["als"]
        with open(errors, "w") as stream:
            done = subprocess.run([PROGRAM, *map(str, args)], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stream, timeout=60)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(len(errors.read_text().splitlines()), 3)
        self.expect_file(file)


if __name__ == "__main__":
    unittest.main()
