"""rankwise prepare: which rows of a log are taken and what they weigh: conditions, periods, events, orders."""
import unittest

import h5py

import prepare_test
from prepare_test import pairs
from program import run

LOG = ("user,item,event,country,order,price,time\n"
       "1,7,view,DE,,2.5,2025-03-01\n"
       "1,7,purchase,DE,A1,10,2025-03-02\n"
       "1,8,purchase,DE,A1,3,2025-03-02\n"
       "2,7,view,FR,,2.5,2025-03-05\n"
       "2,9,purchase,,A2,9,2026-01-01\n"
       "3,9,wish,AT,A3,100,2026-01-03\n")
ROLES = "user=user,item=item,time=time"


class PrepareSelectionTest(unittest.TestCase):
    setUp, write = prepare_test.PrepareTest.setUp, prepare_test.PrepareTest.write
    prepare, prepare_alike = prepare_test.PrepareTest.prepare, prepare_test.PrepareTest.prepare_alike
    prepared_with_events = prepare_test.PrepareTest.prepared_with_events

    def read(self, *args, text=LOG, columns=ROLES, ranks=(1,)):
        log = self.write("log.csv", text)
        with h5py.File(self.prepare_alike("--input", log, "--columns", columns, *args, ranks=ranks)) as file:
            return pairs(file, "/interactions")

    def refused(self, *args, text=LOG, columns=ROLES, code=2):
        done = run(["prepare", "--input", self.write("log.csv", text), "--columns", columns, *args, "--output", "out.h5"], cwd=self.folder)
        self.assertEqual(done.code, code, done)
        self.assertEqual(len(done.our_lines), 1, done)
        return done.our_lines[0]

    def test_conditions(self):
        self.assertEqual(self.read("--where", "country = DE and price > 2.75", ranks=(1, 2, 3)), {(1, 7): 1, (1, 8): 1})
        self.assertEqual(self.read("--where", "country is missing or price >= 100.0"), {(2, 9): 1, (3, 9): 1})
        self.assertEqual(self.read("--where", "not (event in (view, 'wish')) and \"order\" != A2"), {(1, 7): 1, (1, 8): 1})
        _, told, events = self.prepared_with_events("--input", self.write("log.csv", LOG), "--columns", ROLES, "--where", "country = FR")
        self.assertIn("5 rows dropped by --where", told)
        self.assertEqual(events["filtered"]["condition_dropped"], 5)

    def test_what_a_condition_drops_may_lack_fields(self):
        text = "user,item,kind\n1,2,a\n,3,b\n"
        self.assertEqual(self.read("--where", "kind = a", text=text, columns="user=user,item=item"), {(1, 2): 1})
        self.assertIn(":3: the user field is empty", self.refused("--where", "kind != c", text=text, columns="user=1,item=2", code=65))

    def test_conditions_on_numbers_of_columns_and_on_keys(self):
        self.assertEqual(self.read("--where", "3 = 5", text="1,2,4\n1,3,5\n", columns="user=1,item=2"), {(1, 3): 1})
        self.assertEqual(self.read("--where", "net > 1.5", "--decimal", "comma", text="u;i;net\n1;2;1,4\n1;3;1,6\n",
                                   columns="user=u,item=i"), {(1, 3): 1})
        text = '{"u": 1, "i": 2, "shop": {"country": "DE"}}\n{"u": 1, "i": 3}\n'
        self.assertEqual(self.read("--where", "shop.country = DE", text=text, columns="user=u,item=i"), {(1, 2): 1})

    def test_periods(self):
        self.assertEqual(self.read("--since", "2025-03-02", "--until", "2026-01-01", ranks=(1, 3)), {(1, 7): 1, (1, 8): 1, (2, 7): 1})
        self.assertEqual(self.read("--since", "1767225600"), {(2, 9): 1, (3, 9): 1})  # 2026-01-01
        self.assertEqual(self.read("--until", "03.03.2025", "--time-format", "%d.%m.%Y",
                                   text="user,item,time\n1,2,02.03.2025\n1,3,03.03.2025\n"), {(1, 2): 1})
        _, told, events = self.prepared_with_events("--input", self.write("log.csv", LOG), "--columns", ROLES, "--until", "2025-03-02")
        self.assertIn("5 rows dropped: of --until or later", told)
        self.assertEqual(events["filtered"]["period_dropped"], 5)

    def test_events(self):
        weights = ["--event-weights", "view=1,purchase=10,other=0", "--duplicates", "sum"]
        self.assertEqual(self.read(*weights, columns=ROLES + ",event=event", ranks=(1, 3)), {(1, 7): 11, (1, 8): 10, (2, 7): 1, (2, 9): 10})
        self.assertEqual(self.read(*weights, columns=ROLES + ",event=event,value=price")[1, 7], 102.5)
        _, told, events = self.prepared_with_events("--input", self.write("log.csv", LOG), "--columns", ROLES + ",event=event", *weights)
        self.assertIn("1 row dropped: event of weight 0", told)
        self.assertEqual(events["filtered"]["event_dropped"], 1)
        self.assertIn("log.csv:7: event 'wish' has no weight; known are view, purchase",
                      self.refused("--event-weights", "view=1,purchase=10", columns=ROLES + ",event=event", code=65))

    def test_orders(self):
        path, told, events = self.prepared_with_events("--input", self.write("log.csv", LOG), "--columns", ROLES + ",order=order",
                                                       "--missing", "skip")
        self.assertIn("2 rows skipped: 2 without order", told)
        self.assertIn("3 orders in 4 rows", told)
        self.assertEqual(events["orders"]["orders"], 3)
        with h5py.File(path) as file:
            self.assertEqual(file.attrs["orders"], 3)
        self.assertEqual(run(["verify", path]).code, 0)
        self.assertEqual(self.read("--missing", "skip", columns=ROLES + ",order=order"), {(1, 7): 1, (1, 8): 1, (2, 9): 1, (3, 9): 1})

    def test_bad_requests(self):
        self.assertIn("no column 'contry': its columns are user, item, event, country, order, price, time; the nearest known one is country",
                      self.refused("--where", "contry = DE"))
        self.assertIn("--where 'country =': at byte 10: expected a value", self.refused("--where", "country ="))
        self.assertIn("--since 2026-01-01 is not before --until 2025-01-01", self.refused("--since", "2026-01-01", "--until", "2025-01-01"))
        self.assertIn("--since: ", self.refused("--since", "yesterday"))
        self.assertIn("--since and --until need times", self.refused("--since", "2025-01-01", columns="user=user,item=item"))
        self.assertIn("--event-weights needs the column of events", self.refused("--event-weights", "view=1"))
        self.assertIn("event=NAME needs --event-weights", self.refused(columns=ROLES + ",event=event"))
        self.assertIn("'view' appears twice", self.refused("--event-weights", "view=1,view=2", columns=ROLES + ",event=event"))
        self.assertIn("no interactions are left: every row was dropped", self.refused("--where", "country = XX", code=65))


if __name__ == "__main__":
    unittest.main()
