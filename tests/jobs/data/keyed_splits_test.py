"""`rankwise prepare`: draws of --split and --folds that know the ids alone, items and columns that are held out, and folds by rules."""
import csv
import json
import pathlib
import random
import tempfile
import unittest

import h5py
import numpy as np
import scipy.sparse

import split_reference
from program import run

HOLDOUT, HELDOUT_USERS, HELDOUT_ITEMS, FOLD_PAIRS, FOLD_USERS = 3, 13, 25, 26, 27  # kernels/base/philox.hpp


def ids(file, name):
    return [v.decode() if isinstance(v, bytes) else int(v) for v in file[name][:]]


def entries(file, name, mark="data", users="users/ids"):
    """{(user id, item id): what the matrix has of it}."""
    user_ids, item_ids, group = ids(file, users), ids(file, "items/ids"), file[name]
    rows = scipy.sparse.csr_matrix((group["data"][:], group["indices"][:], group["indptr"][:]), shape=tuple(group.attrs["shape"])).tocoo()
    return {(user_ids[u], item_ids[i]): value for u, i, value in zip(rows.row, rows.col, group[mark][:])}


def parts(path):
    """{(user id, item id): the part that has it}."""
    with h5py.File(path) as file:
        found = {}
        for name in ("interactions", "heldout/interactions", "heldout/given"):
            if name in file:
                whole_users = name != "interactions" and "heldout/users/ids" in file
                found |= {pair: name for pair in entries(file, name, users="heldout/users/ids" if whole_users else "users/ids")}
        return found


class KeyedSplitsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        draw = random.Random(3)
        # Few times, so that many are ties.
        cls.rows = [(draw.randrange(100, 160), draw.randrange(30), draw.randint(1, 60), 1_600_000_000 + 86400 * draw.randrange(20))
                    for _ in range(1500)]
        cls.log = cls.write("log.csv", cls.rows)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def write(cls, name, rows, header="user_id,item_id,value,time"):
        path = cls.path / name
        path.write_text(header + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))
        return path

    def prepare(self, log, *options, ranks=1, code=0):
        output = self.path / "out.h5"
        done = run(["prepare", "--input", log, "--duplicates", "sum", "--output", output, *options], ranks=ranks)
        self.assertEqual(done.code, code, done)
        return output, done

    def prepare_alike(self, log, *options):
        contents = set()
        for ranks, threads in ((1, 1), (3, 2)):
            output, done = self.prepare(log, *options, "--threads", threads, ranks=ranks)
            contents.add(output.read_bytes())
        self.assertEqual(len(contents), 1)
        return output, done

    def refused(self, code, words, *options, log=None, ranks=1):
        _, done = self.prepare(log or self.log, *options, ranks=ranks, code=code)
        self.assertEqual(len(done.our_lines), 1, done)
        self.assertIn(words, done.our_lines[0])

    def test_other_users_and_the_order_of_rows_change_nobodys_parts(self):
        others = [row for row in self.rows if row[0] != 123] + [(7, item, 1, 1_600_000_000) for item in range(9)]
        random.Random(8).shuffle(others)
        changed = self.write("changed.csv", others)
        # The same ids as texts, since one of them is no number.
        texts = self.write("texts.csv", [*self.rows, ("x-1", 3, 1, 1_600_000_000), ("x-1", 4, 1, 1_600_000_000)])
        for split in ("random:0.2", "leave-last:2", "users:0.3", "items:0.2"):
            before = parts(self.prepare(self.log, "--seed", "5", "--split", split)[0])
            self.assertGreater(len(set(before.values())), 1)
            after = parts(self.prepare(changed, "--seed", "5", "--split", split)[0])
            for pair, part in before.items():
                if pair[0] != 123:
                    self.assertEqual(after[pair], part, (split, pair))
            named = parts(self.prepare(texts, "--seed", "5", "--split", split)[0])
            for (user, item), part in before.items():
                self.assertEqual(named[str(user), item], part, (split, user, item))

    def test_draws_are_what_the_documents_say(self):
        everything = {row[:2] for row in self.rows}
        held = lambda path: {pair for pair, part in parts(path).items() if part != "interactions"}
        path, _ = self.prepare_alike(self.log, "--seed", "5", "--split", "random:0.25")
        self.assertEqual(held(path), {p for p in everything if split_reference.pair_draw(5, HOLDOUT, *p) < 0.25})
        path, _ = self.prepare_alike(self.log, "--seed", "5", "--split", "users:0.25")
        of_one = lambda purpose, name: split_reference.draw(5, purpose, split_reference.id_key(name), 0)
        self.assertEqual(held(path), {p for p in everything if of_one(HELDOUT_USERS, p[0]) < 0.25})
        path, done = self.prepare_alike(self.log, "--seed", "5", "--split", "items:0.25")
        self.assertEqual(held(path), {p for p in everything if of_one(HELDOUT_ITEMS, p[1]) < 0.25})
        self.assertIn("only a model that knows features of items can rank them", done.err)
        with h5py.File(path) as file:
            self.assertEqual(file.attrs["cold-items"], file.attrs["heldout-items"])
        for rule, fold in (("interactions:5", lambda p: split_reference.pair_draw(5, FOLD_PAIRS, *p)), ("users:5", lambda p: of_one(FOLD_USERS, p[0]))):
            path, _ = self.prepare_alike(self.log, "--seed", "5", "--folds", rule)
            with h5py.File(path) as file:
                self.assertEqual(entries(file, "interactions", "fold"), {p: int(fold(p) * 5) for p in everything})
                self.assertEqual(file.attrs["folds-by"], rule.split(":")[0])

    def test_folds_by_times_and_bands_of_the_training_part(self):
        last, total = {}, {}
        for user, item, value, time in self.rows:
            last[user, item] = max(last.get((user, item), 0), time)
            total[user, item] = total.get((user, item), 0) + value
        cuts = ("2020-09-17", "1600500000", "2020-10-01 12:00")
        seconds = (1600300800, 1600500000, 1601553600)
        path, done = self.prepare_alike(self.log, "--folds", "times:" + ",".join(cuts))
        with h5py.File(path) as file:
            folds = entries(file, "interactions", "fold")
            self.assertEqual(folds, {pair: sum(cut <= time for cut in seconds) for pair, time in last.items()})
            self.assertEqual({(u, i): fold for (i, u), fold in self.by_item(file).items()}, folds)
        self.assertIn("4 folds", done.err)
        for options in ([], ["--split", "random:0.2"], ["--split", "random:0.2", "--validation", "random:0.2"]):
            path, _ = self.prepare_alike(self.log, "--folds", "bands:10,50.5", *options)
            with h5py.File(path) as file:
                trained = entries(file, "interactions")
                self.assertEqual(entries(file, "interactions", "fold"), {pair: sum(bound <= value for bound in (10, 50.5)) for pair, value in trained.items()})
                self.assertEqual(trained.items() <= {pair: np.float32(value) for pair, value in total.items()}.items(), True)
        _, done = self.prepare(self.log, "--folds", "bands:1000000")
        self.assertIn("1 fold without interactions, the first of them is 1", done.err)

    @staticmethod
    def by_item(file):
        item_ids, user_ids, group = ids(file, "items/ids"), ids(file, "users/ids"), file["interactions_by_item"]
        rows = np.repeat(np.arange(len(item_ids)), np.diff(group["indptr"][:]))
        return {(item_ids[i], user_ids[u]): fold for i, u, fold in zip(rows, group["indices"][:], group["fold"][:])}

    def test_a_column_says_what_is_held_out_and_validated(self):
        words = (("training", "train"), ("validation", "valid"), ("heldout", "test"))
        draw = random.Random(4)
        rows = [(*row, draw.choices((0, 1, 2), (6, 1, 2))[0]) for row in self.rows]
        log = self.write("marked.csv", [(*row[:4], draw.choice(words[row[4]])) for row in rows], "user,item,value,when,part")
        columns = "user=user,item=item,value=value,time=when,split=part"
        for given, repeats in ((columns, "keep"), (columns, "drop"), (columns.replace("time=when,", ""), "drop")):
            events = self.path / "events.json"
            path, _ = self.prepare_alike(log, "--columns", given, "--split", "column", "--repeats", repeats, "--log-json", events)
            sums = [{}, {}, {}]
            for user, item, value, _, part in rows:
                sums[part][user, item] = sums[part].get((user, item), 0) + value
            trained, validated, heldout = sums
            if repeats == "drop":  # what training had before the validation part was taken off it
                heldout = {pair: value for pair, value in heldout.items() if pair not in trained and pair not in validated}
                validated = {pair: value for pair, value in validated.items() if pair not in trained}
            with h5py.File(path) as file:
                for name, expected in (("interactions", trained), ("validation/interactions", validated), ("heldout/interactions", heldout)):
                    self.assertEqual(entries(file, name), {pair: np.float32(value) for pair, value in expected.items()}, (name, repeats))
            steps = [json.loads(line) for line in events.read_text().splitlines()]
            account = [step for step in steps if step["event"] == "account_step"]
            self.assertEqual(account[-1]["rows_out"], sum(step["interactions"] for step in steps if step["event"] == "account_part"))

    def test_returns_of_a_column_are_judged_part_by_part(self):
        log = self.write("returns.csv", [("a", "x", 5, "train"), ("a", "x", -5, "test"), ("a", "y", -1, "train"), ("a", "y", 3, "test"), ("b", "x", 1, "train")],
                         "user,item,value,part")
        path, _ = self.prepare_alike(log, "--columns", "user=user,item=item,value=value,split=part", "--split", "column")
        with h5py.File(path) as file:
            self.assertEqual(entries(file, "interactions"), {("a", "x"): 5, ("b", "x"): 1})
            self.assertEqual(entries(file, "heldout/interactions"), {("a", "y"): 3})

    def test_faulty_columns_are_told_with_their_line(self):
        rows = [(n % 30, n % 7, 1, "train") for n in range(600)]
        columns = ("--columns", "user=user,item=item,value=value,split=part", "--split", "column")
        header = "user,item,value,part"
        bad = self.write("bad.csv", [*rows, (9, 9, 1, "dev"), (8, 9, 1, "")], header)
        for ranks in (1, 3):
            self.refused(65, "bad.csv:602: split 'dev' is none of training (train), validation (valid) and heldout (test)", *columns, log=bad, ranks=ranks)
        quarantine = self.path / "bad-rows.csv"
        self.prepare(bad, *columns, "--max-bad", "2", "--quarantine", quarantine, ranks=2)
        with open(quarantine, encoding="utf-8") as file:
            self.assertEqual([(row["line"], row["rule"]) for row in csv.DictReader(file)], [("602", "unreadable-split"), ("603", "missing-split")])
        _, done = self.prepare(bad, *columns, "--missing", "split=skip", "--max-bad", "1")
        self.assertIn("1 without split", done.err)
        both = self.write("both.csv", [*rows, (9, 9, 1, "valid"), (8, 9, 1, "test")], header)
        self.refused(65, "both.csv:602: the column of the split says validation, and --validation chooses other rows", *columns, "--validation", "random:0.1", log=both, ranks=2)
        self.refused(2, "--columns ...,split=NAME needs --split column", *columns[:2], log=both)
        self.refused(2, "--split column needs the column", "--split", "column")
        self.refused(2, "--validation column is no choice", *columns, "--validation", "column", log=both)

    def test_faulty_requests_are_told_in_one_line(self):
        for split in ("items", "items:0", "items:1", "columns", "column:2"):
            self.refused(2, f"--split '{split}'", "--split", split)
        for rule in ("interactions", "interactions:1", "interactions:10001", "users:x", "column:1", "bands:", "bands:5,5", "bands:9,3", "bands:1,x", "weeks:3",
                     "times:1600300800,1600300800", "times:2020-10-01,2020-09-01", "times:1600300800.5"):
            self.refused(2, f"--folds '{rule}': expected", "--folds", rule)
        self.refused(2, "--folds: ", "--folds", "times:yesterday")
        self.refused(2, "--folds column needs the column of folds", "--folds", "column")
        self.refused(2, "--columns ...,fold=NAME and --folds exclude each other", "--columns", "user=user_id,item=item_id,fold=value", "--folds", "users:3")
        self.refused(2, "--folds times needs times", "--columns", "user=user_id,item=item_id", "--folds", "times:2020-10-01")


if __name__ == "__main__":
    unittest.main()
