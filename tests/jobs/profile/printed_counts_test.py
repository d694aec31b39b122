"""No number of fewer than ten customers is printed by `rankwise profile`, nor what would give one back."""
import json
import unittest

from profile_case import DAY, ProfileCase, write_log
from program import run


class PrintedCountsTest(ProfileCase):
    def test_few_customers_are_not_counted(self):
        rows = [(f"u{user:02d}", "tea", user + 1, 1_700_000_000 + user * DAY, f"o{user}") for user in range(20)]
        write_log(self.folder / "log.csv", rows)
        self.prepare()
        _, done = self.profile("--lifetime", "--report", "report.json")
        self.assertIn("few", done.out)
        self.assertIn("too few repeats", done.err)
        report = json.loads((self.folder / "report.json").read_text())
        self.assertEqual({each["customers"] for each in report["rfm"]["recency"]["classes"]}, {None})
        self.assertEqual(report["lifetime"]["bg_nbd"]["state"], "too few repeats")

    def written(self, rows, *args):
        """Standard output and error, the report and the events of a run, and its table."""
        write_log(self.folder / "log.csv", rows)
        self.prepare()
        found, done = self.profile("--report", "report.json", "--log-json", "events.json", *args)
        events = [json.loads(line) for line in (self.folder / "events.json").read_text().splitlines()]
        return found, done, json.loads((self.folder / "report.json").read_text()), {event["event"]: event for event in events}

    def test_warnings_of_classes_give_no_hidden_number(self):
        rows = []
        for user in range(20):  # 12 with one order, 8 with three
            for order in range(1 if user < 12 else 3):
                rows.append((f"u{user:02d}", "tea", 10 + user, 1_700_000_000 + (30 * order + user) * DAY, f"o{user}-{order}"))
        _, done, report, _ = self.written(rows)
        self.assertEqual({each["customers"] for each in report["rfm"]["frequency"]["classes"]}, {None})
        warning = "frequency: class 2 has more than 40% of customers, because many have equal values"
        self.assertIn(warning, report["rfm"]["warnings"])
        self.assertIn(f"warning: {warning}\n", done.err)
        self.assertNotIn("nobody is in class", done.err + json.dumps(report))

    def test_hidden_sizes_are_not_what_the_others_leave(self):
        rows = [(f"u{user}", f"i{user % 5}", 10 + user, 1_700_000_000 + 20 * DAY, f"o{user}") for user in range(98)]
        rows += [("a", "i1", 5, 1_700_000_000 + 50 * DAY, "oa"), ("b", "i1", 5, 1_700_000_000 + 21 * DAY, "ob"), ("b", "i1", 5, 1_700_000_000, "ob2")]
        found, done, report, _ = self.written(rows)
        sizes = found.segment.value_counts()
        self.assertEqual(sorted(sizes), [1, 1, 98])
        self.assertEqual(set(report["rfm"]["segments"].values()), {None}, "98 would say that two others have one customer each")
        for score in ("recency", "frequency"):  # segments are made of these classes
            self.assertEqual({each["customers"] for each in report["rfm"][score]["classes"]}, {None})
        self.assertEqual({each["customers"] for each in report["rfm"]["money"]["classes"]}, {20})
        self.assertEqual(report["customers"], 100)

    def test_classes_do_not_give_segments_back(self):
        rows = []
        once = [15, 12, 0, 0, 3]  # of each recency class of 20 customers, so many have one order
        for place in range(5):
            for user in range(20):
                name = f"u{place}-{user:02d}"
                rows.append((name, "tea", 10 + 20 * place + user, 1_700_000_000 + (30 * place + user + 60) * DAY, f"o{name}"))
                if user >= once[4 - place]:
                    rows.append((name, "cup", 10, 1_700_000_000, f"p{name}"))
        found, _, report, _ = self.written(rows)
        self.assertEqual(dict(found.r_score.value_counts()), {place: 20 for place in range(1, 6)})
        self.assertTrue((found.segment.value_counts() < 10).any())
        self.assertEqual({each["customers"] for each in report["rfm"]["recency"]["classes"]}, {None})
        self.assertIsNone(report["rfm"]["recency_frequency"]["cells"])
        self.assertIn("fewer than 10 customers", report["rfm"]["recency_frequency"]["left_out"])
        printed = {name: size for name, size in report["rfm"]["segments"].items() if size is not None}
        for name, size in printed.items():
            self.assertEqual(size, (found.segment == name).sum())
        self.assertGreaterEqual(len(found) - sum(printed.values()), 20, "the hidden ones have ten customers more than the small one at least")

    def test_all_sizes_are_printed_if_each_combination_has_customers_enough(self):
        rows = []
        for user in range(1250):  # 50 of each recency and frequency
            recency, orders, name = user % 5, user // 5 % 5 + 1, f"u{user:04d}"
            for order in range(orders):
                rows.append((name, "tea", 1 + user % 7, 1_700_000_000 + (100 + 10 * recency - 8 * order) * DAY, f"o{name}-{order}"))
        found, _, report, events = self.written(rows)
        for score, column in (("recency", "r_score"), ("frequency", "f_score"), ("money", "m_score")):
            counts = [each["customers"] for each in report["rfm"][score]["classes"]]
            self.assertEqual(counts, [(found[column] == place).sum() for place in range(1, 6)])
        self.assertEqual({name: size for name, size in report["rfm"]["segments"].items() if size}, dict(found.segment.value_counts()))
        cells = report["rfm"]["recency_frequency"]["cells"]
        self.assertEqual([(cell["recency"], cell["frequency"]) for cell in cells], [(r, f) for r in range(1, 6) for f in range(1, 6)])
        self.assertEqual([cell["customers"] for cell in cells], [((found.r_score == r) & (found.f_score == f)).sum() for r in range(1, 6) for f in range(1, 6)])
        self.assertEqual((events["profiled"]["customers"], events["profiled"]["only_returns"]), (1250, 0))

    def test_small_counts_of_users_and_models_are_not_printed(self):
        rows = []
        for user in range(40):  # 15 buy again, three of them for nothing; three users only return
            rows.append((f"u{user:02d}", "tea", 20 + user, 1_700_000_000, f"o{user}"))
            if user < 15:
                rows.append((f"u{user:02d}", "cup", 10 if user > 2 else 0, 1_700_000_000 + (20 + user) * DAY, f"p{user}"))
        rows += [(f"r{user}", "tea", -5, 1_700_000_000, f"r{user}") for user in range(3)]
        _, done, report, events = self.written(rows, "--lifetime")
        self.assertIn("fewer than 10 of 43 users without a purchase until then", done.err)
        self.assertIn("fewer than 10 customers with repeat purchases of value 0 or less", done.err)
        self.assertEqual((report["users"], report["customers"], report["only_returns"]), (43, None, None))
        purchases, values = report["lifetime"]["bg_nbd"], report["lifetime"]["gamma_gamma"]
        self.assertIsNone(values["without_value"])
        self.assertIn(None, (purchases["repeaters"], values["customers"]))
        self.assertIsNone(purchases["customers"])
        self.assertEqual((events["profiled"]["customers"], events["profiled"]["only_returns"]), (None, None))
        self.assertIsNone(events["bg_nbd"]["customers"])
        for number in ("3 of 43", "40 customer", "15 customer", "12 customer"):
            self.assertNotIn(number, done.err + done.out)

    def test_later_customers_are_not_what_an_earlier_count_leaves(self):
        rows = [(f"u{user:02d}", "tea", 5 + order, 1_700_000_000 + (40 * order + user % 30) * DAY, f"o{user}-{order}")
                for user in range(60) for order in range(1 + user % 3)]
        rows += [(f"v{user}", "tea", 5, 1_700_000_000 + 150 * DAY, f"v{user}") for user in range(3)]
        _, done, report, events = self.written(rows, "--lifetime", "--calibrate-at", "2024-03-20")
        lifetime = report["lifetime"]
        self.assertIn(None, (lifetime["bg_nbd"]["customers"], lifetime["until_calibrate_at"]["bg_nbd"]["customers"]))
        self.assertEqual({group["customers"] for group in lifetime["calibration"]["groups"]}, {None})
        self.assertIsNone(lifetime["calibration"]["customers"])
        self.assertIsNone(events["lifetime_calibrated"]["customers"])
        self.assertEqual(report["customers"], lifetime["bg_nbd"]["customers"])


if __name__ == "__main__":
    unittest.main()
