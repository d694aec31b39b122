"""Two quarters of a shop with planted tribes of customers: what they buy, where they live, how much they spend, and who moves to another one."""
import numpy as np

from program import run

DAY = 86400
FIRST = 1_600_000_000
TRIBES = ["bargain", "classic", "premium", "tiny"]
CATEGORIES = ["books", "garden", "tools", "toys", "food", "shoes", "music", "lamps"]
CENTRES = np.array([[0, 0], [10, 0], [0, 10], [30, 30]])
ITEMS = 40


class Quarter:
    """Tribe, region, age and money of each customer, and what they bought, drawn from a seed."""

    def __init__(self, customers, tribes, seed, begin_day, dominant=False):
        random = np.random.default_rng(seed)
        self.ids = [f"c{customer:05d}" for customer in customers]
        self.tribes = np.asarray(tribes)
        self.age = np.round(random.normal(30 + 10 * self.tribes, 5))
        self.age[random.random(len(self.ids)) < 0.05] = np.nan
        north = random.random(len(self.ids)) < np.where(self.tribes == 1, 0.8, 0.3)
        self.region = np.where(north, "north", "south").astype(object)
        self.region[random.random(len(self.ids)) < 0.02] = ""
        self.points = CENTRES[self.tribes] + random.normal(size=(len(self.ids), 2))
        self.lines = []  # customer, item, value, time, order
        for c, tribe in enumerate(self.tribes):
            for order in range(1 + random.poisson(2)):
                time = FIRST + DAY * (begin_day + int(random.integers(80)))
                for item in random.choice(ITEMS, size=1 + random.poisson(1.5), replace=False, p=self.chances(tribe)):
                    value = round(float(random.lognormal(2 + tribe * 0.5, 0.4)), 2)
                    if dominant and c == 0:
                        value *= 100_000
                    self.lines.append((c, int(item), value, time, f"{self.ids[c]}-{begin_day}-{order}"))
        self.money = np.zeros(len(self.ids))
        for c, _, value, _, _ in self.lines:
            self.money[c] += value

    @staticmethod
    def chances(tribe):
        weights = np.where(np.arange(ITEMS) % len(CATEGORIES) == tribe, 4.0, 1.0)
        return weights / weights.sum()

    def items_of(self):
        bought = [set() for _ in self.ids]
        for c, item, *_ in self.lines:
            bought[c].add(item)
        return bought

    def write(self, folder, name, *prepare):
        """The paths of the quarter's dataset and clustering."""
        log, users, items, points = (folder / f"{name}-{what}.csv" for what in ("log", "users", "items", "points"))
        log.write_text("user,item,value,time,order\n" + "".join(
            f"{self.ids[c]},i{item:02d},{value},{time},{order}\n" for c, item, value, time, order in self.lines))
        users.write_text("user,tribe,region,age\n" + "".join(
            f"{id},{TRIBES[tribe]},{region},{'' if np.isnan(age) else int(age)}\n"
            for id, tribe, region, age in zip(self.ids, self.tribes, self.region, self.age)))
        items.write_text("item,category\n" + "".join(f"i{item:02d},{CATEGORIES[item % len(CATEGORIES)]}\n" for item in range(ITEMS)))
        points.write_text("id,x,y\n" + "".join(f"{id},{x:.4f},{y:.4f}\n" for id, (x, y) in zip(self.ids, self.points)))
        data, clustering = folder / f"{name}.h5", folder / f"{name}-clusters.h5"
        for step in (["prepare", "--input", log, "--columns", "user=user,item=item,value=value,time=time,order=order", "--orders", "column",
                      "--duplicates", "sum", "--users", users, "--items", items, *prepare, "--output", data],
                     ["kmeans", "--input", points, "--clusters", "4", "--output", clustering]):
            done = run(step)
            assert done.code == 0, done
        return data, clustering


def two_quarters(seed=5):
    """Customers 0 to 899 of last quarter, 100 to 1049 of now; every seventh has moved to the next tribe, a few of the first to the one before. Six
    are of the tiny tribe."""
    random = np.random.default_rng(seed)
    tribes = random.choice(3, size=1050, p=[0.5, 0.3, 0.2])
    tribes[[150, 250, 350, 450, 550, 650]] = 3
    before = Quarter(range(900), tribes[:900], seed + 1, 0)
    moved = np.where((np.arange(1050) % 7 == 0) & (tribes < 3), (tribes + 1) % 3, tribes)
    moved = np.where((np.arange(1050) % 70 == 33) & (tribes == 0), 2, moved)
    now = Quarter(range(100, 1050), moved[100:], seed + 2, 90)
    return before, now
