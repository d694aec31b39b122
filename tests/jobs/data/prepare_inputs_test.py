"""rankwise prepare: folders, patterns and lists of files; one dataset whatever the order of the files, how the log is cut
into them, and how they are packed."""
import gzip
import random
import struct
import subprocess
import unittest
import zlib

import h5py

import prepare_test
from prepare_test import pairs
from program import run


def block_gzip(data, size):
    """As bgzip packs it: members with their sizes in front."""
    packed = b""
    for begin in range(0, len(data) + 1, size):
        part = data[begin:begin + size]
        deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
        body = deflate.compress(part) + deflate.flush()
        packed += (b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\6\0BC\2\0" + struct.pack("<H", len(body) + 25) + body +
                   struct.pack("<II", zlib.crc32(part), len(part)))
    return packed


def zstd(data):
    return subprocess.run(["zstd", "-q"], input=data, capture_output=True, check=True).stdout


class PrepareInputsTest(unittest.TestCase):
    setUp, write = prepare_test.PrepareTest.setUp, prepare_test.PrepareTest.write

    def write_in(self, folder, name, text):
        (self.folder / folder).mkdir(exist_ok=True)
        return self.write(f"{folder}/{name}", text)

    def dataset(self, *args, ranks=1, threads=1):
        """The bytes of the file: it records neither inputs nor how it was made."""
        output = self.folder / "out.h5"
        output.unlink(missing_ok=True)
        done = run(["prepare", *args, "--output", output, "--threads", threads], ranks=ranks, cwd=self.folder)
        self.assertEqual(done.code, 0, done)
        return output.read_bytes()

    def read(self, *args):
        """The pairs, and what was told."""
        done = run(["prepare", *args, "--output", "told.h5"], cwd=self.folder)
        self.assertEqual(done.code, 0, done)
        with h5py.File(self.folder / "told.h5") as file:
            return pairs(file, "/interactions"), done.err

    def test_one_dataset_for_any_order_cutting_and_packing(self):
        draw = random.Random(7)
        rows = [f"u{draw.randrange(40)},{draw.randrange(25)},{draw.choice([0.1, 0.2, 0.7, 1e6, -1e6, 3.3])},"
                f"{90_000 + draw.randrange(50)}" for _ in range(2500)]

        def text(part):
            return ("user,item,value,time\n" + "\n".join(part) + "\n").encode()

        shuffled = rows[:]
        draw.shuffle(shuffled)
        thirds = [shuffled[:1400], shuffled[1400:1500], shuffled[1500:]]
        rules = ("--duplicates", "sum", "--split", "temporal:0.2", "--validation", "leave-last:1")
        expected = self.dataset("--input", self.write("log.csv", text(rows)), *rules)
        for name, ending, packed, parts, threads in (("shuffled", "", bytes, [shuffled], {1: 2, 3: 1}), ("three", "", bytes, thirds, {1: 1, 3: 2}),
                                                     ("gzip", ".gz", gzip.compress, thirds, {1: 2, 3: 1}), ("zstd", ".zst", zstd, thirds[::-1], {1: 1, 3: 2}),
                                                     ("blocks", ".gz", lambda data: block_gzip(data, 3000), [shuffled], {1: 2, 3: 1})):
            for number, part in enumerate(parts):
                self.write_in(name, f"{number}.csv{ending}", packed(text(part)))
            for ranks, count in threads.items():
                with self.subTest(inputs=name, ranks=ranks):
                    self.assertEqual(self.dataset("--input", name, *rules, ranks=ranks, threads=count), expected)

    def test_last_takes_the_latest_row_whatever_the_order(self):
        rows = [f"{n % 9},{n % 7},{n},{90_000 + n}" for n in range(300)]
        text = [("user,item,value,time\n" + "\n".join(part) + "\n") for part in (rows[200:], rows[:200])]
        parts = [self.write("a.csv", text[0]), self.write("b.csv", text[1])]
        expected = self.dataset("--input", parts[0], "--input", parts[1], "--split", "temporal:0.3")
        self.assertEqual(self.dataset("--input", parts[1], "--input", parts[0], "--split", "temporal:0.3"), expected)

    def test_the_order_of_inputs_decides_last_without_times(self):
        a, b = self.write("a.csv", "user,item,rating\n1,1,2\n"), self.write("b.csv", "user,item,rating\n1,1,5\n")
        self.assertEqual(self.read("--input", a, "--input", b)[0], {(1, 1): 5})
        self.assertEqual(self.read("--input", b, "--input", a)[0], {(1, 1): 2})

    def test_folders_patterns_and_lists(self):
        for name in ("b.csv", "a.csv", ".hidden.csv"):
            self.write_in("logs", name, f"user,item,rating\n1,1,{len(name)}\n{name},2,1\n")
        self.write_in("logs/inner", "c.csv", "user,item,rating\n9,9,9\n")
        expected = {("1", 1): 5, ("a.csv", 2): 1, ("b.csv", 2): 1}
        found, told = self.read("--input", "logs")
        self.assertEqual(found, expected)
        self.assertIn("logs: 2 files (left out: 1 hidden, 1 folder)", told)
        self.assertLess(told.index("logs/a.csv: csv"), told.index("logs/b.csv: csv"))
        self.assertEqual(self.read("--input", "logs/*.csv")[0], expected)
        self.write("list.txt", "# two\r\nlogs/b.csv\r\n\r\n  logs/a.*  \n")
        found, told = self.read("--input", "@list.txt")
        self.assertEqual(found, expected)
        self.assertIn("list.txt: names 2 files", told)
        self.assertLess(told.index("logs/b.csv: csv"), told.index("logs/a.csv: csv"))
        self.write_in("logs", "[a].csv", "user,item\n7,7\n")  # a file of this name is no pattern
        self.assertEqual(self.read("--input", "logs/[a].csv")[0], {(7, 7): 1})

    def test_inputs_that_are_refused(self):
        self.write_in("logs", "a.csv", "user,item\n1,1\n")
        self.write_in("hidden", ".a.csv", "user,item\n1,1\n")
        self.write("list.txt", "logs/a.csv\nabsent*\n")
        self.write("empty.txt", "# nothing\n")
        for inputs, code, words in ((["hidden"], 66, "hidden: there is no file to read (left out: 1 hidden)"),
                                    (["*.none"], 66, "*.none: there is no file to read"),
                                    (["@list.txt"], 66, "list.txt:2: absent*: there is no file to read"),
                                    (["@empty.txt"], 66, "empty.txt: this list names no file"),
                                    (["@absent.txt"], 66, "absent.txt: this list of files cannot be read"),
                                    (["logs/a.csv", "logs"], 2, "logs/a.csv is an input twice"),
                                    (["logs/a.csv", "logs/../logs"], 2, "logs/a.csv and logs/../logs/a.csv are the same file")):
            with self.subTest(inputs):
                args = [word for path in inputs for word in ("--input", path)]
                done = run(["prepare", *args, "--output", "out.h5"], ranks=2 if len(inputs) > 1 else 1, cwd=self.folder)
                self.assertEqual(done.code, code, done)
                self.assertEqual(len(done.our_lines), 1, done)
                self.assertIn(words, done.our_lines[0])

    def test_an_output_in_an_input_folder_is_no_input(self):
        self.write_in("logs", "a.csv", "user,item\n1,1\n")
        self.write_in("logs", "out.h5", b"no log")
        done = run(["prepare", "--input", "logs", "--output", "logs/out.h5"], cwd=self.folder)
        self.assertNotEqual(done.code, 0, done)
        self.assertEqual((self.folder / "logs/out.h5").read_bytes(), b"no log")


if __name__ == "__main__":
    unittest.main()
