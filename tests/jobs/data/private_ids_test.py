"""prepare --pseudonyms and --forget: against Python's hmac, on any number of ranks, and no id in anything that is written."""
import hashlib
import hmac
import os
import pathlib
import tempfile
import unittest

import h5py

from program import run

KEY = "correct horse battery staple"
USERS = ["u-mallory", "u-trent", "u-peggy", "u-victor", "u-walter"]


def pseudonym(user, key=KEY):
    return hmac.new(key.encode(), str(user).encode(), hashlib.sha256).hexdigest()[:32]


class PrivateIdsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.key = self.write("key", KEY + "\n", mode=0o600)
        self.log = self.write("log.csv", self.rows(USERS))

    def write(self, name, text, mode=0o644):
        path = self.folder / name
        path.write_text(text)
        os.chmod(path, mode)
        return path

    def rows(self, users):
        lines = [f"{user},i{item},{1 + (u + item) % 5},basket-{user}-{item % 2}\n"
                 for u, user in enumerate(users) for item in range(4) if (u + item) % 4]
        return "user,item,value,order\n" + "".join(lines)

    def prepare(self, *args, ranks=1, env=None, log=None):
        output = self.folder / f"out{ranks}.h5"
        done = run(["prepare", "--input", log or self.log, "--columns", "user=user,item=item,value=value,order=order", *args,
                    "--output", output, "--report", self.folder / "report.json", "--log-json", self.folder / "events.jsonl"],
                   ranks=ranks, env=env)
        self.assertEqual(done.code, 0, done)
        return done, output

    def written(self, done, output):
        """All that a run has left behind, a dataset's texts also as inspect shows them."""
        shown = run(["inspect", output, "--json"])
        self.assertEqual(shown.code, 0, shown)
        files = [path.read_bytes() for path in (output, self.folder / "report.json", self.folder / "events.jsonl")]
        return b"\n".join([done.out.encode(), done.err.encode(), shown.out.encode(), *files])

    def users(self, output):
        with h5py.File(output) as file:
            return [user.decode() if isinstance(user, bytes) else user for user in file["/users/ids"][:].tolist()]

    def refused(self, code, words, *args, log=None):
        output = self.folder / "refused.h5"
        done = run(["prepare", "--input", log or self.log, *args, "--output", output])
        self.assertEqual(done.code, code, done)
        self.assertIn(words, done.err)
        self.assertFalse(output.exists())
        return done

    def test_users_have_pseudonyms(self):
        done, output = self.prepare("--pseudonyms", self.key)
        self.assertEqual(self.users(output), sorted(map(pseudonym, USERS)))
        with h5py.File(output) as file:
            key_id = hmac.new(KEY.encode(), b"rankwise key id", hashlib.sha256).hexdigest()[:16]
            attributes = {name: file.attrs[name] for name in ("pseudonyms", "pseudonym-key-id")}
            text = {name: value.decode() if isinstance(value, bytes) else value for name, value in attributes.items()}
            self.assertEqual(text, {"pseudonyms": "hmac-sha256-128", "pseudonym-key-id": key_id})
        written = self.written(done, output)
        for secret in [*USERS, "basket-", "horse"]:
            self.assertNotIn(secret.encode(), written)
        self.assertIn(USERS[0].encode(), self.written(*self.prepare()))  # what the search above would find
        self.assertEqual(run(["verify", output]).code, 0)

    def test_no_output_of_any_rule_has_ids(self):
        """Text and numbers, every report, every rule that looks at users, users held out whole, and repeated rows."""
        for users in ([f"u-{name}-42" for name in ("mallory", "trent", "peggy", "victor", "walter", "Walter")] + ["u-bot-42"],
                      [928_374_650_001 + 7919 * n for n in range(7)]):
            lines = [f"{user},i{item},{1 + (n + item) % 5},{1 + item % 2},2024-{1 + item % 12:02d}-{1 + n % 28:02d},b-{user}-{item % 2}\n"
                     for n, user in enumerate(users) for item in range(30 if n == 6 else 9) for _ in range(2) if (n + item) % 4]
            lines += [f"{users[0]},i1,1,-1,2024-12-30,b\n", f"{users[1]},i1,bad-{users[1]},1,2024-12-30,b\n", f"{users[2]},,1,1,2024-12-30,b\n"]
            log = self.write("all.csv", "user,item,price,pieces,time,order\n" + "".join(lines))
            args = ["prepare", "--input", log, "--columns", "user=user,item=item,value=price,quantity=pieces,time=time,order=order",
                    "--missing", "skip", "--max-bad", "5%", "--exact-repeats", "drop", "--cancellations", "match",
                    "--outliers", "value:quantile:0.01,0.99:clip", "--max-events-per-day", "20", "--max-user-count", "22", "--min-user-count", "2",
                    "--duplicates", "sum", "--split", "users:0.3", "--validation", "random:0.2"]
            for key in (["--pseudonyms", self.key], []):
                parts = []
                for ranks, ending in ((1, "html"), (3, "json")) if key else ((1, "json"),):
                    output, report, log_json = (self.folder / name for name in ("all.h5", f"all.{ending}", "all.jsonl"))
                    done = run([*args, *key, "--output", output, "--report", report, "--log-json", log_json], ranks=ranks)
                    self.assertEqual(done.code, 0, done)
                    shown = run(["inspect", output, "--json"])
                    parts += [done.out.encode(), done.err.encode(), shown.out.encode(), *(path.read_bytes() for path in (output, report, log_json))]
                written = b"\n".join(parts)
                for user in users[:6]:
                    found = str(user).encode() in written or (isinstance(user, int) and user.to_bytes(8, "little") in written)
                    self.assertEqual(found, not key, user)
                self.assertNotIn(b"horse", written)

    def test_matrices_show_no_ids(self):
        from scipy import sparse
        import numpy as np
        path = self.folder / "m.h5ad"
        matrix = sparse.csr_matrix(np.array([[1, 2], [3, 0]], np.float32))
        for second in ("u-trent", "u-mallory" * 200):
            with h5py.File(path, "w") as file:
                group = file.create_group("X")
                group.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": np.array([2, 2])})
                for name in ("data", "indices", "indptr"):
                    group[name] = getattr(matrix, name)
                for frame, ids in (("obs", ["u-mallory", second]), ("var", ["i1", "i2"])):
                    table = file.create_group(frame)
                    table.attrs.update({"encoding-type": "dataframe", "encoding-version": "0.2.0", "_index": "_index"})
                    table.create_dataset("_index", data=ids, dtype=h5py.string_dtype())
            output = self.folder / "matrix.h5"
            done = run(["prepare", "--input", path, "--pseudonyms", self.key, "--output", output], ranks=2)
            self.assertNotIn("mallory", done.err + done.out)
            if second == "u-trent":
                self.assertEqual(done.code, 0, done)
                self.assertEqual(self.users(output), sorted(map(pseudonym, ("u-mallory", "u-trent"))))
            else:
                self.assertEqual(done.code, 65, done)
                self.assertIn("id ... holds 1800 bytes", done.err)

    def test_the_same_bytes_on_any_number_of_ranks(self):
        forget = self.write("forget.txt", "u-trent\nu-nobody\n")
        outputs = [self.prepare("--pseudonyms", self.key, "--forget", forget, "--split", "random:0.2",
                                ranks=ranks)[1].read_bytes() for ranks in (1, 2, 3)]
        self.assertEqual(outputs[0], outputs[1])
        self.assertEqual(outputs[0], outputs[2])

    def test_integers_by_their_digits_in_a_column_of_either_kind(self):
        integers = self.write("integers.csv", self.rows([7, 12, 30]))
        self.assertEqual(self.users(self.prepare("--pseudonyms", self.key, log=integers)[1]), sorted(map(pseudonym, [7, 12, 30])))
        mixed = self.write("mixed.csv", self.rows([7, "x", 30]))
        self.assertEqual(self.users(self.prepare("--pseudonyms", self.key, log=mixed)[1]), sorted(map(pseudonym, [7, "x", 30])))

    def test_a_key_of_the_environment(self):
        of_file = self.prepare("--pseudonyms", self.key)[1]
        users = self.users(of_file)
        of_variable = self.prepare("--pseudonyms", "env:SHOP_KEY", env={"SHOP_KEY": KEY}, ranks=2)[1]
        self.assertEqual(self.users(of_variable), users)
        self.assertNotIn(b"horse", of_variable.read_bytes())
        self.refused(66, "no variable SHOP_KEY", "--pseudonyms", "env:SHOP_KEY")

    def test_what_is_refused(self):
        for name in ("sha256", "SHA-256", "md5", "hmac-sha256"):
            self.refused(2, "a hash without a key hides nothing", "--pseudonyms", name)
        self.refused(2, "the mode of the key's file is 0644", "--pseudonyms", self.write("open", KEY))
        self.refused(2, "the key has 5 bytes", "--pseudonyms", self.write("short", "12345", 0o600))
        self.refused(66, "No such file", "--pseudonyms", self.folder / "none")
        quarantine = ("--quarantine", self.folder / "quarantine.csv")
        self.refused(2, "--quarantine and --pseudonyms exclude", "--pseudonyms", self.key, *quarantine)
        self.refused(2, "--quarantine and --forget exclude", "--forget", self.write("list", "a\n"), *quarantine)
        for role in ("item=user,value=value", "item=item,value=user", "item=item,time=user"):
            self.refused(2, "the column of users has another role too", "--columns", "user=user," + role, "--pseudonyms", self.key)
        self.refused(2, "the column of users has another role too", "--columns", "user=user,item=item,event=user",
                     "--event-weights", "buy=1,other=2", "--pseudonyms", self.key)
        self.refused(2, "--where is on a column of ids", "--pseudonyms", self.key, "--where", "user != u-trent")
        self.refused(2, "a run never writes over what it reads", "--pseudonyms", self.key, "--report", self.folder / "key")

    def test_messages_show_no_ids(self):
        key = ("--pseudonyms", self.key)
        log = self.write("shifted.csv", "user,item,value\nann,tea,1\nbob,tea,u-mallory\n")
        done = self.refused(65, "shifted.csv:3: ", *key, log=log)
        self.assertNotIn("mallory", done.err)
        done = self.refused(65, "; 1 of 2 rows ", *key, "--max-bad", "10%", log=log)
        self.assertNotIn("mallory", done.err)
        log = self.write("long.csv", "user,item\nann,tea\n" + "u-mallory" * 200 + ",tea\n")
        done = self.refused(65, "long.csv:3: id ... holds 1800 bytes", *key, log=log)
        self.assertNotIn("mallory", done.err)
        log = self.write("headless.csv", "u-mallory,tea\nu-trent,tea\n")
        done = self.refused(2, "headless.csv: ", *key, log=log)
        self.assertNotIn("mallory", done.err)
        done = run(["prepare", "--input", log, "--columns", "user=1,item=2", *key, "--output", self.folder / "headless.h5"])
        self.assertEqual(done.code, 0, done)
        self.assertNotIn("mallory", done.err + done.out)

    def test_messages_of_a_table_show_no_ids(self):
        for name, text, code, words, options in (
                ("twice.csv", "user,town\nu-mallory,A\nu-mallory,B\n", 65, "line 3: the id ... is on line 2 too", ()),
                ("headless.csv", "u-mallory,Berlin\nann,Ulm\n", 2, "which column holds the ids?", ()),
                ("headless.csv", "u-mallory,Berlin\nann,Ulm\n", 2, "columns are chosen by names", ("--user-columns", "id=1")),
                ("headless.csv", "u-mallory,Berlin\nann,Ulm\n", 2, "columns are chosen by names", ("--user-columns", "id=name")),
                ("fields.csv", "user,town\nu-mallory\n", 65, "line 2: ", ())):
            with self.subTest(words):
                done = self.refused(code, words, "--pseudonyms", self.key, "--users", self.write(name, text), *options)
                self.assertNotIn("mallory", done.err)

    def test_variants_are_told_by_pseudonyms(self):
        log = self.write("variants.csv", self.rows(["ann", "1", "1.0"]))
        done, output = self.prepare("--pseudonyms", self.key, log=log, ranks=2)
        self.assertIn(f"for example '{pseudonym('1')}' and '{pseudonym('1.0')}'", done.err)
        self.assertEqual(done.err.count("differs from another"), 1)

    def test_forgotten_users(self):
        forget = self.write("forget.csv", "user;name\nu-trent;T\nu-nobody;N\nu-trent;T\n;M\n")
        for ranks in (1, 3):
            done, output = self.prepare("--forget", forget, ranks=ranks)
            self.assertEqual(self.users(output), sorted(set(USERS) - {"u-trent"}))
            self.assertIn("forget: 3 rows of 1 user; 1 id of the list is not in the log", done.err)
            self.assertIn("forget: 1 record of the list has no id", done.err)
            self.assertNotIn(b"u-trent", self.written(done, output))
        without = self.write("without.csv", self.rows(USERS).replace("u-trent", "x"))
        of_rest, rest = self.prepare("--forget", self.write("x", "x\n"), log=without)
        with h5py.File(rest) as one, h5py.File(output) as other:
            self.assertEqual(one.attrs["dataset-digest"], other.attrs["dataset-digest"])

    def test_forgotten_users_are_listed_by_their_ids(self):
        forget = self.write("forget.txt", "u-trent\n")
        done, output = self.prepare("--pseudonyms", self.key, "--forget", forget)
        self.assertEqual(self.users(output), sorted(pseudonym(user) for user in USERS if user != "u-trent"))
        self.assertNotIn(b"u-trent", self.written(done, output))
        self.refused(65, "every row was dropped", "--forget", self.write("all", "\n".join(USERS)))

    def test_forgotten_values_do_not_fill_in_others(self):
        log = self.write("fill.csv", "user,item,value\nu-trent,a,900\nann,a,2\nann,b,4\nbob,a,\n")
        output = self.folder / "filled.h5"
        done = run(["prepare", "--input", log, "--missing", "value=mean", "--forget", self.write("list", "u-trent\n"),
                    "--output", output])
        self.assertEqual(done.code, 0, done)
        with h5py.File(output) as file:
            self.assertEqual(sorted(file["/interactions/data"][:].tolist()), [2, 3, 4])


if __name__ == "__main__":
    unittest.main()
