"""Profiles of real shops are those of plain Python."""
import csv
import datetime
import gzip
import unittest

from profile_case import ProfileCase, plain_profile
from program import data_file


class RealShopsTest(ProfileCase):
    def compare(self, rows):
        found, _ = self.profile("--lifetime", output="customers.csv", ranks=2)
        self.assert_profile(found, plain_profile(rows))
        return found

    def test_online_retail(self):
        with gzip.open(data_file("online_retail.csv.gz"), "rt", newline="") as file:
            rows = []
            with open(self.folder / "log.csv", "w") as log:
                print("user,item,amount,time,order", file=log)
                for row in csv.DictReader(file):
                    if not row["CustomerID"]:
                        continue
                    amount = round(int(row["Quantity"]) * float(row["UnitPrice"]), 2)
                    time = int(datetime.datetime.fromisoformat(row["InvoiceDate"] + "+00:00").timestamp())
                    rows.append((row["CustomerID"], row["StockCode"], amount, time, row["InvoiceNo"]))
                    print(*rows[-1], sep=",", file=log)
        self.prepare()
        found = self.compare(rows)
        self.assertEqual(len(found), 4372)

    def test_the_grocers_year(self):
        with gzip.open(data_file("journey_transactions.csv.gz"), "rt", newline="") as file:
            rows = []
            with open(self.folder / "log.csv", "w") as log:
                print("user,item,amount,time,order", file=log)
                for row in csv.DictReader(file):
                    time = int(datetime.datetime.fromisoformat(row["transaction_timestamp"] + "+00:00").timestamp())
                    rows.append((row["household_id"], row["product_id"], float(row["sales_value"]), time, row["basket_id"]))
                    print(*rows[-1], sep=",", file=log)
        self.prepare()
        rows = sorted(rows, key=lambda row: int(row[0]))
        found, _ = self.profile("--lifetime", ranks=2)
        expected = plain_profile(rows)
        self.assert_profile(found, expected.loc[sorted(expected.index, key=int)])


if __name__ == "__main__":
    unittest.main()
