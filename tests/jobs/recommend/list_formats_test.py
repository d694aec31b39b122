"""Lists in each format say the same: CSV, TSV, JSON lines and HDF5, packed or not, in files or on standard output."""
import csv
import gzip
import io
import json
import shutil
import subprocess
import unittest

import h5py
import pandas

import shop
from serving_case import Case, RANKS


class ListFormatsTest(Case):
    @classmethod
    def make(cls):
        shop.write_log(cls.path / "log.csv", users=70, items=30)
        names = ["=1+1", "+49", "-x", "@me", "plain", 'quo"te, and comma', "tab\there", "two\nlines", "grün", ""]
        cls.table = {}
        with open(cls.path / "items.csv", "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["item_id", "name", "shelf", "price"])
            for number in range(30):
                row = (names[number % 10] and names[number % 10] + str(number), ["-a", "b"][number % 2], "" if number == 4 else number / 4 - 2)
                cls.table[number * 7 + 3] = row
                writer.writerow([number * 7 + 3, *row])
        cls.job("prepare", "--input", "@log.csv", "--items", "@items.csv", "--item-types", "name=text,shelf=category", "--split", "random:0.2", "--output", "@data.h5")
        cls.job("als", "--data", "@data.h5", "--model", "@model.h5", "--factors", "4", "--epochs", "2")
        (cls.path / "who.txt").write_text("c0001\nc0002\n=cmd()\nc0003\n")
        cls.base = ["recommend", "--data", "@data.h5", "--model", "@model.h5", "--top", "6", "--users", "@who.txt", "--unknown-users", "popular",
                    "--columns", "title=name,shelf,price"]

    def expected_row(self, row):
        """What the table says of a row's item."""
        return self.table[int(row["item"])]

    def test_every_format_has_the_same_lists(self):
        self.alike("lists.csv", *self.base, "--output", "@lists.csv")
        with open(self.path / "lists.csv", newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(list(rows[0]), ["user", "rank", "item", "score", "source", "title", "shelf", "price"])
        self.assertGreater(len(rows), 10)
        for row in rows:
            name, shelf, price = self.expected_row(row)
            self.assertEqual((row["title"], row["shelf"], row["price"] and float(row["price"])), (name, shelf, price))

        self.alike("lists.tsv", *self.base, "--output", "@lists.tsv")
        with open(self.path / "lists.tsv", newline="", encoding="utf-8") as file:
            self.assertEqual(list(csv.DictReader(file, delimiter="\t")), rows)

        self.alike("lists.jsonl", *self.base, "--output", "@lists.jsonl")
        objects = [json.loads(line) for line in (self.path / "lists.jsonl").read_text(encoding="utf-8").splitlines()]
        flat = [(user["user"], rank + 1, item) for user in objects for rank, item in enumerate(user["items"])]
        self.assertEqual(len(flat), len(rows))
        for (user, rank, item), row in zip(flat, rows):
            name, shelf, price = self.expected_row(row)
            self.assertEqual((user, rank, item["item"], item["title"], item["shelf"], item["price"]),
                             (row["user"], int(row["rank"]), int(row["item"]), name or None, shelf, None if price == "" else price))
            self.assertAlmostEqual(item["score"], float(row["score"]), places=6)
        self.assertEqual([user["source"] for user in objects], ["model"] * 3 + ["popular"])

        self.alike("lists.h5", *self.base, "--output", "@lists.h5")
        with h5py.File(self.path / "lists.h5") as file:
            self.assertEqual(file["recommendations/items"][:].tolist(), [int(row["item"]) for row in rows])
            self.assertEqual([text.decode() for text in file["recommendations/table/title"][:]], [row["title"] for row in rows])
            shelves = [text.decode() for text in file["recommendations/table/shelf/categories"][:]]
            self.assertEqual([shelves[code] for code in file["recommendations/table/shelf/codes"][:]], [row["shelf"] for row in rows])
            prices = file["recommendations/table/price"][:].tolist()
            self.assertEqual(["" if price != price else price for price in prices], [row["price"] and float(row["price"]) for row in rows])
        self.assertEqual(self.job("verify", "@lists.h5").code, 0)

    def test_packed_files_hold_the_plain_text(self):
        everyone = ["recommend", "--data", "@data.h5", "--model", "@model.h5", "--columns", "name", "--output"]
        for ending in ("csv", "jsonl"):
            self.alike(f"plain.{ending}", *everyone, f"@plain.{ending}")
            plain = (self.path / f"plain.{ending}").read_bytes()
            self.alike(f"packed.{ending}.gz", *everyone, f"@packed.{ending}.gz")
            self.assertEqual(gzip.decompress((self.path / f"packed.{ending}.gz").read_bytes()), plain)
            self.alike(f"packed.{ending}.zst", *everyone, f"@packed.{ending}.zst")
            if shutil.which("zstd"):
                unpacked = subprocess.run(["zstd", "-dc", self.path / f"packed.{ending}.zst"], capture_output=True, check=True).stdout
                self.assertEqual(unpacked, plain)
        self.assertEqual(len(pandas.read_csv(self.path / "packed.csv.gz")), len(pandas.read_csv(self.path / "plain.csv")))
        # Our own reader unpacks both: a list is a table of users, too.
        for name in ("packed.csv.gz", "packed.csv.zst"):
            self.job("recommend", "--data", "@data.h5", "--model", "@model.h5", "--users", f"@{name}", "--output", "@again.csv", "--columns", "name")
            self.assertEqual((self.path / "again.csv").read_bytes(), (self.path / "plain.csv").read_bytes())

    def test_standard_output_has_the_lists_and_nothing_else(self):
        self.job(*self.base, "--output", "@plain.jsonl")
        plain = (self.path / "plain.jsonl").read_text(encoding="utf-8")
        for ranks in RANKS:
            self.assertEqual(self.job(*self.base, "--output", "-", "--format", "jsonl", ranks=ranks).out, plain)
        self.assertFalse((self.path / "-").exists())
        self.job(*self.base, "--output", "@no-ending", "--format", "jsonl")
        self.assertEqual((self.path / "no-ending").read_text(encoding="utf-8"), plain)

    def test_a_spreadsheet_runs_nothing(self):
        self.alike("sheet.csv", *self.base, "--format", "excel", "--output", "@sheet.csv")
        content = (self.path / "sheet.csv").read_bytes()
        self.assertTrue(content.startswith(b"\xef\xbb\xbfuser,rank"))
        self.job(*self.base, "--output", "@lists.csv")
        with open(self.path / "lists.csv", newline="", encoding="utf-8") as file:
            plain = list(csv.DictReader(file))
        sheet = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
        escaped = 0
        for row, cells in zip(plain, sheet, strict=True):
            for name in row:
                is_number = name in ("rank", "item", "score", "price")
                runs = not is_number and row[name][:1] in ("=", "+", "-", "@", "\t", "\r") and row[name] != ""
                self.assertEqual(cells[name], "'" + row[name] if runs else row[name])
                escaped += runs
        self.assertGreater(escaped, 5)
        self.assertIn("'=cmd()", {row["user"] for row in sheet})

    def test_formats_that_contradict_are_refused(self):
        base = ["recommend", "--data", "@data.h5", "--model", "@model.h5"]
        self.job("prepare", "--input", "@log.csv", "--output", "@bare.h5")
        for code, options, words in ((2, ["--output", "@a.csv", "--format", "tsv"], ["--format tsv", "a.csv"]),
                                     *((2, ["--output", "@a.csv", "--columns", f"{name}=name"], [name]) for name in ("a/b", "..", "_index", "probability", "because_1", "score")),
                                     (2, ["--output", "@a", "--format", "xlsx"], ["--format xlsx", "jsonl"]),
                                     (2, ["--output", "-", "--format", "h5"], ["--format h5", "-"]),
                                     (2, ["--output", "@a.jsonl", "--format", "excel"], ["--format excel", "a.jsonl"]),
                                     (2, ["--output", "@a.csv", "--compression", "1"], ["--compression", "HDF5"]),
                                     (2, ["--output", "@a.xlsx"], [".xlsx", ".csv.gz"]),
                                     (2, ["--output", "@a.csv", "--columns", "score=price"], ["--columns", "score"]),
                                     (2, ["--output", "@a.csv", "--columns", "id=price"], ["--columns", "id"]),
                                     (2, ["--output", "@a.csv", "--columns", "name,name"], ["--columns", "twice"]),
                                     (65, ["--output", "@a.csv", "--columns", "colour"], ["--columns", "no column 'colour'", "shelf"])):
            self.refused(code, *base, *options, words=words)
        self.assertFalse((self.path / "a.csv").exists())


if __name__ == "__main__":
    unittest.main()
