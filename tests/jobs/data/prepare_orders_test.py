"""rankwise prepare: what users bought together is stored, from any number of ranks and in any order of the rows; equal
rows of different orders are no repeats."""
import csv
import gzip
import math
import random
import unittest

import h5py
import numpy
import scipy.sparse

import prepare_test
from prepare_test import content, ids, pairs
from program import data_file, run

ROLES = "user=user,item=item,value=amount,time=time,order=order"
# Ann's order 7 has tea twice, once more in order 9; bob has a row in it, too.
LOG = ("user,item,amount,time,order\n"
       "ann,tea,2,2026-01-01 10:00,7\n"
       "ann,tea,2,2026-01-01 10:00,7\n"
       "ann,tea,2,2026-01-01 10:00,9\n"
       "ann,milk,5,2026-01-01 10:05,7\n"
       "bob,tea,1.5,2026-01-02 08:00,9\n"
       "bob,rice,4,2026-02-02 08:00,12\n"
       "cid,rice,1,2025-12-31 23:00,3\n")
PARTS = ["training", "heldout", "given", "validation", "validation_given"]


def orders_of(path):
    """[(user, time, amount, [(item, value, part)])], as a reader with h5py has them."""
    with h5py.File(path) as file:
        users, items = list(ids(file, "/users/ids")), list(ids(file, "/items/ids"))
        if "heldout/users" in file:
            users += list(ids(file, "/heldout/users/ids"))
        group = file["orders"]
        user = numpy.repeat(numpy.arange(len(users)), numpy.diff(group["user_indptr"][:]))
        starts, indices, values, parts, amounts = (group[name][:] for name in ("indptr", "indices", "data", "part", "amount"))
        times = group["time"][:] if "time" in group else [None] * len(amounts)
        return [(users[user[o]], times[o], amounts[o],
                 [(items[indices[e]], values[e], PARTS[parts[e]]) for e in range(starts[o], starts[o + 1])]) for o in range(len(amounts))]


class PrepareOrdersTest(unittest.TestCase):
    setUp, write = prepare_test.PrepareTest.setUp, prepare_test.PrepareTest.write
    prepare, prepare_alike = prepare_test.PrepareTest.prepare, prepare_test.PrepareTest.prepare_alike
    prepared_with_events = prepare_test.PrepareTest.prepared_with_events

    def read(self, *args, text=LOG, columns=ROLES, ranks=(1, 3)):
        path = self.prepare_alike("--input", self.write("log.csv", text), "--columns", columns, *args, ranks=ranks)
        done = run(["verify", path])
        self.assertEqual(done.code, 0, done)
        return orders_of(path)

    def refused(self, *args, text=LOG, columns=ROLES, code=2):
        done = run(["prepare", "--input", self.write("log.csv", text), "--columns", columns, *args, "--output", "out.h5"], cwd=self.folder)
        self.assertEqual(done.code, code, done)
        self.assertEqual(len(done.our_lines), 1, done)
        return done.our_lines[0]

    def test_orders_have_their_users_times_amounts_and_lines(self):
        tea = ("tea", 2, "training")
        expected = [("ann", 1767261600, 9, [("milk", 5, "training"), tea, tea]), ("ann", 1767261600, 2, [tea]),
                    ("bob", 1767340800, 1.5, [("tea", 1.5, "training")]), ("bob", 1770019200, 4, [("rice", 4, "training")]),
                    ("cid", 1767222000, 1, [("rice", 1, "training")])]
        self.assertEqual(self.read("--duplicates", "sum"), expected)
        path, told, events = self.prepared_with_events("--input", self.write("log.csv", LOG), "--columns", ROLES, "--duplicates", "sum")
        self.assertIn("5 orders in 7 rows", told)
        self.assertIn("4 different ids of orders: if an id has rows of several users, each of them has an order", told)
        self.assertEqual({name: events["orders"][name] for name in ("orders", "ids", "rows")}, {"orders": 5, "ids": 4, "rows": 7})
        self.assertEqual({name: events["stored_orders"][name] for name in ("orders", "rows")}, {"orders": 5, "rows": 7})
        shown = run(["inspect", path]).out
        self.assertRegex(shown, r"/orders +sparse +5 x 3 +7 entries")
        self.assertRegex(shown, r"/orders/amount +float64 +5")
        with h5py.File(path) as file:  # no id of an order is anywhere
            self.assertEqual(sorted(file["orders"]), ["amount", "data", "indices", "indptr", "part", "time", "user_indptr"])
            group = file["orders"]
            matrix = scipy.sparse.csr_matrix((group["data"], group["indices"], group["indptr"]), shape=group.attrs["shape"])
            numpy.testing.assert_allclose(numpy.asarray(matrix.sum(axis=1)).ravel(), group["amount"][:])

    def test_the_order_of_rows_and_files_does_not_count(self):
        head, *rows = LOG.splitlines(keepends=True)
        roles = ["--columns", ROLES, "--duplicates", "sum", "--cancellations", "match"]
        whole = content(self.prepare("--input", self.write("log.csv", LOG), *roles))
        for seed in range(3):
            random.Random(seed).shuffle(rows)
            files = [self.write(f"{seed}{part}.csv", head + "".join(some)) for part, some in enumerate((rows[:seed * 2 + 1], rows[seed * 2 + 1:]))]
            self.assertEqual(content(self.prepare("--input", files[0], "--input", files[1], *roles, ranks=2)), whole)

    def test_equal_rows_of_two_orders_are_no_repeats(self):
        rules = ["--exact-repeats", "drop", "--duplicates", "sum"]
        with h5py.File(self.prepare_alike("--input", self.write("log.csv", LOG), "--columns", ROLES, *rules)) as file:
            self.assertEqual(pairs(file, "/interactions")["ann", "tea"], 4)
        with h5py.File(self.prepare("--input", self.write("log.csv", LOG), "--columns", ROLES.replace(",order=order", ""), *rules)) as file:
            self.assertEqual(pairs(file, "/interactions")["ann", "tea"], 2)
        told = self.prepared_with_events("--input", self.write("log.csv", LOG), "--columns", ROLES, "--duplicates", "sum")[2]
        self.assertEqual(told["duplicates"]["exact_duplicates"], 1)
        self.assertEqual(self.read(*rules)[0][2:], (7, [("milk", 5, "training"), ("tea", 2, "training")]))

    def test_days_are_orders(self):
        plain = ROLES.replace(",order=order", "")
        found = self.read("--duplicates", "sum", "--orders", "day", columns=plain)
        self.assertEqual([(user, amount) for user, _, amount, _ in found], [("ann", 11), ("bob", 1.5), ("bob", 4), ("cid", 1)])
        self.assertIn("exclude each other", self.refused("--orders", "day"))
        self.assertIn("--orders column needs the column of orders", self.refused("--orders", "column", columns=plain))
        self.assertIn("--orders 'week' is unknown; expected column or day", self.refused("--orders", "week"))
        self.assertIn("--orders day needs times", self.refused("--orders", "day", columns="user=user,item=item,value=amount"))
        with h5py.File(self.prepare("--input", self.write("log.csv", LOG), "--columns", plain, "--duplicates", "sum")) as file:
            self.assertNotIn("orders", file)

    def test_orders_of_a_log_without_times(self):
        found = self.read("--duplicates", "sum", columns="user=user,item=item,value=amount,order=order", ranks=[1])
        self.assertEqual([(user, time, amount) for user, time, amount, _ in found],
                         [("ann", None, 9), ("ann", None, 2), ("bob", None, 1.5), ("bob", None, 4), ("cid", None, 1)])

    def test_values_are_those_before_transforms_and_after_rules(self):
        rows = LOG + "bob,rice,-3,2026-03-01 08:00,13\n"
        found = self.read("--cancellations", "match", "--duplicates", "sum", "--transform", "binarize:0.5", "--half-life", "10d", text=rows)
        self.assertEqual([(user, amount) for user, _, amount, _ in found], [("ann", 9), ("ann", 2), ("bob", 1.5), ("bob", 1), ("cid", 1)])
        found = self.read("--duplicates", "sum", "--min-item-count", "2", text=rows)
        self.assertEqual([(user, amount) for user, _, amount, _ in found], [("ann", 4), ("ann", 2), ("bob", 1.5), ("bob", 4), ("bob", -3), ("cid", 1)])

    def test_lines_are_in_the_parts_of_their_rows(self):
        draw = random.Random(5)
        rows = [(draw.randrange(40), draw.randrange(25), round(draw.uniform(1, 9), 2), 1_700_000_000 + draw.randrange(10 ** 6), draw.randrange(150))
                for _ in range(900)]
        text = "user,item,amount,time,order\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)
        for split in (["--split", "temporal:0.2", "--validation", "random:0.2", "--repeats", "keep"],
                      ["--split", "users:0.3", "--validation", "users:0.3"], ["--split", "leave-last:2", "--validation", "leave-last:1", "--repeats", "keep"]):
            with self.subTest(split):
                path = self.prepare_alike("--input", self.write("log.csv", text), "--columns", ROLES, "--duplicates", "sum", *split)
                self.assertEqual(run(["verify", path], ranks=2).code, 0)
                found = orders_of(path)
                self.assertEqual(len(found), len({(row[0], row[4]) for row in rows}))
                self.assertAlmostEqual(sum(order[2] for order in found), sum(row[2] for row in rows), places=6)
                sums = {}
                for user, _, _, lines in found:
                    for item, value, part in lines:
                        sums.setdefault(part, {}).setdefault((int(user), int(item)), []).append(value)
                with h5py.File(path) as file:
                    heldout_users = "/heldout/users/ids" if "heldout/users" in file else "/users/ids"
                    for part, name, users in (("training", "/interactions", "/users/ids"), ("heldout", "/heldout/interactions", heldout_users),
                                              ("given", "/heldout/given", heldout_users), ("validation", "/validation/interactions", "/users/ids"),
                                              ("validation_given", "/validation/given", "/users/ids")):
                        if name not in file:
                            self.assertNotIn(part, sums)
                            continue
                        matrix = pairs(file, name, heldout_users) if users == heldout_users else pairs(file, name)
                        self.assertEqual(set(matrix), set(sums[part]))
                        for pair, value in matrix.items():
                            self.assertAlmostEqual(value, sum(sums[part][pair]), places=4)

    def test_the_digest_covers_which_rows_are_of_one_order(self):
        def digest(text):
            with h5py.File(self.prepare("--input", self.write("log.csv", text), "--columns", ROLES, "--duplicates", "sum")) as file:
                return file.attrs["dataset-digest"]

        self.assertEqual(digest(LOG), digest(LOG.replace("10:00,9", "10:00,8")))  # other ids of the same orders
        self.assertNotEqual(digest(LOG), digest(LOG.replace("10:00,9", "10:00,7")))

    def test_orders_of_a_real_shop(self):
        """Invoices of Online Retail against plain loops."""
        path = data_file("online_retail.csv.gz")
        roles = "user=CustomerID,item=StockCode,value=Quantity*UnitPrice,time=InvoiceDate,order=InvoiceNo"
        found = orders_of(self.prepare("--input", path, "--columns", roles, "--missing", "skip", "--min-value", "0.01", "--duplicates", "sum",
                                       ranks=2))
        expected = {}
        with gzip.open(path, "rt", encoding="utf-8", errors="replace", newline="") as file:
            for row in csv.DictReader(file):
                value = float(row["Quantity"]) * float(row["UnitPrice"])
                if row["CustomerID"] and value >= 0.01:
                    expected.setdefault((row["CustomerID"], row["InvoiceNo"]), []).append(value)
        self.assertEqual(len(found), len(expected))
        self.assertEqual(sum(len(lines) for *_, lines in found), sum(map(len, expected.values())))
        self.assertEqual(sorted((str(user), round(amount, 4)) for user, _, amount, _ in found),
                         sorted((user, round(math.fsum(values), 4)) for (user, _), values in expected.items()))


if __name__ == "__main__":
    unittest.main()
