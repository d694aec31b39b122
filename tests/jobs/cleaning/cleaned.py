"""What the tests of cleaning share: a run of prepare with its report, quarantine and matrices, and sums that must hold."""
import csv
import io
import json
import pathlib
import tempfile
import unittest

import h5py
import numpy as np

from program import run

HEADER = "user,item,value,time\n"


class Cleaned:
    """What `prepare` made of a log."""

    def __init__(self, folder, done, output):
        self.done = done
        self.report = json.loads((folder / "report.json").read_text())
        self.quarantine_bytes = (folder / "quarantine.csv").read_bytes()
        self.quarantine = list(csv.DictReader(io.StringIO(self.quarantine_bytes.decode(), newline="")))
        self.steps = {step["rule"]: step for step in self.report["steps"]}
        self.output = output

    def taken(self, rule):
        step = self.steps[rule]
        return step["rows_in"] - step["rows_out"]

    def pairs(self, part="/interactions"):
        """{(user id, item id): value}."""
        with h5py.File(self.output) as file:
            users, items = file["/users/ids"][:], file["/items/ids"][:]
            group = file[part]
            starts, columns, values = group["indptr"][:], group["indices"][:], group["data"][:]
        rows = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        name = lambda one: one.decode() if isinstance(one, bytes) else int(one)
        return {(name(users[r]), name(items[c])): float(v) for r, c, v in zip(rows, columns, values)}


class CleaningCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def log(self, *rows, header=HEADER):
        """Rows whose last field is a time; small ones count from some second of 2001."""
        rows = [(*row[:-1], row[-1] + 1_000_000_000 if row[-1] < 1_000_000 else row[-1]) for row in rows]
        return self.write("log.csv", header + "".join(",".join(map(str, row)) + "\n" for row in rows))

    def prepare(self, *args, ranks=1):
        output = self.folder / f"out{ranks}.h5"
        threads = 1 + ranks % 2
        done = run(["prepare", *args, "--threads", threads, "--output", output, "--report", self.folder / "report.json", "--quarantine",
                    self.folder / "quarantine.csv"], ranks=ranks)
        self.assertEqual(done.code, 0, done)
        cleaned = Cleaned(self.folder, done, output)
        self.adds_up(cleaned)
        return cleaned

    def prepare_alike(self, *args, ranks=(1, 3)):
        """The same account, quarantine and values on any number of ranks and threads."""
        first, *others = [self.prepare(*args, ranks=n) for n in ranks]
        for other in others:
            self.assertEqual(other.report, first.report)
            self.assertEqual(other.quarantine_bytes, first.quarantine_bytes)
            self.assertEqual(other.output.read_bytes(), first.output.read_bytes())
        return first

    def refused(self, code, words, *args):
        output = self.folder / "refused.h5"
        done = run(["prepare", *args, "--output", output])
        self.assertEqual(done.code, code, done)
        self.assertEqual(len(done.our_lines), 1, done)
        self.assertIn(words, done.our_lines[0])
        self.assertFalse(output.exists())
        return done

    def adds_up(self, cleaned):
        report, rows = cleaned.report, cleaned.report["rows_read"]
        for step in report["steps"]:
            self.assertEqual(step["rows_in"], rows, step)
            self.assertLessEqual(step["rows_out"], rows, step)
            rows = step["rows_out"]
        self.assertEqual(report["interactions"], rows)
        self.assertEqual(sum(report["parts"].values()), rows)
        self.assertEqual(report["steps"][-1]["rule"], "duplicates")
        lost = sum(step["rows_in"] - step["rows_out"] for step in report["steps"][:-1])
        self.assertEqual(len(cleaned.quarantine), lost, "the quarantine holds every rejected row")
        places = [(row["file"], int(row["line"])) for row in cleaned.quarantine]
        self.assertEqual(len(set(places)), len(places), "no row twice")
        with h5py.File(cleaned.output) as file:
            self.assertEqual(len(file["/interactions/data"]), report["parts"]["training"])
            if "held out" in report["parts"]:
                self.assertEqual(len(file["/heldout/interactions/data"]), report["parts"]["held out"])
            if "validation" in report["parts"]:
                self.assertEqual(len(file["/validation/interactions/data"]), report["parts"]["validation"])
