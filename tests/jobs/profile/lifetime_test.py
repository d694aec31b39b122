"""Lifetime value has the published numbers of CDNOW, and forecasts come true."""
import csv
import gzip
import json
import unittest
import xml.etree.ElementTree

import numpy as np

from profile_case import ProfileCase
from program import data_file


class CdnowTest(ProfileCase):
    def prepare_cdnow(self, change=lambda rows: rows):
        with gzip.open(data_file("cdnow_sample.txt.gz"), "rt") as file:
            rows = [line.split() for line in file]
        with open(self.folder / "log.csv", "w") as log:
            print("user,item,amount,time", file=log)
            for _, user, date, _, dollars in change(rows):
                print(f"{user},cd,{dollars},{date[:4]}-{date[4:6]}-{date[6:]}", file=log)
        self.prepare("--orders", "day", columns="user=user,item=item,value=amount,time=time")

    def test_published_numbers(self):
        self.prepare_cdnow()
        found, done = self.profile("--at", "1997-09-30", "--lifetime", "--horizon", "273d", "--discount", "0/year", "--report", "report.json")
        self.assertEqual(done.err.count("BG/NBD"), 0, done)
        lifetime = json.loads((self.folder / "report.json").read_text())["lifetime"]
        purchases, values = lifetime["bg_nbd"], lifetime["gamma_gamma"]
        self.assertEqual((purchases["customers"], purchases["repeaters"], values["customers"]), (2357, 946, 946))
        self.assertEqual((purchases["state"], values["state"]), ("converged", "converged"))
        # Published with times rounded to hundredths of weeks: -9582.4256 and -4055.9232.
        self.assertAlmostEqual(purchases["log_likelihood"], -9582.429207, delta=1e-4)
        for name, published in (("r", 0.2426), ("alpha", 4.4135), ("a", 0.7929), ("b", 2.4258)):
            self.assertAlmostEqual(purchases["parameters"][name]["value"], published, delta=1e-3)
        self.assertAlmostEqual(values["mean_value"], 35.171, delta=2e-3)
        self.assertAlmostEqual(values["correlation"], 0.1139, delta=1e-4)
        self.assertAlmostEqual(found.expected_purchases["0001"], 1.2260, delta=1e-3)  # x = 2, t_x = 30.43, T = 38.86
        self.assertAlmostEqual(found.p_alive["0001"], 0.7266, delta=1e-3)
        np.testing.assert_allclose(found.lifetime_value, found.expected_purchases * found.expected_value, rtol=1e-9)
        with gzip.open(data_file("cdnow_summary.csv.gz"), "rt") as file:
            for row in csv.DictReader(file):
                customer = found.loc[f"{int(row['ID']):04d}"]
                self.assertEqual(customer.order_days - 1, int(row["frequency"]))
                self.assertAlmostEqual(customer.tenure_days / 7, float(row["T"]), delta=0.0051)
                self.assertAlmostEqual((customer.tenure_days - customer.recency_days) / 7, float(row["recency"]), delta=0.0051)

    def test_predictions_come_true(self):
        self.prepare_cdnow()
        _, done = self.profile("--lifetime", "--calibrate-at", "1997-09-30", "--report", "report.json", "--plot", "plot.svg")
        picture = xml.etree.ElementTree.parse(self.folder / "plot.svg").getroot()
        bars = [float(bar.text) for bar in picture.iter("{http://www.w3.org/2000/svg}title")]
        calibration = json.loads((self.folder / "report.json").read_text())["lifetime"]["calibration"]
        self.assertEqual([group["repeats"] for group in calibration["groups"]], ["0", "1", "2", "3", "4", "5", "6", "7+"])
        self.assertEqual([group["customers"] for group in calibration["groups"]], [1411, 439, 214, 100, 62, 38, 29, 64])
        self.assertLess(calibration["mean_absolute_error"], calibration["mean_absolute_error_as_before"])
        self.assertAlmostEqual(calibration["predicted"], calibration["actual"], delta=0.12)
        self.assertNotIn("off by", done.err)
        np.testing.assert_allclose(bars, [group[name] for group in calibration["groups"] for name in ("predicted", "actual")], atol=1e-4)


if __name__ == "__main__":
    unittest.main()
