"""Checkpoints of K-means: a run that is killed, stopped or starved goes on, in whatever of its trainings it was and on any number
of ranks, to the bits of one that was left alone. RANKWISE_FAULT_TRIALS is the number of runs that are killed (4 by default),
RANKWISE_FAULT_DAMAGED of checkpoints that are damaged (10)."""
import os
import random
import time
import unittest

import numpy as np

from interrupted import STOPPED, InterruptedRuns
from program import ranks_of_refusal, run

TRIALS = int(os.environ.get("RANKWISE_FAULT_TRIALS", "4"))
FLIPS = int(os.environ.get("RANKWISE_FAULT_DAMAGED", "10"))


def cloud(rows, dimensions, centers, seed):
    """Spots that overlap, so that rows move for many iterations."""
    random_numbers = np.random.default_rng(seed)
    means = random_numbers.normal(0, 1, (centers, dimensions))
    return (means[random_numbers.integers(0, centers, rows)] + random_numbers.normal(0, 1, (rows, dimensions))).astype(np.float32)


class KMeansCheckpointTest(InterruptedRuns):
    job, prefix = "kmeans", "step-"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.small, cls.large = cls.path / "small.npy", cls.path / "large.npy"
        np.save(cls.small, cloud(500, 6, 8, 1))
        np.save(cls.large, cloud(60_000, 24, 50, 2))
        cls.far = cls.path / "far.npy"  # of five centroids three lie where no row does
        np.save(cls.far, np.concatenate([np.load(cls.small)[:2], 1000 + np.arange(18).reshape(3, 6)]).astype(np.float32))

    def job_options(self, output, *options, points=None, clusters="5"):
        count = ["--clusters", clusters] if clusters else []
        return ["--input", points or self.small, "--output", output, *count, *options]

    def long_run(self):
        return {"points": self.large, "clusters": "150"}

    def stop_everywhere(self, *options, **how):
        """Stops a run at every occasion that there is, each part on another number of ranks; the number of stops."""
        self.begin_anew()
        self.checkpoints.mkdir()
        ranks = (1, 3, 1, 1, 2)
        stops = iterations = 0
        while True:
            (self.checkpoints / "stop").touch()
            done = run(self.arguments(*options, "--threads", str(1 + stops % 2), **how), ranks=ranks[stops % len(ranks)])
            iterations += len(self.events("iteration"))
            if done.code == 0:
                break
            self.assertEqual(done.code, STOPPED, done)
            self.assertEqual(len(done.our_lines), 1, done)
            self.assertIn("continues from there", done.our_lines[0])
            stops += 1
            name = f"step-{stops:06}.h5"
            self.assertIn(name, self.files())
            self.assertEqual((self.checkpoints / "newest").read_text(), name + "\n")
            self.assertFalse(self.output.exists())
        self.expect_whole_output(*options, **how)
        # As many iterations as in one piece: none was lost, none done again.
        self.begin_anew()
        self.train(*options, **how)
        self.assertEqual(iterations, len(self.events("iteration")))
        self.assertEqual(stops, max(event["steps"] for event in self.events("checkpoint")))
        self.expect_whole_output(*options, **how)
        return stops

    def test_stopped_in_any_iteration_it_goes_on_on_any_number_of_ranks(self):
        stops = 0
        for options, how in ((["--max-iterations", "5"], {}),
                             (["--metric", "cosine", "--init", "kmeans-parallel", "--max-iterations", "3"], {}),
                             (["--init", str(self.far), "--max-iterations", "3"], {"clusters": None}),
                             (["--scale", "standard", "--restarts", "2", "--init", "random", "--max-iterations", "2"], {}),
                             (["--batch", "60", "--max-iterations", "2", "--restarts", "2"], {})):
            with self.subTest(options=options):
                stops += self.stop_everywhere(*options, **how)
        print(f"{stops} stops, each of them gone on from to the bits of an uninterrupted run")

    def test_stopped_while_numbers_of_clusters_are_tried_it_goes_on_where_it_was(self):
        for options, clusters in ((["--sweep-start", "warm", "--restarts", "2", "--max-iterations", "1"], "3:5:2"),
                                  (["--batch", "60", "--max-iterations", "1"], "3:4"), (["--folds", "0", "--max-iterations", "1"], "3:4")):
            with self.subTest(options=options):
                stops = self.stop_everywhere(*options, clusters=clusters)
                whole = run([self.job, *self.job_options(self.output, *options, clusters=clusters)])
                # The table has what was found before any of the stops.
                self.begin_anew()
                self.checkpoints.mkdir()
                self.train(*options, "--checkpoint-every", str(stops - 1), clusters=clusters)
                self.train(*options, ranks=3, clusters=clusters)
                self.assertLess(len(self.events("iteration")), 3)
                self.assertEqual(self.train(*options, ranks=2, clusters=clusters).out, whole.out)

    def test_killed_at_any_moment_it_loses_at_most_one_iteration(self):
        options, how = ["--max-iterations", "40", "--tolerance", "0"], self.long_run()
        self.digest(*options, **how)
        chance = random.Random(7)
        killed = finished = 0
        while killed < TRIALS:
            self.begin_anew()
            while True:
                reached = self.newest_step()
                was_killed, ended = self.run_or_kill(chance, chance.uniform(0.5, 3) if killed < TRIALS else 60, chance.choice((1, 2, 3)), *options, **how)
                killed += was_killed
                written = max([event["steps"] for event in self.events("checkpoint")], default=0)
                if ended:
                    break
                self.assertGreaterEqual(self.newest_step(), max(reached, written))
            finished += 1
            self.expect_whole_output(*options, **how)
        print(f"{killed} runs killed, {finished} clusterings finished with the bits of an uninterrupted run")

    def newest_step(self):
        return max([int(name[5:11]) for name in self.checkpoint_files()], default=0)

    def test_signals_to_one_rank_stop_all_or_only_write(self):
        self.expect_signals_stop("iteration", "--max-iterations", "100000", "--tolerance", "0", "--init", "random", **self.long_run())

    def test_a_time_limit_stops_it_in_time_and_it_goes_on(self):
        options, how = ["--tolerance", "0", "--init", "random", "--restarts", "1000"], {"points": self.large, "clusters": "400"}
        began = time.monotonic()
        done = self.train("--max-time", "00:00:04", *options, ranks=2, code=STOPPED, **how)
        self.assertLess(time.monotonic() - began, 60)  # all restarts take many minutes
        self.assertIn("--max-time", done.our_lines[0])
        self.assertGreater(len(self.events("iteration")), 0)

    def test_a_damaged_checkpoint_is_named_and_the_one_before_it_used(self):
        options = ["--max-iterations", "6", "--tolerance", "0"]
        self.train(*options)
        intact = {name: (self.checkpoints / name).read_bytes() for name in self.checkpoint_files()}
        self.assertEqual(sorted(intact), ["step-000006.h5", "step-000007.h5"])
        chance = random.Random(11)
        passed_by = 0
        for trial in range(FLIPS):
            with self.subTest(trial=trial):
                self.begin_anew()
                self.checkpoints.mkdir()
                for name, content in intact.items():
                    (self.checkpoints / name).write_bytes(content)
                newest = self.checkpoints / "step-000007.h5"
                newest.write_bytes(self.damage(chance, trial, intact[newest.name]))
                done = self.train(*options, ranks=2 if trial < 2 else 1)
                (resumed,) = self.events("resumed")
                self.assertIn(resumed["steps"], (6, 7))  # never from the start
                passed_by += resumed["steps"] == 6
                self.assertEqual("step-000007.h5" in done.err and "the one before it is tried" in done.err, resumed["steps"] == 6, done)
                self.expect_whole_output(*options)
        self.assertGreater(passed_by, FLIPS // 2)
        print(f"{FLIPS} damaged checkpoints, {passed_by} named and passed by, the others damaged where nothing is stored")
        newest.write_bytes(b"")
        done = self.train(*options, "--resume", newest, code=65)
        self.assertIn("step-000007.h5", done.our_lines[0])
        self.train(*options, "--resume", self.checkpoints / "step-000006.h5")
        self.expect_whole_output(*options)

    def test_another_run_is_refused_with_what_differs(self):
        self.train("--max-iterations", "3")
        other = self.path / "other.npy"
        points = np.load(self.small)
        points[499, 5] += 1
        np.save(other, points)
        for options, how, words in ((["--seed", "5"], {}, ["seed", "5"]), ([], {"clusters": "6"}, ["clusters is 5", "6"]),
                                    (["--metric", "cosine"], {}, ["metric", "cosine"]), (["--restarts", "2"], {}, ["restarts", "2"]),
                                    ([], {"points": other}, ["digest"])):
            with self.subTest(options=options, how=how):
                done = self.train("--max-iterations", "3", *options, ranks=ranks_of_refusal(self, 65), code=65, **how)
                self.assertEqual(len(done.our_lines), 1, done)
                for word in ("another training", "--resume never", *words):
                    self.assertIn(word, done.our_lines[0])
        self.train("--max-iterations", "3", "--resume", "never", points=other)
        self.expect_whole_output("--max-iterations", "3", points=other)
        # The same name for other centroids.
        start = self.path / "start.npy"
        for shift, code in ((0, 0), (1, 65)):
            np.save(start, np.load(self.small)[:4] + np.float32(shift))
            done = self.train("--init", str(start), "--resume", "auto" if shift else "never", clusters=None, code=code)
        self.assertIn("digest", done.our_lines[0])

    def test_options_without_effect_are_refused(self):
        self.expect_options_need_a_folder()
        self.train()
        done = run(["kmeans", "--input", self.small, "--output", self.path / "other.h5", "--predict", self.output, "--checkpoint", self.checkpoints])
        self.assertEqual(done.code, 2, done)
        self.assertIn("--checkpoint has no meaning", done.our_lines[0])


if __name__ == "__main__":
    unittest.main()
