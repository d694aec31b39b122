"""Checkpoints: a run that is killed, stopped or starved goes on, on any number of ranks, to the bits of one that was left
alone. RANKWISE_FAULT_TRIALS is the number of runs that are killed (5 by default), RANKWISE_FAULT_DAMAGED of checkpoints that are
damaged (10), RANKWISE_FAULT_RANKS=all takes all pairs of numbers of ranks for each kind of training."""
import hashlib
import itertools
import os
import random
import re
import shutil
import signal
import time
import unittest

import h5py

import shop
from interrupted import STOPPED, InterruptedTrainings
from program import ranks_of_refusal, run

TRIALS = int(os.environ.get("RANKWISE_FAULT_TRIALS", "5"))
# Numbers of ranks before and after a stop, by kind of training: all pairs, or such that each number is on both sides once.
RANKS = (1, 2, 3, 4, 7)
KINDS = ([], ["--solver", "cg"], ["--objective", "explicit", "--biases"])
ALL_PAIRS = list(itertools.product(RANKS, RANKS))
PAIRS = [ALL_PAIRS] * 3 if os.environ.get("RANKWISE_FAULT_RANKS") == "all" else [[(1, 7), (4, 3), (7, 1)], [(2, 4)], [(3, 2)]]
FLIPS = int(os.environ.get("RANKWISE_FAULT_DAMAGED", "10"))


class CheckpointTest(InterruptedTrainings):
    def test_stopped_anywhere_it_goes_on_on_any_number_of_ranks(self):
        for options, pairs in zip(KINDS, PAIRS):
            for before, after in pairs:
                with self.subTest(options=options, before=before, after=after):
                    shutil.rmtree(self.checkpoints, ignore_errors=True)
                    self.checkpoints.mkdir()
                    # Every run stops at the first occasion: half an epoch each.
                    for half_sweeps in range(1, 4):
                        (self.checkpoints / "stop").touch()
                        done = self.train(*options, ranks=before if half_sweeps % 2 else after, code=STOPPED, epochs=2)
                        self.assertEqual(len(done.our_lines), 1, done)
                        self.assertIn("continues from there", done.our_lines[0])
                        name = f"epoch-{half_sweeps // 2:06}{'-half' if half_sweeps % 2 else ''}.h5"
                        self.assertIn(name, self.files())
                        self.assertEqual((self.checkpoints / "newest").read_text(), name + "\n")
                        self.assertNotIn("stop", self.files())
                    self.train(*options, ranks=after, epochs=2)
                    self.expect_whole_output(*options, epochs=2)
        print(f"{sum(map(len, PAIRS))} pairs of numbers of ranks over 3 kinds of training, each stopped 3 times")

    def test_written_behind_or_not_it_is_the_same_file(self):
        contents = set()
        for writing in ("behind", "waiting"):
            for ranks in (1, 3):
                with self.subTest(writing=writing, ranks=ranks):
                    shutil.rmtree(self.checkpoints, ignore_errors=True)
                    self.train("--checkpoint-writing", writing, ranks=ranks, epochs=3)
                    self.expect_whole_output(epochs=3)
                    self.assertEqual(len(self.events("checkpoint")), 3)
                    contents.add(tuple(hashlib.sha256((self.checkpoints / f"epoch-00000{epoch}.h5").read_bytes()).hexdigest() for epoch in (2, 3)))
        self.assertEqual(len(contents), 1)

    def test_stopped_between_batches_it_goes_back_to_the_half_sweep(self):
        wide = {"data": self.path / "wide.h5", "factors": "200"}
        for command in (["synthesize", "--shape", "shop", "--users", "4000", "--items", "3000", "--interactions", "40000", "--output", self.path / "wide.csv"],
                        ["prepare", "--input", self.path / "wide.csv", "--output", wide["data"]]):
            self.assertEqual(run(command).code, 0)
        for options, numbers in zip(KINDS, ((3,), (3,), (1,))):
            for ranks in numbers:
                with self.subTest(options=options, ranks=ranks):
                    shutil.rmtree(self.checkpoints, ignore_errors=True)
                    self.checkpoints.mkdir()
                    in_batches = [*options, "--threads", "1", "--node-sharing", "off", "--checkpoint-writing", "behind"]
                    # What a process holds from its start differs by how it is started.
                    _, refusal = self.start(ranks, *in_batches, "--memory-budget", "1MiB", **wide).communicate(timeout=60)
                    least = float(re.search(r"one rank takes ([0-9.]+) MiB", refusal).group(1))
                    in_batches += ["--memory-budget", f"{least + 1:.2f}MiB"]
                    # At once, then within a later epoch.
                    (self.checkpoints / "stop").touch()
                    process = self.start(ranks, *in_batches, **wide)
                    _, err = process.communicate(timeout=60)
                    self.assertEqual(process.returncode, STOPPED, err)
                    self.assertIn("stopped after 0 epochs", err)
                    (batches,) = self.events("batches")
                    self.assertGreater(batches["users"], 1)
                    self.assertEqual(self.files(), ["epoch-000000.h5", "lock", "newest"])
                    self.log.unlink()
                    process = self.start(ranks, *in_batches, epochs=1000, **wide)
                    while not self.events("epoch") and process.poll() is None:
                        time.sleep(0.01)
                    for rank in self.ranks_of()[-1:]:
                        os.kill(rank, signal.SIGUSR2)
                    _, err = process.communicate(timeout=60)
                    self.assertEqual(process.returncode, STOPPED, err)
                    epochs = len(self.events("epoch")) + 1
                    self.train(*options, ranks=4 - ranks, epochs=epochs, **wide)
                    self.expect_whole_output(*options, epochs=epochs, **wide)

    def test_killed_at_any_moment_it_loses_at_most_one_epoch(self):
        epochs = 40
        self.digest(epochs=epochs)
        chance = random.Random(7)
        killed = finished = 0
        while killed < TRIALS:
            self.begin_anew()
            while True:
                was_killed, ended = self.run_or_kill(chance, chance.uniform(0.3, 2.0) if killed < TRIALS else 60, chance.choice((1, 2, 3)),
                                                     epochs=epochs)
                killed += was_killed
                reached = max([event["half_sweeps"] // 2 for event in self.events("checkpoint")], default=0)
                if ended:
                    break
                # What was committed is there, whole, and nothing unreadable takes its name.
                for name in self.checkpoint_files():
                    with h5py.File(self.checkpoints / name) as file:
                        self.assertEqual(file["items/factors"].shape[1], 24)
                newest = max([int(name[6:12]) for name in self.checkpoint_files()], default=0)
                self.assertGreaterEqual(newest, reached)
            finished += 1
            self.expect_whole_output(epochs=epochs)
        print(f"{killed} runs killed, {finished} models finished with the bits of an uninterrupted run")

    def test_signals_to_one_rank_stop_all_or_only_write(self):
        self.expect_signals_stop("epoch", epochs=2000)

    def test_a_time_limit_stops_it_in_time_and_it_goes_on(self):
        began = time.monotonic()
        done = self.train("--max-time", "00:00:04", ranks=2, code=STOPPED, epochs=100_000)
        self.assertLess(time.monotonic() - began, 60)  # all epochs take many minutes
        self.assertIn("--max-time", done.our_lines[0])
        reached = len(self.events("epoch"))
        self.assertGreater(reached, 0)
        self.train(epochs=reached + 2)
        (resumed,) = self.events("resumed")
        self.assertGreaterEqual(resumed["epochs"], reached)

    def test_keeps_the_last_ones_and_more_epochs_may_follow(self):
        self.train("--keep", "3", "--checkpoint-every", "2", epochs=8)
        self.assertEqual(self.files(), ["epoch-000004.h5", "epoch-000006.h5", "epoch-000008.h5", "lock", "newest"])
        self.train(epochs=9, ranks=3)
        self.expect_whole_output(epochs=9)
        self.assertEqual(self.files(), ["epoch-000008.h5", "epoch-000009.h5", "lock", "newest"])
        done = self.train(epochs=3, code=2)
        self.assertIn("already has 9 epochs", done.our_lines[0])
        self.train("--resume", "never", epochs=3)
        self.expect_whole_output(epochs=3)
        self.assertEqual(self.files(), ["epoch-000002.h5", "epoch-000003.h5", "lock", "newest"])

    def test_a_damaged_checkpoint_is_named_and_the_one_before_it_used(self):
        self.train(epochs=4)
        newest = self.checkpoints / "epoch-000004.h5"
        newest.write_bytes(newest.read_bytes()[:5000])
        done = self.train(ranks=2)
        self.assertIn("epoch-000004.h5", done.err)
        self.assertIn("the one before it is tried", done.err)
        self.assertEqual([event["epochs"] for event in self.events("resumed")], [3])
        self.expect_whole_output()
        newest = self.checkpoints / "epoch-000006.h5"
        newest.write_bytes(b"")
        done = self.train("--resume", newest, code=65)
        self.assertIn("epoch-000006.h5", done.our_lines[0])

    def test_no_flipped_bit_reaches_a_model(self):
        self.train(epochs=3)
        self.digest(epochs=4)
        intact = {name: (self.checkpoints / name).read_bytes() for name in self.checkpoint_files()}
        newest = max(intact)
        chance = random.Random(11)
        passed_by = 0
        for trial in range(FLIPS):
            with self.subTest(trial=trial):
                for name in self.checkpoint_files():
                    (self.checkpoints / name).unlink()
                for name, content in intact.items():
                    (self.checkpoints / name).write_bytes(content)
                (self.checkpoints / newest).write_bytes(self.damage(chance, trial, intact[newest]))
                done = self.train(epochs=4, ranks=2 if trial < 2 else 1)  # who finds it does not depend on ranks
                (resumed,) = self.events("resumed")
                self.assertGreaterEqual(resumed["epochs"], 2)  # never from the start
                passed_by += resumed["epochs"] == 2
                self.assertEqual("the one before it is tried" in done.err, resumed["epochs"] == 2, done)
                self.expect_whole_output(epochs=4)
        self.assertGreater(passed_by, FLIPS // 2)
        print(f"{FLIPS} damaged checkpoints, {passed_by} named and passed by, the others damaged where nothing is stored")

    def test_another_training_is_refused_with_what_differs(self):
        self.train(epochs=2)
        for options, words in ((["--seed", "5"], ["seed", "5"]), (["--regularization", "0.5"], ["regularization", "0.5"]),
                               (["--objective", "explicit"], ["objective", "explicit"]), (["--solver", "cg"], ["solver", "cg"]),
                               (["--factors", "8"], ["factors", "8"])):
            with self.subTest(options=options):
                arguments = [str(argument) for argument in self.arguments(*options)]
                if "--factors" in options:
                    at = arguments.index("--factors")
                    del arguments[at:at + 2]
                done = run(arguments, ranks=ranks_of_refusal(self, 65))
                self.assertEqual(done.code, 65, done)
                self.assertEqual(len(done.our_lines), 1, done)
                for word in ("another training", *words):
                    self.assertIn(word, done.our_lines[0])
        other = self.path / "other.h5"
        shop.write_log(self.path / "other.csv")
        self.assertEqual(run(["prepare", "--input", self.path / "other.csv", "--output", other]).code, 0)
        done = run([other if argument == self.data else argument for argument in self.arguments()])
        self.assertEqual(done.code, 65, done)
        self.assertIn("digest", done.our_lines[0])

    def test_options_without_checkpoints_are_refused(self):
        self.expect_options_need_a_folder()


if __name__ == "__main__":
    unittest.main()
