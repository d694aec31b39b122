"""Users who are served by what a newer log has of them: as if the dataset had it all."""
import csv
import json
import unittest

import h5py

from audience_case import AudienceCase, UNKNOWN

ROLES = "user=user,item=item,value=value"


class NewLogTest(AudienceCase):
    @classmethod
    def make(cls):
        super().make()
        rows = [line.split(",")[:3] for line in (cls.path / "log.csv").read_text().splitlines()[1:]]
        old = [user for user in cls.users if user in ("c001", "c002", "c004", "c033", "c072", "c075")]
        new = [[user, item, str(1 + (at * 3 + place) % 5)] for at, user in enumerate([*UNKNOWN, *old]) for place, item in enumerate(cls.items)
               if (at * 7 + place * 5) % 9 == 0]
        new += [["c004", rows[0][1], "2"], ["new1", "zzz", "3"], ["new2", "zzz", "1"], ["new9", "zzz", "4"], ["new1", cls.items[0], "5"]]
        cls.log_users = sorted({user for user, _, _ in new})
        with open(cls.path / "new.csv", "w", newline="") as file:
            csv.writer(file).writerows([["user", "item", "value"], *new])
        with open(cls.path / "both.csv", "w", newline="") as file:
            csv.writer(file).writerows([["user", "item", "value"], *rows, *new])
        cls.job("prepare", "--input", "@both.csv", "--columns", ROLES, "--items", "@items.csv", "--output", "@both.h5")
        cls.job("als", "--data", "@data.h5", "--model", "@stars.h5", "--objective", "explicit", "--biases", "--factors", "3", "--epochs", "3")

    def test_lists_are_those_of_a_dataset_that_has_the_log_too(self):
        """A model of another dataset folds everybody in from all that the dataset has: here of both logs."""
        self.job("recommend", "--data", "@data.h5", "--model", "@als.h5", "--output", "@before.csv", "--top", "6")
        before = self.lists("before.csv")
        rules = ["--max-per", "category=2", "--where", "price > 3", "--boost", "margin=0.02"]
        for place, (models, options) in enumerate(((["als.h5"], []), (["als.h5"], ["--explain", "2"]), (["items.h5"], ["--explain", "2"]), (["stars.h5"], ["--min-score", "2"]),
                                                   (["als.h5", "items.h5"], ["--blend", "2,1"]), (["items.h5"], ["--seen", "only"]), (["als.h5"], rules))):
            args = ["recommend", *[part for model in models for part in ("--model", f"@{model}")], "--top", "6", *options, "--output"]
            self.job(*args, "@whole.csv", "--data", "@both.h5")
            job = [*args, "@lists.csv", "--data", "@data.h5", "--log", "@new.csv"]
            done = self.everywhere("lists.csv", *job) if place in (0, 2) else self.job(*job, ranks=1 + place % 3)
            whole, lists = self.lists("whole.csv"), self.lists("lists.csv")
            self.assertEqual(set(lists) - set(self.users), {"new1", "new2", "new3", "new4", "new9"} if "--seen" not in options else {"new1", "new2", "new3", "new4"})
            for user in self.log_users:
                got, expected = lists.get(user, []), whole.get(user, [])
                if user != "new9":
                    self.assertEqual({row["source"] for row in got} - {"log", "popular"}, set(), (models, user))
                self.assertEqual([row["source"] for row in got], [row["source"].replace("model", "log") for row in expected])
                popular = {row["source"] for row in got} == {"popular"}
                strip = lambda rows: [{key: value for key, value in row.items() if key != "source"} for row in rows]
                if not popular:  # popularity in the other dataset is a matter of its own
                    self.assertEqual(strip(got), strip(expected), (models, user))
            self.assertIn("log", {rows[0]["source"] for rows in lists.values()})
            if not options and models == ["als.h5"]:
                self.assertEqual({rows[0]["source"] for user, rows in lists.items() if user in self.log_users}, {"log", "popular"})
                self.assertEqual({user: rows for user, rows in lists.items() if user not in self.log_users},
                                 {user: rows for user, rows in before.items() if user not in self.log_users})
                self.assertIn("1 item of --log is not in", "".join(done.our_lines))
                self.assertIn("3 interactions of it have no effect", "".join(done.our_lines))

    def test_users_of_the_log_alone_may_be_asked_for(self):
        self.alike("lists.h5", "recommend", "--data", "@data.h5", "--model", "@als.h5", "--log", "@new.csv", "--users", "@new.csv", "--log-json", "@log.jsonl",
                        "--output", "@lists.h5")
        with h5py.File(self.path / "lists.h5") as file:
            self.assertEqual(sorted(file["users/ids"].asstr()[:].tolist()), self.log_users)
            self.assertEqual(set(file["recommendations/source"].asstr()[:]), {"log", "popular"})
        events = {event["event"]: event for event in map(json.loads, (self.path / "log.jsonl").read_text().splitlines())}
        self.assertEqual((events["new_log"]["users"], events["new_log"]["new_users"], events["new_log"]["unknown_items"], events["new_log"]["unknown_interactions"]),
                         (len(self.log_users), 5, 1, 3))
        self.assertEqual(events["recommended"]["log_users"], len(self.log_users) - 1)
        self.job("verify", "@lists.h5")

    def test_segments_conditions_and_files_know_users_of_the_log(self):
        args = ["recommend", "--data", "@data.h5", "--model", "@als.h5", "--log", "@new.csv", "--segments", "@clusters.h5", "--columns", "segment"]
        self.alike("lists.csv", *args, "--output", "@lists.csv")
        lists = self.lists("lists.csv")
        for user, rows in lists.items():
            cluster = self.cluster.get(user)
            self.assertEqual({row["segment"] for row in rows}, {"" if cluster is None else str(cluster)})
        self.job(*args, "--segment", self.cluster["new1"], "--output", "@some.csv", ranks=3)
        self.assertEqual(self.lists("some.csv"), {user: rows for user, rows in lists.items() if self.cluster.get(user) == self.cluster["new1"]})
        self.job(*args, "--where-users", "kids >= 0 or kids is missing", "--output", "@some.csv", ranks=2)
        self.assertEqual(self.lists("some.csv"), {user: rows for user, rows in lists.items() if user in self.profiles})
        for options, is_served, ranks in ((["--segment", self.cluster["new1"]], lambda user: self.cluster.get(user) == self.cluster["new1"], 3),
                                          (["--where-users", "kids >= 0 or kids is missing"], self.profiles.__contains__, 2)):
            done = self.job(*args, *options, "--output", "@some.csv", "--log-json", "@log.jsonl", "--quiet", ranks=ranks)
            left_out = sum(not is_served(user) for user in self.log_users)
            self.assertIn(f"{left_out} users of --log have no list: {options[0]} leaves them out", "".join(done.our_lines))
            events = {event["event"]: event for event in map(json.loads, (self.path / "log.jsonl").read_text().splitlines())}
            self.assertEqual(events["recommended"]["log_users_left_out"], left_out)
        self.assertIn("5 users of --log are not in the table of users: --where-users leaves them out", "".join(done.our_lines))
        self.assertEqual(events["users_condition"]["log_users_without_row"], 5)
        self.job(*args, "--shards", "--output", "@some.csv", ranks=3)
        rows = [line for shard in range(3) for line in (self.path / f"some-{shard:05}-of-00003.csv").read_text().splitlines()[1:]]
        self.assertEqual(rows, (self.path / "lists.csv").read_text().splitlines()[1:])

    def test_known_users_without_a_known_item_are_served_as_before(self):
        (self.path / "odd.csv").write_text(f"user,item,value\nc001,zzz,1\nc002,{self.items[0]},1\nc004,zzz,2\n")
        args = ["recommend", "--data", "@data.h5", "--model", "@als.h5", "--output"]
        self.job(*args, "@before.csv")
        done = self.alike("lists.csv", *args, "@lists.csv", "--log", "@odd.csv", "--log-json", "@log.jsonl")
        before, lists = self.lists("before.csv"), self.lists("lists.csv")
        self.assertEqual({user: rows for user, rows in lists.items() if user != "c002"}, {user: rows for user, rows in before.items() if user != "c002"})
        self.assertEqual({row["source"] for row in lists["c002"]}, {"log"})
        self.assertIn("2 users of ", "".join(done.our_lines))
        self.assertIn("have no others and are served without the log", "".join(done.our_lines))
        events = {event["event"]: event for event in map(json.loads, (self.path / "log.jsonl").read_text().splitlines())}
        self.assertEqual((events["new_log"]["users"], events["new_log"]["users_without_known_items"]), (1, 2))

    def test_values_that_prepare_changed_are_warned_of(self):
        (self.path / "few.csv").write_text(f"user,item,value\nc002,{self.items[0]},1\n")
        self.job("prepare", "--input", "@log.csv", "--columns", ROLES, "--transform", "log1p", "--output", "@changed.h5")
        self.job("itemcf", "--data", "@changed.h5", "--model", "@changed-items.h5", "--neighbours", "5")
        for data, model, changed in (("data", "items", False), ("changed", "changed-items", True)):
            done = self.job("recommend", "--data", f"@{data}.h5", "--model", f"@{model}.h5", "--log", "@few.csv", "--output", "@lists.csv", "--log-json", "@log.jsonl", "--quiet")
            events = {event["event"]: event for event in map(json.loads, (self.path / "log.jsonl").read_text().splitlines())}
            self.assertEqual("made with --transform, which --log is not: its values are taken as they are" in "".join(done.our_lines), changed)
            self.assertEqual(events.get("raw_log_values", {}).get("options"), "--transform" if changed else None)

    def test_ratings_that_are_missing_are_warned_of(self):
        (self.path / "counts.csv").write_text(f"user,item\nnew1,{self.items[0]}\n")
        options = ["--data", "@data.h5", "--log", "@counts.csv", "--output", "@lists.csv", "--quiet"]
        blend = ["--model", "@als.h5", "--model", "@stars.h5", "--blend", "1,1"]
        for models, warned in ((["--model", "@stars.h5"], True), (blend, True), (["--model", "@als.h5"], False)):
            done = self.job("recommend", *models, *options)
            self.assertEqual("stars.h5 predicts ratings, and --log has no values" in "".join(done.our_lines), warned)
        (self.path / "large.csv").write_text(f"user,item,value\nnew1,{self.items[0]},3e38\nnew1,{self.items[0]},2e38\n")
        self.job("prepare", "--input", "@log.csv", "--columns", ROLES, "--duplicates", "sum", "--output", "@sums.h5")
        self.job("itemcf", "--data", "@sums.h5", "--model", "@sums-items.h5", "--neighbours", "5")
        self.refused(65, "recommend", "--data", "@sums.h5", "--model", "@sums-items.h5", "--log", "@large.csv", "--output", "@no.csv", words=["large.csv: values of user 'new1'", "beyond the range"])

    def test_pairs_may_name_users_of_the_log(self):
        (self.path / "pairs.csv").write_text(f"user,item\nnew1,{self.items[1]}\nnobody,{self.items[1]}\n")
        done = self.job("recommend", "--data", "@data.h5", "--model", "@als.h5", "--log", "@new.csv", "--exclude-pairs", "@pairs.csv", "--output", "@lists.csv", ranks=2)
        self.assertIn("1 user of --exclude-pairs is not in the dataset, for example 'nobody'", done.err)
        self.assertNotIn(self.items[1], [row["item"] for row in self.lists("lists.csv")["new1"]])

    def test_pairs_follow_the_datasets_rule(self):
        """Sums, the larger, the mean, the later; and totals below the least are no interactions."""
        (self.path / "small.csv").write_text("user,item,value\n" + "".join(f"u{user},i{item},{1 + (user + item) % 4}\n" for user in range(12) for item in range(8) if (user * 3 + item) % 4))
        (self.path / "more.csv").write_text("user,item,value\nu1,i2,-4\nu1,i2,-4\nu1,i1,4\nu2,i3,2\nu2,i0,9\nv,i1,3\nv,i2,1\nv,i2,2\n")
        for policy in ("sum", "max", "last", "mean"):
            options = ["--columns", ROLES, "--duplicates", policy] + ["--min-total", "1" if policy == "sum" else "none"]
            self.job("prepare", "--input", "@small.csv", *options, "--output", "@small.h5")
            both = "@small.csv", "--input", "@more.csv"
            self.job("prepare", "--input", *both, *options, "--output", "@small-both.h5")
            self.job("itemcf", "--data", "@small.h5", "--model", "@small-items.h5", "--entry-weights", "value" if policy == "sum" else "one", "--neighbours", "5")
            args = ["recommend", "--model", "@small-items.h5", "--output"]
            self.job(*args, "@whole.csv", "--data", "@small-both.h5")
            done = self.job(*args, "@lists.csv", "--data", "@small.h5", "--log", "@more.csv", "--log-columns", "user=1,item=2,value=3", ranks=2)
            warned = any("--log has 1 interaction with a value below 0" in line for line in done.our_lines)
            self.assertEqual(warned, policy != "sum")
            whole, lists = self.lists("whole.csv"), self.lists("lists.csv")
            for user in ("u1", "u2", "v"):
                pairs = [[(row["item"], row["score"]) for row in rows.get(user, [])] for rows in (whole, lists)]
                self.assertEqual(*pairs, (policy, user))

    def test_what_cannot_be_is_refused(self):
        (self.path / "bad.csv").write_text("user,item,value\nc001,i01,2\nc002,i02,much\n")
        (self.path / "short.csv").write_text("user,item,value\nc001,i01,2\nc002\n")
        (self.path / "others.csv").write_text("user,item\nc001,a\nc002,b\n")
        (self.path / "odd.csv").write_text("who,what\nc001,i01\n")
        (self.path / "empty.csv").write_text("")
        (self.path / "key").write_text("0123456789abcdef0123456789abcdef\n")
        (self.path / "key").chmod(0o600)
        self.job("prepare", "--input", "@log.csv", "--columns", ROLES, "--pseudonyms", "@key", "--output", "@secret.h5")
        self.job("als", "--data", "@secret.h5", "--model", "@secret-als.h5", "--factors", "2", "--epochs", "1")
        base = ["recommend", "--data", "@data.h5", "--model", "@als.h5", "--output", "@refused.csv"]
        for code, options, words in (
                (65, ["--log", "@bad.csv"], ["bad.csv:3", "'much'"]),
                (65, ["--log", "@short.csv"], ["short.csv:3"]),
                (65, ["--log", "@others.csv"], ["others.csv", "none of its 2 items"]),
                (65, ["--log", "@empty.csv"], ["empty.csv"]),
                (2, ["--log", "@odd.csv"], ["which column is the user"]),
                (2, ["--log", "@odd.csv", "--log-columns", "user=whom,item=what"], ["no column 'whom'"]),
                (2, ["--log", "@new.csv", "--log-columns", "user=user,item=item,split=value"], ["--log-columns", "split"]),
                (2, ["--log-columns", "user=user,item=item"], ["--log-columns", "--log"]),
                (66, ["--log", "@absent.csv"], ["absent.csv"]),
                (2, ["--log", "@new.csv", "--probability", "@new.csv"], ["--probability", "--log"])):
            self.refused(code, *base, *options, words=words)
            self.assertFalse((self.path / "refused.csv").exists())
        self.refused(65, "recommend", "--data", "@secret.h5", "--model", "@secret-als.h5", "--log", "@new.csv", "--output", "@refused.csv", words=["pseudonyms"])
        self.refused(2, *base[:-1], "@new.csv", "--log", "@new.csv", words=["new.csv"])


if __name__ == "__main__":
    unittest.main()
