"""Whom lists are for: users of a condition, of segments; and what users get whom the model does not know. Against plain python."""
import csv
import json
import unittest

import h5py
import numpy as np

from audience_case import AudienceCase, UNKNOWN, USERS, user_name

BASE = ["recommend", "--data", "@data.h5", "--top", "6"]


class AudienceTest(AudienceCase):
    def test_users_of_a_condition_alone_have_lists(self):
        self.job(*BASE, "--model", "@als.h5", "--output", "@all.csv")
        everybody = self.lists("all.csv")
        cases = {"age = '35-44'": lambda age, kids: age == "35-44", "age = 35-44 and kids > 0": lambda age, kids: age == "35-44" and kids != "" and kids > 0,
                 "kids is missing": lambda age, kids: kids == "", "not kids > 1": lambda age, kids: kids == "" or kids <= 1}
        for place, (condition, holds) in enumerate(cases.items()):
            job = [*BASE, "--model", "@als.h5", "--where-users", condition, "--output", "@some.csv", "--log-json", "@log.jsonl"]
            done = self.everywhere("some.csv", *job) if place == 1 else self.job(*job, ranks=1 + 2 * (place % 2))
            wanted = {user for user, profile in self.profiles.items() if holds(*profile) and user in self.users}
            lists = self.lists("some.csv")
            self.assertEqual(lists, {user: rows for user, rows in everybody.items() if user in wanted}, condition)
            self.assertIn("9 users have no row in the table of users: --where-users leaves them out", "".join(done.our_lines))
            events = {event["event"]: event for event in map(json.loads, (self.path / "log.jsonl").read_text().splitlines())}
            self.assertEqual((events["users_condition"]["users"], events["users_condition"]["fulfilled"], events["users_condition"]["without_row"]),
                             (USERS, len(wanted), 9))

    def test_users_held_out_whole_have_their_rows(self):
        self.job("prepare", "--input", "@log.csv", "--columns", "user=user,item=item,value=value", "--users", "@users.csv", "--split", "users:0.3",
                 "--output", "@whole.h5")
        self.job("als", "--data", "@whole.h5", "--model", "@whole-als.h5", "--factors", "3", "--epochs", "2")
        self.alike("some.csv", "recommend", "--data", "@whole.h5", "--model", "@whole-als.h5", "--where-users", "age = 19-24", "--output", "@some.csv")
        self.assertEqual(set(self.lists("some.csv")), {user for user, (age, _) in self.profiles.items() if age == "19-24"})

    def test_users_of_segments_alone_have_lists_which_say_their_segment(self):
        for model in ("als.h5", "items.h5"):
            self.job(*BASE, "--model", f"@{model}", "--output", "@all.csv", "--segments", "@clusters.h5", "--columns", "segment,category")
            everybody = self.lists("all.csv")
            for user, rows in everybody.items():
                cluster = self.cluster.get(user)
                self.assertEqual({row["segment"] for row in rows}, {"" if cluster is None else str(cluster)})
                self.assertEqual([row["category"] for row in rows], [self.table[row["item"]][0] for row in rows])
            same = self.everywhere if model == "als.h5" else self.alike
            done = same("some.csv", *BASE, "--model", f"@{model}", "--segments", "@clusters.h5", "--segment", "2, 0", "--columns",
                                   "category,segment", "--output", "@some.csv")
            self.assertEqual(self.lists("some.csv"), {user: rows for user, rows in everybody.items() if self.cluster.get(user) in (0, 2)})
            header = (self.path / "some.csv").read_text().splitlines()[0]
            self.assertEqual(header, "user,rank,item,score,source,segment,category")
            self.assertIn("9 users of ", "".join(done.our_lines))
            self.assertIn("are not in ", "".join(done.our_lines))
        self.alike("some.h5", *BASE, "--model", "@als.h5", "--segments", "@clusters.h5", "--columns", "group=segment", "--output", "@some.h5")
        with h5py.File(self.path / "some.h5") as file:
            self.assertEqual(dict(zip(file["users/ids"].asstr()[:], file["users/segment"][:].tolist())),
                             {user: self.cluster.get(user, -1) for user in self.users})
            with h5py.File(self.path / "clusters.h5") as clusters:
                self.assertEqual((file.attrs["segments-file"], file.attrs["segments-digest"]), ("clusters.h5", f"{clusters.attrs['metadata-digest']:016x}"))
            self.assertIn("popular-segment", set(file["recommendations/source"].asstr()[:]))
        self.job("verify", "@some.h5")
        self.job(*BASE, "--model", "@als.h5", "--segments", "@clusters.h5", "--columns", "group=segment", "--output", "@some.jsonl", ranks=3)
        for line in (self.path / "some.jsonl").read_text().splitlines():
            told = json.loads(line)
            self.assertEqual(told["group"], self.cluster.get(told["user"]))

    def test_lists_conditions_and_segments_apply_at_once(self):
        wanted = [user_name(user) for user in range(0, USERS, 2)] + list(UNKNOWN) + ["nobody"]
        (self.path / "wanted.txt").write_text("".join(f"{user}\n" for user in wanted))
        args = [*BASE, "--model", "@als.h5", "--users", "@wanted.txt", "--segments", "@clusters.h5", "--segment", self.cluster["new1"], "--output", "@some.csv"]
        done = self.alike("some.csv", *args, "--where-users", "kids < 3")
        self.assertEqual(set(self.lists("some.csv")), {user for user in wanted if self.cluster.get(user) == self.cluster["new1"] and user in self.profiles
                                                       and self.profiles[user][1] != "" and self.profiles[user][1] < 3})
        self.assertIn("of --users have no list: --where-users or --segment leaves them out", done.err)
        self.alike("some.csv", *args, "--unknown-users", "popular")
        lists = self.lists("some.csv")
        self.assertEqual(set(lists), {user for user in wanted if self.cluster.get(user) == self.cluster["new1"]})
        self.assertIn("new1", lists)

    def test_unknown_users_whom_segments_leave_out_are_counted(self):
        (self.path / "new.txt").write_text("".join(f"{user}\n" for user in UNKNOWN) + "nobody\n")
        for suffix in ("csv", "h5"):
            done = self.job(*BASE, "--model", "@als.h5", "--users", "@new.txt", "--unknown-users", "popular", "--segments", "@clusters.h5", "--segment",
                            self.cluster["new1"], "--output", f"@new.{suffix}", "--log-json", "@log.jsonl", "--quiet", ranks=2)
            served = [user for user in UNKNOWN if self.cluster[user] == self.cluster["new1"]]
            self.assertIn(f"5 ids in --users are no user of the dataset: the popular items for {len(served)} of them, "
                          f"and no list for {5 - len(served)} that --segment leaves out", "".join(done.our_lines))
            events = {event["event"]: event for event in map(json.loads, (self.path / "log.jsonl").read_text().splitlines())}
            self.assertEqual((events["unknown_users"]["count"], events["unknown_users"]["served"]), (5, len(served)))
        self.assertEqual(sorted(self.lists("new.csv")), sorted(served))

    def test_whom_the_model_does_not_know_gets_what_is_popular_in_the_segment(self):
        (self.path / "who.txt").write_text("".join(f"{user}\n" for user in self.users) + "".join(f"{user}\n" for user in UNKNOWN) + "nobody\n")
        stock = {item for item, (_, price, _) in self.table.items() if price < 30}
        cases = [("als.h5", [], {}, 1), ("als.h5", ["--where", "price < 30", "--max-per", "category=1"], {"may": stock.__contains__, "quota": 1}, 10),
                 ("items.h5", ["--max-per", "category=2"], {"quota": 2}, 10)]
        for model, rules, expected, least in cases:
            same = self.everywhere if not rules else self.alike
            done = same("lists.csv", *BASE, "--model", f"@{model}", "--users", "@who.txt", "--unknown-users", "popular", "--segments", "@clusters.h5",
                                   "--least-group", least, *rules, "--output", "@lists.csv")
            sources = {}
            for user, rows in self.lists("lists.csv").items():
                sources.setdefault(rows[0]["source"], []).append(user)
                if rows[0]["source"] == "model":
                    continue
                source, best = self.popular_list(user, 6, least=least, **expected)
                self.assertEqual([(row["item"], np.float32(row["score"])) for row in rows], best, user)
                self.assertEqual({row["source"] for row in rows}, {source}, user)
            self.assertIn("popular-segment", sources)
            self.assertIn("nobody", sources["popular"])
            self.assertIn("new1", sources["popular-segment"])
            small = [segment for segment in range(4) if self.popular_in(segment, least) is None]
            self.assertEqual(len(small), 0 if least == 1 else 1)
            if small:
                self.assertIn("1 segment has fewer than 10 users with a training entry (--least-group)", "".join(done.our_lines))
            cold = [user for user in self.users if not self.row(self.training, user)]
            if model == "als.h5":
                self.assertEqual(sorted(sources["popular-segment"] + sources["popular"]), sorted([*cold, *UNKNOWN, "nobody"]))

    def test_boosts_reorder_what_is_popular_in_segments(self):
        self.alike("lists.csv", *BASE, "--model", "@als.h5", "--segments", "@clusters.h5", "--boost", "margin=0.3", "--output", "@lists.csv")
        for user, rows in self.lists("lists.csv").items():
            if rows[0]["source"] != "popular-segment":
                continue
            counts, members = self.popular_in(self.cluster[user])
            raised = {item: np.float32(np.float32(count / members) + np.float32(0.3 * self.table[item][2])) for item, count in counts.items()
                      if item not in self.row(self.bought, user)}
            best = sorted(raised, key=lambda item: (-raised[item], item))[:6]
            self.assertEqual([row["item"] for row in rows], best, user)

    def test_blends_serve_segments_too(self):
        self.alike("lists.csv", *BASE, "--model", "@als.h5", "--model", "@items.h5", "--blend", "0.5,0.5", "--segments", "@clusters.h5", "--segment", "0",
                        "--columns", "segment", "--output", "@lists.csv")
        lists = self.lists("lists.csv")
        self.assertEqual(set(lists), {user for user in self.users if self.cluster.get(user) == 0})
        for user, rows in lists.items():
            if rows[0]["source"] != "model":
                source, best = self.popular_list(user, 6)
                self.assertEqual((rows[0]["source"], [row["item"] for row in rows]), (source, [item for item, _ in best]))

    def test_the_model_may_be_of_another_dataset(self):
        """Items have other numbers then."""
        lines = (self.path / "log.csv").read_text().splitlines()
        (self.path / "part.csv").write_text("\n".join([lines[0]] + [line for line in lines[1:] if ",i0" not in line]) + "\n")
        self.job("prepare", "--input", "@part.csv", "--columns", "user=user,item=item,value=value", "--output", "@part.h5")
        for job, name in (("als", "part-als.h5"), ("itemcf", "part-items.h5")):
            self.job(job, "--data", "@part.h5", "--model", f"@{name}", *(["--factors", "3", "--epochs", "2"] if job == "als" else ["--neighbours", "5"]))
            (self.path / "who.txt").write_text("\n".join(UNKNOWN) + "\n")
            self.alike("lists.csv", *BASE, "--model", f"@{name}", "--segments", "@clusters.h5", "--users", "@who.txt", "--unknown-users", "popular",
                            "--output", "@lists.csv")
            lists = self.lists("lists.csv")
            for user in UNKNOWN:
                _, best = self.popular_list(user, 6, may=lambda item: not item.startswith("i0"))
                self.assertEqual([(row["item"], np.float32(row["score"])) for row in lists[user]], best)

    def test_no_list_breaks_a_rule(self):
        with open(self.path / "pairs.csv", "w") as file:
            pairs = {(user, item) for at, user in enumerate([*self.users, *UNKNOWN]) for place, item in enumerate(self.items) if (at + place) % 5 == 0}
            file.write("user,item\n" + "".join(f"{user},{item}\n" for user, item in sorted(pairs)))
        (self.path / "who.txt").write_text("".join(f"{user}\n" for user in [*self.users[::2], *UNKNOWN]))
        for model in (["--model", "@als.h5"], ["--model", "@items.h5"], ["--model", "@als.h5", "--model", "@items.h5", "--blend", "1,2"]):
            self.alike("lists.csv", *BASE, *model, "--users", "@who.txt", "--unknown-users", "popular", "--segments", "@clusters.h5", "--segment", "0,1,2",
                            "--exclude-pairs", "@pairs.csv", "--where", "price > 5", "--max-per", "category=2", "--boost", "margin=0.01", "--output", "@lists.csv")
            lists = self.lists("lists.csv")
            self.assertGreater(len(lists), 20)
            for user, rows in lists.items():
                self.assertIn(self.cluster[user], (0, 1, 2))
                items = [row["item"] for row in rows]
                groups = [self.table[item][0] for item in items]
                self.assertEqual(len(set(items)), len(items))
                self.assertLessEqual(max(map(groups.count, groups)), 2)
                for item in items:
                    self.assertNotIn((user, item), pairs)
                    self.assertGreater(self.table[item][1], 5)
                    if user in self.users:
                        self.assertNotIn(item, self.row(self.bought, user))

    def test_what_cannot_be_is_refused(self):
        self.job("prepare", "--input", "@log.csv", "--columns", "user=user,item=item,value=value", "--output", "@bare.h5")
        self.job("als", "--data", "@bare.h5", "--model", "@bare-als.h5", "--factors", "2", "--epochs", "1")
        self.job("kmeans", "--input", "@als.h5", "--rows", "items", "--clusters", "2", "--output", "@item-clusters.h5")
        (self.path / "others.csv").write_text("user,x\n" + "".join(f"z{user},{user % 5}\n" for user in range(30)))
        self.job("kmeans", "--input", "@others.csv", "--id-column", "user", "--clusters", "2", "--output", "@others.h5")
        (self.path / "rows.csv").write_text("x,y\n" + "".join(f"{user},{user % 5}\n" for user in range(30)))
        self.job("kmeans", "--input", "@rows.csv", "--clusters", "2", "--output", "@rows.h5")
        (self.path / "damaged.h5").write_bytes((self.path / "clusters.h5").read_bytes()[:-2000])
        segments = ["--segments", "@clusters.h5"]
        base = ["recommend", "--data", "@data.h5", "--model", "@als.h5", "--output", "@refused.csv"]
        for code, options, words in (
                (2, ["--where-users", "aeg = 19-24"], ["--where-users", "no column 'aeg'", "nearest is 'age'", "'kids'"]),
                (2, ["--where-users", "age ="], ["--where-users", "expected"]),
                (65, ["--where-users", "kids > 100"], ["--where-users", "no user"]),
                (2, ["--segment", "1"], ["--segment", "--segments FILE"]),
                (2, [*segments, "--segment", "one"], ["--segment 'one'", "3,5"]),
                (2, [*segments, "--segment", "1,"], ["--segment", "3,5"]),
                (2, [*segments, "--segment", "-1"], ["--segment", "3,5"]),
                (2, [*segments, "--segment", "4"], ["--segment 4", "4 segments", "0 to 3"]),
                (2, [*segments, "--least-group", "0"], ["least-group", "1"]),
                (2, ["--users", "@log.csv", "--unknown-users", "popular", "--where-users", "kids > 1"], ["--unknown-users popular", "--where-users"]),
                (65, ["--segments", "@item-clusters.h5"], ["item-clusters.h5", "of items"]),
                (65, ["--segments", "@others.h5"], ["others.h5", "none of its 30 ids"]),
                (65, ["--segments", "@rows.h5"], ["rows.h5", "no ids"]),
                (65, ["--segments", "@data.h5"], ["data.h5"]),
                (65, ["--segments", "@damaged.h5"], ["damaged.h5"]),
                (66, ["--segments", "@absent.h5"], ["absent.h5"]),
                (2, [*segments, "--output", "@clusters.h5"], ["--segments", "clusters.h5"])):
            arguments = base[:-2] if "--output" in options else base
            self.refused(code, *arguments, *options, words=words)
            self.assertFalse((self.path / "refused.csv").exists())
        self.refused(65, "recommend", "--data", "@bare.h5", "--model", "@bare-als.h5", "--output", "@refused.csv", "--where-users", "age = 1",
                     words=["bare.h5", "no table of users", "prepare --users"])
        with open(self.path / "items.csv") as file:
            rows = list(csv.reader(file))
        with open(self.path / "segment-items.csv", "w", newline="") as file:
            csv.writer(file).writerows([[*rows[0], "segment"]] + [[*row, "a"] for row in rows[1:]])
        self.job("prepare", "--input", "@log.csv", "--columns", "user=user,item=item,value=value", "--items", "@segment-items.csv", "--output", "@both.h5")
        both = ["recommend", "--data", "@both.h5", "--model", "@als.h5", "--columns", "segment", "--output", "@both.csv"]
        self.refused(2, *both, *segments, words=["segment", "table of items"])
        self.job(*both)
        self.assertEqual({row["segment"] for rows in self.lists("both.csv").values() for row in rows}, {"a"})
        (self.path / "one.txt").write_text(f"{self.users[1]}\n")
        done = self.job(*base, *segments, "--users", "@one.txt", "--segment", str((self.cluster[self.users[1]] + 1) % 4), "--quiet")
        self.assertTrue(any("nobody is served: --users, --segment leave nobody" in line for line in done.our_lines), done)


if __name__ == "__main__":
    unittest.main()
