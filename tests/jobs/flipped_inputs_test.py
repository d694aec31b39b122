"""Flipped bits in files that jobs read: an error that names the place, or, if the job does not read it, the same output; never
another output."""
import pathlib
import shutil
import tempfile
import unittest

import h5py

from program import run
from shop import write_log

BAD_DATA = 65
ALS = "als --data data.h5 --factors 3 --epochs 1 --objective explicit --biases"
# The job, the file that it writes, and its inputs.
JOBS = {
    "als": (f"{ALS} --warm-start model.h5 --model out.h5", "out.h5", ("data.h5", "model.h5")),
    "als on all": (f"{ALS} --train-on all --model out.h5", "out.h5", ("data.h5",)),
    "als on a fold": (f"{ALS} --fold temporal:1/2 --model out.h5", "out.h5", ("data.h5",)),
    "evaluate": ("evaluate --data data.h5 --model model.h5 --output out.json", "out.json", ("data.h5", "model.h5")),
    "recommend": ("recommend --data data.h5 --model model.h5 --top 3 --output out.csv", "out.csv", ("data.h5", "model.h5")),
    "kmeans model": ("kmeans --input model.h5 --rows users --clusters 3 --max-iterations 2 --output out.h5", "out.h5", ("model.h5",)),
    "kmeans dataset": ("kmeans --input data.h5 --rows items --clusters 3 --max-iterations 2 --output out.h5", "out.h5", ("data.h5",)),
    "kmeans predict": ("kmeans --input model.h5 --rows users --predict clusters.h5 --output out.h5", "out.h5", ("clusters.h5",)),
}
# What no job reads: times of what is held out, and what people read.
NEVER_READ = {"data.h5": ["heldout/interactions_by_item/time"], "model.h5": ["history/loss"],
              "clusters.h5": ["clusters/sizes", "history/inertia", "history/moved"]}


def flip(path, place, bit=2):
    with path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ bit]))


def datasets_of(path):
    """Name, place and bytes of every dataset but digests."""
    found = []

    def add(name, item):
        if isinstance(item, h5py.Dataset) and not name.startswith("digests/") and item.id.get_storage_size() > 0:
            found.append((name, item.id.get_offset(), item.id.get_storage_size()))

    with h5py.File(path) as file:
        file.visititems(add)
    return found


class FlippedInputsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="rankwise-flipped-")
        cls.addClassCleanup(folder.cleanup)
        cls.path = pathlib.Path(folder.name)
        write_log(cls.path / "log.csv", users=90, items=40)
        for command in ("prepare --input log.csv --split temporal:0.2 --output data.h5",
                        f"{ALS} --model older.h5",
                        f"{ALS} --warm-start older.h5 --model model.h5",
                        "kmeans --input model.h5 --rows users --clusters 3 --max-iterations 2 --scale standard --output clusters.h5"):
            done = run([*command.split(), "--quiet"], cwd=cls.path)
            if done.code != 0:
                raise AssertionError(done)
        cls.intact = {name: cls.outcome(name, 1) for name in JOBS}

    @classmethod
    def outcome(cls, name, ranks, *more):
        """What the job wrote, or nothing; and how it ended."""
        command, output, _ = JOBS[name]
        (cls.path / output).unlink(missing_ok=True)
        done = run([*command.split(), "--quiet", *more], ranks=ranks, cwd=cls.path)
        return (cls.path / output).read_bytes() if (cls.path / output).exists() else None, done

    def check(self, name, file, dataset, ranks):
        """Whether the job noticed a flipped bit in that dataset."""
        written, done = self.outcome(name, ranks)
        if done.code == 0:
            self.assertEqual(written, self.intact[name][0], (name, dataset, done))
            return False
        self.assertEqual(done.code, BAD_DATA, (name, dataset, done))
        self.assertIsNone(written, (name, dataset, done))
        self.assertEqual(len(done.our_lines), 1, (name, dataset, done))
        self.assertRegex(done.our_lines[0], rf"^rankwise: {file}: /{dataset}: rows \[0, \d+\) are damaged: expected digest "
                                            r"[0-9a-f]{16}, found [0-9a-f]{16}$")
        return True

    def test_no_flipped_bit_of_rows_reaches_an_output(self):
        """Each job on each dataset of its inputs, on 1, 2 and 3 ranks in turn."""
        runs = 0
        for file in NEVER_READ:
            readers = [name for name, (_, _, inputs) in JOBS.items() if file in inputs]
            unread = []
            for dataset, place, size in datasets_of(self.path / file):
                at = place + size * 2 // 3
                flip(self.path / file, at)
                noticed = []
                for name in readers:
                    # Launching ranks is what takes time: several for every ninth run, which no number of readers divides.
                    ranks = {1: 2, 10: 3}.get(runs % 18, 1)
                    noticed.append(self.check(name, file, dataset, ranks))
                    runs += 1
                if not any(noticed):
                    unread.append(dataset)
                flip(self.path / file, at)
            self.assertEqual(sorted(unread), NEVER_READ[file])
        for name, (intact, _) in self.intact.items():
            self.assertEqual(self.outcome(name, 1)[0], intact, name)

    def test_a_flipped_bit_in_the_text_of_an_attribute_is_noticed(self):
        for file, names in (("data.h5", ("als", "kmeans dataset")), ("model.h5", ("evaluate", "kmeans model", "als"))):
            whole = (self.path / file).read_bytes()
            flip(self.path / file, whole.index(b"seed = 0"))
            for name in names:
                written, done = self.outcome(name, 1)
                self.assertEqual((written, done.code, len(done.our_lines)), (None, BAD_DATA, 1), done)
                self.assertIn(f"{file}: attributes, shapes or /digests are damaged", done.err)
                self.assertIn("--verify-inputs no reads it", done.err)
                self.assertEqual(self.outcome(name, 1, "--verify-inputs", "no")[1].code, 0)
            (self.path / file).write_bytes(whole)

    def test_without_comparing_it_is_read_as_it_is(self):
        dataset, place, _ = next(found for found in datasets_of(self.path / "model.h5") if found[0] == "users/factors")
        flip(self.path / "model.h5", place + 2, bit=64)  # in the middle of a mantissa
        for name, (_, _, inputs) in JOBS.items():
            if "model.h5" in inputs:
                self.assertEqual(self.outcome(name, 1)[1].code, BAD_DATA)
                written, done = self.outcome(name, 1, "--verify-inputs", "no")
                self.assertEqual(done.code, 0, done)
        flip(self.path / "model.h5", place + 2, bit=64)
        for name, (intact, _) in self.intact.items():  # the choice is in no file
            self.assertEqual(self.outcome(name, 1, "--verify-inputs", "no")[0], intact, name)
        done = run(["recommend", "--data", "data.h5", "--model", "model.h5", "--output", "x.csv", "--verify-inputs", "never"], cwd=self.path)
        self.assertEqual((done.code, done.our_lines), (2, ["rankwise: --verify-inputs never: expected one of yes, no"]))

    def test_files_of_older_versions_are_told_once(self):
        for file in ("data.h5", "model.h5"):
            shutil.copy(self.path / file, self.path / f"kept-{file}")
            with h5py.File(self.path / file, "r+", libver="latest") as old:
                del old["digests"]
                del old.attrs["metadata-digest"]
        try:
            for name, warned in (("evaluate", 2), ("recommend", 2), ("kmeans model", 1), ("kmeans dataset", 1)):
                _, done = self.outcome(name, 1)
                self.assertEqual(done.code, 0, done)
                told = [line for line in done.our_lines if "an older version wrote it without digests" in line]
                self.assertEqual(len(told), warned, done)
                self.assertNotIn("without digests", self.outcome(name, 1, "--verify-inputs", "no")[1].err)
        finally:
            for file in ("data.h5", "model.h5"):
                shutil.move(self.path / f"kept-{file}", self.path / file)

    def test_inspect_and_sweep_trials_compare_too(self):
        name, place, _ = next(found for found in datasets_of(self.path / "model.h5") if found[0] == "history/loss")
        flip(self.path / "model.h5", place)
        done = run(["inspect", "model.h5"], cwd=self.path)
        self.assertEqual((done.code, done.out), (BAD_DATA, ""), done)
        self.assertIn(f"model.h5: /{name}: rows [0, 1) are damaged", done.err)
        self.assertEqual(run(["inspect", "model.h5", "--verify-inputs", "no"], cwd=self.path).code, 0)
        flip(self.path / "model.h5", place)

        plan = ["--data", "data.h5", "--factors", "2", "--epochs", "1", "--validation", "interactions:2", "--calibrate", "0", "--quiet"]
        done = run(["sweep", "plan", "search", *plan], cwd=self.path)
        self.assertEqual(done.code, 0, done)
        _, place, _ = next(found for found in datasets_of(self.path / "data.h5") if found[0] == "interactions/data")
        flip(self.path / "data.h5", place)
        done = run(["sweep", "plan", "other", *plan], cwd=self.path)
        self.assertEqual(done.code, BAD_DATA, done)
        done = run(["sweep", "trial", "search", "--task", "t1.f1.r0", "--quiet"], cwd=self.path)
        self.assertEqual(done.code, BAD_DATA, done)
        self.assertIn("/interactions/data: rows [0, ", done.err)
        done = run(["sweep", "trial", "search", "--task", "t1.f1.r0", "--quiet", "--verify-inputs", "no"], cwd=self.path)
        self.assertEqual(done.code, 0, done)
        flip(self.path / "data.h5", place)


if __name__ == "__main__":
    unittest.main()
