"""`rankwise prepare --validation`: what it takes off the training part, that nothing else changes, and that the parts make the former
training part again, for trainings too."""
import collections
import json
import pathlib
import random
import tempfile
import unittest

import h5py
import numpy as np
import scipy.sparse

import split_reference
from program import ranks_of_refusal, run

HOLDOUT = 3  # kernels/base/philox.hpp
SEED_STEP = 0xD1B54A32D192ED03  # jobs/data/log_split.cpp
ALL_RANKS = (1, 2, 7)


def matrix(file, name):
    group = file[name]
    return scipy.sparse.csr_matrix((group["data"][:], group["indices"][:], group["indptr"][:]), shape=tuple(group.attrs["shape"]))


def pairs(file, name):
    """{(user id, item id): value} of a matrix of the training part's users."""
    users, items = ([v.decode() if isinstance(v, bytes) else int(v) for v in file[which][:]] for which in ("users/ids", "items/ids"))
    entries = matrix(file, name).tocoo()
    return {(users[u], items[i]): v for u, i, v in zip(entries.row, entries.col, entries.data)}


def content(path, only=lambda name: True):
    """Bytes of datasets and attributes of groups, by name."""
    found = {}

    def visit(name, thing):
        if only(name):
            found[name] = ({key: str(value) for key, value in thing.attrs.items()}, thing[()].tobytes() if isinstance(thing, h5py.Dataset) else None)

    with h5py.File(path) as file:
        if only("/"):
            visit("/", file)
        file.visititems(visit)
    return found


class ValidationPartTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        draw = random.Random(5)
        # Few distinct times, so that many are ties; pairs with rows of several times; some returns.
        cls.log = [(f"u{draw.randrange(70) // draw.randint(1, 3):02}", draw.randrange(40) // draw.randint(1, 3), draw.choice([-1, 1, 1, 2, 3]),
                    1_600_000_000 + 86400 * draw.randint(0, 60)) for _ in range(2400)]
        cls.bought = [row for row in cls.log if row[2] > 0]
        cls.logs = {name: cls.write(name, rows) for name, rows in (("log", cls.log), ("bought", cls.bought))}

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def write(cls, name, rows):
        path = cls.path / f"{name}.csv"
        path.write_text("user_id,item_id,value,timestamp\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))
        return path

    def done(self, arguments, ranks=1, code=0):
        done = run(arguments, ranks=ranks)
        self.assertEqual(done.code, code, done)
        return done

    def prepared(self, name, *options, log="bought", ranks=1, code=0):
        output = self.path / f"{name}.h5"
        self.done(["prepare", "--quiet", "--input", self.logs[log], "--output", output, *options], ranks, code)
        return output

    def prepared_alike(self, name, *options, log="bought", ranks):
        outputs = [self.prepared(f"{name}{count}", *options, log=log, ranks=count) for count in ranks]
        for output in outputs[1:]:
            self.assertEqual(content(output), content(outputs[0]))
        return outputs[0]

    def expect_same_holdout(self, with_part, without):
        """Ids, what is held out and its figures know nothing of --validation."""
        def is_apart(name):
            # The tables of digests of these have those of all others beside them.
            return name.split("/")[0] in ("heldout", "users", "items")
        self.assertEqual(content(with_part, is_apart), content(without, is_apart))
        with h5py.File(with_part) as file, h5py.File(without) as plain:
            others = {name for name in file.attrs if name.startswith("validation-") or name.endswith("-validation")}
            self.assertEqual(set(file.attrs) - others, set(plain.attrs))
            for name in set(plain.attrs) - {"configuration", "dataset-digest", "metadata-digest", "format-version", "version"}:
                self.assertEqual(file.attrs[name], plain.attrs[name], name)
            self.assertEqual((file.attrs["format-version"], plain.attrs["format-version"]), (3, 2))
            self.assertNotEqual(file.attrs["dataset-digest"], plain.attrs["dataset-digest"])

    def expect_same_trainings(self, with_part, without):
        """Trainings on the parts together have the bits of those on the part before it was divided."""
        for parts, former, ranks in (("training+validation", "training", 3), ("all", "all", 1)):
            factors = set()
            for data, trained_on, count in ((without, former, 1), (with_part, parts, ranks)):
                model = self.path / "model.h5"
                self.done(["als", "--quiet", "--data", data, "--model", model, "--factors", "4", "--epochs", "1", "--train-on", trained_on], count)
                with h5py.File(model) as file:
                    factors.add(tuple(file[name][()].tobytes() for name in ("users/factors", "items/factors", "users/entries", "items/entries")))
            self.assertEqual(len(factors), 1, parts)

    def expect_sound(self, path):
        self.done(["verify", path])
        with h5py.File(path) as file:
            for name in ("interactions", *(f"validation/{part}" for part in file["validation"] if not part.endswith("_by_item"))):
                self.assertEqual((matrix(file, name).T.tocsr() != matrix(file, name + "_by_item")).nnz, 0, name)

    def test_every_split_with_every_validation(self):
        splits = ("random:0.2", "leave-last:2", "temporal:0.2", "users:0.3")
        for split in splits:
            without = self.prepared("without", "--split", split)
            for validation in (*splits[:3], *(["users:0.3"] if split.startswith("users") else [])):
                with self.subTest(split=split, validation=validation):
                    is_alike = validation == split
                    output = self.prepared_alike("with", "--split", split, "--validation", validation,
                                                 ranks=ALL_RANKS if is_alike else (3,) if validation == "leave-last:2" else (1,))
                    self.expect_same_holdout(output, without)
                    self.expect_sound(output)
                    if is_alike or validation.startswith("leave-last"):
                        self.expect_same_trainings(output, without)
                    with h5py.File(output) as file, h5py.File(without) as plain:
                        former, training, validated = pairs(plain, "interactions"), pairs(file, "interactions"), pairs(file, "validation/interactions")
                        self.assertTrue(training and validated)
                        self.assertFalse(training.keys() & validated.keys())
                        given = pairs(file, "validation/given") if "given" in file["validation"] else {}
                        self.assertEqual(training.keys() | validated.keys() | given.keys(), former.keys())
                        self.assertEqual(bool(given), validation.startswith("users"))

    def test_sums_repeats_and_returns(self):
        for repeats, least, split, validation in (("drop", "none", "temporal:0.3", "temporal:0.3"), ("keep", "none", "leave-last:4", "leave-last:6"),
                                                  ("keep", "none", "random:0.2", "temporal:0.3"), ("drop", "auto", "temporal:0.3", "leave-last:6"),
                                                  ("keep", "2", "temporal:0.3", "temporal:0.3"), ("drop", "3", "leave-last:4", "temporal:0.3"),
                                                  ("drop", "2", "temporal:0.3", "random:0.3")):
            with self.subTest(repeats=repeats, least=least, split=split, validation=validation):
                options = ["--duplicates", "sum", "--repeats", repeats, "--min-total", least, "--split", split]
                without = self.prepared("without", *options, log="log")
                output = self.prepared_alike("with", *options, "--validation", validation, log="log", ranks=(1, 3) if least == "none" else (3,))
                self.expect_same_holdout(output, without)
                self.expect_sound(output)
                if least == "none":
                    self.expect_same_trainings(output, without)

    def test_against_the_reference(self):
        items = sorted({row[1] for row in self.bought})
        heldout, _ = split_reference.temporal(self.bought, 0.2)
        rest = [row for row in self.bought if (row[0], row[1], row[3]) not in heldout]
        for validation, chosen in (("temporal:0.25", lambda: split_reference.temporal(rest, 0.25)[0]),
                                   ("leave-last:2", lambda: self.leave_last(rest, 2, items))):
            for repeats in ("drop", "keep"):
                output = self.prepared("reference", "--seed", "7", "--duplicates", "sum", "--repeats", repeats, "--split", "temporal:0.2", "--validation", validation)
                training, validated, repeated = split_reference.divide(rest, chosen(), "sum", repeats)
                self.assertTrue(training and validated and repeated)
                with h5py.File(output) as file:
                    for name, expected in (("interactions", training), ("validation/interactions", validated), ("validation/repeated", repeated)):
                        self.assertEqual(pairs(file, name), {pair: np.float32(value) for pair, value in expected.items()}, f"{validation} {name}")
        output = self.prepared("reference", "--seed", "7", "--split", "temporal:0.2", "--duplicates", "sum", "--validation", "random:0.25")
        former = split_reference.pairs_of(rest)
        expected = {(user, item) for user, item in former
                    if split_reference.pair_draw((7 + SEED_STEP) % 2**64, HOLDOUT, user, item) < 0.25}
        with h5py.File(output) as file:
            self.assertEqual(set(pairs(file, "validation/interactions")), expected)
            self.assertEqual(set(pairs(file, "interactions")), former.keys() - expected)

    @staticmethod
    def leave_last(rest, count, items):
        """As split_reference.leave_last, but by another seed, and by the numbers of the whole log's items."""
        by_user = collections.defaultdict(set)
        for user, item, _, time in rest:
            draw = split_reference.pair_draw((7 + SEED_STEP) % 2**64, split_reference.HOLDOUT_TIES, user, item)
            by_user[user].add((time, draw, items.index(item), item))
        return {(user, item, time) for user, events in by_user.items() if len(events) > count for time, _, _, item in sorted(events)[-count:]}

    def test_validated_users_keep_their_rows(self):
        output = self.prepared("users", "--split", "users:0.2", "--validation", "users:0.3", "--given-fraction", "0.5")
        with h5py.File(output) as file:
            training, given, validated = (np.diff(file[f"{name}/indptr"]) for name in ("interactions", "validation/given", "validation/interactions"))
            self.assertTrue(np.all((training > 0) == (validated == 0)))
            self.assertTrue(np.all((given > 0) == (validated > 0)))
            self.assertGreater(np.count_nonzero(validated), 5)

    def test_what_is_told(self):
        log = self.path / "events.json"
        output = self.path / "told.h5"
        done = self.done(["prepare", "--input", self.logs["bought"], "--output", output, "--duplicates", "sum", "--split", "temporal:0.2", "--validation", "temporal:0.2",
                          "--log-json", log])
        events = {event["event"]: event for event in map(json.loads, log.read_text().splitlines())}
        with h5py.File(output) as file:
            validated = len(file["validation/interactions/data"])
            for name in ("validation-users", "validation-items", "validation-cold-users", "validation-cold-items", "validation-repeated-pairs",
                         "training-after-own-validation", "training-after-first-validation", "validation-of-future-items", "validation-median-gap-days",
                         "validation-last-training-time"):
                self.assertEqual(events["split"][name.replace("-", "_")], file.attrs[name])
            self.assertLessEqual(max(file["interactions/time"]), file.attrs["validation-last-training-time"])
        self.assertEqual(events["dataset"]["validation"], validated)
        self.assertIn(f"{validated} interactions in the validation part", done.err)
        self.assertIn("leakage of validation: 0.0% of the training part is later than its user's first validation interaction", done.err)
        self.assertIn("training-after-own-validation: 0", self.done(["inspect", output]).out)

    def refused(self, code, words, *options):
        done = self.done(["prepare", "--input", self.logs["bought"], "--output", self.path / "no.h5", *options],
                         ranks_of_refusal(self, code), code)
        self.assertEqual(len(done.our_lines), 1, done)
        self.assertIn(words, done.our_lines[0])
        self.assertFalse((self.path / "no.h5").exists())

    def test_damaged_parts_are_refused(self):
        def widen(file):
            file["validation/interactions"].attrs["shape"] = [10**6, 10**6]

        def take_away(file):
            del file["validation/interactions_by_item"]

        def repeat_nothing(file):  # pairs of no part
            for side in ("", "_by_item"):
                file.copy(f"heldout/interactions{side}", f"validation/repeated{side}")

        for damage, words in ((widen, "/validation/interactions: indptr holds"), (take_away, "/validation/interactions_by_item"),
                              (repeat_nothing, "a repeated pair is in no part")):
            output = self.prepared("damaged", "--split", "random:0.2", "--validation", "random:0.3")
            with h5py.File(output, "r+") as file:
                del file["digests"]
                del file.attrs["metadata-digest"]
                damage(file)
            done = self.done(["als", "--data", output, "--model", self.path / "no.h5", "--train-on", "training+validation", "--verify-inputs", "no"],
                             ranks_of_refusal(self, 65), 65)
            self.assertEqual(len(done.our_lines), 1, done)
            self.assertIn(words, done.our_lines[0])

    def test_refusals(self):
        self.refused(2, "--validation needs --split", "--validation", "random:0.1")
        self.refused(2, "--validation users needs --split users", "--split", "random:0.1", "--validation", "users:0.1")
        self.refused(2, "--validation 'random:1'", "--split", "random:0.1", "--validation", "random:1")
        self.refused(2, "--validation 'leave-last:0'", "--split", "random:0.1", "--validation", "leave-last:0")
        self.refused(2, "--validation 'half' is unknown", "--split", "random:0.1", "--validation", "half")
        self.refused(65, "no interactions are left: --validation takes all that --split leaves", "--split", "random:0.1", "--validation", "random:0.9999999999")
        self.refused(2, "--validation leave-last and temporal need times", "--columns", "user=user_id,item=item_id", "--split", "random:0.1", "--validation", "temporal:0.1")
        done = self.done(["prepare", "--quiet", "--input", self.logs["bought"], "--output", self.path / "few.h5", "--split", "random:0.1", "--validation", "random:1e-9"])
        self.assertEqual(done.err.count("rankwise: warning: --validation takes nothing"), 1, done)


if __name__ == "__main__":
    unittest.main()
