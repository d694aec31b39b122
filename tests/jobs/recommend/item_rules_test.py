"""Which items lists may have: stock, exclusions, conditions, quotas, boosts and least scores, against plain numpy."""
import csv
import gzip
import itertools
import json
import unittest

import h5py
import numpy as np

import numpy_als
import shop
from program import data_file
from serving_case import Case, popularity_order, RANKS

GROUPS = 7
TOP = 5


class ItemRulesTest(Case):
    ranks = itertools.cycle(RANKS)

    @classmethod
    def make(cls):
        shop.write_log(cls.path / "log.csv", users=90, items=60)
        random = np.random.default_rng(3)
        cls.table = {}
        with open(cls.path / "items.csv", "w") as file:
            file.write("item_id,name,category,price,margin\n")
            for number in range(60):
                item = number * 7 + 3
                category = "" if number % 13 == 0 else f"group {random.integers(GROUPS)}"
                price, margin = round(float(random.uniform(1, 50)), 2), round(float(random.normal()), 3)
                margin_text = "" if number % 11 == 0 else str(margin)
                cls.table[item] = (category, price, margin if margin_text else 0.0)
                file.write(f'{item},"Thing, {number}",{category},{price},{margin_text}\n')
        cls.job("prepare", "--input", "@log.csv", "--items", "@items.csv", "--split", "random:0.3", "--output", "@data.h5")
        cls.job("als", "--data", "@data.h5", "--model", "@als.h5", "--factors", "6", "--epochs", "3", "--seed", "2")
        cls.job("als", "--data", "@data.h5", "--model", "@stars.h5", "--factors", "3", "--epochs", "3", "--objective", "explicit", "--biases")
        cls.job("itemcf", "--data", "@data.h5", "--model", "@items.h5", "--similarity", "cosine", "--neighbours", "8")
        training, parts, cls.users, _, cls.items = cls.matrices(cls, "data.h5")
        cls.training = training
        cls.bought = training + parts["interactions"]
        cls.entries = np.diff(training.tocsc().indptr)
        cls.popularity = cls.entries / len(cls.users)
        x, y, _, _, _ = numpy_als.read_model(cls.path / "als.h5")
        cls.scores = {"als.h5": x.astype(float) @ y.T.astype(float)}
        with h5py.File(cls.path / "items.h5") as file:
            weights = numpy_als.read_csr(file, "items/neighbours" if "items/neighbours" in file else "weights").toarray().astype(float)
        cls.scores["items.h5"] = (cls.bought != 0).astype(float) @ weights.T
        cls.stock = [item for item in cls.items if item % 3]
        (cls.path / "stock.csv").write_text("sku,left\n" + "".join(f"{item},5\n" for item in cls.stock) + "999,1\n\"no such\",2\n")
        cls.gone = cls.items[1::6]
        (cls.path / "gone.txt").write_text("".join(f"{item}\n" for item in cls.gone))
        cls.pairs = {(user, item) for at, user in enumerate(cls.users) if at % 2 for item in cls.items if (at + item) % 4 == 0}
        (cls.path / "pairs.csv").write_text("user_id,item_id\n" + "".join(f"{user},{item}\n" for user, item in sorted(cls.pairs)) + "nobody,3\nc0001,nothing\n")

    def expected(self, model, user, allowed, quota=None, boost=0.0, least=None, seen="exclude", pairs=frozenset()):
        """(source, items) of a user's list; quota: (category -> at most); scores of the model in double."""
        at = self.users.index(user)
        history = set(self.bought.indices[self.bought.indptr[at]:self.bought.indptr[at + 1]])
        may = [i for i in range(len(self.items)) if self.entries[i] > 0 and self.items[i] in allowed and (user, self.items[i]) not in pairs
               and (seen == "allow" or (i in history) == (seen == "only"))]
        scores = self.scores[model][at]
        if model == "items.h5":
            may_score = [i for i in may if np.float32(scores[i]) > 0]
        else:
            may_score = may
        source = "model"
        has_trained = self.training.indptr[at] < self.training.indptr[at + 1]
        if not (may_score if model == "items.h5" else has_trained):
            source, scores, may_score = "popular", self.popularity, may
        ranked = {i: scores[i] + boost * self.table[self.items[i]][2] for i in may_score}
        taken, counts = [], {}
        for i in sorted(ranked, key=lambda i: (-ranked[i], i)):
            category = self.table[self.items[i]][0]
            if quota and category:
                if counts.get(category, 0) == quota:
                    continue
                counts[category] = counts.get(category, 0) + 1
            taken.append(i)
        taken = taken[:TOP]
        if least is not None and source == "model":
            taken = [i for i in taken if ranked[i] >= least]
        return source, taken, ranked

    def check(self, options, model, **rule):
        job = ["recommend", "--data", "@data.h5", "--model", f"@{model}", "--top", TOP, "--output", "@lists.csv", *options]
        if len(rule) > 3:  # all rules at once
            self.alike("lists.csv", *job)
        else:
            self.job(*job, ranks=next(self.ranks))
        lists = self.lists("lists.csv")
        for user in self.users:
            source, expected, ranked = self.expected(model, user, **rule)
            got = lists.get(user, [])
            self.assertEqual(len(got), len(expected), (model, user, options))
            for row, best in zip(got, expected):
                item = self.items.index(int(row["item"]))
                self.assertIn(item, ranked)
                self.assertEqual(row["source"], source)
                self.assertAlmostEqual(ranked[item], ranked[best], places=5)
                self.assertAlmostEqual(float(row["score"]), ranked[item], places=5)
        return lists

    def test_lists_are_the_best_that_all_rules_allow(self):
        everything = set(self.items)
        cheap = {item for item, (category, price, _) in self.table.items() if price < 20 and category != "group 1" and category}
        for model in self.scores:
            self.check(["--items", "@stock.csv"], model, allowed=set(self.stock))
            self.check(["--exclude-items", "@gone.txt", "--where", "price < 20 and category != 'group 1'"], model, allowed=cheap - set(self.gone))
            self.check(["--exclude-pairs", "@pairs.csv"], model, allowed=everything, pairs=self.pairs)
            self.check(["--exclude-pairs", "@pairs.csv", "--seen", "allow"], model, allowed=everything, pairs=self.pairs, seen="allow")
            self.check(["--exclude-pairs", "@pairs.csv", "--seen", "only"], model, allowed=everything, pairs=self.pairs, seen="only")
            self.check(["--max-per", "category=1"], model, allowed=everything, quota=1)
            self.check(["--boost", "margin=0.25"], model, allowed=everything, boost=0.25)
            self.check(["--boost", "margin", "--max-per", "category=1", "--items", "@stock.csv", "--exclude-pairs", "@pairs.csv", "--min-score", "0.2"],
                       model, allowed=set(self.stock), boost=1, quota=1, pairs=self.pairs, least=0.2)

    def test_no_list_breaks_a_rule(self):
        """With ratings and biases, whose scores have offsets of users, in each format."""
        options = ["--data", "@data.h5", "--model", "@stars.h5", "--top", "20", "--items", "@stock.csv", "--exclude-items", "@gone.txt",
                   "--exclude-pairs", "@pairs.csv", "--where", "price > 5", "--max-per", "category=2", "--min-score", "3.2"]
        self.alike("lists.csv", "recommend", *options, "--output", "@lists.csv")
        lists = self.lists("lists.csv")
        self.assertGreater(len(lists), 40)
        for user, rows in lists.items():
            items = [int(row["item"]) for row in rows]
            self.assertEqual(len(set(items)), len(items))
            categories = [self.table[item][0] for item in items]
            for category in set(categories) - {""}:
                self.assertLessEqual(categories.count(category), 2)
            scores = [float(row["score"]) for row in rows]
            self.assertEqual(scores, sorted(scores, reverse=True))
            if rows[0]["source"] == "model":
                self.assertGreaterEqual(scores[-1], 3.2)
            at = self.users.index(user)
            for item in items:
                self.assertIn(item, self.stock)
                self.assertNotIn(item, self.gone)
                self.assertNotIn((user, item), self.pairs)
                self.assertGreater(self.table[item][1], 5)
                self.assertEqual(self.bought[at, self.items.index(item)], 0)
        self.alike("lists.h5", "recommend", *options, "--output", "@lists.h5")
        with h5py.File(self.path / "lists.h5") as file:
            listed = file["recommendations/items"][:].tolist()
        self.assertEqual(listed, [int(row["item"]) for user in self.users for row in lists.get(user, [])])

    def test_lists_of_several_models_obey_the_rules(self):
        """Quotas, boosts, least scores change no blended score: the lists follow from those of all items."""
        blend = ["recommend", "--data", "@data.h5", "--model", "@als.h5", "--model", "@items.h5", "--blend", "0.6,0.4"]
        self.job(*blend, "--top", "60", "--output", "@whole.csv")
        whole = self.lists("whole.csv")
        self.alike("lists.csv", *blend, "--top", TOP, "--max-per", "category=1", "--boost", "margin=0.5", "--min-score", "0.7", "--output", "@lists.csv")
        lists = self.lists("lists.csv")
        self.assertTrue(any(len(rows) < TOP for rows in lists.values()))
        for user, rows in whole.items():
            is_model = rows[0]["source"] == "model"
            raised = {int(row["item"]): float(row["score"]) + 0.5 * self.table[int(row["item"])][2] for row in rows}
            taken, categories = [], set()
            for item in sorted(raised, key=lambda item: (-raised[item], item)):
                category = self.table[item][0]
                if not category or category not in categories:
                    taken.append(item)
                    categories.add(category)
            expected = [item for item in taken[:TOP] if not is_model or raised[item] >= 0.7]
            got = [int(row["item"]) for row in lists.get(user, [])]
            self.assertEqual(got, expected, user)
        self.job(*blend, "--top", "8", "--items", "@stock.csv", "--exclude-items", "@gone.txt", "--exclude-pairs", "@pairs.csv", "--where", "price > 5",
                 "--output", "@few.csv", ranks=3)
        for user, rows in self.lists("few.csv").items():
            for row in rows:
                item = int(row["item"])
                self.assertTrue(item in self.stock and item not in self.gone and (user, item) not in self.pairs and self.table[item][1] > 5)
        self.refused(2, *blend, "--explain", "2", "--output", "@no.csv", words=["--explain takes apart the scores of one model"])

    def test_popular_lists_obey_the_same_rules(self):
        (self.path / "who.txt").write_text("nobody\nelse\n")
        rules = ["--items", "@stock.csv", "--exclude-pairs", "@pairs.csv", "--max-per", "category=1"]
        self.alike("lists.csv", "recommend", "--data", "@data.h5", "--model", "@als.h5", "--top", TOP, "--users", "@who.txt", "--unknown-users", "popular",
                   *rules, "--output", "@lists.csv")
        lists = self.lists("lists.csv")
        for user in ("nobody", "else"):
            expected, counts = [], set()
            for i in popularity_order(self.entries):
                category = self.table[self.items[i]][0]
                if self.items[i] not in self.stock or (user == "nobody" and self.items[i] == 3) or (category and category in counts):
                    continue
                counts.add(category)
                expected.append(self.items[i])
            self.assertEqual([int(row["item"]) for row in lists[user]], expected[:TOP])
            self.assertEqual({row["source"] for row in lists[user]}, {"popular"})

    def test_what_is_left_out_is_counted_and_told(self):
        done = self.job("recommend", "--data", "@data.h5", "--model", "@als.h5", "--top", "30", "--items", "@stock.csv", "--exclude-pairs", "@pairs.csv",
                        "--max-per", "category=1", "--boost", "margin=2", "--min-score", "1e9", "--output", "@lists.csv", "--log-json", "@log.jsonl", ranks=2)
        for part in ("2 ids in --items are not in the dataset", "'999'", "1 pair of --exclude-pairs has an item",
                     "1 user of --exclude-pairs is not in the dataset", "items have no category", "have no list: all items have a score below 1000000000",
                     f"--items: lists may have {len(self.stock)} of {len(self.items)} items"):
            self.assertIn(part, done.err)
        events = {event["event"]: event for event in map(json.loads, (self.path / "log.jsonl").read_text().splitlines())}
        self.assertEqual((events["listed_items"]["known"], events["listed_items"]["unknown"]), (len(self.stock), 2))
        self.assertEqual((events["excluded_pairs"]["pairs"], events["excluded_pairs"]["unknown_items"], events["excluded_pairs"]["unknown_users"]),
                         (len(self.pairs) + 1, 1, 1))
        known = int(np.count_nonzero(np.diff(self.training.indptr)))
        self.assertEqual(events["recommended"]["empty_lists"], known)
        self.assertGreater(events["recommended"]["empty_by_min_score"], 0.9 * known)
        done = self.job("recommend", "--data", "@data.h5", "--model", "@als.h5", "--top", "30", "--max-per", "category=1", "--output", "@lists.csv")
        self.assertIn("fewer than 30 items: --max-per category=1 allows no others", done.err)

    def test_rules_that_cannot_be_kept_are_refused(self):
        (self.path / "none.txt").write_text("a\nb\n")
        (self.path / "empty.txt").write_text("\n")
        (self.path / "pairs-bad.csv").write_text("user,thing\n1,2\n")
        self.job("prepare", "--input", "@log.csv", "--output", "@bare.h5")
        self.job("als", "--data", "@bare.h5", "--model", "@bare-als.h5", "--factors", "2", "--epochs", "1")
        base = ["recommend", "--data", "@data.h5", "--model", "@als.h5", "--output", "@refused.csv"]
        for code, options, words in (
                (65, ["--items", "@none.txt"], ["none.txt", "none of its items", "'a'"]),
                (65, ["--items", "@empty.txt"], ["empty.txt"]),
                (66, ["--items", "@absent.txt"], ["absent.txt"]),
                (65, ["--where", "price > 1000"], ["--where", "0 items"]),
                (65, ["--where", "colour = red"], ["--where", "no column 'colour'", "category"]),
                (2, ["--where", "price >"], ["--where", "expected"]),
                (65, ["--items", "@stock.csv", "--exclude-items", "@stock.csv"], ["--items, --exclude-items", "0 items"]),
                (65, ["--exclude-pairs", "@pairs-bad.csv"], ["pairs-bad.csv", "line 1", "item"]),
                (2, ["--max-per", "category"], ["--max-per", "COLUMN=N"]),
                (2, ["--max-per", "category=0"], ["--max-per", "COLUMN=N"]),
                (65, ["--max-per", "colour=2"], ["--max-per", "no column 'colour'"]),
                (2, ["--boost", "margin=much"], ["--boost", "FACTOR"]),
                (65, ["--boost", "name"], ["--boost", "numbers"]),
                (65, ["--boost", "margin=1e300"], ["--boost", "32-bit"]),
                (2, ["--min-score", "nan"], ["--min-score", "expected a number"])):
            self.refused(code, *base, *options, words=words)
            self.assertFalse((self.path / "refused.csv").exists())
        self.refused(65, "recommend", "--data", "@bare.h5", "--model", "@bare-als.h5", "--output", "@refused.csv", "--max-per", "category=1",
                     words=["bare.h5", "no table of items", "prepare --items"])


class GrocerTest(Case):
    """A grocer's year with its table of products: names, quotas and stock in one command."""

    @classmethod
    def make(cls):
        log, products = data_file("journey_transactions.csv.gz"), data_file("journey_products.csv.gz")
        cls.job("prepare", "--input", log, "--columns", "user=household_id,item=product_id,value=quantity", "--min-item-count", "5", "--items", products,
                "--output", "@grocer.h5")
        cls.job("als", "--data", "@grocer.h5", "--model", "@als.h5", "--factors", "8", "--epochs", "2")
        with gzip.open(products, "rt", newline="") as file:
            cls.products = {row["product_id"]: row for row in csv.DictReader(file)}
        cls.stock = sorted(item for item in cls.products if sum(map(ord, item)) % 5)
        (cls.path / "stock.csv").write_text("product_id\n" + "".join(f"{item}\n" for item in cls.stock))

    def test_one_command_makes_lists_for_a_shop(self):
        done = self.alike("lists.csv", "recommend", "--data", "@grocer.h5", "--model", "@als.h5", "--top", "10", "--items", "@stock.csv", "--max-per", "product_category=1",
                          "--where", "department != FUEL and department != MISCELLANEOUS", "--columns", "product_type,brand", "--output", "@lists.csv")
        self.assertIn("not in the dataset", done.err)
        lists = self.lists("lists.csv")
        self.assertGreater(len(lists), 2000)
        stock = set(self.stock)
        for rows in lists.values():
            self.assertEqual(len(rows), 10)
            for row in rows:
                product = self.products[row["item"]]
                self.assertIn(row["item"], stock)
                self.assertNotIn(product["department"], ("FUEL", "MISCELLANEOUS", ""))
                self.assertEqual((row["product_type"], row["brand"]), tuple("" if product[name] == "NA" else product[name] for name in ("product_type", "brand")))
            categories = [category for row in rows if (category := self.products[row["item"]]["product_category"]) not in ("", "NA")]
            self.assertEqual(len(set(categories)), len(categories))


if __name__ == "__main__":
    unittest.main()
