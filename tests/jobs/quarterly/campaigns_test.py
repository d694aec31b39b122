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
        self.assertGreater(self.json("q2/campaign-letters.json")["uplift"]["rows"], 0)
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
