"""Threads that the environment asks for and the system refuses: one line, the same bits."""
import os
import pathlib
import tempfile
import unittest

import program
from program import run

LIBRARY = os.environ.get("RANKWISE_REFUSE_THREADS", str(program.SOURCE / "build/release/tests/faults/librefuse_threads.so"))
ROWS = "".join(f"{row % 7}.5,{row % 11},{row % 13}\n" for row in range(3000))
LOG = "user,item\n" + "".join(f"u{row % 40},i{row * row % 23}\n" for row in range(400))
FEWER = "ranks run fewer threads than asked for"


class ThreadsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        pathlib.Path(cls.folder, "rows.csv").write_text(ROWS)
        pathlib.Path(cls.folder, "log.csv").write_text(LOG)
        # Every job whose ranks share the work, in an order in which each finds its input.
        cls.jobs = {"synthesize": "--users 20 --items 10 --interactions 60 --output s.csv",
                    "prepare": "--input log.csv --split random:0.3 --output d.h5",
                    "als": "--data d.h5 --model m.h5 --factors 4 --epochs 2 --checkpoint c",
                    "evaluate": "--data d.h5 --model m.h5 --output e.json",
                    "recommend": "--data d.h5 --model m.h5 --output r.h5",
                    "similar": "--model m.h5 --output s.h5",
                    "export": "--model m.h5 --output m.npz",
                    "kmeans": "--input rows.csv --header no --clusters 40 --tolerance 0 --max-iterations 3 --output k.h5",
                    "scale": "--strong 1 --users 50 --items 20 --interactions 200 --factors 4 --calibrate 0 --json scale.json"}
        cls.bits = cls.kmeans_bits()

    @classmethod
    def kmeans_bits(cls, ranks=1, **environment):
        done = run(["kmeans", *cls.jobs["kmeans"].split(), "--quiet"], ranks=ranks, env=environment, cwd=cls.folder)
        assert done.code == 0, done
        cls.done = done
        return pathlib.Path(cls.folder, "k.h5").read_bytes()

    def test_refused_threads_are_done_without(self):
        # No address space has room for such stacks, wherever the test runs.
        for job, options in self.jobs.items():
            done = run([job, *options.split(), "--quiet"], env={"OMP_NUM_THREADS": 4, "OMP_STACKSIZE": "100000000G"}, cwd=self.folder)
            self.assertEqual(done.code, 0, done)
            self.assertEqual(len(done.our_lines), 1, done)
            self.assertIn("rankwise: warning: 1 of 1 " + FEWER + ", the smallest team has 1", done.our_lines[0])

    def test_some_refused_on_one_rank_change_no_bit(self):
        # Seven are tried: two of them for the watch and for files that are written meanwhile.
        bits = self.kmeans_bits(ranks=2, OMP_NUM_THREADS=6, LD_PRELOAD=LIBRARY, REFUSE_THREADS_OF="*rankwise", REFUSE_THREADS_AFTER=4,
                                REFUSE_THREADS_RANK=1)
        self.assertIn("1 of 2 " + FEWER + ", the smallest team has 3", self.done.err)
        self.assertEqual(bits, self.bits)

    def test_small_and_large_teams_have_the_same_bits(self):
        for ranks, threads in ((1, 2), (1, 5), (2, 2), (2, 3)):
            self.assertEqual(self.kmeans_bits(ranks=ranks, OMP_NUM_THREADS=threads), self.bits, (ranks, threads))

    def test_limit_of_openmp(self):
        self.assertEqual(self.kmeans_bits(OMP_NUM_THREADS=4, OMP_THREAD_LIMIT=2), self.bits)
        self.assertIn("the smallest team has 2", self.done.err)

    def test_numbers_that_no_machine_has(self):
        for number, ranks in ((1_000_000_000, 1), (4097, 1), (1_000_000_000, 2)):
            done = run(["inspect", "d.h5"], ranks=ranks, env={"OMP_NUM_THREADS": number}, cwd=self.folder)
            self.assertEqual(done.code, 2, done)
            self.assertEqual(done.our_lines, [f"rankwise: OMP_NUM_THREADS or SLURM_CPUS_PER_TASK: '{number}' does not fit; expected 1 to "
                                              "4096"])
        # What the command line says holds.
        self.assertEqual(run(["synthesize", "--help"], env={"OMP_NUM_THREADS": 1_000_000_000}).code, 0)
        done = run(["kmeans", *self.jobs["kmeans"].split(), "--threads", "2"], env={"OMP_NUM_THREADS": 1_000_000_000}, cwd=self.folder)
        self.assertEqual(done.code, 0, done)

    def test_stacks_that_are_too_small(self):
        for ranks in (1, 2):
            done = run(["kmeans", *self.jobs["kmeans"].split()], ranks=ranks, env={"OMP_NUM_THREADS": 2, "OMP_STACKSIZE": "16k"},
                       cwd=self.folder)
            self.assertEqual(done.code, 2, done)
            self.assertEqual(done.our_lines, ["rankwise: a thread's stack has 16 KiB by OMP_STACKSIZE or ulimit -s; expected 256 KiB or "
                                              "more"])
        # One thread has the stack of the process; and so large a stack is enough for everything.
        self.assertEqual(self.kmeans_bits(OMP_NUM_THREADS=1, OMP_STACKSIZE="16k"), self.bits)
        self.assertEqual(self.kmeans_bits(OMP_NUM_THREADS=3, OMP_STACKSIZE="256k"), self.bits)

    def test_watch_and_writer_without_a_thread(self):
        # std::thread begins in libstdc++: the rank's watch, and the writer of checkpoints.
        environment = {"LD_PRELOAD": LIBRARY, "REFUSE_THREADS_OF": "*libstdc++*", "REFUSE_THREADS_RANK": 1}
        prepared = run("prepare --input log.csv --output w.h5 --quiet".split(), cwd=self.folder)
        self.assertEqual(prepared.code, 0, prepared)
        als = "als --data w.h5 --factors 4 --epochs 3 --rank-timeout 3 --model".split()
        expected = run([*als, "expected.h5"], cwd=self.folder)
        done = run([*als, "without.h5", "--checkpoint", "w"], ranks=2, env=environment, cwd=self.folder)
        self.assertEqual((expected.code, done.code), (0, 0), done)
        self.assertIn("ranks do not watch each other: ", done.err)
        self.assertIn("cannot start a thread: ", done.err)
        models = [pathlib.Path(self.folder, name).read_bytes() for name in ("expected.h5", "without.h5")]
        self.assertEqual(*models)


if __name__ == "__main__":
    unittest.main()
