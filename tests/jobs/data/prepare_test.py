"""rankwise prepare: datasets against a plain Python reference for any ranks, every split, and bad input."""
import collections
import csv
import datetime
import gzip
import json
import pathlib
import random
import tempfile
import unittest

import h5py
import numpy as np
import scipy.sparse

import split_reference
from program import data_file, ranks_of_refusal, run


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

    def prepared_with_events(self, *args, code=0):
        """The file, what the run printed, and its events by name."""
        output, log = self.folder / "out.h5", self.folder / "events.json"
        done = run(["prepare", *args, "--output", output, "--log-json", log])
        self.assertEqual(done.code, code, done)
        events = {}
        for line in log.read_text().splitlines():
            event = json.loads(line)
            events[event["event"]] = event
        return output, done.err, events

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
        for policy, rule, ranks in (("sum", sum, (1, 3)), ("max", max, (3,)), ("mean", lambda v: sum(v) / len(v), (2,))):
            with h5py.File(self.prepare_alike("--input", path, "--duplicates", policy, ranks=ranks)) as file:
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

    def expect_divided(self, path, log, heldout, policy, repeats="drop", least=-np.inf):
        """Every matrix of a split of rows, and its transpose, against the plain reference."""
        training, held, repeated = split_reference.divide(log, heldout, policy, repeats, least)
        self.assertTrue(training and held and repeated)
        with h5py.File(path) as file:
            self.assertEqual((file.attrs["duplicates"], file.attrs["repeats"]), (policy, repeats))
            for name, expected in (("interactions", training), ("heldout/interactions", held), ("heldout/repeated", repeated)):
                self.assertEqual(pairs(file, name), {pair: np.float32(value) for pair, value in expected.items()}, name)
                self.assertEqual((matrix(file, name).T.tocsr() != matrix(file, name + "_by_item")).nnz, 0, name)

    def expect_log_rows(self, path, log, heldout, policy):
        """All training rows of pairs that have training rows of several times."""
        expected = {}
        for pair, rows in split_reference.pairs_of(r for r in log if (r[0], r[1], r[3]) not in heldout).items():
            if len({time for _, time in rows}) > 1:
                expected[pair] = sorted(rows, key=lambda row: row[1] if policy == "last" else row[::-1])
        with h5py.File(path) as file:
            users, items = ids(file, "/users/ids"), ids(file, "/items/ids")
            for name in ("log_rows", "log_rows_by_item"):
                group, found = file[name], collections.defaultdict(list)
                for row in range(len(group["indptr"]) - 1):
                    for e in range(*group["indptr"][row:row + 2]):
                        user, item = (row, group["indices"][e]) if name == "log_rows" else (group["indices"][e], row)
                        found[users[user], items[item]].append((group["data"][e], group["time"][e]))
                self.assertEqual(found, expected, name)

    def test_leave_last_split(self):
        log, path = self.random_log(rows=1200)
        for policy, repeats, ranks in (("last", "drop", (1, 2, 7)), ("sum", "keep", (3,))):
            output = self.prepare_alike("--input", path, "--split", "leave-last:2", "--duplicates", policy, "--repeats", repeats,
                                        "--seed", "11", ranks=ranks)
            heldout = split_reference.leave_last(log, 2, 11)
            self.expect_divided(output, log, heldout, policy, repeats)
            self.expect_log_rows(output, log, heldout, policy)

    def test_temporal_split(self):
        log, path = self.random_log()
        heldout, last = split_reference.temporal(log, 0.2)
        for policy, repeats, ranks in (("sum", "drop", (1, 3)), ("last", "keep", (2,)), ("mean", "drop", (1,))):
            output = self.prepare_alike("--input", path, "--split", "temporal:0.2", "--duplicates", policy, "--repeats", repeats,
                                        ranks=ranks)
            self.expect_divided(output, log, heldout, policy, repeats)
            self.expect_log_rows(output, log, heldout, policy)
            with h5py.File(output) as file:
                self.assertEqual(file.attrs["last-training-time"], last)
                self.assertLessEqual(max(file["interactions/time"]), last)
                self.assertGreater(min(file["heldout/interactions/time"]), last)

    def test_what_was_bought_before_the_cut_stays_in_training(self):
        path = self.write("log.csv", "user,item,value,time\na,x,1,2010-01-01\na,x,1,2010-12-01\n")
        for options, held in (([], {}), (["--repeats", "keep"], {("a", "x"): 1})):
            output, printed, events = self.prepared_with_events("--input", path, "--split", "temporal:0.5", "--duplicates", "sum",
                                                                *options)
            with h5py.File(output) as file:
                self.assertEqual(pairs(file, "/interactions"), {("a", "x"): 1})
                self.assertEqual(pairs(file, "/heldout/interactions"), held)
                self.assertEqual(pairs(file, "/heldout/repeated"), {("a", "x"): 2})
            self.assertIn("1 of 1 held-out pair (100.0%) is in training too", printed)
            self.assertEqual(events["split"]["repeated_pairs"], 1)
        # A quarter of two is less than one: nothing is held out, which is told.
        output, printed, events = self.prepared_with_events("--input", path, "--split", "temporal:0.25", "--quiet")
        with h5py.File(output) as file:
            self.assertEqual(set(pairs(file, "/interactions")), {("a", "x")})
            self.assertEqual(pairs(file, "/heldout/interactions"), {})
        self.assertEqual(printed.count("rankwise: warning: the split holds out nothing"), 1)
        self.assertIn("holds out nothing", events["warning"]["text"])
        model = self.folder / "model.h5"
        self.assertEqual(run(["als", "--data", output, "--model", model, "--factors", "1", "--epochs", "1"]).code, 0)
        done = run(["evaluate", "--data", output, "--model", model])
        self.assertEqual(done.code, 65, done)
        self.assertIn("out.h5: nothing is held out, so there is nothing to measure; run prepare with --split", done.our_lines[0])

    def test_one_time_per_basket(self):
        """leave-last chooses from a basket by a draw, not by the id."""
        path = self.write("log.csv", "user,item,time\n" + "".join(f"{u},{i},2010-01-01\n" for u in range(300) for i in range(5)))
        with h5py.File(self.prepare("--input", path, "--split", "leave-last:1")) as file:
            chosen = collections.Counter(item for _, item in pairs(file, "/heldout/interactions"))
        self.assertEqual(sum(chosen.values()), 300)
        for item in range(5):
            self.assertAlmostEqual(chosen[item], 60, delta=25)

    def test_returns_are_no_interactions(self):
        text = ("user,item,amount,time\n" + "ann,tea,3.3,1600000100\nann,tea,7.7,1600000110\nann,tea,-11,1600000120\n"  # nothing but for rounding
                + "ann,cup,5,1600000100\nann,cup,-2,1600000200\nbob,tea,-4,1600000100\nbob,pot,2,1600000300\n"
                + "cat,hat,1,1600000100\ncat,hat,-1,1600000150\n")
        path = self.write("log.csv", text)
        args = ["--input", path, "--columns", "user=user,item=item,value=amount,time=time", "--duplicates", "sum"]
        with h5py.File(self.prepare_alike(*args, ranks=(1, 3))) as file:
            self.assertEqual(pairs(file, "/interactions"), {("ann", "cup"): 3, ("bob", "pot"): 2})
            self.assertEqual(ids(file, "/users/ids"), [b"ann".decode(), "bob"])
            self.assertEqual(ids(file, "/items/ids"), ["cup", "pot"])
            self.assertEqual(file.attrs["min-total"], 5e-324)
        _, printed, events = self.prepared_with_events(*args)
        self.assertIn("rankwise: warning: 3 interactions dropped because their total is not above 0", printed)
        self.assertEqual([events["min_total"][name] for name in ("training_dropped", "users_dropped", "items_dropped")], [3, 1, 2])
        self.assertIn("their total is not above 0; 1 user and 2 items have none left (the log", printed)
        one = ["--input", self.write("one.csv", "user,item,value\nann,tea,1\nann,cup,-1\n"), "--duplicates", "sum"]
        self.assertIn("its total is not above 0; 1 item has none left (the log", self.prepared_with_events(*one)[1])
        with h5py.File(self.prepare(*args, "--min-total", "none")) as file:
            self.assertEqual(pairs(file, "/interactions"), {("ann", "tea"): 0, ("ann", "cup"): 3, ("bob", "tea"): -4,
                                                            ("bob", "pot"): 2, ("cat", "hat"): 0})
            self.assertNotIn("min-total", file.attrs)
        with h5py.File(self.prepare(*args, "--min-total", "2.5")) as file:
            self.assertEqual(pairs(file, "/interactions"), {("ann", "cup"): 3})
        # A return after the cut takes nothing out of the past.
        with h5py.File(self.prepare_alike(*args, "--split", "temporal:0.4", ranks=(1, 2))) as file:
            self.assertEqual(file.attrs["last-training-time"], 1600000120)
            self.assertEqual(pairs(file, "/interactions"), {("ann", "cup"): 5, ("cat", "hat"): 1})
            self.assertEqual(pairs(file, "/heldout/interactions"), {("bob", "pot"): 2})
            self.assertEqual(pairs(file, "/heldout/repeated"), {("ann", "cup"): 3, ("cat", "hat"): 0})
        self.refused(65, "no interactions are left: --min-total drops all of them", "--min-total", "9", *args[2:], ranks=2)
        self.refused(2, "--min-total 'many': expected auto, none or a number", "--min-total", "many", ranks=1)
        self.refused(2, "--repeats 'lose' is unknown; expected drop or keep", "--repeats", "lose", ranks=1)

    def test_returns_in_every_part_against_the_reference(self):
        draw = random.Random(8)
        log = [(f"u{draw.randrange(40)}", draw.randrange(25), draw.choice([-2, -1, 1, 1, 2]), 1_600_000_000 + draw.randint(0, 90))
               for _ in range(2000)]
        path = self.write("log.csv", "user_id,item_id,value,timestamp\n" + "".join(",".join(map(str, r)) + "\n" for r in log))
        args = ["--input", path, "--duplicates", "sum"]
        possible = split_reference.possible(log, least=5e-324)
        self.assertLess(len(possible), len(log))
        heldout, _ = split_reference.temporal(possible, 0.3)
        output = self.prepare_alike(*args, "--split", "temporal:0.3", ranks=(3,))
        self.expect_divided(output, possible, heldout, "sum", least=5e-324)
        log = split_reference.possible(log, least=2)
        heldout = split_reference.leave_last(log, 9, 0)
        output = self.prepare("--seed", "0", *args, "--split", "leave-last:9", "--min-total", "2", "--repeats", "keep")
        self.expect_divided(output, log, heldout, "sum", "keep", least=2)

    def test_leakage_figures(self):
        log, path = self.random_log(rows=600, users=40, items=50)
        late = [(f"v{n}", 100 + n, 3, 380 + n) for n in range(9)]  # users and items that nobody knew before
        log = [(user, item, value, 1_500_000_000 + 86400 * (time % 90_000)) for user, item, value, time in log + late]
        path = self.write("log.csv", "user_id,item_id,rating,timestamp\n" + "".join(",".join(map(str, r)) + "\n" for r in log))
        for split in ("temporal:0.2", "leave-last:2", "random:0.2", "users:0.3"):
            output, printed, events = self.prepared_with_events("--input", path, "--split", split)
            with h5py.File(output) as file:
                heldout_users = "/heldout/users/ids" if split.startswith("users") else "/users/ids"
                times = {}
                for name, users in (("interactions", "/users/ids"), ("heldout/interactions", heldout_users), ("heldout/given", heldout_users)):
                    if name in file:
                        user_ids, item_ids, part = ids(file, users), ids(file, "/items/ids"), matrix(file, name).tocoo()
                        times[name] = {(user_ids[u], item_ids[i]): t for u, i, t in zip(part.row, part.col, file[name]["time"][:])}
                expected = split_reference.leakage(times["interactions"] | times.get("heldout/given", {}),
                                                   times["heldout/interactions"], log)
                for name, value in expected.items():
                    self.assertAlmostEqual(events["split"][name], value, places=12, msg=f"{split} {name}")
                    self.assertEqual(file.attrs[name.replace("_", "-")], events["split"][name])
                self.assertEqual((file.attrs["log-first-time"], file.attrs["log-last-time"]),
                                 (min(r[3] for r in log), max(r[3] for r in log)))
            first, last = (datetime.datetime.utcfromtimestamp(f(row[3] for row in log)) for f in (min, max))
            self.assertIn(f"the log is from {first} to {last} (UTC)", printed)
            self.assertEqual("the cut is after" in printed, split.startswith("temporal"))
        self.assertGreater(expected["training_after_own_heldout"], 0)

    def test_counts_are_told_in_grammatical_english(self):
        path = self.write("log.csv", "user,item,value\n1,2,3\n1,2,3\n,2,3\n7,8,9\n")
        _, printed, _ = self.prepared_with_events("--input", path, "--missing", "skip", "--min-value", "4")
        lines = [line.split("s  ", 1)[-1] for line in printed.splitlines()]
        self.assertIn("4 rows read", lines)
        self.assertIn("1 row skipped: 1 without user", lines)
        self.assertIn("2 rows dropped: value below 4", lines)
        self.assertIn("1 user, 1 item, 1 interaction; 0 held out", lines)
        self.assertNotIn("of an earlier row", printed)

    def test_users_split(self):
        log, path = self.random_log()
        everything = {pair: value for pair, (value, _) in self.last(log).items()}
        output = self.prepare_alike("--input", path, "--split", "users:0.3", "--given-fraction", "0.5", ranks=(1, 4))
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

    def refused(self, code, words, *args, name="log.csv", text=None, ranks=None):
        """One line, the right exit code, no output file, no hang."""
        if text is not None:
            self.write(name, text)
        before = sorted(self.folder.iterdir())
        done = run(["prepare", "--input", name, "--output", "out.h5", *args], ranks=ranks or ranks_of_refusal(self, code), cwd=self.folder)
        self.assertEqual(done.code, code, done)
        self.assertEqual(len(done.our_lines), 1, done)
        self.assertIn(words, done.our_lines[0])
        self.assertEqual(sorted(self.folder.iterdir()), before, "an output file was left")

    def test_bad_files(self):
        self.refused(66, "absent.csv: No such file", name="absent.csv")
        self.refused(66, ".: there is no file to read", name=".")
        self.refused(65, "log.csv: is empty", text="")
        self.refused(65, "log.csv: holds a header but no rows", text="user,item,rating\n")
        packed = gzip.compress("user,item\n".encode() + b"".join(b"%d,%d\n" % (i * i, i) for i in range(20000)))
        self.refused(65, "gzip stream ends early", name="cut.csv.gz", text=packed[:-20], ranks=3)

    def test_bad_rows(self):
        good = "user,item,rating\n" + "1,2,3\n" * 1000
        self.refused(65, "log.csv:1002: value 'many' is not a number", text=good + "1,2,many\n" + "1,2,3\n" * 9)
        self.refused(65, "log.csv:1002: the value field holds 'nan', which means missing", text=good + "1,2,nan\n")
        self.refused(65, "log.csv:1002: value 'inf' is not finite", text=good + "1,2,inf\n")
        with h5py.File(self.prepare("--input", self.write("signed.csv", good + "-4,2,1\n" + "-5,2,1\n"))) as file:
            self.assertEqual(ids(file, "/users/ids"), ["-4", "-5", "1"])
        self.refused(65, "log.csv:1002: has 2 fields, expected 3", text=good + "1,2\n")
        self.refused(65, "log.csv:1002: the item field is empty (--missing skip", text=good + "1,,3\n", ranks=3)
        self.refused(65, "log.csv:3: repeats the user and item of log.csv:2", "--duplicates", "error", text=good, ranks=3)

    def test_bad_requests(self):
        good = "user,item,rating\n1,2,3\n"
        self.refused(2, "no column 'usr': its columns are user, item, rating", "--columns", "user=usr,item=item",
                     text=good)
        self.refused(2, "need times", "--split", "leave-last:1", text=good)
        self.refused(2, "--split 'halves' is unknown", "--split", "halves", text=good)
        self.refused(2, "--split 'random:1.5'", "--split", "random:1.5", text=good)
        self.refused(2, "--min-user-count must be at least 1", "--min-user-count", "0", text=good)
        self.refused(2, "unknown option --spilt; the nearest known one is --split", "--spilt", "none",
                     text=good)
        self.refused(65, "no interactions are left", "--min-value", "9", text=good)
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
        books, users, ratings = np.loadtxt(path, dtype=np.int64, delimiter=",", skiprows=1).T
        book_bound = 1 + books.max()
        expected, last = np.unique((users * book_bound + books)[::-1], return_index=True)  # the last row of a pair counts
        self.assertEqual(len(expected), 981756 - 2278)
        with h5py.File(outputs[0]) as file:
            parts = [matrix(file, name).tocoo() for name in ("/interactions", "/heldout/interactions")]
            found = np.concatenate([file["/users/ids"][:][part.row] * book_bound + file["/items/ids"][:][part.col] for part in parts])
        order = np.argsort(found)
        np.testing.assert_array_equal(found[order], expected)
        np.testing.assert_array_equal(np.concatenate([part.data for part in parts])[order], ratings[::-1][last])

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
            training, heldout = pairs(file, "/interactions"), pairs(file, "/heldout/interactions")
            self.assertFalse(training.keys() & heldout.keys())
            everything = {**training, **heldout, **pairs(file, "/heldout/repeated")}
            self.assertEqual(everything.keys(), expected.keys())
            for pair, value in everything.items():
                self.assertEqual(value, np.float32(expected[pair]))
            self.assertEqual(max(np.diff(matrix(file, "/heldout/interactions").indptr)), 1)


if __name__ == "__main__":
    unittest.main()
