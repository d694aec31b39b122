"""Slices of `rankwise evaluate`, and calibration by categories, against plain numpy: by activity, popularity, time and columns of tables."""
import unittest

import h5py
import numpy as np
import scipy.stats

import plain_metrics
from evaluated import CLOSE, Evaluated


class SlicesTest(Evaluated):
    METRICS = ["ndcg@4", "recall@4", "map@3", "revenue@2", "novelty@3", "auc"]

    def expect(self, slices, by, group, lists, users=None, keep=lambda place: True, metrics=METRICS):
        (told,) = [each for each in slices if (each["by"], each["group"]) == (by, group)]
        chosen = lists["model"].users if users is None else users
        kept = [[place for place in lists["model"].data.targets(user, "exclude").values() if keep(place)] for user in chosen]
        self.assertEqual(told["users"], sum(1 for places in kept if places), (by, group))
        self.assertEqual(told["targets"], sum(map(len, kept)), (by, group))
        self.assertEqual(set(told["metrics"]), set(metrics) if told["users"] else set(), (by, group))
        for metric, figures in told["metrics"].items():
            for name, source in (("model", "value"), ("popularity", "baseline")):
                self.assertAlmostEqual(figures[source], lists[name].values(metric, users, keep).mean(), delta=CLOSE, msg=(by, group, metric))
            values = lists["model"].values(metric, users, keep)
            self.assertEqual(figures["users"], len(values))
            if len(values) > 1:
                self.assertAlmostEqual(figures["standard_error"], scipy.stats.sem(values), delta=1e-11)
        return told

    def test_every_slice(self):
        of_targets = [metric for metric in self.METRICS if metric not in ("novelty@3", "auc")]
        for name in ("random", "temporal"):
            data, lists = self.contenders(name, "exclude")
            told, done = self.evaluate(name, f"{name}-model", "--metrics", ",".join(self.METRICS), ranks=3)
            slices, users = told["slices"], lists["model"].users
            counts = np.diff(data.seen.indptr)
            for group, low, high in (("0", 0, 0), ("1 to 10", 1, 10), ("11 to 30", 11, 30), ("31 to 100", 31, 100), ("above 100", 101, 10 ** 9)):
                self.expect(slices, "activity", group, lists, [user for user in users if low <= counts[user] <= high])
            order = sorted((item for item in range(data.items) if data.entries[item] > 0), key=lambda item: (-data.entries[item], item))
            before = np.cumsum([0] + [data.entries[item] for item in order])
            third = {item: int(3 * before[place] >= before[-1]) + int(3 * before[place] >= 2 * before[-1]) for place, item in enumerate(order)}
            item_of = data.heldout.indices
            for number, group in enumerate(("head", "mid", "tail")):
                self.expect(slices, "item-popularity", group, lists, keep=lambda place, n=number: third.get(item_of[place]) == n, metrics=of_targets)
            known = [user for user in users if data.is_known(user)]
            self.expect(slices, "cold", "users with training", lists, known)
            self.expect(slices, "cold", "users without training", lists, [user for user in users if user not in known])
            self.expect(slices, "cold", "items with training", lists, keep=lambda place: data.entries[item_of[place]] > 0, metrics=of_targets)
            self.expect(slices, "cold", "items without training", lists, keep=lambda place: data.entries[item_of[place]] == 0, metrics=of_targets)
            self.assertEqual("time-since-cut" in {each["by"] for each in slices}, name == "temporal")
            if name == "temporal":
                days = (data.heldout_times - data.heldout_times.min()) / 86400
                for group, low, high in (("first 7 days", 0, 7), ("8 to 30 days", 7, 30), ("31 to 90 days", 30, 90), ("after 90 days", 90, 10 ** 9)):
                    self.expect(slices, "time-since-cut", group, lists, keep=lambda place, a=low, b=high: a <= days[place] < b, metrics=of_targets)
            self.assertIn("head", done.out)

    def test_slices_of_ratings(self):
        data = plain_metrics.Data(self.path / "random.h5")
        told, _ = self.evaluate("random", "stars", "--metrics", "mae", "--slices", "cold,activity")
        self.assertEqual({each["by"] for each in told["slices"]}, {"cold", "activity"})
        counts = np.diff(data.seen.indptr)
        whole = told["metrics"]["mae"]["model"] * data.heldout.nnz
        parts = [each for each in told["slices"] if each["by"] == "activity" and each["targets"]]
        self.assertEqual(sum(each["targets"] for each in parts), data.heldout.nnz)
        self.assertAlmostEqual(sum(each["targets"] * each["metrics"]["mae"]["value"] for each in parts), whole, delta=1e-9)
        self.assertEqual([each["users"] for each in parts if each["group"] == "1 to 10"],
                         [int(np.sum((counts >= 1) & (counts <= 10) & (np.diff(data.heldout.indptr) > 0)))])

    def write_tables(self):
        """Of every third user and seventh item nothing is known, so that all three kinds of values lack some."""
        with open(self.path / "people.csv", "w") as file:
            file.write("user_id,country,age,note\n")
            for user in range(90):
                country = "" if user % 3 == 0 else ("DE", "FR", "DE", "\x1b[31m", "AT")[user % 5]
                file.write(f'c{user:04d},{country},{"" if user % 4 == 1 else 18 + user * 7 % 50},n{user}\n')
        with open(self.path / "goods.csv", "w") as file:
            file.write("item_id,brand,price\n")
            for item in range(40):
                file.write(f'{item * 7 + 3},{"" if item % 7 == 0 else f"b{item * item % 29:02d}"},{item % 6 + 0.5}\n')

    @staticmethod
    def column(path, table, column):
        """The values of a column, None where there is none; and of all rows, users who are held out whole, too."""
        def read(file, group):
            if f"{group}/table" not in file:
                return []
            values = file[f"{group}/table/{column}"]
            if isinstance(values, h5py.Group):
                names = values["categories"].asstr()[:]
                return [None if code < 0 else names[code] for code in values["codes"][:]]
            return [None if np.isnan(value) else value for value in values[:]]
        with h5py.File(path) as file:
            apart = read(file, "heldout/users") if table == "users" else []
            own = read(file, table)
        return apart or own, own + apart

    def test_slices_by_columns_of_tables(self):
        self.write_tables()
        of_targets = [metric for metric in self.METRICS if metric not in ("novelty@3", "auc")]
        for split in ("random:0.3", "users:0.4"):
            self.job("prepare", "--input", "@log.csv", "--split", split, "--min-user-count", "1", "--min-item-count", "1", "--users", "@people.csv",
                     "--user-types", "country=category", "--items", "@goods.csv", "--item-types", "brand=category", "--output", "@tables.h5")
            self.job("als", "--data", "@tables.h5", "--model", "@tables-model.h5", "--factors", "4", "--epochs", "2")
            data, lists = self.contenders("tables", "exclude")
            asked = ["users:country", "users:age", "items:brand", "items:price"]
            outputs = [self.evaluate("tables", "tables-model", "--metrics", ",".join(self.METRICS), "--slices", ",".join(["cold", *asked]), ranks=ranks)
                       for ranks in (1, 3)]
            (told, done), (other, _) = outputs
            self.assertEqual(told["slices"], other["slices"])
            self.assertNotIn("\x1b", done.out)
            self.assertEqual([by for by in dict.fromkeys(each["by"] for each in told["slices"])], ["cold", *asked])
            for by in asked:
                table, name = by.split(":")
                values, all_values = self.column(self.path / "tables.h5", table, name)
                known = [value for value in all_values if value is not None]
                groups = [each["group"] for each in told["slices"] if each["by"] == by]
                if isinstance(known[0], str):
                    names = sorted(set(known), key=lambda value: (-known.count(value), value))
                    own = names[:19] if len(names) > 20 else names
                    self.assertEqual(groups, own + ([f"({len(names) - 19} others)"] if len(names) > 20 else []) + ["(no value)"])
                    group_of = lambda value: len(groups) - 1 if value is None else own.index(value) if value in own else len(own)
                else:
                    bounds = sorted(set(np.quantile(known, (0.25, 0.5, 0.75, 1))))[:-1]
                    self.assertEqual(len(groups), len(bounds) + 2)
                    self.assertEqual(groups[0], f"to {bounds[0]:g}")
                    group_of = lambda value: len(groups) - 1 if value is None else int(np.searchsorted(bounds, value))
                counted = 0
                for number, group in enumerate(groups):
                    is_in = [group_of(value) == number for value in values]
                    users = [user for user in lists["popularity"].users if table == "items" or is_in[user]]
                    keep = (lambda place: is_in[data.heldout.indices[place]]) if table == "items" else (lambda place: True)
                    if "model" in lists:
                        self.expect(told["slices"], by, group, lists, users if table == "users" else None, keep, of_targets if table == "items" else self.METRICS)
                    (slice_of_group,) = [each for each in told["slices"] if (each["by"], each["group"]) == (by, group)]
                    counted += slice_of_group["targets"]
                    if slice_of_group["targets"]:
                        self.assertAlmostEqual(slice_of_group["metrics"]["recall@4"]["baseline"], lists["popularity"].values("recall@4", users, keep).mean(), delta=CLOSE)
                self.assertEqual(counted, sum(len(data.targets(user, "exclude")) for user in lists["popularity"].users))
        for code, words, slices in ((65, "users:note: the column is of texts", "users:note"), (65, "colour", "items:colour"),
                                    (2, "appears twice", "cold,users:age,users:age"), (2, "expected activity", "users:"), (2, "auto has all", "auto,cold")):
            done = self.job("evaluate", "--data", "@tables.h5", "--model", "@tables-model.h5", "--slices", slices, code=code)
            self.assertIn(words, done.err)
        done = self.job("evaluate", "--data", "@random.h5", "--model", "@random-model.h5", "--slices", "auto,users:age", code=65)
        self.assertIn("holds no table of users, which --slices users:age needs; expected a dataset of prepare --users FILE", done.err)

    def test_calibration_by_categories(self):
        self.write_tables()
        self.job("prepare", "--input", "@log.csv", "--split", "random:0.3", "--min-user-count", "1", "--min-item-count", "1", "--items", "@goods.csv",
                 "--item-types", "brand=category", "--output", "@brands.h5")
        self.job("als", "--data", "@brands.h5", "--model", "@brands-model.h5", "--factors", "4", "--epochs", "2")
        data, lists = self.contenders("brands", "exclude")
        brands, _ = self.column(self.path / "brands.h5", "items", "brand")

        def shares(items):
            known = [brands[item] for item in items if brands[item] is not None]
            return {brand: known.count(brand) / len(known) for brand in known}

        def shares_or_none(user):
            return any(brands[item] is not None for item in data.row(data.seen, user))

        def divergence(user, listed):
            had, found = shares(data.row(data.seen, user)), shares(listed)
            return sum(p * np.log(p / (0.99 * found.get(brand, 0) + 0.01 * p)) for brand, p in had.items())
        told, _ = self.evaluate("brands", "brands-model", "--metrics", "recall@5,calibration@5,calibration@1,category-diversity@5", "--categories", "brand", "--slices", "activity", ranks=3)
        self.assertEqual(told["categories"], "brand")
        without = sum(1 for user in range(data.users) if data.heldout.indptr[user + 1] > data.heldout.indptr[user] and not shares_or_none(user))
        self.assertEqual([line for line in told["warnings"] if line.startswith("calibration")],
                         [f"calibration: no item of {without} users has a category (--categories brand); they count as 0"] if without else [])
        for k in (1, 5):
            figures = told["metrics"][f"calibration@{k}"]
            values = {name: np.array([divergence(user, lists[name].listed[user][:k]) for user in lists[name].users]) for name in ("model", "popularity")}
            self.assertAlmostEqual(figures["model"], values["model"].mean(), delta=CLOSE)
            self.assertAlmostEqual(figures["standard_error"], scipy.stats.sem(values["model"]), delta=1e-11)
            self.assertAlmostEqual(figures["baselines"]["popularity"]["value"], values["popularity"].mean(), delta=CLOSE)
            self.assertGreater(values["model"].max(), values["model"].min())

        def pairs_that_differ(listed):
            known = [brands[item] for item in listed if brands[item] is not None]
            pairs = [one != other for place, one in enumerate(known) for other in known[:place]]
            return sum(pairs) / len(pairs) if pairs else 0
        figures = told["metrics"]["category-diversity@5"]
        for name, value in (("model", figures["model"]), ("popularity", figures["baselines"]["popularity"]["value"])):
            values = [pairs_that_differ(lists[name].listed[user][:5]) for user in lists[name].users]
            self.assertAlmostEqual(value, np.mean(values), delta=CLOSE)
            self.assertGreater(max(values), min(values))
        unknown = sum(brand is None for brand in brands)
        self.assertEqual([line for line in told["warnings"] if "category-diversity" in line],
                         [f"category-diversity: {unknown} of {len(brands)} items {'has' if unknown == 1 else 'have'} no category (--categories brand) and "
                          f"{'does' if unknown == 1 else 'do'} not count"] if unknown else [])
        for code, words, options in ((2, "expected --categories COLUMN", ["--metrics", "calibration@3"]), (2, "has a meaning only with", ["--categories", "brand"]),
                                     (65, "of type number; expected category", ["--metrics", "calibration@3", "--categories", "price"]),
                                     (65, "colour", ["--metrics", "calibration@3", "--categories", "colour"])):
            done = self.job("evaluate", "--data", "@brands.h5", "--model", "@brands-model.h5", *options, code=code)
            self.assertIn(words, done.err)
        done = self.job("evaluate", "--data", "@random.h5", "--model", "@random-model.h5", "--metrics", "calibration@3", "--categories", "brand", code=65)
        self.assertIn("holds no table of items, which --categories needs", done.err)
        for job in (["sweep", "plan", "@plan", "--data", "@brands.h5", "--factors", "2,4", "--metrics", "calibration@3"],
                    ["denoise", "--data", "@brands.h5", "--output", "@c.h5", "--quarantine", "@q.csv", "--metrics", "ndcg@5,calibration@3"]):
            self.assertIn("only evaluate has --categories", self.job(*job, code=2).err)

    def test_chosen_slices(self):
        told, _ = self.evaluate("random", "random-model", "--slices", "none")
        self.assertEqual(told["slices"], [])
        done = self.job("evaluate", "--data", "@random.h5", "--model", "@random-model.h5", "--slices", "time-since-cut", code=65)
        self.assertIn("--split temporal", done.our_lines[0])


if __name__ == "__main__":
    unittest.main()
