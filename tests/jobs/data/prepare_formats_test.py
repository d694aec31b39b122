"""rankwise prepare: how foreign logs are written down: delimiters, decimals, quotes, encodings, missing values, ids, times. Each is
read alike by any number of ranks, or refused in one line."""
import gzip
import subprocess
import unittest

import h5py

import prepare_test
from prepare_test import pairs
from program import run


class PrepareFormatsTest(unittest.TestCase):
    setUp, write = prepare_test.PrepareTest.setUp, prepare_test.PrepareTest.write
    prepare, prepare_alike = prepare_test.PrepareTest.prepare, prepare_test.PrepareTest.prepare_alike

    def read(self, text, *args, name="log.csv", ranks=(1,)):
        """{(user, item): value} of a log, the same for every number of ranks."""
        with h5py.File(self.prepare_alike("--input", self.write(name, text), *args, ranks=ranks)) as file:
            return pairs(file, "/interactions")

    def told(self, text, *args, code=0, ranks=1):
        done = run(["prepare", "--input", self.write("log.csv", text), *args, "--output", self.folder / "told.h5"], ranks=ranks)
        self.assertEqual(done.code, code, done)
        return done.err

    def refused(self, text, *args, code=65):
        done = run(["prepare", "--input", self.write("log.csv", text), *args, "--output", self.folder / "refused.h5"])
        self.assertEqual(done.code, code, done)
        self.assertEqual(len(done.our_lines), 1, done)
        return done.our_lines[0].split("log.csv", 1)[-1]

    def test_delimiters_and_decimals(self):
        columns = ["--columns", "user=1,item=2,value=3"]
        self.assertEqual(self.read("101;7;4,5\n102;7;3\n", *columns), {(101, 7): 4.5, (102, 7): 3})
        self.assertEqual(self.read("user|item|rating\n101|7|4.5\n"), {(101, 7): 4.5})
        self.assertEqual(self.read('101,7,"4,5"\n', *columns, "--decimal", "comma"), {(101, 7): 4.5})
        self.assertEqual(self.read("a;b^c^4,5\n", *columns, "--delimiter", "^", "--decimal", "comma"), {("a;b", "c"): 4.5})
        self.assertIn("csv with semicolons and decimal commas, user = user", self.told("user;item;rating\n1;2;3,5\n"))
        tabs = "user\titem\tvalue\n1\t2\t3,5\n"
        self.assertEqual(self.read(tabs), {(1, 2): 3.5})
        self.assertIn("tsv with decimal commas, user = user", self.told(tabs, "--delimiter", "tab"))
        self.assertEqual(self.read("1\t2\t3,5\n", *columns), {(1, 2): 3.5})
        self.assertEqual(self.refused("user;item;rating\n1;2;4.5\n1;3;4,5\n"),
                         ":3: value '4,5' is not a number (--decimal comma reads decimal commas)")

    def test_double_colons(self):
        self.assertEqual(self.read('1,2,3,"Foo::Bar"\n', "--columns", "user=1,item=2,value=3"), {(1, 2): 3})
        self.assertEqual(self.read("user,item,x::y\n1,2,3\n"), {(1, 2): 1})
        self.assertEqual(self.read("a::b::c,item,value,user\nx,2,3,1\n"), {(1, 2): 3})
        self.assertEqual(self.read("1::2::3.5::978300760\n"), {(1, 2): 3.5})
        self.assertEqual(self.read("1::2::4\n"), {(1, 2): 4})

    def test_line_breaks_inside_quotes(self):
        rows = [f'u{n % 7},"item\n{n},\n""x""",{n % 5 + 1}' if n % 3 else f"u{n % 7},5\" pipe {n},2" for n in range(60)]
        read = self.read("user,item,rating\n" + "\n".join(rows) + "\n", ranks=(1, 3))
        self.assertEqual(len(read), 60)
        self.assertEqual(read[("u1", 'item\n1,\n"x"')], 2)
        self.assertEqual(read[("u3", '5" pipe 3')], 2)
        self.assertEqual(self.refused('user,item\na,b\nc,"d\ne,f\n'), ":3: field 2 opens a quote that is not closed")

    def test_encodings_and_packing(self):
        text = "user,item\nann,gr\u00fcn\nbob,\u8336\n"
        expected = {("ann", "gr\u00fcn"): 1, ("bob", "\u8336"): 1}
        self.assertEqual(self.read(text.encode("utf-16"), ranks=(1, 3)), expected)
        self.assertEqual(self.read(gzip.compress(text.encode("utf-16-be").join([b"\xfe\xff", b""]))), expected)
        packed = subprocess.run(["zstd", "-q"], input=text.encode(), capture_output=True, check=True).stdout
        self.assertEqual(self.read(packed, ranks=(1, 3)), expected)
        self.assertIn("is an xz file, which is not read here: unpack it first (xz -dk FILE)", self.refused(b"\xfd7zXZ\0\0\4\xe6"))
        self.assertIn("is a zip file", self.refused(b"PK\x03\x04\x14\0"))
        self.assertEqual(self.refused(b"\x1b[31muser,\xff\xfe\n1,2\n", code=2).split("columns are ")[1], "\\x1b[31muser, \\xff\\xfe")

    def test_json_lines(self):
        lines = ['{"user": {"id": "ann", "x": [1]}, "item": 7, "stars": 4.5, "at": "2026-07-01"}', "",
                 '{"at": 1782900000, "stars": "2", "item": 8, "user": {"id": "b\\u00f6b"}, "other": {"item": 9}}',
                 '{"user": {"id": null}, "item": 7, "stars": 1, "at": 1782900000}']
        columns = ["--columns", "user=user.id,item=item,value=stars,time=at"]
        expected = {("ann", 7): 4.5, ("b\u00f6b", 8): 2}
        text = "\n".join(lines) + "\n"
        self.assertEqual(self.read(text, *columns, "--missing", "skip", ranks=(1, 3)), expected)
        self.assertEqual(self.read(gzip.compress(text.encode()), *columns, "--missing", "skip", ranks=[2]), expected)
        self.assertEqual(self.refused(text, *columns), ":4: the user field is empty (--missing skip drops such rows)")
        self.assertIn("log.csv: jsonl, user = user.id, item = item, value = stars, time = at", self.told(text, *columns, "--missing", "skip"))
        self.assertEqual(self.read('{"userId": 1, "movieId": 2, "rating": 3}\n'), {(1, 2): 3})
        self.assertEqual(self.read('{"user":1,"item":2}\n' * 50 + '{"item":3,"user":4}', ranks=(1, 3)), {(1, 2): 50, (4, 3): 1})

    def test_json_lines_that_are_refused(self):
        row = '{"user": 1, "item": 2}\n'
        self.assertEqual(self.refused(row + '{"user": 1, "item": 2\n'),
                         ":2: is no JSON object on one line: at byte 22: expected ',' or '}'")
        self.assertEqual(self.refused(row + '{"user": 1, "item": [2]}\n'),
                         ":2: key 'item' holds a list; expected a string, a number or null")
        self.assertIn("line 1: is no JSON object", self.refused("{\n" + row))
        self.assertIn("is a JSON list; expected one object on each line (jq -c '.[]' FILE)", self.refused("[" + row + "]"))
        self.assertIn("no column 'usr': its columns are user, item", self.refused(row, "--columns", "user=usr,item=item", code=2))
        self.assertIn("has no header", self.refused(row, "--header", "present", code=2))
        self.assertIn("--delimiter is for csv files, and this is jsonl", self.refused(row, "--format", "jsonl", "--delimiter", "pipe", code=2))

    def test_ids(self):
        self.assertEqual(self.read("user,item\n-5,1\n7,1\n"), {("-5", 1): 1, ("7", 1): 1})
        self.assertEqual(self.refused("user,item\n1,2\n1," + "x" * 1_000_000 + "\n"),
                         ":3: id '" + "x" * 40 + "...' holds 1000000 bytes, at most 1024 are taken")

    def test_ids_that_are_probably_one(self):
        rows = ["1,a", "1.0,a", "01,a", 'ann,"a "', '"ann ",a', "caf\u00e9,a", "cafe\u0301,a", "CAF\u00c9,A"]
        warnings = []
        for ranks in (1, 3):
            err = self.told("user,item\n" + "\n".join(rows) + "\n", "--quiet", ranks=ranks)
            warnings.append([line for line in err.splitlines() if line.startswith("rankwise: warning: ")])
        self.assertEqual(warnings[0], warnings[1])
        self.assertEqual([line.removeprefix("rankwise: warning: ") for line in warnings[0]], [
            "1 user id differs from another only in Unicode form, for example 'cafe\u0301' and 'caf\u00e9'",
            "1 user id differs from another only in blanks, for example 'ann' and 'ann '",
            "2 user ids differ from another only in how a number is written, for example '01' and '1'",
            "1 item id differs from another only in blanks, for example 'a' and 'a '"])

    def test_missing_values(self):
        text = "user,item,rating\nNULL,2,3\n1,\\N,3\n1,2,NaN\nNone,1,1\n4,nan,6\n1,2,N/A\n5,6,7\n"
        self.assertEqual(self.read(text, "--missing", "skip"), {(5, 6): 7})
        self.assertEqual(self.refused(text), ":2: the user field holds 'NULL', which means missing (--missing skip drops such rows, "
                                             "--missing-values changes the words)")
        self.assertEqual(self.read("user,item\n-,1\nNone,2\n", "--missing", "skip", "--missing-values", "-"), {("None", 2): 1})
        self.assertEqual(self.read("user,item\n-,1\nNone,2\n", "--missing-values", "none"), {("-", 1): 1, ("None", 2): 1})

    def test_ids_of_blanks_only_are_missing(self):
        text = 'user,item\n" ",1\n\u00a0,2\n" \u00a0\t",3\n5,"\u2003"\n5,6\n'
        self.assertEqual(self.read(text, "--missing", "skip"), {(5, 6): 1})
        self.assertIn("4 rows skipped: 3 without user, 1 without item", self.told(text, "--missing", "skip", "--missing-values", "none"))
        self.assertEqual(self.refused(text), ":2: the user field is empty (--missing skip drops such rows)")

    def test_headers_inside_a_file(self):
        text = "user,item\n1,2\nuser,item\n3,4\n"
        self.assertEqual(self.read(text), {(1, 2): 1, (3, 4): 1})
        self.assertIn("1 line inside the input repeats the header of the file: passed over", self.told(text))
        self.assertEqual(self.read("user,item\n1,2\nUser,Item\n3,4\nuser_id,item_id\n5,6\n", ranks=(1, 2, 3)), {(1, 2): 1, (3, 4): 1, (5, 6): 1})

    def times(self, column, *args, ranks=(1,)):
        """Seconds of the rows, in the order of items, which are numbered like the rows."""
        text = "user,item,time\n" + "".join(f"1,{item},{time}\n" for item, time in enumerate(column))
        with h5py.File(self.prepare_alike("--input", self.write("log.csv", text), *args, ranks=ranks)) as file:
            return file["/interactions/time"][:].tolist()

    def test_times(self):
        self.assertEqual(self.times(["20101201", "20111209"], ranks=(1, 3)), [1291161600, 1323388800])
        self.assertEqual(self.times(["1291161600000", "1323388800000"]), [1291161600, 1323388800])
        self.assertEqual(self.times(["01.12.2010 08:26"], "--time-format", "%d.%m.%Y %H:%M"), [1291191960])
        self.assertEqual(self.times(["20101201"], "--time-format", "seconds"), [20101201])
        self.assertIn("time = time (dates YYYYMMDD)", self.told("user,item,time\n1,2,20101201\n"))
        self.assertIn("time = time (milliseconds)", self.told("user,item,time\n1,2,1291161600000\n"))
        self.assertIn(":2: time '40513.35' lies outside 1970-01-02 to 2100 as seconds since 1970; a day number of Excel?",
                      self.refused("user,item,time\n1,2,40513.35\n"))
        self.assertIn(":3: time '4102444800' lies outside 1970-01-02 to 2100", self.refused("user,item,time\n1,2,86400\n1,3,4102444800\n"))
        self.assertIn(":2: time '1' lies outside", self.refused("user,item,time\n1,2,1\n", "--time-format", "milliseconds"))
        self.refused("user,item,time\n1,2,1\n", "--time-format", "days", code=2)


if __name__ == "__main__":
    unittest.main()
