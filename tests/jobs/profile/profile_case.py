"""A shop's log, what plain Python makes of it, and runs of `rankwise profile`: what the tests of profiles share."""
import pathlib
import random
import tempfile
import unittest

import numpy as np
import pandas as pd

from program import ranks_of_refusal, run

DAY = 86400
COLUMNS = "user=user,item=item,value=amount,time=time,order=order"


def shop_rows(users=120, seed=3):
    """(user, item, amount, time, order): returns, several orders on a day, a user who only returns."""
    draw = random.Random(seed)
    rows = []
    number = 0
    for user in range(users):
        begin = draw.randrange(300)
        for _ in range(draw.choice([1, 1, 1, 2, 3, 5, 9])):
            time = 1_700_000_000 + (begin + draw.randrange(330 - begin)) * DAY + draw.randrange(DAY)
            sign = -1 if draw.random() < 0.12 or user == 7 else 1
            number += 1
            for _ in range(draw.randrange(1, 5)):
                rows.append((f"u{user:03d}", f"i{draw.randrange(20):02d}", sign * draw.randrange(1, 2000) / 100, time, f"o{number:05d}"))
    return rows


def write_log(path, rows):
    path.write_text("user,item,amount,time,order\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))


def plain_class(value, values):
    less, equal = sum(other < value for other in values), sum(other == value for other in values)
    return min(5, (10 * less + 5 * equal) // (2 * len(values)) + 1)


def plain_classes(values):
    """As plain_class() of each, with sorting, for many."""
    ordered = np.sort(values)
    less, upto = np.searchsorted(ordered, values, "left"), np.searchsorted(ordered, values, "right")
    return np.minimum(5, (10 * less + 5 * (upto - less)) // (2 * len(values)) + 1)


def plain_profile(rows, at_day=None):
    """A frame by user, of rows (user, item, amount, time, order)."""
    frame = pd.DataFrame(rows, columns=["user", "item", "amount", "time", "order"])
    orders = frame.groupby(["user", "order"]).agg(amount=("amount", "sum"), time=("time", "min"), lines=("item", "size"))
    orders["day"] = orders.time // DAY
    at_day = orders.day.max() if at_day is None else at_day
    orders = orders[orders.day <= at_day]
    lines = frame.merge(orders[[]].reset_index(), on=["user", "order"])
    purchases = orders[orders.amount >= 0]
    by_user = purchases.groupby("user")
    found = pd.DataFrame(index=sorted(set(frame.user)))
    found["orders"] = by_user.size()
    found["orders"] = found.orders.fillna(0)
    found["return_orders"] = orders[orders.amount < 0].groupby("user").size()
    found["return_orders"] = found.return_orders.fillna(0)
    found["money"] = orders.groupby("user").amount.sum()
    found["money"] = found.money.fillna(0).round(9)
    found["money_per_order"] = (found.money / found.orders).where(found.orders > 0)
    found["lines_per_order"] = by_user.lines.sum() / found.orders
    bought = lines[lines.amount > 0].groupby("user").amount.sum().reindex(found.index).fillna(0)
    returned = -lines[lines.amount < 0].groupby("user").amount.sum().reindex(found.index).fillna(0)
    found["returned_share"] = (returned / bought).where(returned > 0, 0).where(found.orders > 0)
    first, last, days = by_user.day.min(), by_user.day.max(), by_user.day.nunique()
    found["recency_days"] = at_day - last
    found["tenure_days"] = at_day - first
    found["order_days"] = days
    found["mean_gap_days"] = ((last - first) / (days - 1)).where(days > 1)
    month = pd.to_datetime(purchases.day * DAY, unit="s").dt.quarter
    for quarter in range(1, 5):
        found[f"orders_q{quarter}_share"] = (month == quarter).groupby("user").mean()
    customers = found[found.orders > 0]
    found["r_score"] = pd.Series(plain_classes(-customers.recency_days.to_numpy()), customers.index)
    found["f_score"] = pd.Series(plain_classes(customers.orders.to_numpy()), customers.index)
    found["m_score"] = pd.Series(plain_classes(customers.money.to_numpy()), customers.index)
    return found


def read_csv(path):
    return pd.read_csv(path, dtype={"id": str, "rfm": str}).set_index("id")


class ProfileCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def job(self, *args, code=0, ranks=1):
        done = run(args, ranks=ranks, cwd=self.folder)
        self.assertEqual(done.code, code, done)
        return done

    def prepare(self, *args, log="log.csv", columns=COLUMNS, output="data.h5"):
        self.job("prepare", "--input", log, "--columns", columns, "--exact-repeats", "keep", "--duplicates", "sum", "--min-total", "none", *args,
                 "--output", output)

    def profile(self, *args, data="data.h5", output="customers.csv", ranks=1):
        done = self.job("profile", "--data", data, "--output", output, *args, ranks=ranks)
        return read_csv(self.folder / output), done

    def refused(self, *args, code, data="data.h5"):
        done = self.job("profile", "--data", data, "--output", "refused.h5", *args, code=code, ranks=ranks_of_refusal(self, code))
        self.assertEqual(len(done.our_lines), 1, done)
        self.assertFalse((self.folder / "refused.h5").exists())
        return done.our_lines[0]

    def assert_profile(self, found, expected):
        self.assertEqual(list(found.index), list(expected.index))
        for name in expected.columns:
            np.testing.assert_allclose(found[name].to_numpy(float), expected[name].to_numpy(float), rtol=1e-9, atol=1e-9, err_msg=name)
