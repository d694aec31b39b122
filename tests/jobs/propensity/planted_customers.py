"""Customers with a past, a table, and a planted chance to buy in the quarter that follows."""
import datetime
import math
import random

DAY = 86400
BEGIN = datetime.date(2024, 1, 1).toordinal() - datetime.date(1970, 1, 1).toordinal()
PAST_DAYS = 270
AT = (datetime.date(2024, 1, 1) + datetime.timedelta(PAST_DAYS)).isoformat()  # the last day that a profile may know
FIRST = (datetime.date(2024, 1, 1) + datetime.timedelta(PAST_DAYS + 1)).isoformat()
TOWNS = ["Oslo"] * 8 + ["Rome"] * 6 + ["Bonn"] * 4 + ["Kiel"]


class Customers:
    """`chance(age, town, orders)` is the planted log odds to buy in the period."""

    def __init__(self, users=1500, seed=5, chance=None):
        draw = random.Random(seed)
        self.rows = []
        self.table = []
        self.chance = chance or (lambda age, town, orders: -2.0 + 0.05 * (age - 45) + (0.9 if town == "Rome" else 0) + 0.25 * math.log1p(orders))
        for user in range(users):
            name = f"u{user:05d}"
            age = draw.randrange(18, 80)
            town = draw.choice(TOWNS) if user % 200 else "Ulm"
            orders = 1 + min(int(draw.expovariate(0.4)), 20)
            self.table.append((name, "" if user % 10 == 3 else age, "" if user % 25 == 4 else town, age * 2 + 1 if user % 10 != 3 else "", 7))
            for _ in range(orders):
                self.order(draw, name, draw.randrange(PAST_DAYS + 1))
            if draw.random() < 1 / (1 + math.exp(-self.chance(age, town, orders))):
                for _ in range(draw.choice([1, 1, 2, 3])):
                    self.order(draw, name, draw.randrange(PAST_DAYS + 1, PAST_DAYS + 91), 0.5 + age / 40)
        for user in range(25):  # customers of the period alone
            self.order(draw, f"v{user:02d}", PAST_DAYS + 10)
            self.table.append((f"v{user:02d}", 30, "Oslo", 61, 7))

    def order(self, draw, name, day, factor=1.0):
        time = (BEGIN + day) * DAY + draw.randrange(DAY)
        number = f"o{len(self.rows):06d}"
        for _ in range(draw.randrange(1, 4)):
            self.rows.append((name, f"i{draw.randrange(30):02d}", round(factor * draw.randrange(100, 3000) / 100, 2), time, number))

    def write(self, folder, run):
        """log.csv -> data.h5 with tables, and customers.h5 of the past."""
        write_log(folder / "log.csv", self.rows)
        (folder / "users.csv").write_text("id,age,town,twice,seven\n" + "".join(",".join(map(str, row)) + "\n" for row in self.table))
        (folder / "items.csv").write_text("id,kind,price\n" + "".join(f"i{i:02d},{'toys' if i % 3 == 0 else 'books'},{i + 1}\n" for i in range(30)))
        run("prepare", "--input", "log.csv", "--columns", "user=user,item=item,value=amount,time=time,order=order", "--exact-repeats", "keep",
            "--duplicates", "sum", "--min-total", "none", "--users", "users.csv", "--items", "items.csv", "--output", "data.h5")
        run("profile", "--data", "data.h5", "--at", AT, "--output", "customers.h5")


def write_log(path, rows):
    path.write_text("user,item,amount,time,order\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))


def outcomes(rows, wanted=lambda item: True, first_day=PAST_DAYS + 1, last_day=10 ** 9):
    """By user: whether there is a line, and the money."""
    bought, money = set(), {}
    for user, item, amount, time, _ in rows:
        if first_day <= time // DAY - BEGIN <= last_day and wanted(item):
            bought.add(user)
            money[user] = money.get(user, 0) + amount
    return bought, money
