"""What a list may hold: nothing that was bought, or that as well, or that alone. Against plain numpy."""
import json
import unittest

import h5py
import numpy as np

import numpy_als
import shop
from serving_case import Case, expected_list, RANKS


class BoughtTest(Case):
    def test_nobody_gets_what_a_small_log_has(self):
        pairs = "ann,tea ann,cup bob,tea bob,pot bob,cup cat,pot cat,tea dan,pot eve,cup".split()
        (self.path / "log.csv").write_text("user,item\n" + "".join(pair + "\n" for pair in pairs))
        self.job("prepare", "--input", "@log.csv", "--split", "random:0.4", "--output", "@data.h5")
        for kind in ("training", "all"):
            self.job("als", "--data", "@data.h5", "--model", "@model.h5", "--factors", "2", "--train-on", kind)
            self.job("recommend", "--data", "@data.h5", "--model", "@model.h5", "--top", "1", "--output", "@lists.csv")
            for user, rows in self.lists("lists.csv").items():
                for row in rows:
                    self.assertNotIn(f"{user},{row['item']}", pairs)
        self.assertIn("ann", self.lists("lists.csv"))
        self.assertNotIn("bob", self.lists("lists.csv"))  # has bought everything

    def test_what_came_back_after_the_cut_is_left_out(self):
        """The model has learned it, although it is no interaction of all rows together; nobody buys it again."""
        rows = ["a,x,5,2010-01-01", "a,x,-5,2010-06-01", "a,y,2,2010-02-01", "b,x,3,2010-03-01", "b,y,3,2010-03-02",
                "b,y,-3,2010-12-01", "b,z,1,2010-12-02", "a,z,4,2010-12-03", "a,z,-4,2010-12-04"]
        (self.path / "returns.csv").write_text("\n".join(["user,item,value,time", *rows]) + "\n")
        self.job("prepare", "--input", "@returns.csv", "--output", "@returns.h5", "--duplicates", "sum", "--split", "temporal:0.45")
        self.job("als", "--data", "@returns.h5", "--model", "@returns-model.h5", "--factors", "2")
        options = ["--data", "@returns.h5", "--model", "@returns-model.h5"]
        listed = {}
        for seen in ("exclude", "allow", "only"):
            self.alike("lists.csv", "recommend", *options, "--output", "@lists.csv", "--seen", seen)
            listed[seen] = {user: {row["item"] for row in rows} for user, rows in self.lists("lists.csv").items()}
        training, _, users, _, items = self.matrices("returns.h5")
        self.assertGreater(training[users.index("b"), items.index("y")], 0)
        self.assertNotIn("b", listed["exclude"])
        self.assertIn("x", listed["exclude"]["a"])
        self.assertEqual(listed["allow"]["b"], {"x", "y"})
        self.assertEqual(listed["only"], {"a": {"y"}, "b": {"x"}})

    def test_users_with_everything_are_told_with_quiet_too(self):
        (self.path / "full.csv").write_text("user,item\nann,tea\nann,cup\nbob,tea\ncat,cup\ncat,pot\nann,pot\n")
        self.job("prepare", "--input", "@full.csv", "--output", "@full.h5")
        self.job("als", "--data", "@full.h5", "--model", "@model.h5", "--factors", "2")
        for ranks in RANKS:
            done = self.job("recommend", "--data", "@full.h5", "--model", "@model.h5", "--output", "@lists.h5", "--quiet", "--log-json",
                            "@log.jsonl", ranks=ranks)
            self.assertEqual(done.our_lines, ["rankwise: warning: 1 user has no list: --seen exclude leaves no item"])
        events = [json.loads(line) for line in (self.path / "log.jsonl").read_text().splitlines()]
        (told,) = [event for event in events if event["event"] == "recommended"]
        self.assertEqual((told["users"], told["recommendations"], told["short_lists"], told["empty_lists"]), (3, 3, 2, 1))
        with h5py.File(self.path / "lists.h5") as file:
            self.assertEqual(file["recommendations/indptr"][:].tolist(), [0, 0, 2, 3])
            self.assertEqual(list(file["recommendations/source"].asstr()), ["model"] * 3)


class SeenTest(Case):
    @classmethod
    def make(cls):
        shop.write_log(cls.path / "log.csv", users=90, items=40)
        cls.job("prepare", "--input", "@log.csv", "--split", "random:0.3", "--output", "@data.h5")
        cls.job("als", "--data", "@data.h5", "--model", "@model.h5", "--factors", "6", "--epochs", "3")

    def test_lists_of_each_kind_are_the_best_by_a_full_sort(self):
        training, parts, user_ids, _, item_ids = self.matrices("data.h5")
        users, items, _, _, _ = numpy_als.read_model(self.path / "model.h5")
        known = training + parts["interactions"]
        entries = np.diff(training.tocsc().indptr)
        scores = users.astype(np.float64) @ items.T.astype(np.float64)
        for seen in ("exclude", "allow", "only"):
            self.alike("lists.csv", "recommend", "--data", "@data.h5", "--model", "@model.h5", "--top", "5", "--seen", seen, "--output", "@lists.csv")
            lists = self.lists("lists.csv")
            for user, user_id in enumerate(user_ids):
                history = set(known.indices[known.indptr[user]:known.indptr[user + 1]])
                expected = expected_list(scores[user], entries, history, 5, seen)
                got = [item_ids.index(int(row["item"])) for row in lists.get(user_id, [])]
                self.assertEqual(len(got), len(expected))
                for item, best in zip(got, expected):
                    self.assertAlmostEqual(scores[user, item], scores[user, best], places=5)
                    self.assertTrue(seen == "allow" or (item in history) == (seen == "only"))

    def test_evaluate_leaves_out_what_lists_cannot_have(self):
        """A log in which pairs come back after the cut."""
        rows = [f"u{user},i{item},{1_600_000_000 + 1000 * user + item}" for user in range(12) for item in range(8) if (user * 3 + item) % 4 < 2]
        rows += [f"u{user},i{item},{1_700_000_000 + user}" for user in range(12) for item in range(8) if (user + item) % 6 == 0]
        (self.path / "again.csv").write_text("user,item,timestamp\n" + "\n".join(rows) + "\n")
        self.job("prepare", "--input", "@again.csv", "--split", f"temporal:{sum('17000000' in row for row in rows) / len(rows):.4f}", "--repeats", "keep",
                 "--output", "@again.h5")
        self.job("als", "--data", "@again.h5", "--model", "@again-model.h5", "--factors", "3", "--epochs", "2")
        training, parts, _, _, _ = self.matrices("again.h5")
        heldout = parts["interactions"]
        both = training.multiply(heldout != 0).nnz
        self.assertGreater(both, 0)
        users, items, _, _, _ = numpy_als.read_model(self.path / "again-model.h5")
        scores = users.astype(float) @ items.T.astype(float)
        entries = np.diff(training.tocsc().indptr)
        for seen in ("exclude", "allow", "only"):
            self.alike("metrics.json", "evaluate", "--data", "@again.h5", "--model", "@again-model.h5", "--metrics", "recall@3", "--seen", seen,
                       "--output", "@metrics.json")
            told = json.loads((self.path / "metrics.json").read_text())
            values = []
            for user in range(12):
                history = set(training.indices[training.indptr[user]:training.indptr[user + 1]])
                targets = set(heldout.indices[heldout.indptr[user]:heldout.indptr[user + 1]])
                if seen != "allow":
                    targets = {item for item in targets if (item in history) == (seen == "only")}
                if targets:
                    best = expected_list(scores[user], entries, history, 3, seen)
                    values.append(len(targets & set(best)) / min(3, len(targets)))
            self.assertAlmostEqual(told["metrics"]["recall@3"]["model"], np.mean(values), places=6)
            left_out = {"exclude": both, "allow": 0, "only": heldout.nnz - both}[seen]
            self.assertEqual((told["rankings"]["seen"], told["rankings"]["left_out"], told["rankings"]["users"]), (seen, left_out, len(values)))


if __name__ == "__main__":
    unittest.main()
