"""`rankwise als --warm-start`: rows found by their ids, new ones solved or drawn, the same bits on any ranks, and what does not fit
refused."""
import hashlib
import json
import pathlib
import shutil
import tempfile
import unittest

import h5py
import numpy as np

import numpy_als
import shop
from program import ranks_of_refusal, run

STOPPED = 75
IMPLICIT = ["--factors", "12", "--regularization", "0.01"]
EXPLICIT = ["--factors", "12", "--objective", "explicit", "--biases"]


class WarmStartTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        lines = shop.write_log(cls.path / "log.csv", users=250, items=90).read_text().splitlines()
        header, rows = lines[0], [line.split(",") for line in lines[1:]]
        # The next quarter: some users and items have gone, others are new, among them some that know only each other.
        older = [row for row in rows if int(row[0][1:]) >= 20 and int(row[1]) >= 60]
        newer = [row for row in rows if int(row[0][1:]) < 230 and int(row[1]) <= 560]
        newer += [[f"n{user:03d}", str(10_000 + item), "4", "1600000000"] for user in range(7) for item in range(3)]
        for name, log in (("older", older), ("newer", newer)):
            cls.write(name, header, log)
        cls.write("numbered", header, [[str(int(row[0][1:])), *row[1:]] for row in older])
        cls.write("strangers", header, [["x" + row[0], str(100_000 + int(row[1])), *row[2:]] for row in older])
        for kind, options in (("implicit", IMPLICIT), ("explicit", EXPLICIT)):
            cls.train_older("older", f"older-{kind}.h5", options)
        cls.train_older("numbered", "numbered-implicit.h5", IMPLICIT)
        cls.train_older("strangers", "strangers-implicit.h5", IMPLICIT)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def write(cls, name, header, rows):
        (cls.path / f"{name}.csv").write_text("\n".join([header, *(",".join(row) for row in rows)]) + "\n")
        done = run(["prepare", "--quiet", "--input", cls.path / f"{name}.csv", "--output", cls.path / f"{name}.h5"])
        assert done.code == 0, done

    @classmethod
    def train_older(cls, data, model, options):
        done = run(["als", "--quiet", "--data", cls.path / f"{data}.h5", "--model", cls.path / model, "--epochs", 12, *options])
        assert done.code == 0, done

    def setUp(self):
        self.model = self.path / "model.h5"
        self.log = self.path / "log.jsonl"

    def train(self, options, epochs, data="newer", ranks=1, code=0):
        done = run(["als", "--data", self.path / f"{data}.h5", "--model", self.model, "--epochs", epochs, "--log-json", self.log, *options], ranks=ranks)
        self.assertEqual(done.code, code, done)
        return done

    def warm(self, kind):
        return [*(IMPLICIT if kind == "implicit" else EXPLICIT), "--warm-start", self.path / f"older-{kind}.h5"]

    def events(self, name):
        return [event for event in map(json.loads, self.log.read_text().splitlines()) if event["event"] == name]

    def losses(self):
        return [event["loss"] for event in self.events("epoch")]

    def digest(self):
        return hashlib.sha256(self.model.read_bytes()).hexdigest()

    def sides(self, path):
        """Ids and rows, a bias as the last column, of both sides of a model."""
        with h5py.File(path) as file:
            sides = {}
            for side in ("users", "items"):
                rows = file[f"{side}/factors"][:]
                if "biases" in file[side]:
                    rows = np.column_stack([rows, file[f"{side}/biases"][:]])
                sides[side] = (file[f"{side}/ids"][:].tolist(), rows)
            return sides, {name: file.attrs[name] for name in file.attrs}

    def test_each_row_begins_where_it_should(self):
        with h5py.File(self.path / "newer.h5") as file:
            matrix = numpy_als.read_csr(file, "interactions")
        for kind in ("implicit", "explicit"):
            self.train((IMPLICIT if kind == "implicit" else EXPLICIT), 0)
            cold, _ = self.sides(self.model)
            self.train(self.warm(kind), 0)
            begun, attributes = self.sides(self.model)
            older, _ = self.sides(self.path / f"older-{kind}.h5")
            known = {side: np.array([identifier in set(older[side][0]) for identifier in begun[side][0]]) for side in begun}
            counts = {event["side"]: event for event in self.events("warm_start")}
            for side, other, rows in (("users", "items", matrix.tocsr()), ("items", "users", matrix.T.tocsr())):
                expected_counts = {"matched": 0, "solved": 0, "random": 0}
                place = {identifier: row for row, identifier in enumerate(older[side][0])}
                facing = np.where(known[other][:, None], begun[other][1], 0).astype(float)
                for row, identifier in enumerate(begun[side][0]):
                    values, columns = rows.data[rows.indptr[row]:rows.indptr[row + 1]], rows.indices[rows.indptr[row]:rows.indptr[row + 1]]
                    values, columns = values[known[other][columns]], columns[known[other][columns]]
                    if identifier in place:
                        expected_counts["matched"] += 1
                        np.testing.assert_array_equal(begun[side][1][row], older[side][1][place[identifier]])
                    elif len(columns) == 0:
                        expected_counts["random"] += 1
                        np.testing.assert_array_equal(begun[side][1][row], cold[side][1][row])
                    else:
                        expected_counts["solved"] += 1
                        solved = self.solve(kind, facing, columns, values, attributes)
                        self.assertLess(np.abs(begun[side][1][row] - solved).max(), 1e-3 * np.abs(solved).max())
                self.assertEqual({name: counts[side][name] for name in expected_counts}, expected_counts)
                for count in expected_counts.values():
                    self.assertGreater(count, 0)

    def solve(self, kind, facing, columns, values, attributes):
        lam, nu, alpha0 = (float(attributes[name]) for name in ("regularization", "regularization-exponent", "unobserved-weight"))
        features = facing[columns]
        if kind == "implicit":
            matrix = alpha0 * facing.T @ facing + features.T @ features
            matrix += lam * (len(columns) + alpha0 * len(facing)) ** nu * np.eye(facing.shape[1])
            return np.linalg.solve(matrix, features.sum(axis=0))
        targets = values - float(attributes["global-mean"]) - features[:, -1]
        features = np.column_stack([features[:, :-1], np.ones(len(columns))])
        return np.linalg.solve(features.T @ features + lam * len(columns) ** nu * np.eye(features.shape[1]), features.T @ targets)

    def test_same_bits_on_any_ranks_and_threads(self):
        for options in (self.warm("implicit"), self.warm("explicit"), [*self.warm("implicit"), "--solver", "cg", "--memory-budget", "1GB"]):
            digests = set()
            for ranks, threads in ((1, 1), (2, 1), (3, 2)):
                self.train([*options, "--threads", threads], 1, ranks=ranks)
                digests.add(self.digest())
            self.assertEqual(len(digests), 1, options)

    def test_goes_on_where_the_model_ended(self):
        for kind in ("implicit", "explicit"):
            with h5py.File(self.path / f"older-{kind}.h5") as file:
                ended = file["history/loss"][-1]
            self.train(self.warm(kind), 1, data="older")
            self.assertEqual([event["random"] + event["solved"] for event in self.events("warm_start")], [0, 0])
            (continued,) = self.losses()
            self.assertLess(continued, ended * (1 + 1e-5))
            self.assertGreater(continued, 0.98 * ended)

    def test_begins_lower_than_at_random(self):
        for kind in ("implicit", "explicit"):
            self.train(IMPLICIT if kind == "implicit" else EXPLICIT, 1)
            (cold,) = self.losses()
            self.train(self.warm(kind), 1)
            (warm,) = self.losses()
            self.assertLess(warm, cold)

    def test_provenance_names_the_model(self):
        self.train(self.warm("implicit"), 1)
        with h5py.File(self.path / "older-implicit.h5") as file, h5py.File(self.model) as made:
            self.assertEqual(made.attrs["warm-start-digest"], file.attrs["metadata-digest"])
        done = run(["inspect", self.model])
        self.assertRegex(done.out, "warm-start-digest: [0-9a-f]{16}\n")

    def test_a_checkpoint_knows_where_it_began(self):
        checkpoints = self.path / "checkpoints"
        self.train(self.warm("implicit"), 3)
        whole = self.digest()
        checkpoints.mkdir()
        with_checkpoints = [*self.warm("implicit"), "--checkpoint", checkpoints]
        for ranks in (1, 3):
            (checkpoints / "stop").touch()
            self.train(with_checkpoints, 3, ranks=ranks, code=STOPPED)
            self.assertEqual(len(self.events("warm_start")), 2 if ranks == 1 else 0)  # the state is in the checkpoint
        for options, words in ((IMPLICIT, ["began with the model", "expected at random"]),
                               ([*IMPLICIT, "--warm-start", self.path / "strangers-implicit.h5"], ["another training", "--warm-start"])):
            done = self.train([*options, "--checkpoint", checkpoints], 3, code=65)
            self.assertEqual(len(done.our_lines), 1, done)
            for word in words:
                self.assertIn(word, done.our_lines[0])
        self.train(with_checkpoints, 3, ranks=2)
        self.assertEqual(self.digest(), whole)
        shutil.rmtree(checkpoints)

    def test_numbers_and_texts_are_compared_as_texts(self):
        rows = [line.split(",") for line in (self.path / "numbered.csv").read_text().splitlines()]
        self.write("lettered", ",".join(rows[0]), [*rows[1:], ["x", *rows[1][1:]]])  # one more user, and all ids are texts
        for ranks in (1, 3):
            self.train([*IMPLICIT, "--warm-start", self.path / "numbered-implicit.h5"], 1, data="lettered", ranks=ranks)
            users = next(event for event in self.events("warm_start") if event["side"] == "users")
            self.assertEqual(users["matched"], len({row[0] for row in rows[1:]}))

    def test_rows_without_an_entry_in_the_model_are_new(self):
        """The older model has ids of what was held out, but its factors of them are 0: nothing comes of those."""
        early, late = "2010-01-01", "2010-12-01"
        rows = [f"{user},{item},{early}" for user in "abc" for item in "xy"] + [f"n,{item},{late}" for item in "pq"]
        (self.path / "times.csv").write_text("\n".join(["user,item,time", *rows]) + "\n")
        for name, split in (("split", ["--split", "temporal:0.25"]), ("whole", [])):
            done = run(["prepare", "--input", self.path / "times.csv", "--output", self.path / f"{name}.h5", *split])
            self.assertEqual(done.code, 0, done)
        done = run(["als", "--data", self.path / "split.h5", "--model", self.path / "older.model.h5", "--factors", "3", "--unobserved-weight", "0.1"])
        self.assertEqual(done.code, 0, done)
        digests = set()
        for ranks in (1, 3):
            self.train(["--factors", "3", "--unobserved-weight", "0.1", "--warm-start", self.path / "older.model.h5"], 5, data="whole", ranks=ranks)
            digests.add(self.digest())
            counts = {event["side"]: [event[each] for each in ("matched", "solved", "random")] for event in self.events("warm_start")}
            self.assertEqual(counts, {"users": [3, 0, 1], "items": [2, 0, 2]})
        self.assertEqual(len(digests), 1)
        sides, _ = self.sides(self.model)
        (users, user_rows), (items, item_rows) = sides["users"], sides["items"]
        scores = dict(zip(items, item_rows @ user_rows[users.index(b"n")]))
        for item in (b"p", b"q"):
            self.assertGreater(scores[item], 0.8)

    def test_what_does_not_fit_is_refused(self):
        damaged = self.path / "damaged.h5"
        content = bytearray((self.path / "older-implicit.h5").read_bytes())
        with h5py.File(self.path / "older-implicit.h5") as file:
            content[file["users/factors"].id.get_offset() + 101] ^= 1
        damaged.write_bytes(content)
        older = self.path / "older-implicit.h5"
        for options, code, words in (
                (["--factors", "13", "--warm-start", older], 65, ["older-implicit.h5", "12 factors", "13"]),
                (["--factors", "12", "--objective", "explicit", "--warm-start", older], 65, ["implicit", "explicit"]),
                (["--factors", "12", "--objective", "explicit", "--warm-start", self.path / "older-explicit.h5"], 65, ["it has biases", "no biases"]),
                ([*IMPLICIT, "--warm-start", self.path / "strangers-implicit.h5"], 65, ["none of the dataset's users and items"]),
                ([*IMPLICIT, "--warm-start", damaged], 65, ["damaged.h5", "/users/factors", "damaged"]),
                ([*IMPLICIT, "--warm-start", self.path / "newer.h5"], 65, ["is a dataset"]),
                ([*IMPLICIT, "--warm-start", self.path / "missing.h5"], 66, ["missing.h5"])):
            with self.subTest(words=words):
                done = run(["als", "--data", self.path / "newer.h5", "--model", self.path / "refused.h5", *options],
                           ranks=ranks_of_refusal(self, code))
                self.assertEqual(done.code, code, done)
                self.assertEqual(len(done.our_lines), 1, done)
                for word in words:
                    self.assertIn(word, done.our_lines[0])
                self.assertFalse((self.path / "refused.h5").exists())


if __name__ == "__main__":
    unittest.main()
