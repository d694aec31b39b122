"""A planted shop for tests of whom lists are for: a table of users, segments from features, users without training, users whom the
clustering or the dataset does not have."""
import csv

import h5py
import numpy as np

import numpy_als
from serving_case import Case

USERS, ITEMS, GROUPS, SEGMENTS = 90, 50, 5, 4
COLD = range(72, 84)       # users without training
UNKNOWN = ("new1", "new2", "new3", "new4")  # users of the clustering alone
AGES = ("19-24", "25-34", "35-44", "45-54")


def user_name(number):
    return f"c{number:03d}"


class AudienceCase(Case):
    """Segment of a user: number % 4, but that of segment 3 are few; every 11th user has no features; the last 4 segments' tastes
    differ. Users 5, 15, ... have no row in the table."""

    @classmethod
    def make(cls):
        random = np.random.default_rng(7)
        taste = random.normal(size=(SEGMENTS, ITEMS))
        cls.segment, rows = {}, []
        for user in range(USERS):
            kind = user % 4 if user % 4 < 3 or user < 24 else user % 3
            order = np.argsort(-(taste[kind] + random.gumbel(size=ITEMS)))[:3 + int(random.exponential(8))]
            rows += [(user_name(user), f"i{item:02d}", 1 + int(random.integers(5)), "heldout" if user in COLD or random.random() < 0.2 else "training") for item in order]
            if user % 11:
                cls.segment[user_name(user)] = kind
        cls.segment |= {name: place % 3 for place, name in enumerate(UNKNOWN)}
        with open(cls.path / "log.csv", "w") as file:
            file.write("user,item,value,split\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))
        cls.profiles = {}
        with open(cls.path / "users.csv", "w") as file:
            file.write("user,age,kids,note\n")
            for user in range(USERS):
                if user % 10 == 5:
                    continue
                age, kids = AGES[user % 7 % 4], "" if user % 9 == 0 else int(random.integers(4))
                cls.profiles[user_name(user)] = (age, kids)
                file.write(f"{user_name(user)},{age},{kids},\n")
        cls.table = {}
        with open(cls.path / "items.csv", "w") as file:
            file.write("item,category,price,margin\n")
            for item in range(ITEMS):
                cls.table[f"i{item:02d}"] = (f"group {random.integers(GROUPS)}", round(float(random.uniform(1, 50)), 2), round(float(random.normal()), 3))
                file.write(f"i{item:02d},{','.join(map(str, cls.table[f'i{item:02d}']))}\n")
        with open(cls.path / "features.csv", "w") as file:
            file.write("user,x,y\n")
            for user, kind in cls.segment.items():
                file.write(f"{user},{10 * (kind % 2) + random.normal() / 9:.3f},{10 * (kind // 2) + random.normal() / 9:.3f}\n")
        cls.job("prepare", "--input", "@log.csv", "--items", "@items.csv", "--users", "@users.csv", "--columns", "user=user,item=item,value=value,split=split",
                "--split", "column", "--output", "@data.h5")
        cls.job("als", "--data", "@data.h5", "--model", "@als.h5", "--factors", "4", "--epochs", "3")
        cls.job("itemcf", "--data", "@data.h5", "--model", "@items.h5", "--similarity", "cosine", "--neighbours", "6")
        cls.job("kmeans", "--input", "@features.csv", "--id-column", "user", "--clusters", SEGMENTS, "--restarts", "5", "--output", "@clusters.h5")
        with h5py.File(cls.path / "clusters.h5") as file:
            cls.cluster = dict(zip(file["ids"].asstr()[:].tolist(), file["assignments"][:].tolist()))
        cls.training, parts, cls.users, _, cls.items = cls.matrices(cls, "data.h5")
        cls.bought = cls.training + parts["interactions"]
        cls.entries = np.diff(cls.training.tocsc().indptr)
        x, y, _, _, _ = numpy_als.read_model(cls.path / "als.h5")
        cls.scores = x.astype(float) @ y.T.astype(float)

    def everywhere(self, name, *args):
        """The file has the same bytes on 1, 2, 3 and 5 ranks, 1 and 2 threads: once for each kind of work, alike() for the others."""
        digests = set()
        for ranks, threads in ((1, 1), (1, 2), (2, 1), (3, 2), (5, 1)):
            done = self.job(*args, "--threads", threads, ranks=ranks)
            digests.add(self.digest(name))
        self.assertEqual(len(digests), 1, args)
        return done

    def row(self, matrix, user):
        at = self.users.index(user)
        return {self.items[i] for i in matrix.indices[matrix.indptr[at]:matrix.indptr[at + 1]]}

    def popular_in(self, segment, least=10):
        """(item -> share, of the segment's users) or None."""
        if segment is None or segment < 0:
            return None
        members = [at for at, user in enumerate(self.users) if self.cluster.get(user, -1) == segment]
        rows = self.training[members]
        if (np.diff(rows.indptr) > 0).sum() < least:
            return None
        counts = np.diff(rows.tocsc().indptr)
        return {self.items[i]: int(counts[i]) for i in range(len(self.items)) if counts[i] > 0}, len(members)

    def popular_list(self, user, top, may=lambda item: True, quota=None, least=10):
        """(source, [(item, score)]) by counts, ties to the lower item."""
        has = self.row(self.bought, user) if user in self.users else set()
        in_segment = self.popular_in(self.cluster.get(user), least)
        at_large = ({self.items[i]: int(n) for i, n in enumerate(self.entries) if n > 0}, len(self.users))
        for source, counts in (("popular-segment", in_segment), ("popular", at_large)):
            if counts is None:
                continue
            taken, groups = [], {}
            for item in sorted(counts[0], key=lambda item: (-counts[0][item], self.items.index(item))):
                group = self.table[item][0]
                if item in has or not may(item) or (quota and groups.get(group, 0) == quota):
                    continue
                groups[group] = groups.get(group, 0) + 1
                taken.append((item, np.float32(counts[0][item] / counts[1])))
            if taken or source == "popular":
                return source, taken[:top]
        return "popular", []
