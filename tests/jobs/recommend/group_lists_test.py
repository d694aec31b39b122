"""Whole segments as customers: their mean taste and their votes, against plain numpy."""
import json
import unittest

import h5py
import numpy as np

import numpy_als
from audience_case import AudienceCase

BASE = ["recommend", "--data", "@data.h5", "--top", "6", "--for", "segments", "--segments", "@clusters.h5"]


class GroupListsTest(AudienceCase):
    @classmethod
    def make(cls):
        super().make()
        cls.job("als", "--data", "@data.h5", "--model", "@stars.h5", "--objective", "explicit", "--biases", "--factors", "3", "--epochs", "3")
        cls.known = {at for at in range(len(cls.users)) if cls.training.indptr[at] < cls.training.indptr[at + 1]}
        x, y, user_biases, item_biases, _ = numpy_als.read_model(cls.path / "stars.h5")
        mean = cls.training.data.astype(float).mean()
        cls.model_scores = {"als.h5": cls.scores, "stars.h5": mean + user_biases[:, None].astype(float) + item_biases[None, :] + x.astype(float) @ y.T.astype(float)}
        with h5py.File(cls.path / "items.h5") as file:
            weights = numpy_als.read_csr(file, "items/neighbours" if "items/neighbours" in file else "weights").toarray().astype(float)
        cls.model_scores["items.h5"] = (cls.bought != 0).astype(float) @ weights.T

    def members(self, segment, known):
        return [at for at, user in enumerate(self.users) if at in known and self.cluster.get(user) == segment]

    def groups(self, name="lists.csv"):
        lines = [line.split(",") for line in (self.path / name).read_text().splitlines()]
        self.assertEqual(lines[0][:5], ["segment", "rank", "item", "score", "source"])
        found = {}
        for segment, _, item, score, source, *_ in lines[1:]:
            found.setdefault(int(segment), []).append((item, float(score), source))
        return found

    def known_to(self, model):
        """An item model knows who has any item that was trained on."""
        return self.known if model != "items.h5" else {at for at in range(len(self.users)) if self.entries[self.bought[at].indices].any()}

    def test_the_mean_of_the_members_scores(self):
        for model, scores in self.model_scores.items():
            known = self.known_to(model)
            for options, may, boost in (([], lambda item: True, 0), (["--where", "price < 25", "--boost", "margin=0.1"], lambda item: self.table[item][1] < 25, 0.1)):
                same = self.everywhere if options and model != "stars.h5" else self.alike
                done = same("lists.csv", *BASE, "--model", f"@{model}", *options, "--output", "@lists.csv", "--log-json", "@log.jsonl")
                groups = self.groups()
                big = [segment for segment in range(4) if len(self.members(segment, known)) >= 10]
                self.assertEqual((sorted(groups), len(big)), (big, 3))
                self.assertIn("1 segment has fewer than 10 users whom the model knows (--least-group) and has no list", "".join(done.our_lines))
                for segment, rows in groups.items():
                    mean = scores[self.members(segment, known)].mean(axis=0)
                    ranked = {item: mean[i] + boost * self.table[item][2] for i, item in enumerate(self.items)
                              if self.entries[i] > 0 and may(item) and (model != "items.h5" or mean[i] > 0)}
                    best = sorted(ranked, key=lambda item: -ranked[item])[:6]
                    self.assertEqual({source for _, _, source in rows}, {"segment-mean"})
                    np.testing.assert_allclose([score for _, score, _ in rows], [ranked[item] for item in best], atol=2e-5)
                    np.testing.assert_allclose([ranked[item] for item, _, _ in rows], [ranked[item] for item in best], atol=2e-5)
                events = {event["event"]: event for event in map(json.loads, (self.path / "log.jsonl").read_text().splitlines())}
                self.assertEqual((events["group_lists"]["segments"], events["group_lists"]["small_segments"], events["group_lists"]["members"]),
                                 (3, 1, sum(len(self.members(segment, known)) for segment in big)))

    def test_votes_are_counted(self):
        blend = ["--model", "@als.h5", "--model", "@items.h5", "--blend", "1,1"]
        for place, models in enumerate((["--model", "@als.h5"], ["--model", "@items.h5"], blend)):
            self.job("recommend", "--data", "@data.h5", *models, "--top", "6", "--max-per", "category=2", "--output", "@own.csv")
            own = self.lists("own.csv")
            job = [*BASE, *models, "--segment-taste", "votes", "--max-per", "category=2", "--least-group", "4", "--output", "@lists.csv"]
            self.everywhere("lists.csv", *job) if place == 0 else self.job(*job, ranks=1 + place)
            groups = self.groups()
            self.assertEqual(sorted(groups), [0, 1, 2, 3])
            for segment, rows in groups.items():
                votes = {}
                for user, lists in own.items():
                    if self.cluster.get(user) == segment and lists[0]["source"] == "model":
                        for row in lists:
                            votes[row["item"]] = votes.get(row["item"], 0) + 1
                expected, counts = [], {}
                for item in sorted(votes, key=lambda item: (-votes[item], item)):
                    category = self.table[item][0]
                    if counts.get(category, 0) < 2:
                        counts[category] = counts.get(category, 0) + 1
                        expected.append((item, float(votes[item]), "segment-votes"))
                self.assertEqual(rows, expected[:6], (models, segment))

    def test_items_that_members_have_may_be_left_out(self):
        for taste in ("mean", "votes"):
            for model in ("als.h5", "items.h5"):
                self.alike("lists.csv", *BASE, "--model", f"@{model}", "--segment-taste", taste, "--segment-seen", "exclude", "--least-group", "1", "--segment", "0,1,2,3",
                                "--output", "@lists.csv")
                groups, left = self.groups(), 0
                for segment, rows in groups.items():
                    has = {item for at in self.members(segment, self.known_to(model)) for item in self.row(self.bought, self.users[at])}
                    left += len(rows)
                    for item, _, source in rows:
                        self.assertTrue(item not in has, (taste, model, segment, item))
                self.assertGreater(left, 0)

    def test_members_may_be_chosen(self):
        condition = "age = 25-34 or age = 35-44"
        self.job(*BASE, "--model", "@als.h5", "--where-users", condition, "--segment", "0,1", "--least-group", "3", "--output", "@lists.jsonl", "--columns", "category", ranks=3)
        told = [json.loads(line) for line in (self.path / "lists.jsonl").read_text().splitlines()]
        self.assertLessEqual({one["segment"] for one in told}, {0, 1})
        for one in told:
            members = [at for at in self.members(one["segment"], self.known) if self.profiles.get(self.users[at], ("",))[0] in ("25-34", "35-44")]
            mean = self.scores[members].mean(axis=0)
            self.assertGreaterEqual(len(members), 3)
            for entry in one["items"]:
                self.assertAlmostEqual(entry["score"], mean[self.items.index(entry["item"])], places=5)
                self.assertEqual(entry["category"], self.table[entry["item"]][0])

    def test_a_log_counts(self):
        with open(self.path / "new.csv", "w") as file:
            file.write("user,item,value\n" + "".join(f"new{1 + place % 4},{self.items[(place * 3) % len(self.items)]},1\n" for place in range(20)))
        self.alike("lists.csv", *BASE, "--model", "@items.h5", "--log", "@new.csv", "--users", "@new.csv", "--least-group", "1", "--output", "@lists.csv")
        self.assertEqual(set(self.groups()), {self.cluster[f"new{number}"] for number in range(1, 5)})

    def test_a_huge_value_of_one_segment_changes_no_other(self):
        self.job("itemcf", "--data", "@data.h5", "--model", "@sums.h5", "--entry-weights", "value", "--neighbours", "6")
        at = next(user for user in sorted(self.cluster) if self.cluster[user] == 0 and user in self.users)
        (self.path / "huge.csv").write_text(f"user,item,value\n{at},{self.items[0]},1e18\n")
        for model in ("sums.h5", "als.h5"):
            args = [*BASE, "--model", f"@{model}", "--least-group", "1", "--output"]
            self.job(*args, "@before.csv")
            self.alike("lists.csv", *args, "@lists.csv", "--log", "@huge.csv")
            before, lists = self.groups("before.csv"), self.groups()
            self.assertEqual({segment: rows for segment, rows in lists.items() if segment != 0},
                             {segment: rows for segment, rows in before.items() if segment != 0}, model)

    def test_what_cannot_be_is_refused(self):
        base = [*BASE, "--model", "@als.h5", "--output", "@refused.csv"]
        for code, job, words in (
                (2, [*BASE[:-2], "--model", "@als.h5", "--output", "@refused.csv"], ["--for segments", "--segments FILE"]),
                (2, [*base, "--for", "items"], ["--for"]),
                (2, [*base, "--segment-taste", "median"], ["--segment-taste", "votes"]),
                (2, [*base, "--explain", "2"], ["--explain"]),
                (2, [*base, "--shards"], ["--shards"]),
                (2, [*base, "--columns", "segment"], ["--columns"]),
                (2, [*base, "--columns", "segment=category"], ["--columns", "lists have a column segment anyway"]),
                (2, [*base, "--seen", "only"], ["--seen", "--segment-seen"]),
                (2, [*base, "--exclude-pairs", "@log.csv"], ["--exclude-pairs", "votes"]),
                (2, [*base, "--model", "@items.h5", "--blend", "1,1"], ["--segment-taste votes"]),
                (2, [*BASE, "--model", "@als.h5", "--output", "@refused.h5"], ["HDF5"]),
                (2, ["recommend", "--data", "@data.h5", "--model", "@als.h5", "--segment-taste", "votes", "--output", "@refused.csv"], ["--segment-taste", "--for segments"]),
                (2, ["recommend", "--data", "@data.h5", "--model", "@als.h5", "--least-group", "3", "--output", "@refused.csv"], ["--least-group", "--segments"])):
            self.refused(code, *(job if job.count("--for") < 2 else [part for place, part in enumerate(job) if place not in (job.index("--for"), job.index("--for") + 1)]),
                         words=words)
            self.assertFalse((self.path / "refused.csv").exists())


if __name__ == "__main__":
    unittest.main()
