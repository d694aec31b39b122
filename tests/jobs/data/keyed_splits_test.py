"""`rankwise prepare`: draws of --split that know the ids alone."""
import pathlib
import random
import tempfile
import unittest

import h5py
import scipy.sparse

import split_reference
from program import run

HOLDOUT, HELDOUT_USERS = 3, 13  # kernels/base/philox.hpp


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
        for ranks in (1, 2, 3):
            output, done = self.prepare(log, *options, "--threads", 1 + ranks % 2, ranks=ranks)
            contents.add(output.read_bytes())
        self.assertEqual(len(contents), 1)
        return output, done

    def test_other_users_and_the_order_of_rows_change_nobodys_parts(self):
        others = [row for row in self.rows if row[0] != 123] + [(7, item, 1, 1_600_000_000) for item in range(9)]
        random.Random(8).shuffle(others)
        changed = self.write("changed.csv", others)
        # The same ids as texts, since one of them is no number.
        texts = self.write("texts.csv", [*self.rows, ("x-1", 3, 1, 1_600_000_000), ("x-1", 4, 1, 1_600_000_000)])
        for split in ("random:0.2", "leave-last:2", "users:0.3"):
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


if __name__ == "__main__":
    unittest.main()
