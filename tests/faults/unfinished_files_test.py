"""What runs leave that end while they write: nothing after a signal that can be caught, and after a kill -9 a temporary file that the
next run of the same output removes. Files of live writers and of others stay."""
import contextlib
import errno
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

import program
import shop
from program import LAUNCHER, PROGRAM, run

LIBRARY = os.environ.get("RANKWISE_FAIL_IO", str(program.SOURCE / "build/release/tests/faults/libfail_io.so"))


class UnfinishedFilesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.path = pathlib.Path(folder.name).resolve()
        cls.log = cls.path / "log.csv"
        cls.data, cls.model = shop.write_model(cls.path, users=200, items=60)

    def setUp(self):
        self.folder = self.path / self.id().rsplit(".", 1)[1]
        self.folder.mkdir()

    def jobs(self):
        """Name of an output -> arguments whose last one is its path."""
        trained = ["--data", self.data, "--model", self.model]
        jobs = {"data.h5": ["prepare", "--input", self.log, "--output"],
                "model.h5": ["als", "--data", self.data, "--factors", "4", "--epochs", "1", "--model"],
                "clusters.h5": ["kmeans", "--input", self.model, "--rows", "users", "--clusters", "3", "--output"],
                "export.csv": ["kmeans", "--input", self.model, "--rows", "users", "--clusters", "3", "--output", self.folder / "c.h5", "--export"],
                "metrics.json": ["evaluate", *trained, "--output"],
                "lists.csv": ["recommend", *trained, "--output"],
                "lists.h5": ["recommend", *trained, "--output"],
                "plan.json": ["plan", "--data", self.data, "--ranks", "1,2", "--json"],
                "planted.csv": ["synthesize", "--users", "50", "--items", "40", "--interactions", "200", "--output"],
                "truth.h5": ["synthesize", "--users", "50", "--items", "40", "--interactions", "200", "--output", self.folder / "p.csv", "--truth"]}
        return {name: [*arguments, self.folder / name] for name, arguments in jobs.items()}

    def meeting(self, number, name, **more):
        """An environment in which a process that writes to the temporary file of `name` sends itself this signal before."""
        return {"LD_PRELOAD": LIBRARY, "FAIL_IO_CALL": "write", "FAIL_IO_PATH": f"*/.{name}.*.partial", "FAIL_IO_FROM": "1",
                "FAIL_IO_SIGNAL": str(int(number)), **more}

    def leftovers(self):
        return [path.name for path in self.folder.rglob("*.partial") if not path.name.startswith(".mine")]

    def start(self, arguments, environment, ranks=1):
        command = [*([LAUNCHER, str(ranks)] if ranks > 1 else []), PROGRAM, *map(str, arguments)]
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("SLURM_")}
        process = subprocess.Popen(command, env=inherited | {"OMP_NUM_THREADS": "1"} | environment, start_new_session=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()

    def wait_until(self, holds):
        deadline = time.monotonic() + 60
        while not holds():
            self.assertLess(time.monotonic(), deadline, "it did not come to that")
            time.sleep(0.02)

    def test_after_a_kill_the_next_run_of_the_same_output_removes_what_it_left(self):
        (self.folder / ".mine.partial").write_text("not ours")
        for name, job in self.jobs().items():
            with self.subTest(job=job[0], output=name):
                job[-1].write_text("what stood here before")
                killed = run(job, env=self.meeting(signal.SIGKILL, name))
                self.assertEqual(killed.code, -signal.SIGKILL, killed)
                self.assertEqual(len(self.leftovers()), 1)
                self.assertEqual(job[-1].read_text(), "what stood here before")
                (self.folder / f".mine.{name}.1-0.partial").write_text("not of this name")
                done = run(job)
                self.assertEqual(done.code, 0, done)
                self.assertEqual(self.leftovers(), [])
        self.assertEqual(len(list(self.folder.glob(".mine*"))), len(self.jobs()) + 1)

    def test_after_a_kill_of_a_run_of_several_ranks(self):
        job = self.jobs()["model.h5"]
        killed = run(job, ranks=3, env=self.meeting(signal.SIGKILL, "model.h5", FAIL_IO_RANK="0"))
        self.assertNotEqual(killed.code, 0)
        self.assertEqual(len(self.leftovers()), 1)
        self.assertEqual(run(job, ranks=2).code, 0)
        self.assertEqual(self.leftovers(), [])

    def test_signals_that_can_be_caught_leave_nothing(self):
        cases = [(name, signal.SIGTERM) for name in self.jobs()] + [("data.h5", signal.SIGINT), ("lists.csv", signal.SIGINT), ("data.h5", signal.SIGHUP),
                                                                         ("data.h5", signal.SIGUSR2), ("model.h5", signal.SIGUSR1), ("lists.h5", signal.SIGXCPU)]
        for name, number in cases:
            with self.subTest(output=name, signal=number):
                job = self.jobs()[name]
                job[-1].write_text("what stood here before")
                ended = run(job, env=self.meeting(number, name))
                self.assertEqual(ended.code, -number, ended)
                self.assertEqual(self.leftovers(), [])
                self.assertEqual(job[-1].read_text(), "what stood here before")

    def test_a_signal_that_comes_as_the_file_is_created_leaves_nothing(self):
        """Between its creation and its lock, when nothing else is known of it yet."""
        for number in (signal.SIGTERM, signal.SIGUSR2):
            ended = run(self.jobs()["data.h5"], env=self.meeting(number, "data.h5", FAIL_IO_CALL="lock"))
            self.assertEqual(ended.code, -number, ended)
            self.assertEqual(self.leftovers(), [])

    def test_a_signal_that_is_ignored_stays_so(self):
        job = self.jobs()["data.h5"]
        done = run(job, env=self.meeting(signal.SIGHUP, "data.h5"), launcher=["nohup"])
        self.assertEqual(done.code, 0, done)

    def test_signals_to_mpirun_leave_nothing(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number):
                # Open MPI kills ranks 2 s later, and a rank on a crowded machine may not have had its turn until then.
                self.assertTrue(any(self.leaves_nothing(number, attempt) for attempt in range(3)))

    def leaves_nothing(self, number, attempt):
        notes = self.folder / f"notes-{int(number)}-{attempt}"
        waits = self.meeting(signal.SIGSTOP, "data.h5", FAIL_IO_RANK="1", FAIL_IO_NOTES=str(notes))
        process = self.start(self.jobs()["data.h5"], waits, ranks=2)
        self.wait_until(notes.exists)
        self.assertEqual(len(self.leftovers()), 1)  # what a killed rank has left, this run has removed
        process.send_signal(number)
        self.assertNotEqual(process.wait(timeout=30), 0)
        return not self.leftovers()

    def test_a_live_writers_file_stays(self):
        notes, job = self.folder / "notes", self.jobs()["data.h5"]
        first = self.start(job, self.meeting(signal.SIGSTOP, "data.h5", FAIL_IO_NOTES=str(notes)))
        self.wait_until(notes.exists)
        live = self.leftovers()
        self.assertEqual(len(live), 1)
        second = run(job)
        self.assertEqual(second.code, 0, second)
        self.assertEqual(self.leftovers(), live)
        told = run(["verify", self.folder, "--quiet"])
        self.assertEqual(told.code, 0, told)
        self.assertRegex(told.out, rf"(?m)^{self.folder}/{live[0]}: unfinished: [\d.]+ [KM]?i?B, last written \d+ s ago; a run is writing it now$")
        self.assertRegex(told.out, rf"(?m)^{self.folder}/data.h5: intact: dataset of ")
        os.kill(first.pid, signal.SIGCONT)
        self.assertEqual(first.wait(timeout=30), 0)
        self.assertEqual(self.leftovers(), [])
        self.assertEqual(run(["verify", job[-1], "--quiet"]).code, 0)

    def test_a_file_system_without_locks_keeps_what_it_cannot_tell(self):
        job, notes, old = self.jobs()["data.h5"], self.path / "lock-notes", self.folder / ".data.h5.4000000-0.partial"
        old.write_text("half")
        done = run(job, env={"LD_PRELOAD": LIBRARY, "FAIL_IO_CALL": "lock", "FAIL_IO_PATH": "*/.data.h5.*.partial", "FAIL_IO_FROM": "1",
                             "FAIL_IO_ERROR": errno.ENOLCK, "FAIL_IO_NOTES": notes})
        self.assertEqual(done.code, 0, done)
        self.assertTrue(notes.exists())
        self.assertEqual(self.leftovers(), [old.name])
        self.assertEqual(run(["verify", job[-1], "--quiet"]).code, 0)

    def test_a_folder_of_checkpoints(self):
        for prefix, job in (("epoch", ["als", "--data", self.data, "--factors", "4", "--epochs", "4", "--model"]),
                            ("step", ["kmeans", "--input", self.model, "--rows", "users", "--clusters", "3", "--output"])):
            checkpoints = self.folder / prefix
            job = [*job, self.folder / "out.h5", "--checkpoint", checkpoints, "--checkpoint-every", "1", "--keep", "1"]
            checkpoints.mkdir()
            others = [f"{prefix}-000009-mine.h5", f"{prefix}-9.h5", f".{prefix}-000001-mine.h5.1-0.partial", ".mine.partial"]
            for other in others:
                (checkpoints / other).write_text("not ours")
            for name in (f"{prefix}-000002.h5", "records"):  # what becomes `newest`
                with self.subTest(job=job[0], file=name):
                    killed = run(job, env=self.meeting(signal.SIGKILL, name))
                    self.assertEqual(killed.code, -signal.SIGKILL, killed)
                    self.assertEqual(len([left for left in self.leftovers() if "mine" not in left]), 1)
                    done = run(job)
                    self.assertEqual(done.code, 0, done)
                    self.assertEqual([left for left in self.leftovers() if "mine" not in left], [])
                    self.assertNotIn("mine", done.err)
                    self.assertEqual(len(list(checkpoints.glob(f"{prefix}-??????.h5"))), 1)
                    for other in others:
                        self.assertEqual((checkpoints / other).read_text(), "not ours")
                    for checkpoint in checkpoints.glob(f"{prefix}-??????.h5"):
                        checkpoint.unlink()

    def test_a_stop_request_wins_where_there_are_checkpoints(self):
        job = ["als", "--data", self.data, "--factors", "4", "--epochs", "4", "--model", self.folder / "out.h5", "--checkpoint", self.folder / "ck"]
        stopped = run(job, env=self.meeting(signal.SIGTERM, "epoch-000002.h5"))
        self.assertEqual(stopped.code, 75, stopped)
        self.assertEqual(self.leftovers(), [])
        self.assertTrue(list((self.folder / "ck").glob("epoch-*.h5")))

    def test_a_folder_of_a_sweep(self):
        sweep = self.folder / "sweep"
        done = run(["sweep", "plan", sweep, "--data", self.data, "--factors", "2", "--epochs", "1", "--validation", "interactions:2"])
        self.assertEqual(done.code, 0, done)
        job = ["sweep", "run", sweep, "--cores", "1"]
        for write in "1", "2":
            with self.subTest(write=write):
                killed = run(job, env=self.meeting(signal.SIGKILL, "records", FAIL_IO_FROM=write))
                self.assertEqual(killed.code, -signal.SIGKILL, killed)
                self.assertEqual(len(self.leftovers()), 1)
        done = run(job)
        self.assertEqual(done.code, 0, done)
        self.assertEqual(self.leftovers(), [])

    def test_verify_names_what_it_finds_in_a_folder(self):
        below = self.folder / "a b"
        below.mkdir()
        (below / ".model.h5.4000000-0.partial").write_bytes(b"x" * 2048)
        os.utime(below / ".model.h5.4000000-0.partial", (1e9, 1e9))
        (self.folder / ".x.csv.7-1-unlocked.partial").write_text("")
        (self.folder / ".mine.partial").write_text("not ours")
        for ranks in (1, 2):
            told = run(["verify", self.folder, "--quiet", "--log-json", self.path / "events.jsonl"], ranks=ranks)
            self.assertEqual(told.code, 0, told)
            lines = told.out.splitlines()
            self.assertEqual(len(lines), 2, told)
            self.assertRegex(lines[0], r"/.x.csv.7-1-unlocked.partial: unfinished: 0 B, last written \d+ s ago; whether a run is writing it now is not "
                                       rf"known; if none is: rm {self.folder}/.x.csv.7-1-unlocked.partial$")
            path = f"{below}/.model.h5.4000000-0.partial"
            self.assertRegex(lines[1], rf"^{path}: unfinished: 2.00 KiB, last written \d+ d ago; its writer was killed; the next run that writes model.h5 "
                                       rf"removes it, or: rm '{path}'$")
            self.assertIn('"writer":"dead"', (self.path / "events.jsonl").read_text().replace(" ", ""))
        copy = below / "model.h5"
        copy.write_bytes(self.model.read_bytes()[:-5])
        told = run(["verify", self.folder, "--quiet"])
        self.assertEqual(told.code, 65, told)
        self.assertIn(str(copy), told.our_lines[-1])
        empty = self.folder / "empty"
        empty.mkdir()
        told = run(["verify", empty])
        self.assertEqual(told.code, 66, told)
        self.assertEqual(len(told.our_lines), 1)


if __name__ == "__main__":
    unittest.main()
