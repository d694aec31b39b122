"""rankwise prepare: datasets against a plain Python reference for any ranks, every split, and bad input."""
import collections
import csv
import gzip
import pathlib
import random
import tempfile
import unittest

import h5py
import numpy as np
import scipy.sparse

from program import data_file, run


def matrix(file, name):
    group = file[name]
    return scipy.sparse.csr_matrix((group["data"][:], group["indices"][:], group["indptr"][:]),
                                   shape=tuple(group.attrs["shape"]))


def ids(file, name):
    values = file[name][:]
    return [v.decode() for v in values] if values.dtype.kind == "S" else values.tolist()


def content(path):
    """Every dataset's bytes and every attribute: what must not depend on the number of ranks."""
    found = {}

    def visit(name, thing):
        attributes = {key: str(value) for key, value in thing.attrs.items()}
        found[name] = (attributes, thing[()].tobytes() if isinstance(thing, h5py.Dataset) else None)

    with h5py.File(path) as file:
        visit("/", file)
        file.visititems(visit)
    return found


def pairs(file, name, users="/users/ids"):
    """{(user id, item id): value} of one matrix."""
    user_ids, item_ids = ids(file, users), ids(file, "/items/ids")
    entries = matrix(file, name).tocoo()
    return {(user_ids[u], item_ids[i]): v for u, i, v in zip(entries.row, entries.col, entries.data)}


class PrepareTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, text):
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def prepare(self, *args, ranks=1):
        output = self.folder / f"out{ranks}.h5"
        done = run(["prepare", *args, "--output", output], ranks=ranks)
        self.assertEqual(done.code, 0, done)
        return output

    def prepare_alike(self, *args, ranks=(1, 3)):
        """Runs under each number of ranks and compares the content."""
        outputs = [self.prepare(*args, ranks=count) for count in ranks]
        expected = content(outputs[0])
        self.assertIn("interactions/data", expected)
        for output in outputs[1:]:
            self.assertEqual(content(output), expected)
        return outputs[0]

    def random_log(self, rows=3000, users=150, items=60, seed=1):
        draw = random.Random(seed)
        log = [(f"u{draw.randrange(users) // draw.randint(1, 3)}", draw.randrange(items) // draw.randint(1, 3),
                draw.randint(1, 5), draw.randint(90_000, 90_400)) for _ in range(rows)]
        lines = ["user_id,item_id,rating,timestamp"] + [",".join(map(str, row)) for row in log]
        return log, self.write("log.csv", "\n".join(lines) + "\n")

    @staticmethod
    def last(log):
        """{(user, item): (value, time)}, the latest row of each pair."""
        kept = {}
        for user, item, value, time in log:
            if (user, item) not in kept or time >= kept[user, item][1]:
                kept[user, item] = (value, time)
        return kept

    def test_no_split_against_reference(self):
        log, path = self.random_log()
        with h5py.File(self.prepare_alike("--input", path, ranks=(1, 2, 3, 7))) as file:
            expected = self.last(log)
            self.assertEqual(pairs(file, "/interactions"), {pair: value for pair, (value, _) in expected.items()})
            self.assertEqual(ids(file, "/users/ids"), sorted({user for user, _ in expected}))
            self.assertEqual(ids(file, "/items/ids"), sorted({item for _, item in expected}))
            self.assertEqual(file["/items/ids"].dtype, np.int64)
            self.assertEqual((matrix(file, "/interactions").T.tocsr() != matrix(file, "/interactions_by_item")).nnz, 0)
            self.assertNotIn("heldout", file)

    def test_duplicate_policies(self):
        log, path = self.random_log()
        groups = collections.defaultdict(list)
        for user, item, value, _ in log:
            groups[user, item].append(value)
        for policy, rule in [("sum", sum), ("max", max), ("mean", lambda v: sum(v) / len(v))]:
            with h5py.File(self.prepare_alike("--input", path, "--duplicates", policy)) as file:
                self.assertEqual(pairs(file, "/interactions"),
                                 {pair: np.float32(rule(values)) for pair, values in groups.items()})

    def test_filters(self):
        log, path = self.random_log()
        kept = {pair: value for pair, (value, _) in self.last([row for row in log if row[2] >= 3]).items()}
        while True:
            users, items = collections.Counter(u for u, _ in kept), collections.Counter(i for _, i in kept)
            fewer = {(u, i): v for (u, i), v in kept.items() if users[u] >= 8 and items[i] >= 12}
            if len(fewer) == len(kept):
                break
            kept = fewer
        self.assertGreater(len(kept), 100)
        args = ["--min-value", "3", "--min-user-count", "8", "--min-item-count", "12"]
        with h5py.File(self.prepare_alike("--input", path, *args)) as file:
            self.assertEqual(pairs(file, "/interactions"), kept)
            self.assertEqual(ids(file, "/users/ids"), sorted({user for user, _ in kept}))
            self.assertEqual(ids(file, "/items/ids"), sorted({item for _, item in kept}))

    def test_random_split(self):
        log, path = self.random_log()
        with h5py.File(self.prepare_alike("--input", path, "--split", "random:0.25", "--seed", "3")) as file:
            training, heldout = pairs(file, "/interactions"), pairs(file, "/heldout/interactions")
        expected = {pair: value for pair, (value, _) in self.last(log).items()}
        self.assertEqual({**training, **heldout}, expected)
        self.assertEqual(len(training) + len(heldout), len(expected))
        self.assertAlmostEqual(len(heldout) / len(expected), 0.25, delta=0.04)
        with h5py.File(self.prepare("--input", path, "--split", "random:0.25", "--seed", "4")) as file:
            self.assertNotEqual(pairs(file, "/heldout/interactions"), heldout)

    def test_leave_last_split(self):
        log, path = self.random_log()
        by_user = collections.defaultdict(list)
        for (user, item), (value, time) in self.last(log).items():
            by_user[user].append((time, item, value))
        expected = {(user, item): value for user, rows in by_user.items() if len(rows) > 2
                    for _, item, value in sorted(rows)[-2:]}
        with h5py.File(self.prepare_alike("--input", path, "--split", "leave-last:2")) as file:
            self.assertEqual(pairs(file, "/heldout/interactions"), expected)
            self.assertEqual(set(pairs(file, "/interactions")), set(self.last(log)) - set(expected))

    def test_temporal_split(self):
        log, path = self.random_log()
        kept = self.last(log)
        times = sorted(time for _, time in kept.values())
        allowed = int(0.2 * len(times))
        cut = min(t for t in range(90_000, 90_402) if sum(time >= t for time in times) <= allowed)
        with h5py.File(self.prepare_alike("--input", path, "--split", "temporal:0.2")) as file:
            self.assertEqual(set(pairs(file, "/heldout/interactions")), {p for p, (_, t) in kept.items() if t >= cut})
            self.assertEqual(set(pairs(file, "/interactions")), {p for p, (_, t) in kept.items() if t < cut})

    def test_users_split(self):
        log, path = self.random_log()
        everything = {pair: value for pair, (value, _) in self.last(log).items()}
        output = self.prepare_alike("--input", path, "--split", "users:0.3", "--given-fraction", "0.5", ranks=(1, 2, 7))
        with h5py.File(output) as file:
            training = pairs(file, "/interactions")
            given = pairs(file, "/heldout/given", "/heldout/users/ids")
            heldout = pairs(file, "/heldout/interactions", "/heldout/users/ids")
            out, stay = ids(file, "/heldout/users/ids"), ids(file, "/users/ids")
        self.assertEqual({**training, **given, **heldout}, everything)
        self.assertEqual(len(training) + len(given) + len(heldout), len(everything))
        self.assertEqual(sorted(out + stay), sorted({user for user, _ in everything}))
        self.assertEqual((out, stay), (sorted(out), sorted(stay)))
        self.assertGreater(len(out), 5)
        self.assertEqual({user for user, _ in given}, set(out))
        self.assertEqual({user for user, _ in heldout}, set(out))

    def test_more_ranks_than_rows_and_several_inputs(self):
        one = self.write("one.csv", "user,item\na,1\nb,1\n")
        two = self.write("two.csv.gz", gzip.compress(b"item,user\n2,a\n1,a\n"))
        with h5py.File(self.prepare_alike("--input", one, "--input", two)) as file:
            self.assertEqual(pairs(file, "/interactions"), {("a", 1): 2, ("b", 1): 1, ("a", 2): 1})
        one_row = self.write("row.csv", "user,item\n7,8\n")
        with h5py.File(self.prepare_alike("--input", one_row, ranks=(1, 4))) as file:
            self.assertEqual(pairs(file, "/interactions"), {(7, 8): 1})

    def refused(self, code, words, *args, name="log.csv", text=None, ranks=3):
        """One line, the right exit code, no output file, no hang."""
        if text is not None:
            self.write(name, text)
        before = sorted(self.folder.iterdir())
        done = run(["prepare", "--input", name, "--output", "out.h5", *args], ranks=ranks, cwd=self.folder)
        self.assertEqual(done.code, code, done)
        self.assertEqual(len(done.our_lines), 1, done)
        self.assertIn(words, done.our_lines[0])
        self.assertEqual(sorted(self.folder.iterdir()), before, "an output file was left")

    def test_bad_files(self):
        self.refused(66, "absent.csv: No such file", name="absent.csv")
        self.refused(66, "is a directory", name=".")
        self.refused(65, "log.csv: is empty", text="")
        self.refused(65, "log.csv: holds a header but no rows", text="user,item,rating\n")
        packed = gzip.compress("user,item\n".encode() + b"".join(b"%d,%d\n" % (i * i, i) for i in range(20000)))
        self.refused(65, "gzip stream ends early", name="cut.csv.gz", text=packed[:-20])

    def test_bad_rows(self):
        good = "user,item,rating\n" + "1,2,3\n" * 1000
        self.refused(65, "log.csv:1002: value 'many' is not a number", text=good + "1,2,many\n" + "1,2,3\n" * 9)
        self.refused(65, "log.csv:1002: the value field holds 'nan', which means missing", text=good + "1,2,nan\n")
        self.refused(65, "log.csv:1002: value 'inf' is not finite", text=good + "1,2,inf\n")
        with h5py.File(self.prepare("--input", self.write("signed.csv", good + "-4,2,1\n" + "-5,2,1\n"))) as file:
            self.assertEqual(ids(file, "/users/ids"), ["-4", "-5", "1"])
        self.refused(65, "log.csv:1002: has 2 fields, expected 3", text=good + "1,2\n")
        self.refused(65, "log.csv:1002: the item field is empty (--missing skip", text=good + "1,,3\n")
        self.refused(65, "log.csv:3: repeats the user and item of log.csv:2", "--duplicates", "error", text=good)

    def test_bad_requests(self):
        good = "user,item,rating\n1,2,3\n"
        self.refused(2, "no column 'usr': its columns are user, item, rating", "--columns", "user=usr,item=item",
                     text=good)
        self.refused(2, "need times", "--split", "leave-last:1", text=good)
        self.refused(2, "--split 'halves' is unknown", "--split", "halves", text=good, ranks=1)
        self.refused(2, "--split 'random:1.5'", "--split", "random:1.5", text=good, ranks=1)
        self.refused(2, "--min-user-count must be at least 1", "--min-user-count", "0", text=good, ranks=1)
        self.refused(2, "unknown option --spilt; the nearest known one is --split", "--spilt", "none",
                     text=good, ranks=1)
        self.refused(65, "no interactions are left", "--min-value", "9", text=good, ranks=1)
        self.refused(65, "no interactions are left", "--min-item-count", "2", text=good)

    def test_destination_that_cannot_be_written(self):
        path = self.write("log.csv", "user,item\n1,2\n")
        for ranks in (1, 3):
            done = run(["prepare", "--input", path, "--output", self.folder / "nowhere" / "out.h5"], ranks=ranks)
            self.assertEqual(done.code, 73, done)
            self.assertEqual(len(done.our_lines), 1, done)

    def test_goodbooks(self):
        path = data_file("goodbooks_ratings.csv.gz")
        outputs = [self.prepare("--input", path, "--split", "random:0.1", ranks=ranks) for ranks in (1, 3)]
        self.assertEqual(content(outputs[0]), content(outputs[1]))
        with gzip.open(path, "rt") as text:
            next(text)
            expected = {}
            for line in text:
                book, user, rating = line.split(",")
                expected[int(user), int(book)] = float(rating)
        self.assertEqual(len(expected), 981756 - 2278)
        with h5py.File(outputs[0]) as file:
            self.assertEqual({**pairs(file, "/interactions"), **pairs(file, "/heldout/interactions")}, expected)

    def test_online_retail(self):
        path = data_file("online_retail.csv.gz")
        columns = "user=CustomerID,item=StockCode,value=Quantity*UnitPrice,time=InvoiceDate"
        args = ["--input", path, "--columns", columns, "--missing", "skip", "--min-value", "0.01",
                "--duplicates", "sum", "--split", "leave-last:1"]
        outputs = [self.prepare(*args, ranks=ranks) for ranks in (1, 3)]
        self.assertEqual(content(outputs[0]), content(outputs[1]))
        expected = {}
        with gzip.open(path, "rt", newline="") as text:
            for row in csv.DictReader(text):
                value = float(row["Quantity"]) * float(row["UnitPrice"])
                if row["CustomerID"] and value >= 0.01:
                    pair = int(row["CustomerID"]), row["StockCode"]
                    expected[pair] = expected.get(pair, 0.0) + value
        with h5py.File(outputs[0]) as file:
            self.assertEqual(file["/users/ids"].dtype, np.int64)
            self.assertEqual(ids(file, "/items/ids"), sorted({item for _, item in expected}))
            self.assertEqual({**pairs(file, "/interactions"), **pairs(file, "/heldout/interactions")},
                             {pair: np.float32(value) for pair, value in expected.items()})
            self.assertEqual(max(np.diff(matrix(file, "/heldout/interactions").indptr)), 1)


if __name__ == "__main__":
    unittest.main()
