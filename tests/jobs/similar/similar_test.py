"""Similar items and users, against plain numpy: ties, rows without interactions, rules, formats, and the same bytes everywhere."""
import csv
import gzip
import io
import itertools
import json
import unittest

import h5py
import numpy as np

import numpy_als
import shop
from serving_case import Case

TOP = 5
LAYOUTS = ((1, 1), (2, 1), (3, 2), (5, 1))  # ranks, threads


def nearest(scores, itself, allowed, top):
    """Candidates by descending score, equal ones by row."""
    return sorted((row for row in allowed if row != itself), key=lambda row: (-scores[row], row))[:top]


class SimilarCase(Case):
    layouts = itertools.cycle(LAYOUTS)

    def similar(self, name, *args):
        """Runs the job on one layout and then on the next one of all; the files have the same bytes."""
        digests = set()
        for ranks, threads in ((1, 1), next(self.layouts)):
            done = self.job("similar", *args, "--output", f"@{name}", "--threads", threads, ranks=ranks)
            digests.add(self.digest(name))
        self.assertEqual(len(digests), 1, args)
        return done

    def by_owner(self, name, owner="item"):
        lists = {}
        with open(self.path / name, newline="") as file:
            for row in csv.DictReader(file):
                rows = lists.setdefault(row[owner], [])
                rows.append((row[f"similar_{owner}"], float(row["score"])))
                self.assertEqual(int(row["rank"]), len(rows))
        return lists

    def agrees(self, lists, ids, scores, known, allowed, top=TOP):
        """Lists are those of a full sort but for the order of scores that rounding cannot tell apart."""
        rows = {str(id_): row for row, id_ in enumerate(ids)}
        for row, id_ in enumerate(ids):
            got = lists.get(str(id_), [])
            expected = nearest(scores[row], row, allowed, top) if row in known else []
            self.assertEqual(len(got), len(expected), id_)
            self.assertEqual(len({other for other, _ in got}), len(got))
            for (other, score), best in zip(got, expected):
                self.assertNotEqual(other, str(id_))
                self.assertIn(rows[other], allowed)
                self.assertAlmostEqual(score, scores[row][rows[other]], delta=2e-6 * max(1, abs(scores[row]).max()))
                self.assertAlmostEqual(score, scores[row][best], delta=2e-6 * max(1, abs(scores[row]).max()))


class FactorsTest(SimilarCase):
    @classmethod
    def make(cls):
        shop.write_log(cls.path / "log.csv", users=90, items=60)
        with open(cls.path / "items.csv", "w") as file:
            file.write("item_id,name,category,price\n")
            for number in range(60):
                file.write(f'{number * 7 + 3},"Thing, {number}",{"" if number % 13 == 0 else f"group {number % 5}"},{number}.5\n')
        cls.job("prepare", "--input", "@log.csv", "--items", "@items.csv", "--split", "random:0.3", "--output", "@data.h5")
        cls.job("als", "--data", "@data.h5", "--model", "@model.h5", "--factors", "6", "--epochs", "3")
        cls.job("als", "--data", "@data.h5", "--model", "@stars.h5", "--factors", "3", "--epochs", "3", "--objective", "explicit", "--biases")
        # Rows that a training hardly gives: equal ones, without an entry, zero with entries, of odd lengths.
        cls.forged = ["--model", cls.path / "forged.h5", "--verify-inputs", "no"]
        (cls.path / "forged.h5").write_bytes((cls.path / "model.h5").read_bytes())
        with h5py.File(cls.path / "forged.h5", "r+") as file:
            for side in ("items", "users"):
                factors, entries = file[f"{side}/factors"], file[f"{side}/entries"]
                factors[9] = factors[17] = factors[4]
                factors[20] = factors[4] * np.float32(2)
                factors[11] = 0
                factors[30] = factors[30] * np.float32(1e-30)
                factors[31] = factors[31] * np.float32(1e15)
                entries[13] = 0
        with h5py.File(cls.path / "data.h5") as file:
            cls.user_ids = [text.decode() for text in file["users/ids"][:]]
            cls.item_ids = file["items/ids"][:].tolist()

    def rows(self, model, side="items"):
        with h5py.File(self.path / model) as file:
            factors = file[f"{side}/factors"][:].astype(float)
            entries = file[f"{side}/entries"][:]
        known = [row for row in range(len(factors)) if entries[row] > 0 and factors[row].any()]
        return factors, known

    def cosines(self, factors):
        lengths = np.linalg.norm(factors, axis=1)
        unit = factors / np.where(lengths == 0, 1, lengths)[:, None]
        return unit @ unit.T

    def test_items_and_users_by_cosine_and_by_inner_product(self):
        for model in ("model.h5", "stars.h5"):
            for side, ids in (("items", self.item_ids), ("users", self.user_ids)):
                factors, known = self.rows(model, side)
                for measure, scores in (("cosine", self.cosines(factors)), ("inner-product", factors @ factors.T)):
                    self.similar("s.csv", "--model", f"@{model}", "--rows", side, "--top", TOP, "--measure", measure)
                    self.agrees(self.by_owner("s.csv", side[:-1]), ids, scores, known, known)

    def test_the_same_bytes_on_all_layouts_and_targets(self):
        for options in (["--rows", "users"], ["--rows", "items", "--measure", "inner-product"]):
            digests = {}
            for name in ("s.csv", "s.h5"):
                for ranks, threads in LAYOUTS:
                    self.job("similar", "--model", "@model.h5", *options, "--output", f"@{name}", "--threads", threads, ranks=ranks)
                    digests.setdefault(name, set()).add(self.digest(name))
            self.job("similar", "--model", "@model.h5", *options, "--output", "@s.csv", "--simd", "avx2")
            digests["s.csv"].add(self.digest("s.csv"))
            self.assertEqual({name: len(found) for name, found in digests.items()}, {"s.csv": 1, "s.h5": 1})

    def test_equal_rows_come_in_their_order(self):
        for side, ids in (("items", self.item_ids), ("users", self.user_ids)):
            self.similar("s.csv", *self.forged, "--rows", side, "--top", 3)
            lists = self.by_owner("s.csv", side[:-1])
            others = [str(ids[row]) for row in (4, 9, 17, 20)]
            for row in (4, 9, 17, 20):
                got = lists[str(ids[row])]
                self.assertEqual([other for other, _ in got], [other for other in others if other != str(ids[row])])
                self.assertEqual(len({score for _, score in got}), 1)
                self.assertAlmostEqual(got[0][1], 1, places=6)
            factors, known = self.rows("forged.h5", side)
            self.similar("s.csv", *self.forged, "--rows", side, "--top", TOP)
            self.agrees(self.by_owner("s.csv", side[:-1]), ids, self.cosines(factors), known, known)

    def test_rows_without_interactions_have_no_list_and_are_in_none(self):
        done = self.similar("s.jsonl", *self.forged, "--top", 100, "--log-json", "@log.jsonl")
        lists = [json.loads(line) for line in (self.path / "s.jsonl").read_text().splitlines()]
        self.assertEqual([each["item"] for each in lists], self.item_ids)
        _, known = self.rows("forged.h5")
        self.assertTrue({11, 13}.isdisjoint(known))
        for row, each in enumerate(lists):
            found = [entry["item"] for entry in each["similar_items"]]
            self.assertEqual(len(found), len(known) - 1 if row in known else 0)
            self.assertTrue({self.item_ids[11], self.item_ids[13]}.isdisjoint(found))
        unknown = len(self.item_ids) - len(known)
        self.assertIn(f"{unknown} of {len(self.item_ids)} items of the model have no interaction", done.err)
        events = [json.loads(line) for line in (self.path / "log.jsonl").read_text().splitlines()]
        (told,) = [event for event in events if event["event"] == "similar"]
        self.assertEqual((told["rows"], told["lists"], told["model_rows_without_interactions"], told["lists_without_interactions"]),
                         ("items", len(self.item_ids), unknown, unknown))
        self.assertEqual(told["entries"], len(known) * (len(known) - 1))
        # Who asks for such a row gets a warning, with --quiet too.
        done = self.job("similar", *self.forged, "--id", self.item_ids[11], "--id", self.item_ids[0], "--quiet", "--output", "@s.csv")
        self.assertEqual(done.our_lines, ["rankwise: warning: 1 item that was asked for has no interaction in the model and no list"])

    def test_chosen_rows(self):
        self.similar("all.csv", "--model", "@model.h5", "--rows", "users", "--top", TOP)
        everything = self.by_owner("all.csv", "user")
        chosen = self.user_ids[80:3:-9]
        (self.path / "chosen.csv").write_text("customer;note\n" + "".join(f"{user};x\n" for user in chosen) + "nobody;y\n;z\n")
        done = self.similar("some.csv", "--model", "@model.h5", "--rows", "users", "--top", TOP, "--ids", "@chosen.csv")
        some = self.by_owner("some.csv", "user")
        self.assertEqual(list(some), [user for user in self.user_ids if user in chosen])
        self.assertEqual(some, {user: everything[user] for user in some})
        self.assertIn("warning: 1 id in --ids is not in the model and has no list, for example", done.err)
        self.assertIn("nobody", done.err)
        options = [word for user in chosen for word in ("--id", user)]
        self.similar("same.csv", "--model", "@model.h5", "--rows", "users", "--top", TOP, *options)
        self.assertEqual(self.digest("same.csv"), self.digest("some.csv"))
        self.similar("some.h5", "--model", "@model.h5", "--rows", "users", "--top", TOP, *options)
        with h5py.File(self.path / "some.h5") as file:
            self.assertEqual(file.attrs["kind"], "similar")
            self.assertEqual(list(file["users/ids"].asstr()), list(some))
            offsets, others, scores = file["similar/indptr"][:], list(file["similar/users"].asstr()), file["similar/scores"][:]
        for place, user in enumerate(some):
            part = slice(offsets[place], offsets[place + 1])
            self.assertEqual(others[part], [other for other, _ in some[user]])
            np.testing.assert_array_equal(scores[part], np.float32([score for _, score in some[user]]))
        self.assertEqual(self.job("verify", "@some.h5").code, 0)

    def test_rules_of_a_shop(self):
        factors, known = self.rows("model.h5")
        scores = self.cosines(factors)
        number = {item: (item - 3) // 7 for item in self.item_ids}
        stock = [item for item in self.item_ids if item % 3]
        (self.path / "stock.csv").write_text("item,left\n" + "".join(f"{item},5\n" for item in stock) + "999,1\n")
        (self.path / "gone.txt").write_text("".join(f"{item}\n" for item in self.item_ids[1::6]))
        done = self.similar("s.csv", "--model", "@model.h5", "--top", TOP, "--items", "@stock.csv", "--exclude-items", "@gone.txt")
        self.assertIn("1 id in --items is not in the model and has no effect", done.err)
        allowed = [row for row in known if self.item_ids[row] % 3 and (row - 1) % 6]
        self.agrees(self.by_owner("s.csv"), self.item_ids, scores, known, allowed)
        self.similar("s.csv", "--model", "@model.h5", "--data", "@data.h5", "--top", TOP, "--where", "price < 30 and (category = 'group 1' or category = 'group 2')")
        allowed = [row for row in known if number[self.item_ids[row]] < 30 and number[self.item_ids[row]] % 5 in (1, 2) and number[self.item_ids[row]] % 13]
        self.agrees(self.by_owner("s.csv"), self.item_ids, scores, known, allowed)
        self.similar("s.csv", "--model", "@model.h5", "--top", 50, "--min-score", "0.3")
        lists = self.by_owner("s.csv")
        for row in known:
            least = min((score for _, score in lists.get(str(self.item_ids[row]), [])), default=1)
            self.assertGreaterEqual(least, np.float32(0.3))
            close = min(sum(scores[row][other] >= 0.3 for other in known if other != row), 50)
            self.assertLessEqual(abs(len(lists.get(str(self.item_ids[row]), [])) - close), sum(abs(scores[row] - 0.3) < 1e-6))
        # Quotas fill best first, and columns are beside items.
        self.similar("s.csv.gz", "--model", "@model.h5", "--data", "@data.h5", "--top", 6, "--max-per", "category=2", "--columns", "name,kind=category")
        with gzip.open(self.path / "s.csv.gz", "rt", newline="") as file:
            rows = list(csv.DictReader(file))
        for row in known:
            got = [each for each in rows if each["item"] == str(self.item_ids[row])]
            taken, expected = {}, []
            for other in nearest(scores[row], row, known, 100):
                group = number[self.item_ids[other]] % 5 if number[self.item_ids[other]] % 13 else None
                if group is None or taken.setdefault(group, 0) < 2:
                    if group is not None:
                        taken[group] += 1
                    expected.append(other)
            self.assertEqual([int(each["similar_item"]) for each in got], [self.item_ids[other] for other in expected[:6]])
            for each in got:
                thing = number[int(each["similar_item"])]
                self.assertEqual((each["name"], each["kind"]), (f"Thing, {thing}", f"group {thing % 5}" if thing % 13 else ""))

    def test_rules_by_another_dataset(self):
        rows = (self.path / "log.csv").read_text().splitlines()
        (self.path / "other.csv").write_text("\n".join([rows[0], *rows[-300:], "new,100001,3,1600000000"]) + "\n")
        (self.path / "prices.csv").write_text("item_id,price\n" + "".join(f"{item},{item % 10}\n" for item in [*self.item_ids, 100001]))
        self.job("prepare", "--input", "@other.csv", "--items", "@prices.csv", "--output", "@other.h5")
        with h5py.File(self.path / "other.h5") as file:
            there = set(file["items/ids"][:].tolist())
        done = self.similar("s.csv", "--model", "@model.h5", "--data", "@other.h5", "--where", "price > 4", "--top", TOP)
        factors, known = self.rows("model.h5")
        allowed = [row for row in known if self.item_ids[row] in there and self.item_ids[row] % 10 > 4]
        self.agrees(self.by_owner("s.csv"), self.item_ids, self.cosines(factors), known, allowed)
        self.assertIn("trained on another dataset", done.err)

    def test_text_to_standard_output_and_for_spreadsheets(self):
        self.job("similar", "--model", "@model.h5", "--top", 2, "--output", "@s.csv")
        done = self.job("similar", "--model", "@model.h5", "--top", 2, "--output", "-", "--quiet")
        self.assertEqual(done.out, (self.path / "s.csv").read_text())
        self.job("similar", "--model", "@model.h5", "--top", 2, "--format", "excel", "--output", "@e.csv")
        self.assertEqual((self.path / "e.csv").read_bytes()[:3], b"\xef\xbb\xbf")
        self.assertEqual(next(csv.reader(io.StringIO(done.out))), ["item", "rank", "similar_item", "score"])

    def test_what_is_refused(self):
        model = ["similar", "--model", "@model.h5", "--output", "@no.csv"]
        (self.path / "nobody.txt").write_text("nobody\n")
        (self.path / "empty.txt").write_text("")
        for code, arguments, words in (
                (2, ["--rows", "users", "--items", "@nobody.txt"], ["--rows items"]),
                (2, ["--rows", "neither"], ["--rows neither", "items, users"]),
                (2, ["--measure", "euclid"], ["cosine, inner-product"]),
                (2, ["--top", "0"], ["--top 0"]),
                (2, ["--where", "price < 3"], ["--data"]),
                (2, ["--data", "@data.h5"], ["--where, --max-per or --columns"]),
                (2, ["--ids", "@nobody.txt", "--id", "3"], ["one of both"]),
                (2, ["--compression", "3"], ["HDF5"]),
                (2, ["--data", "@data.h5", "--columns", "similar_item=name"], ["similar_item"]),
                (65, ["--ids", "@nobody.txt"], ["none of these items", "nobody"]),
                (65, ["--id", "nobody"], ["none of these items", "nobody"]),
                (65, ["--ids", "@empty.txt"], ["empty.txt"]),
                (65, ["--items", "@nobody.txt"], ["the model has none of its items"]),
                (65, ["--data", "@data.h5", "--where", "colour = red"], ["colour"]),
                (65, ["--data", "@data.h5", "--where", "price > 1000"], ["--where", "0 items"]),
                (66, ["--ids", "@missing.txt"], ["missing.txt"]),
                (66, ["--data", "@missing.h5", "--where", "price < 3"], ["missing.h5"])):
            self.refused(code, *model, *arguments, words=words)
        self.refused(65, "similar", "--model", "@data.h5", "--output", "@no.csv", words=["data.h5"])
        self.refused(66, "similar", "--model", "@missing.h5", "--output", "@no.csv", words=["missing.h5"])
        self.refused(73, "similar", "--model", "@model.h5", "--output", "@no/such/folder.csv", words=["folder.csv"])
        self.refused(2, "similar", "--model", "@model.h5", "--output", "@model.h5", words=["never writes over"])
        self.assertFalse((self.path / "no.csv").exists())

    def test_scores_beyond_floats(self):
        (self.path / "large.h5").write_bytes((self.path / "model.h5").read_bytes())
        with h5py.File(self.path / "large.h5", "r+") as file:
            file["items/factors"][2] = 3e38
            file["items/factors"][5] = 3e38
        large = ["similar", "--model", "@large.h5", "--verify-inputs", "no", "--output", "@large.csv"]
        self.refused(65, *large, "--measure", "inner-product", words=["large.h5: item", "the score of item row"])
        self.assertFalse((self.path / "large.csv").exists())
        self.job(*large)
        self.assertEqual(self.by_owner("large.csv")[str(self.item_ids[2])][0][0], str(self.item_ids[5]))


class WeightsTest(SimilarCase):
    @classmethod
    def make(cls):
        shop.write_log(cls.path / "log.csv", users=90, items=60)
        cls.job("prepare", "--input", "@log.csv", "--split", "random:0.3", "--output", "@data.h5")
        cls.job("itemcf", "--data", "@data.h5", "--model", "@cosine.h5", "--similarity", "cosine", "--neighbours", "8")
        cls.job("itemcf", "--data", "@data.h5", "--model", "@ridge.h5", "--weights", "ridge", "--neighbours", "all")

    def test_neighbours_by_weight(self):
        for model in ("cosine.h5", "ridge.h5"):
            with h5py.File(self.path / model) as file:
                weights = numpy_als.read_csr(file, "items/neighbours").toarray()
                ids = file["items/ids"][:].tolist()
            self.similar("s.csv", "--model", f"@{model}", "--top", TOP)
            lists = self.by_owner("s.csv")
            for row, item in enumerate(ids):
                positive = [other for other in range(len(ids)) if weights[row, other] > 0]
                expected = [(str(ids[other]), float(weights[row, other])) for other in nearest(weights[row], row, positive, TOP)]
                got = [(other, float(np.float32(score))) for other, score in lists.get(str(item), [])]
                self.assertEqual(got, expected)
            chosen = ids[::-7]
            self.similar("some.csv", "--model", f"@{model}", "--top", TOP, *[word for item in chosen for word in ("--id", item)])
            self.assertEqual(self.by_owner("some.csv"), {item: found for item, found in lists.items() if int(item) in chosen})
            (self.path / "gone.txt").write_text("".join(f"{item}\n" for item in ids[::2]))
            self.similar("s.csv", "--model", f"@{model}", "--top", TOP, "--exclude-items", "@gone.txt")
            for item, found in self.by_owner("s.csv").items():
                row = ids.index(int(item))
                positive = [other for other in range(1, len(ids), 2) if weights[row, other] > 0]
                self.assertEqual([other for other, _ in found], [str(ids[other]) for other in nearest(weights[row], row, positive, TOP)])

    def test_the_same_bytes_on_all_layouts(self):
        for name in ("s.jsonl.zst", "s.h5"):
            digests = set()
            for ranks, threads in LAYOUTS:
                self.job("similar", "--model", "@cosine.h5", "--output", f"@{name}", "--threads", threads, ranks=ranks)
                digests.add(self.digest(name))
            self.assertEqual(len(digests), 1)

    def test_what_an_item_model_does_not_know_is_refused(self):
        self.refused(2, "similar", "--model", "@cosine.h5", "--rows", "users", "--output", "@no.csv", words=["knows no users"])
        self.refused(2, "similar", "--model", "@cosine.h5", "--measure", "cosine", "--output", "@no.csv", words=["--measure is of factors"])

    def test_an_item_without_neighbours(self):
        (self.path / "pairs.csv").write_text("user,item\na,x\na,y\nb,x\nb,y\nc,z\n")
        self.job("prepare", "--input", "@pairs.csv", "--output", "@pairs.h5")
        self.job("itemcf", "--data", "@pairs.h5", "--model", "@pairs-model.h5", "--neighbours", "2")
        done = self.similar("s.csv", "--model", "@pairs-model.h5", "--quiet")
        self.assertEqual({item: [other for other, _ in found] for item, found in self.by_owner("s.csv").items()}, {"x": ["y"], "y": ["x"]})
        self.assertEqual(done.our_lines, ["rankwise: warning: 1 item has no list: no others have a weight above 0"])


if __name__ == "__main__":
    unittest.main()
