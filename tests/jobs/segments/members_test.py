"""Who is in the segments of `rankwise segments`, and what they are called: ids as they are, different names, customers in no segment, files of other
customers."""
import csv
import json
import pathlib
import tempfile
import unittest

from program import ranks_of_refusal, run


class MembersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        cls.data = cls.dataset("plain", [(f"u{n:02d}", f"T{n % 2}") for n in range(60)])
        cls.clusters = cls.clustering("plain", [(f"u{n:02d}", 10 * (n >= 30)) for n in range(60)])

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def done(cls, *command, ranks=1):
        done = run(command, ranks=ranks)
        assert done.code == 0, done
        return done

    @classmethod
    def dataset(cls, name, users):
        table, log, data = cls.path / f"{name}-users.csv", cls.path / f"{name}-log.csv", cls.path / f"{name}.h5"
        table.write_text("user,tribe\n" + "".join(f"{user},{tribe}\n" for user, tribe in users))
        log.write_text("user,item,value,time\n" + "".join(
            f"{user},i{(place + n) % 6},5,2025-01-{1 + place % 28:02d}\n" for place, (user, _) in enumerate(users) for n in range(3)))
        cls.done("prepare", "--input", log, "--orders", "day", "--min-total", "none", "--split", "none", "--users", table, "--output", data)
        return data

    @classmethod
    def clustering(cls, name, points):
        table, clusters = cls.path / f"{name}-points.csv", cls.path / f"{name}-clusters.h5"
        table.write_text("id,x\n" + "".join(f"{id},{x + place / 1000}\n" for place, (id, x) in enumerate(points)))
        cls.done("kmeans", "--input", table, "--clusters", 2, "--output", clusters)
        return clusters

    def segments(self, *options, data=None, ranks=1):
        output = self.path / "segments.json"
        done = self.done("segments", "--data", data or self.data, "--output", output, *options, ranks=ranks)
        return json.loads(output.read_text()), done.err

    def refused(self, message, *options, data=None):
        output = self.path / "refused.json"
        done = run(["segments", "--data", data or self.data, "--output", output, *options], ranks=ranks_of_refusal(self, 65))
        self.assertEqual(done.code, 65, done)
        self.assertEqual(len(done.our_lines), 1, done)
        self.assertIn(message, done.our_lines[0])
        self.assertFalse(output.exists())

    def test_exported_ids_are_those_of_the_dataset(self):
        ids = [f"-{n}" if n % 2 else f"+49{n}" for n in range(40)]
        data, listed = self.dataset("signs", [(id, "=T" if n % 2 else "T") for n, id in enumerate(ids)]), self.path / "listed.csv"
        self.done("segments", "--data", data, "--segment-column", "tribe", "--export", listed, "--output", self.path / "segments.csv")
        with listed.open(encoding="utf-8") as file:
            lines = list(csv.DictReader(file))
        self.assertEqual({line["id"]: line["segment"] for line in lines}, {id: "=T" if n % 2 else "T" for n, id in enumerate(ids)})
        with (self.path / "segments.csv").open(encoding="utf-8") as file:
            self.assertEqual({line["segment"] for line in csv.DictReader(file) if line["part"] == "segments"}, {"=T", "T"})
        # So recommend finds them.
        model, users, lists = self.path / "signs-model.h5", self.path / "signs-users.csv", self.path / "lists.csv"
        self.done("als", "--data", data, "--model", model, "--factors", 3, "--epochs", 2)
        users.write_text(listed.read_text().replace("id,", "user,", 1))
        self.done("recommend", "--data", data, "--model", model, "--users", users, "--output", lists)
        with lists.open(encoding="utf-8") as file:
            self.assertEqual({line["user"] for line in csv.DictReader(file)}, set(ids))

    def test_segments_have_different_names(self):
        names = self.path / "names.csv"
        names.write_text("segment,name\nT0,T1\n")
        self.refused("the segments 'T0' and 'T1' have the same name 'T1'", "--segment-column", "tribe", "--names", names)
        names.write_text("segment,name\n0,segment 1\n")
        self.refused("have the same name 'segment 1'", "--segments", self.clusters, "--names", names)
        names.write_text("segment,name\n0,(small segments)\n")
        self.refused("line 2: the name '(small segments)' has a meaning of its own", "--segments", self.clusters, "--names", names)
        names.write_bytes(b"segment,name\n0,caf\xe9\n")
        self.refused("is not UTF-8", "--segments", self.clusters, "--names", names)
        data = self.dataset("all", [(f"u{n:02d}", "(all)" if n % 2 else "T") for n in range(60)])
        self.refused("the segment '(all)' has a name with a meaning of its own", "--segment-column", "tribe", data=data)
        names.write_text("segment,name\n(all),Everything\n")
        found, _ = self.segments("--segment-column", "tribe", "--names", names, data=data)
        self.assertEqual({segment["name"] for segment in found["segments"]}, {"Everything", "T"})

    def test_a_name_of_another_segment_is_not_taken_over(self):
        names, old_names = self.path / "new-names.csv", self.path / "old-names.csv"
        names.write_text("segment,name\n0,VIP\n")
        old_names.write_text("segment,name\n1,VIP\n")
        found, messages = self.segments("--segments", self.clusters, "--names", names, "--against", self.clusters, "--against-names", old_names, ranks=3)
        self.assertEqual([segment["name"] for segment in found["segments"]], ["VIP", "segment 1"])
        self.assertIn("segment 1 does not take over last quarter's name VIP: another segment has it", messages)

    def test_customers_in_no_segment_are_counted_apart(self):
        data = self.dataset("few", [(f"u{n:02d}", f"T{n % 2}" if n >= 4 else "") for n in range(60)])
        found, messages = self.segments("--segment-column", "tribe", data=data, ranks=3)
        self.assertEqual(found["segments_pooled"], 1)
        self.assertIsNone(found["customers_in_no_segment"])
        self.assertEqual([(segment["name"], segment["customers"]) for segment in found["segments"]], [("T1", 28), ("(small segments)", 32)])
        self.assertIn("warning: some customers are in no segment", messages)
        data = self.dataset("many", [(f"u{n:02d}", f"T{n % 2}" if n >= 20 else "") for n in range(60)])
        found, messages = self.segments("--segment-column", "tribe", data=data)
        self.assertEqual((found["segments_pooled"], found["customers_in_no_segment"]), (0, 20))
        self.assertIn("warning: 20 customers are in no segment", messages)
        found, messages = self.segments("--segment-column", "tribe")
        self.assertEqual(found["customers_in_no_segment"], 0)
        self.assertNotIn("in no segment", messages)

    def test_segments_of_other_customers_are_refused(self):
        others = self.clustering("others", [(f"x{n:02d}", 10 * (n >= 30)) for n in range(60)])
        self.refused("others-clusters.h5: has none of the customers of", "--segments", others)
        self.refused("others-clusters.h5: has none of the customers of", "--segments", self.clusters, "--against", others, "--against-data", self.data)

    def test_messages_name_what_is_known(self):
        self.refused("--money nope: there is no such column; expected a column of numbers: distinct_items, orders, money, recency_days",
                     "--segments", self.clusters, "--money", "nope")


if __name__ == "__main__":
    unittest.main()
