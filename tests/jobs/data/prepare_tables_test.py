"""rankwise prepare --items and --users: tables beside the log, read back by anndata; the same bytes from any number of ranks."""
import gzip
import json
import math
import re
import shutil
import unittest
import warnings

import h5py

import prepare_test
from prepare_test import ids
from program import data_file, run

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # on packages that anndata could also use
    import anndata.experimental

LOG = "user,item,value\n" + "".join(f"{u},{i},{1 + (u * i) % 5}\n" for u in range(1, 13) for i in range(1, 9) if (u + i) % 3)
ITEMS = '''item,title,brand,price,code,empty
8,"Lamp, ""large""",Oak,12.5,007,
2,Chair,Elm,3,008,NA
3,Tisch grün,Oak,,009,
99,Sofa,Ash,7,010,
5,Bed,Elm,-1e3,011,
6,NULL,,0,012,
7,Desk,Oak,1,013,
'''
USERS = "".join(json.dumps({"customer": u, "about": {"class": "AB"[u % 2]}, "age": 20 + u}) + "\n" for u in range(1, 13))


class PrepareTablesTest(unittest.TestCase):
    write, setUp = prepare_test.PrepareTest.write, prepare_test.PrepareTest.setUp

    def prepare(self, *options, ranks=1, log=LOG):
        return run(["prepare", "--input", self.write("log.csv", log), "--output", self.folder / f"out{ranks}.h5", *options],
                   ranks=ranks, cwd=self.folder)

    def prepared(self, *options, ranks=1, log=LOG):
        done = self.prepare(*options, ranks=ranks, log=log)
        self.assertEqual(done.code, 0, done)
        return self.folder / f"out{ranks}.h5", done

    def frame(self, path, name):
        with h5py.File(path) as file:
            return anndata.experimental.read_elem(file[name])

    def refused(self, *options, code=65, ranks=1):
        (self.folder / f"out{ranks}.h5").unlink(missing_ok=True)
        done = self.prepare(*options, ranks=ranks)
        self.assertEqual(done.code, code, done)
        self.assertEqual(len(done.our_lines), 1, done)
        self.assertFalse((self.folder / f"out{ranks}.h5").exists())
        return done.our_lines[0]

    def test_columns_come_back_in_the_order_of_the_ids(self):
        path, done = self.prepared("--items", self.write("items.csv", ITEMS))
        table = self.frame(path, "items/table")
        with h5py.File(path) as file:
            self.assertEqual(list(table.index), [str(i) for i in ids(file, "/items/ids")])
            self.assertEqual(file["items/table/brand/codes"].dtype, "int32")
        self.assertEqual(list(table.columns), ["title", "brand", "price", "code", "empty"])
        self.assertEqual(list(table["title"]), ["", "Chair", "Tisch grün", "", "Bed", "", "Desk", 'Lamp, "large"'])
        self.assertEqual(list(table["brand"].cat.categories), ["Ash", "Elm", "Oak"])
        self.assertEqual(list(table["brand"].cat.codes), [-1, 1, 2, -1, 1, -1, 2, 2])
        self.assertEqual([None if math.isnan(p) else p for p in table["price"]], [None, 3, None, None, -1000, 0, 1, 12.5])
        self.assertEqual(table["code"]["5"], "011")  # zeros in front are no number's
        self.assertTrue(table["empty"].isna().all())
        self.assertIn("7 rows, title: text, brand: category of 3, price: number, code: text, empty: number", done.err)
        self.assertIn("6 rows of items in the dataset, 1 row of others left out; 2 items without a row", done.err)

    def test_any_number_of_ranks_writes_the_same(self):
        options = ["--items", self.write("items.tsv.gz", gzip.compress(ITEMS.replace(",", "\t").encode())),
                   "--users", self.write("users.jsonl", USERS), "--split", "users:0.3"]
        first = self.prepared(*options)[0].read_bytes()
        for ranks in (2, 3):
            self.assertEqual(self.prepared(*options, ranks=ranks)[0].read_bytes(), first, ranks)

    def test_users_held_out_have_a_table_of_their_own(self):
        path, _ = self.prepared("--users", self.write("users.jsonl", USERS), "--split", "users:0.3", ranks=3)
        seen = set()
        for group in ("users", "heldout/users"):
            table = self.frame(path, f"{group}/table")
            self.assertEqual(list(table.columns), ["about.class", "age"])
            self.assertEqual(list(table["about.class"].cat.categories), ["A", "B"])
            for user, row in table.iterrows():
                self.assertEqual((row["about.class"], row["age"]), ("AB"[int(user) % 2], 20 + int(user)))
                seen.add(user)
        self.assertEqual(len(seen), 12)

    def test_columns_and_types_can_be_chosen(self):
        items = self.write("items.csv", ITEMS.replace("item,", "Nummer,"))
        path, _ = self.prepared("--items", items, "--item-columns", "id=Nummer,name=title,code,price=4", "--item-types",
                                "code=number,name=category,price=text")
        table = self.frame(path, "items/table")
        self.assertEqual(list(table.columns), ["name", "code", "price"])
        self.assertEqual(table["code"]["8"], 7)
        self.assertEqual(table["price"]["8"], "12.5")
        self.assertEqual(table["name"]["5"], "Bed")

    def test_headers_and_keys_of_all_sorts(self):
        years = self.write("items.csv", '\ufeffitem,2016,text\r\n1,3,"two\r\nlines"\r\n2,5,"a ""b"""\r\n')
        table = self.frame(self.prepared("--items", years)[0], "items/table")
        self.assertEqual(list(table.columns), ["2016", "text"])
        self.assertEqual(list(table["text"][["1", "2"]]), ["two\r\nlines", 'a "b"'])
        lists = self.write("items.jsonl", '{"item": 1, "tags": null, "size": {"cm": 2}, "new": true}\n{"item": 2, "tags": ["x"], "size": {"cm": 3.5}}\n')
        path, done = self.prepared("--items", lists, ranks=2)
        self.assertEqual(list(self.frame(path, "items/table").columns), ["size.cm", "new"])
        self.assertIn("item table: keys with lists are left out: tags\n", done.err)
        mixed = self.write("mixed.jsonl", '{"item": 1, "size": null, "a": 1}\n{"item": 2, "size": {"cm": 3}}\n')
        self.assertIn("line 2: key 'size' holds an object", self.refused("--items", mixed))
        path, _ = self.prepared("--items", mixed, "--item-columns", "a,b=a,size.cm")
        self.assertEqual(list(self.frame(path, "items/table").loc["1"])[:2], [1, 1])

    def test_a_file_has_one_sign_of_decimals(self):
        text = "item\tprice\tsold\n1\t12.50\t1,299\n2\t9.99\t980\n"
        path, done = self.prepared("--items", self.write("points.tsv", text))
        self.assertEqual(self.frame(path, "items/table")["sold"]["1"], "1,299")
        self.assertNotIn("decimal commas", done.err)
        path, done = self.prepared("--items", self.write("commas.tsv", text.replace("12.50", "12,50").replace("9.99", "9,99")))
        self.assertEqual(list(self.frame(path, "items/table").loc["1"]), [12.5, 1.299])
        self.assertIn("id = item, decimal commas", done.err)
        path, _ = self.prepared("--items", self.write("phones.csv", "item,phone\n1,+4915112345678\n2,+4915112345679\n"))
        self.assertEqual(self.frame(path, "items/table")["phone"]["1"], "+4915112345678")

    def test_what_would_take_hours_or_all_room_is_refused(self):
        keys = ", ".join(f'"k{k}": 1' for k in range(5000))
        self.assertIn("line 1: holds more than 4096 different keys", self.refused("--items", self.write("keys.jsonl", f'{{"item": 1, {keys}}}\n')))
        self.assertIn("line 2: about holds 65537 bytes, expected at most 65536",
                      self.refused("--items", self.write("long.csv", "item,about\n1," + "x" * 65537 + "\n"), ranks=2))

    def test_keys_of_users_to_forget_are_no_columns(self):
        users = self.write("some.jsonl", '{"user": 1, "a": 1}\n{"user": 3, "secret": 2, "b": ["x"]}\n')
        path, done = self.prepared("--users", users, "--forget", self.write("forget.txt", "3\n"))
        self.assertEqual(list(self.frame(path, "users/table").columns), ["a"])
        self.assertNotIn("secret", done.err)
        self.assertIn("all of its rows are of users to forget", self.refused("--users", self.write("all.csv", "user,a\n3,4\n"), "--forget",
                                                                          self.folder / "forget.txt"))

    def test_users_are_hidden_and_forgotten_in_their_table_too(self):
        key, forget = self.write("key", "k" * 40), self.write("forget.txt", "3\n")
        key.chmod(0o600)
        users = self.write("users.csv", "user,town\n" + "".join(f"{u},{'secret' if u == 3 else 'AB'[u % 2]}\n" for u in range(1, 13)))
        path, done = self.prepared("--users", users, "--pseudonyms", key, "--forget", forget, ranks=2)
        table = self.frame(path, "users/table")
        with h5py.File(path) as file:
            self.assertEqual(list(table.index), list(file["users/ids"].asstr()))
        self.assertEqual((len(table), table["town"].isna().sum()), (11, 0))
        self.assertNotIn(b"secret", path.read_bytes())
        self.assertIn("user table: 1 row of users to forget left out", done.err)
        self.assertEqual(run(["verify", path]).code, 0)
        self.assertIn("the column of ids is stored as another column too",
                      self.refused("--users", users, "--user-columns", "id=user,name=user", "--pseudonyms", key, code=2))

    def test_what_is_trained_on_does_not_change(self):
        options = ["--items", self.write("items.csv", ITEMS)]
        plain, = (self.prepared(ranks=1)[0],)
        with h5py.File(plain) as file:
            digest = file.attrs["dataset-digest"]
        path, _ = self.prepared(*options, ranks=2)
        with h5py.File(path) as file:
            self.assertEqual(file.attrs["dataset-digest"], digest)
            first = file["items/table"].attrs["table-digest"]
        options = ["--items", self.write("items.csv", ITEMS.replace("Desk", "Desc"))]
        with h5py.File(self.prepared(*options, ranks=2)[0]) as file:
            self.assertNotEqual(file["items/table"].attrs["table-digest"], first)

    def test_inspect_and_verify(self):
        path, _ = self.prepared("--items", self.write("items.csv", ITEMS), "--compression", "4")
        self.assertEqual(run(["verify", path], ranks=2).code, 0)
        text = run(["inspect", path]).out
        self.assertRegex(text, r"columns of /items/table:\n")
        self.assertRegex(text, r"brand +category of 3 +37\.5% missing")
        self.assertRegex(text, r"price +number +37\.5% missing")
        (table,) = json.loads(run(["inspect", "--json", path]).out)["tables"]
        self.assertEqual(table["columns"][1], {"name": "brand", "type": "category", "categories": 3, "missing": 3})
        changed = self.folder / "changed.h5"
        shutil.copy(path, changed)
        with h5py.File(changed, "r+") as file:
            file["items/table/brand/codes"][1] = 3
        done = run(["verify", changed], ranks=2)
        self.assertEqual(done.code, 65, done)
        self.assertIn("/items/table/brand/codes", done.out + done.err)
        with h5py.File(changed, "r+") as file:
            del file["digests"], file.attrs["metadata-digest"]
        done = run(["inspect", changed])
        self.assertEqual(done.code, 65, done)
        self.assertIn("row 1 holds 3, expected -1 to 2", done.err)

    def test_bad_tables(self):
        def table(text):
            return ["--items", self.write("items.csv", text)]
        for text, code, message in (
                ("item,a\n1,x\n2,y\n1,z\n", 65, "line 4: the id '1' is on line 2 too"),
                ("name,a\n1,x\n", 2, "which column holds the ids"),
                ("item,id,a\n1,1,x\n", 2, "both 'item' and 'id'"),
                ("item,a\n1,x\n2\n", 65, "line 3: "),
                ("item,a\n1,x\n2,y,z\n", 65, "line 3: "),
                ("item,a\n1,x\n,y\n", 65, "line 3: item is missing"),
                ("item,a\n", 65, "no rows"),
                ("item\n1\n2\n", 65, ""),
                ("1,x\n2,y\n", 65, "line 1: '1' is a number; expected a header"),
                ("item,a\nA,x\nB,y\n", 65, "none of its 2 ids is in the dataset"),
                ("item,a/b\n1,x\n", 2, "column 2 is named 'a/b'"),
                ("item,_index\n1,x\n", 2, "column 2 is named '_index'"),
                ("item,\n1,x\n", 2, "column 2 is named ''"),
                ("item,a,a\n1,x,y\n", 2, "two columns are named 'a'"),
                (b"item,a\n1,\xff\n", 65, "line 2: a is "),
                (b"item,a\n1,x\x00y\n", 65, "zero bytes")):
            with self.subTest(text):
                self.assertIn(message, self.refused(*table(text), code=code))
        self.assertIn("line 3: a is 'y', expected a finite number", self.refused(*table("item,a\n1,2\n2,y\n"), "--item-types", "a=number"))
        self.assertIn("no column 'b' is kept", self.refused(*table("item,a\n1,2\n"), "--item-types", "b=number", code=2))
        self.assertIn("needs a table", self.refused("--user-types", "b=number", code=2))
        self.assertIn("'word' is no type", self.refused("--items", "x", "--item-types", "b=word", code=2))
        self.assertIn("no column 'b'", self.refused(*table("item,a\n1,2\n"), "--item-columns", "b", code=2))
        self.assertIn("absent.csv", self.refused("--items", self.folder / "absent.csv", code=66))

    def test_real_tables(self):
        path, done = self.prepared("--items", data_file("goodbooks_books.csv.gz"), "--item-columns",
                                   "id=id,title,authors,year=original_publication_year,language=language_code",
                                   log="user,item\n" + "".join(f"{i % 50},{i}\n" for i in range(1, 2001)), ranks=2)
        table = self.frame(path, "items/table")
        self.assertEqual(table["title"]["2"], "Harry Potter and the Sorcerer's Stone (Harry Potter, #1)")
        self.assertEqual(table["year"]["1"], 2008)
        self.assertEqual(table["language"]["1"], "eng")
        self.assertTrue(re.search(r"8000 rows of others left out; 0 items without a row", done.err), done.err)


if __name__ == "__main__":
    unittest.main()
