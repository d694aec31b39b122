"""Inputs that change while they are read: shorter, longer, or written to in place, before any read of any rank. One line with the figures,
exit code 74, nothing written; whatever the reader."""
import gzip
import os
import pathlib
import subprocess
import tempfile
import unittest

import h5py
import numpy as np

import program
from program import run

LIBRARY = os.environ.get("RANKWISE_CHANGE_INPUT", str(program.SOURCE / "build/release/tests/faults/libchange_input.so"))
WAYS = ("truncate", "halve", "append", "overwrite")


class ChangingInputTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.path = pathlib.Path(folder.name).resolve()
        cls.log = "user,item,value\n" + "".join(f"u{u},i{7 * u % 53},{u % 5 + 1}\n" for u in range(12_000))
        (cls.path / "log.csv").write_text(cls.log)
        for step in (["prepare", "--input", "log.csv", "--output", "data.h5"], ["als", "--data", "data.h5", "--model", "model.h5", "--factors", "4"]):
            done = run([*step, "--quiet"], cwd=cls.path)
            assert done.code == 0, done
        cls.changes = 0

    def check(self, command, name, content, ranks=1, rank=None, at=None, since=1, ways=WAYS):
        """Runs `command` while the file `name` changes before its read `at`, or before each of its reads from `since` on."""
        place, output, notes = self.path / name, self.path / "output.h5", self.path / "notes"
        for how in ways:
            first = at or since
            while True:
                place.write_bytes(content)
                output.unlink(missing_ok=True)
                notes.unlink(missing_ok=True)
                environment = {"LD_PRELOAD": LIBRARY, "CHANGE_INPUT_PATH": place, "CHANGE_INPUT_AT": first, "CHANGE_INPUT_RANK": rank,
                               "CHANGE_INPUT_HOW": how, "CHANGE_INPUT_NOTES": notes}
                done = run([*command, "--quiet"], ranks=ranks, env=environment, cwd=self.path, timeout=60)
                with self.subTest(command=command, how=how, at=first, ranks=ranks, rank=rank):
                    if not notes.exists():
                        self.assertGreater(first, since, "the file was never read")
                        self.assertEqual(done.code, 0, done)
                    else:
                        self.assertEqual(done.code, 74, done)
                        self.assertEqual(len(done.our_lines), 1, done)
                        self.assertRegex(done.our_lines[0], rf"{name}: (changed while it was read|ranks have opened different files): {len(content)} bytes ")
                        if how != "overwrite":
                            self.assertIn(f", {place.stat().st_size} bytes ", done.our_lines[0])
                        self.assertEqual([p.name for p in self.path.glob("output*")] + [p.name for p in self.path.glob(".*partial")], [])
                        type(self).changes += 1
                if at or not notes.exists():
                    break
                first += 1

    def test_a_log_of_any_packing(self):
        """The first look at a file finds out whether it is a matrix, and compares nothing; so below."""
        text = self.log.encode()
        packed = subprocess.run(["zstd", "-q", "-c"], input=text, stdout=subprocess.PIPE, check=True).stdout
        for name, content in (("plain.csv", text), ("packed.csv.gz", gzip.compress(text)), ("packed.csv.zst", packed), ("wide.csv", self.log.encode("utf-16"))):
            self.check(["prepare", "--input", name, "--output", "output.h5"], name, content, since=2, ways=("halve",) if name != "plain.csv" else WAYS)

    def test_a_log_on_any_rank(self):
        for rank in (0, 1, 2):
            for how in ("truncate", "append"):
                self.check(["prepare", "--input", "log.csv", "--input", "plain.csv", "--output", "output.h5"], "plain.csv", self.log.encode(), ranks=3, rank=rank,
                           at=1, ways=(how,))
        self.check(["prepare", "--input", "plain.csv", "--input", "log.csv", "--output", "output.h5"], "plain.csv", self.log.encode(), ranks=3, rank=2, ways=("halve",))

    def test_a_matrix_market_file(self):
        content = "%%MatrixMarket matrix coordinate real general\n12000 53 12000\n" + "".join(f"{u + 1} {7 * u % 53 + 1} 2\n" for u in range(12_000))
        self.check(["prepare", "--input", "matrix.mtx", "--output", "output.h5"], "matrix.mtx", content.encode(), since=2, ways=("truncate",))

    def test_columns_of_text(self):
        """The first look at a file finds out its kind, and compares nothing."""
        content = "a,b\n" + "".join(f"{r},{r * r % 91}\n" for r in range(12_000))
        command = ["kmeans", "--input", "points.csv", "--clusters", "3", "--output", "output.h5"]
        self.check(command, "points.csv", content.encode(), since=2, ways=("halve",))
        for rank, first in ((0, 3), (2, 2)):
            self.check(command, "points.csv", content.encode(), ranks=3, rank=rank, at=first, ways=("append", "overwrite"))

    def test_a_list_of_ids(self):
        content = "".join(f"u{u}\n" for u in range(12_000))
        self.check(["recommend", "--data", "data.h5", "--model", "model.h5", "--users", "users.txt", "--output", "output.h5"], "users.txt",
                   content.encode(), ways=("halve",))

    def test_a_npy_file_and_hdf5_files_of_others(self):
        rows = np.arange(6_000, dtype=np.float32).reshape(1_500, 4)
        np.save(self.path / "rows.npy", rows)
        with h5py.File(self.path / "rows.h5", "w") as file:
            file["x"] = rows
        for name, more in (("rows.npy", []), ("rows.h5", ["--dataset", "/x"])):
            command = ["kmeans", "--input", name, *more, "--clusters", "3", "--output", "output.h5"]
            content = (self.path / name).read_bytes()
            self.check(command, name, content, at=2, ways=("append", "overwrite"))
            self.check(command, name, content, ranks=3, rank=2, at=1, ways=("append", "overwrite"))

    def test_datasets_and_models(self):
        for name in ("data.h5", "model.h5"):
            self.check(["recommend", "--data", "data.h5", "--model", "model.h5", "--output", "output.h5"], name, (self.path / name).read_bytes(),
                       at=3, ways=("append", "overwrite"))


if __name__ == "__main__":
    unittest.main()
