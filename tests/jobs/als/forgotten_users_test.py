"""`rankwise als --forget`: a training that would learn of users in a list, or begin with what was learned of them, is refused,
on any number of ranks, and no id is shown."""
import json
import os
import pathlib
import tempfile
import unittest

from program import run

KEY = "correct horse battery staple"
USERS = ["u-mallory", "u-trent", "u-peggy", "u-victor", "u-walter"]


class ForgottenUsersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.path = pathlib.Path(folder.name)
        cls.key = cls.write("key", KEY, 0o600)
        cls.other_key = cls.write("other", KEY + "!", 0o600)
        cls.forget = cls.write("forget.csv", "user;name\nu-trent;T\nu-nobody;N\n;M\n")
        rows = [f"{user},i{item}\n" for u, user in enumerate(USERS) for item in range(4) if (u + item) % 4]
        cls.log = cls.write("log.csv", "user,item\n" + "".join(rows))
        key, forget = ("--pseudonyms", cls.key), ("--forget", cls.forget)
        cls.prepare("plain-all.h5")
        cls.prepare("plain.h5", *forget)
        cls.prepare("private-all.h5", *key)
        cls.prepare("private.h5", *key, *forget)
        for data in ("plain-all", "plain", "private-all", "private"):
            cls.train_well(f"{data}.h5", f"{data}-model.h5")

    @classmethod
    def write(cls, name, text, mode=0o644):
        path = cls.path / name
        path.write_text(text)
        os.chmod(path, mode)
        return path

    @classmethod
    def prepare(cls, output, *args):
        done = run(["prepare", "--quiet", "--input", cls.log, "--output", cls.path / output, *args])
        assert done.code == 0, done

    @classmethod
    def train(cls, data, model, *args, ranks=1):
        return run(["als", "--data", cls.path / data, "--model", cls.path / model, "--factors", 4, "--epochs", 2,
                    "--log-json", cls.path / "log.jsonl", *args], ranks=ranks)

    @classmethod
    def train_well(cls, *args, **ranks):
        done = cls.train(*args, **ranks)
        assert done.code == 0, done
        return done

    def event(self):
        events = [json.loads(line) for line in (self.path / "log.jsonl").read_text().splitlines()]
        return next(event for event in events if event["event"] == "forget")

    def refused(self, code, words, data, *args, ranks=1):
        done = self.train(data, "refused.h5", *args, ranks=ranks)
        self.assertEqual(done.code, code, done)
        self.assertEqual(len(done.our_lines), 1, done)
        self.assertIn(words, done.our_lines[0])
        self.assertFalse((self.path / "refused.h5").exists())
        for user in USERS:
            self.assertNotIn(user, done.err + (self.path / "log.jsonl").read_text())

    def test_a_warm_start_that_knows_them_is_refused(self):
        forget = ("--forget", self.forget)
        for ranks in (1, 2, 3):
            self.refused(65, "plain-all-model.h5 has 1 user in --forget", "plain.h5", *forget,
                         "--warm-start", self.path / "plain-all-model.h5", ranks=ranks)
        self.refused(65, "private-all-model.h5 has 1 user in --forget", "private.h5", *forget, "--pseudonyms", self.key,
                     "--warm-start", self.path / "private-all-model.h5", ranks=2)
        # A model of before the pseudonyms has the ids themselves.
        self.refused(65, "plain-all-model.h5 has 1 user in --forget", "private.h5", *forget, "--pseudonyms", self.key,
                     "--warm-start", self.path / "plain-all-model.h5")

    def test_a_dataset_with_them_is_refused(self):
        self.refused(65, "plain-all.h5 has 1 user in --forget", "plain-all.h5", "--forget", self.forget)
        self.refused(65, "private-all.h5 has 1 user in --forget", "private-all.h5", "--forget", self.forget, "--pseudonyms",
                     self.key, ranks=3)
        everyone = self.write("everyone", "\n".join(USERS))
        self.refused(65, "plain-all.h5 has 5 users in --forget", "plain-all.h5", "--forget", everyone)
        self.prepare("held.h5", "--split", "users:0.4", "--min-user-count", "1")
        self.refused(65, "held.h5 has 5 users in --forget", "held.h5", "--forget", everyone, ranks=2)

    def test_a_training_without_them_is_the_same_as_without_the_option(self):
        for data, key in (("plain", ()), ("private", ("--pseudonyms", self.key))):
            start = ("--warm-start", self.path / f"{data}-model.h5")
            done = self.train_well(f"{data}.h5", "checked.h5", *start, "--forget", self.forget, *key, ranks=2)
            model = "or, if its pseudonyms are of this key, the model" if key else "or the model"
            self.assertIn(f"forget: no user of the list is in the dataset {model} of --warm-start", done.err)
            self.assertIn("forget: 1 record of the list has no id", done.err)
            event = self.event()
            self.assertEqual((event["listed"], event["missing"], event["found"]), (2, 1, 0))
            self.assertNotIn("older model", done.err)
            self.train_well(f"{data}.h5", "unchecked.h5", *start)
            self.assertEqual((self.path / "checked.h5").read_bytes(), (self.path / "unchecked.h5").read_bytes())

    def test_ancestors_are_warned_of(self):
        self.train_well("plain.h5", "child.h5", "--warm-start", self.path / "plain-all-model.h5")
        done = self.train_well("plain.h5", "grandchild.h5", "--warm-start", self.path / "child.h5", "--forget", self.forget)
        self.assertIn("child.h5: began with an older model, and that one may have learned of users in --forget", done.err)

    def test_keys(self):
        forget = ("--forget", self.forget)
        self.refused(2, "have pseudonyms; expected their key", "private.h5", *forget)
        self.refused(2, "have no pseudonyms", "plain.h5", *forget, "--pseudonyms", self.key)
        self.refused(2, "expected the same key", "private.h5", *forget, "--pseudonyms", self.other_key)
        self.refused(2, "--pseudonyms has a meaning only with --forget", "private.h5", "--pseudonyms", self.key)
        self.refused(2, "a hash without a key hides nothing", "private.h5", *forget, "--pseudonyms", "sha256")
        self.refused(66, "No such file", "private.h5", *forget, "--pseudonyms", self.path / "none")
        self.refused(66, "no variable SHOP_KEY", "private.h5", *forget, "--pseudonyms", "env:SHOP_KEY")


if __name__ == "__main__":
    unittest.main()
