"""Campaigns in a chain: assigned this quarter, measured by the next one if their time is over, and their uplifts used by the plan after that."""
import hashlib
import json
import os
import pathlib
import tempfile
import unittest

from program import run

AS_ROOT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}

CHAIN = """[variables]
quarter = q1
campaign = autumn.ini

[quarterly]
directory = ${quarter}
scheduler = local
cores = 2

[prepare]
input = before.csv
columns = user=user_id,item=item_id,value=quantity*price,time=timestamp
orders = day
min-total = none
split = none

[profile]
lifetime = yes
horizon = 60d

[kmeans users]
input = profile
columns = money,orders,recency_days
scale = log-standard
clusters = 3

[segments]

[measure]
margin = 0.3

[campaign letters]
campaign = ${campaign}
key = campaign.key
created = 2023-10-20
"""
NEXT = CHAIN.replace("quarter = q1", "quarter = q2").replace("[quarterly]\n", "[quarterly]\nprevious = q1\n").replace("= before.csv", "= before.csv\ninput = after.csv")

CAMPAIGN = """[campaign]
name = {name}
goal = revenue
start = {start}
horizon = 60d
budget = 300
hold-out = 20%
global-hold-out = 2%
strata = segment

[offer letter]
cost = 0.9
margin = 12
probability = p_alive
channel = mail
"""


class CampaignsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.done("synthesize", "--users", "1500", "--items", "100", "--interactions", "15000", "--days", "365", "--output", "before.csv",
                 "--next-output", "after.csv", "--cut", "2023-10-28")
        (cls.folder / "autumn.ini").write_text(CAMPAIGN.format(name="autumn", start="2023-10-28"))
        (cls.folder / "winter.ini").write_text(CAMPAIGN.format(name="winter", start="2024-01-15"))
        (cls.folder / "campaign.key").write_text("0123456789abcdef0123456789abcdef\n")
        os.chmod(cls.folder / "campaign.key", 0o600)
        cls.submit(CHAIN)

    @classmethod
    def done(cls, *words):
        finished = run(words, cwd=cls.folder, env=AS_ROOT)
        assert finished.code == 0, finished
        return finished

    @classmethod
    def submit(cls, text, *words):
        (cls.folder / "chain.ini").write_text(text)
        return cls.done("quarterly", "chain.ini", "--submit", *words)

    def json(self, name):
        return json.loads((self.folder / name).read_text())

    def digest(self, name):
        return hashlib.sha256((self.folder / name).read_bytes()).hexdigest()

    def test_the_assignment_has_the_bits_of_the_job_by_hand(self):
        self.done("campaign", "assign", "--campaign", "autumn.ini", "--data", "q1/dataset.h5", "--profile", "q1/profile.h5", "--segments", "q1/segments-users.h5",
                  "--key", "campaign.key", "--created", "2023-10-20", "--assignment", "hand.h5")
        self.assertEqual(self.digest("hand.h5"), self.digest("q1/campaign-letters.h5"))
        self.assertIn("assignment = campaign-letters.h5\n", (self.folder / "q1/products.ini").read_text())
        page = self.json("q1/quarter.json")["campaigns"]
        self.assertEqual(page["measured"], [])  # nothing of a quarter before
        [planned] = page["planned"]
        told = self.json("q1/campaign-letters.json")
        self.assertEqual((planned["campaign"], planned["customers"], planned["value"]), ("autumn", told["customers"], told["value"]))

    def test_a_campaign_whose_time_is_over_is_measured_and_feeds_the_next_plan(self):
        self.submit(NEXT, "--set", "variables.campaign=winter.ini")
        measured = self.json("q2/measure-letters.json")["campaigns"][0]
        self.done("campaign", "measure", "--assignment", "q1/campaign-letters.h5", "--outcomes", "q2/dataset.h5", "--margin", "0.3", "--output", "hand.json", "--uplift", "hand.csv")
        self.assertEqual(self.json("hand.json")["campaigns"][0], measured)
        self.assertEqual(self.digest("hand.csv"), self.digest("q2/measure-letters.csv"))
        told = self.json("q2/campaign-letters.json")["uplift"]
        self.assertGreater(told["rows"], 0)
        self.assertFalse(told["by_number"])
        # The clusters of both quarters have other numbers: each uplift goes to the segment that matches.
        now_of = {match["before"]: match["segment"] for match in self.json("q2/segments.json")["changes"]["matches"]}
        head, *lines = (self.folder / "q2/measure-letters.csv").read_text().splitlines()
        moved = [",".join([now_of["segment " + line.split(",")[0]].removeprefix("segment "), *line.split(",")[1:]]) for line in lines]
        (self.folder / "moved.csv").write_text("\n".join([head, *moved]) + "\n")
        by_hand = self.done("campaign", "assign", "--campaign", "winter.ini", "--data", "q2/dataset.h5", "--profile", "q2/profile.h5", "--segments",
                            "q2/segments-users.h5", "--key", "campaign.key", "--created", "2023-10-20", "--uplift", "moved.csv", "--assignment", "hand2.h5",
                            "--output", "hand2.json")
        self.assertIn("goes to segments by their numbers", str(by_hand))
        self.assertEqual({**self.json("hand2.json")["uplift"], "by_number": False}, told)
        self.assertEqual(self.json("hand2.json")["value"], self.json("q2/campaign-letters.json")["value"])
        self.assertEqual(self.json("hand2.json")["offers"], self.json("q2/campaign-letters.json")["offers"])
        page = self.json("q2/quarter.json")
        self.assertEqual((page["campaigns"]["measured"][0]["campaign"], page["campaigns"]["measured"][0]["sentences"]), ("autumn", measured["sentences"]))
        self.assertEqual(page["campaigns"]["planned"][0]["campaign"], "winter")
        self.assertIn({"step": "measure-letters", "file": "measure-letters.html"}, page["pages"])

    def test_a_campaign_whose_time_is_not_over_is_measured_later(self):
        text = NEXT.replace("input = after.csv\n", "").replace("quarter = q2", "quarter = early")
        self.submit(text)
        told = self.json("early/measure-letters.json")
        self.assertEqual((told["campaigns"], told["pending"]["campaign"]), ([], "autumn"))
        [measured] = self.json("early/quarter.json")["campaigns"]["measured"]
        self.assertEqual(measured["verdict"], "pending")
        self.assertIn("Not measured yet: the campaign ends at 2023-12-27", measured["sentences"][0])
        self.assertTrue([warning for warning in self.json("early/quarter.json")["warnings"] if "the campaign's time is not over" in warning["text"]])
        self.assertEqual((self.folder / "early/measure-letters.csv").read_text().count("\n"), 1)

    def test_a_pending_campaign_is_handed_on_and_measured_beside_a_second_of_its_name(self):
        # Pending in q1b, whose own campaign of the same name is measured with it in q2b.
        text = NEXT.replace("input = after.csv\n", "").replace("quarter = q2", "quarter = q1b")
        self.submit(text)
        third = NEXT.replace("quarter = q2", "quarter = q2b").replace("previous = q1\n", "previous = q1b\n")
        done = self.submit(third, "--set", "variables.campaign=winter.ini")
        self.assertIn("several campaigns letters are measured", str(done))
        steps = {path.name for path in (self.folder / "q2b/steps").iterdir()}
        self.assertLessEqual({"measure-letters.json", "measure-letters-2.json"}, steps)
        for name in ("measure-letters", "measure-letters-2"):
            self.assertEqual(len(self.json(f"q2b/{name}.json")["campaigns"]), 1)
        kept = (self.folder / "q2b/quarterly.ini").read_text()
        self.assertIn("assignment = " + str((self.folder / "q1/campaign-letters.h5").resolve()), kept)

    def test_assignments_of_the_file_do_not_replace_those_of_last_quarter(self):
        (self.folder / "more.h5").write_bytes((self.folder / "q1/campaign-letters.h5").read_bytes())
        (self.folder / "bad.ini").write_text(NEXT + "[previous]\nassignment = more.h5\n")
        plan = self.done("quarterly", "bad.ini").out
        self.assertIn("measure-more:", plan)
        self.assertIn("measure-letters:", plan)

    def test_an_assignment_that_was_made_stays_as_it_is(self):
        text = CHAIN.replace("quarter = q1", "quarter = once")
        self.submit(text)
        before = self.digest("once/campaign-letters.h5")
        changed = text.replace("created = 2023-10-20", "created = 2023-10-21")
        done = self.submit(changed)
        self.assertEqual(self.digest("once/campaign-letters.h5"), before)
        warning = "campaign-letters: was made before and is not made again: option "
        self.assertIn(warning, str(done))
        self.assertTrue([one for one in self.json("once/quarter.json")["warnings"] if one["text"].startswith("was made before")])
        (self.folder / "once/campaign-letters.h5").unlink()
        self.submit(changed)
        self.assertNotEqual(self.digest("once/campaign-letters.h5"), before)

    def test_a_campaign_that_cannot_be_measured_ends_no_chain(self):
        damaged = bytearray((self.folder / "q1/campaign-letters.h5").read_bytes())
        damaged[:8] = b"damaged!"
        (self.folder / "broken.h5").write_bytes(damaged)
        text = CHAIN.replace("quarter = q1", "quarter = q4").replace("= before.csv", "= before.csv\ninput = after.csv")
        done = self.submit(text + "[previous]\nassignment = broken.h5\n", "--set", "variables.campaign=winter.ini")
        [measured] = self.json("q4/quarter.json")["campaigns"]["measured"]
        self.assertEqual((measured["campaign"], measured["verdict"]), ("broken", "unmeasured"))
        self.assertIn("Cannot be measured: ", measured["sentences"][0])
        self.assertTrue([one for one in self.json("q4/quarter.json")["warnings"] if "cannot be measured" in one["text"]])
        self.assertEqual((self.folder / "q4/measure-broken.csv").read_text().count("\n"), 1)

    def test_faults_are_one_line(self):
        for old, new, message in (("[measure]\n", "[measure]\nassignment = x.h5\n", "[measure] assignment: expected none: last quarter's campaigns are measured"),
                                  ("key = campaign.key\n", "", "[campaign letters] campaign assign needs option --key"),
                                  ("[campaign letters]", "[campaign Let ters]", "[campaign Let ters]: expected a name of at most 40 small letters"),
                                  ("margin = 0.3", "margins = 0.3", "unknown option margins; the nearest known one is margin")):
            with self.subTest(message):
                (self.folder / "bad.ini").write_text(NEXT.replace(old, new))
                done = run(["quarterly", "bad.ini"], cwd=self.folder, env=AS_ROOT)
                self.assertEqual((done.code, len(done.our_lines)), (2, 1), done)
                self.assertIn(message, done.our_lines[0])


if __name__ == "__main__":
    unittest.main()
