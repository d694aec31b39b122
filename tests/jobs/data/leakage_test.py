"""What a split gives away, for every kind of it: against brute force over all pairs of interactions in numpy, ties in time included."""
import json
import pathlib
import random
import tempfile
import unittest

import h5py
import numpy as np

from program import run

DAY = 86400


def part_of(file, name, users="users/ids"):
    """Users, items and times of a part's entries, as arrays."""
    if name not in file:
        return np.empty(0, dtype=object), np.empty(0, dtype=int), np.empty(0, dtype=np.int64)
    rows = np.repeat(np.arange(len(file[name]["indptr"]) - 1), np.diff(file[name]["indptr"]))
    return file[users][:][rows].astype(object), file["items/ids"][:][file[name]["indices"][:]], file[name]["time"][:]


def joined(first, second):
    return tuple(np.concatenate(columns) for columns in zip(first, second))


def figures(training, heldout, log):
    """Each figure as its definition reads; every pair of rows is looked at."""
    users, items, times = training
    held_users, held_items, held_times = heldout
    log_items, log_times = np.array([row[1] for row in log]), np.array([row[3] for row in log])
    same_user = users[:, None] == held_users[None, :]
    later = times[:, None] > held_times[None, :]
    gaps = np.where(same_user & ~later, held_times[None, :] - times[:, None], np.iinfo(np.int64).max).min(axis=0)
    gaps = gaps[gaps < np.iinfo(np.int64).max]
    bought_before = (log_items[:, None] == held_items[None, :]) & (log_times[:, None] < held_times[None, :])
    return {
        "users": len(set(held_users)),
        "items": len(set(held_items)),
        "cold-users": len(set(held_users) - set(users)),
        "cold-items": len(set(held_items) - set(items)),
        "after-own": np.mean((same_user & later).any(axis=1)),
        "after-first": np.mean(times > held_times.min()),
        "of-future-items": np.mean(~bought_before.any(axis=0)),
        "median-gap-days": np.median(gaps) / DAY if len(gaps) else None,
    }


HELDOUT = {"users": "heldout-users", "items": "heldout-items", "cold-users": "cold-users", "cold-items": "cold-items",
           "after-own": "training-after-own-heldout", "after-first": "training-after-first-heldout", "of-future-items": "heldout-of-future-items",
           "median-gap-days": "median-gap-days"}
VALIDATION = {"users": "validation-users", "items": "validation-items", "cold-users": "validation-cold-users", "cold-items": "validation-cold-items",
              "after-own": "training-after-own-validation", "after-first": "training-after-first-validation",
              "of-future-items": "validation-of-future-items", "median-gap-days": "validation-median-gap-days"}


class LeakageTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)

    def random_log(self, seed, times):
        draw = random.Random(seed)
        users, items = draw.randint(20, 40), draw.randint(5, 40)
        first = [draw.randrange(times) for _ in range(items)]  # when an item is first sold
        log = []
        for _ in range(draw.randint(150, 400)):
            item = draw.randrange(items) // draw.randint(1, 3)
            log.append((f"u{draw.randrange(users):02}", item, 1, 1_500_000_000 + DAY // 2 * draw.randint(first[item], times)))
        self.write(log)
        return log

    def write(self, log):
        (self.path / "log.csv").write_text("user_id,item_id,value,timestamp\n" + "".join(",".join(map(str, row)) + "\n" for row in log))

    def prepared(self, options, ranks=1):
        output, events = self.path / f"{ranks}.h5", self.path / "events.json"
        done = run(["prepare", "--input", self.path / "log.csv", "--output", output, "--log-json", events, *options], ranks=ranks)
        self.assertEqual(done.code, 0, done)
        (event,) = [event for event in map(json.loads, events.read_text().splitlines()) if event["event"] == "split"]
        return output, done, event

    def expect(self, file, names, expected):
        for name, value in expected.items():
            if value is None:
                self.assertNotIn(names[name], file.attrs)
            else:
                self.assertEqual(file.attrs[names[name]], value, names[name])

    def test_every_split_on_any_ranks(self):
        held_leakage = 0
        for seed, times in ((1, 12), (2, 30), (3, 400)):
            log = self.random_log(seed, times)
            for split, validation in (("random:0.2", "none"), ("leave-last:2", "leave-last:1"), ("temporal:0.2", "temporal:0.3"), ("users:0.4", "users:0.3"),
                                      ("users:0.4", "random:0.2")):
                with self.subTest(seed=seed, split=split, validation=validation):
                    options = ["--split", split, "--validation", validation, "--repeats", "keep" if seed == 2 else "drop"]
                    events = [self.prepared(options, ranks)[2] for ranks in ((1, 2, 3) if seed == 1 else (1, 3))]
                    for event in events:  # of the runs, all but how they went
                        self.assertEqual({k: v for k, v in event.items() if k not in ("time", "seconds", "elapsed_seconds")},
                                         {k: v for k, v in events[0].items() if k not in ("time", "seconds", "elapsed_seconds")})
                    plain, _, _ = self.prepared(["--split", split, *options[4:]])
                    heldout_users = "heldout/users/ids" if split.startswith("users") else "users/ids"
                    with h5py.File(self.path / "3.h5") as file, h5py.File(plain) as before:
                        known = joined(part_of(before, "interactions"), part_of(before, "heldout/given", heldout_users))
                        expected = figures(known, part_of(before, "heldout/interactions", heldout_users), log)
                        held_leakage += expected["after-own"]
                        self.expect(file, HELDOUT, expected)
                        if validation != "none":
                            known = joined(part_of(file, "interactions"), part_of(file, "validation/given"))
                            self.expect(file, VALIDATION, figures(known, part_of(file, "validation/interactions"), log))
                        self.assertEqual(events[0]["heldout_users"], file.attrs["heldout-users"])
                        inspected = run(["inspect", "--json", self.path / "3.h5"])
                        attributes = json.loads(inspected.out)["objects"][0]["attributes"]
                        self.assertEqual(attributes["heldout-of-future-items"], file.attrs["heldout-of-future-items"])
        self.assertGreater(held_leakage, 0.5)

    def test_a_log_without_times_says_so(self):
        log = self.random_log(4, 10)
        (self.path / "log.csv").write_text("user_id,item_id\n" + "".join(f"{user},{item}\n" for user, item, *_ in log))
        output, done, event = self.prepared(["--split", "random:0.2", "--validation", "random:0.2"])
        self.assertIn("  leakage: unknown, because the log has no times", done.err)
        self.assertIn("  leakage of validation: unknown, because the log has no times", done.err)
        self.assertIn("without training: ", done.err)
        with h5py.File(output) as file:
            self.assertEqual(event["heldout_users"], np.count_nonzero(np.diff(file["heldout/interactions/indptr"])))
            self.assertNotIn("training-after-own-heldout", file.attrs)

    def test_impossible_figures_are_refused(self):
        self.random_log(5, 10)
        for name, value in (("heldout-users", -1), ("cold-items", 10**6), ("heldout-of-future-items", 1.5), ("training-after-own-heldout", float("nan"))):
            output, _, _ = self.prepared(["--split", "random:0.2"])
            with h5py.File(output, "r+") as file:
                del file["digests"]
                del file.attrs["metadata-digest"]
                file.attrs[name] = value
            done = run(["als", "--data", output, "--model", self.path / "no.h5", "--verify-inputs", "no"])
            self.assertEqual(done.code, 65, done)
            self.assertIn(f"its attribute {name} is impossible", done.our_lines[0])


if __name__ == "__main__":
    unittest.main()
