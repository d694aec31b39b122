"""rankwise synthesize: the same file for any ranks and threads, presets and options, the truth beside it, bad requests."""
import csv
import hashlib
import pathlib
import tempfile
import unittest

import h5py
import numpy as np

from program import run

SMALL = ["synthesize", "--users", "700", "--items", "300", "--interactions", "9000", "--seed", "5"]


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


class SynthesizeTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def synthesize(self, name, *args, ranks=1, base=SMALL):
        path = self.folder / name
        done = run([*base, *args, "--output", path], ranks=ranks)
        self.assertEqual(done.code, 0, done)
        return path

    def refused(self, code, words, *args, ranks=1):
        done = run(["synthesize", *args], ranks=ranks)
        self.assertEqual(done.code, code, done)
        self.assertEqual(len(done.our_lines), 1, done)
        self.assertIn(words, done.our_lines[0])
        self.assertEqual(list(self.folder.iterdir()), [], "an output file was left")

    def test_the_same_bytes_for_any_ranks_and_threads(self):
        logs, truths = set(), set()
        for ranks, threads in [(1, 1), (1, 2), (2, 1), (3, 2), (7, 1)]:
            truth = self.folder / "truth.h5"
            log = self.synthesize("log.csv", "--truth", truth, "--threads", threads, "--dirt", "0.05", ranks=ranks)
            logs.add(digest(log))
            truths.add(digest(truth))
        self.assertEqual(len(logs), 1)
        self.assertEqual(len(truths), 1)

    def test_the_same_bytes_when_written_in_many_rounds(self):
        shape = ["--users", "10000", "--items", "2000", "--interactions", "1000000", "--kind", "ratings"]
        args = ["synthesize", *shape, "--seed", "5"]
        logs = {digest(self.synthesize("log.csv", ranks=ranks, base=args)) for ranks in (1, 2, 3)}
        self.assertEqual(len(logs), 1)

    def test_another_seed_is_another_log(self):
        args = SMALL[:-2]
        one, two = self.synthesize("a.csv", "--seed", "1", base=args), self.synthesize("b.csv", "--seed", "2", base=args)
        self.assertNotEqual(digest(one), digest(two))
        self.assertEqual(digest(self.synthesize("c.csv", "--seed", "1", base=args)), digest(one))

    def test_purchases(self):
        with open(self.synthesize("log.csv", "--ids", "string", "--start", "1704067200", "--days", "30")) as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(list(rows[0]), ["user_id", "item_id", "quantity", "price", "timestamp"])
        self.assertAlmostEqual(len(rows), 9000, delta=1800)
        self.assertEqual(len({(row["user_id"], row["item_id"]) for row in rows}), len(rows))
        self.assertEqual(len({row["user_id"] for row in rows}), 700)
        prices = {}
        for row in rows:
            self.assertRegex(row["user_id"], r"^C\d{7}$")
            self.assertRegex(row["item_id"], r"^SKU-\d{6}$")
            self.assertGreaterEqual(int(row["quantity"]), 1)
            self.assertGreater(float(row["price"]), 0)
            self.assertEqual(prices.setdefault(row["item_id"], row["price"]), row["price"])
            self.assertIn(int(row["timestamp"]), range(1704067200, 1704067200 + 30 * 86400))

    def test_dirt(self):
        clean = self.synthesize("clean.csv").read_text().splitlines()
        dirty = self.synthesize("dirty.csv", "--dirt", "0.5").read_text().splitlines()
        self.assertLessEqual(set(clean), set(dirty))
        self.assertAlmostEqual(len(dirty) - len(clean), 0.5 * len(clean), delta=0.05 * len(clean))
        fields = [line.split(",") for line in dirty[1:]]
        kinds = {
            "missing user": sum(f[0] == "" for f in fields),
            "cancellation": sum(f[2].startswith("-") for f in fields),
            "zero price": sum(float(f[3]) == 0 for f in fields),
            "duplicate": len(dirty) - len(set(dirty)),
        }
        for kind, count in kinds.items():
            self.assertAlmostEqual(count, 0.1 * len(clean), delta=0.02 * len(clean), msg=kind)

    def test_broken_lines_only_when_asked(self):
        whole = self.synthesize("log.csv", "--dirt", "0.2").read_text().splitlines()[1:]
        self.assertEqual({len(line.split(",")) for line in whole}, {5})
        broken = self.synthesize("log.csv", "--broken-lines", "0.05").read_text().splitlines()[1:]
        odd = [line for line in broken if len(line.split(",")) != 5 or "many" in line]
        self.assertAlmostEqual(len(odd), 0.05 * 9000, delta=150)

    def test_prepare_takes_the_dirt_away(self):
        matrices = []
        for dirt in ("0", "0.5"):
            log = self.synthesize("log.csv", "--dirt", dirt, "--ids", "string")
            done = run(["prepare", "--input", log, "--output", self.folder / "log.h5", "--missing", "skip", "--columns",
                        "user=user_id,item=item_id,value=quantity*price,time=timestamp", "--min-value", "0.01",
                        "--duplicates", "max"], ranks=2)
            self.assertEqual(done.code, 0, done)
            with h5py.File(self.folder / "log.h5") as file:
                matrices.append([file["interactions/indptr"][:], file["interactions/indices"][:], file["users/ids"][:],
                                 file["items/ids"][:]])
        for clean, dirty in zip(*matrices):
            np.testing.assert_array_equal(clean, dirty)

    def test_presets_and_what_overrides_them(self):
        args = ["synthesize", "--shape", "movielens-20m", "--scale", "0.1", "--users", "1380", "--interactions", "200000"]
        log = self.synthesize("ml.csv", base=args).read_text().splitlines()
        self.assertEqual(log[0], "user_id,item_id,rating,timestamp")
        rows = np.array([line.split(",")[:3] for line in log[1:]], dtype=np.int64)
        self.assertAlmostEqual(len(rows), 200_000, delta=40_000)
        self.assertEqual(rows[:, 0].max(), 1380)
        self.assertLessEqual(rows[:, 1].max(), 2700)
        self.assertEqual(set(rows[:, 2]), {1, 2, 3, 4, 5})

        args = ["synthesize", "--shape", "shop", "--scale", "0.01", "--items", "500", "--kind", "ratings"]
        log = self.synthesize("shop.csv", base=args).read_text().splitlines()
        self.assertEqual(log[0], "user_id,item_id,rating,timestamp")
        rows = np.array([line.split(",")[:2] for line in log[1:]], dtype=np.int64)
        self.assertLessEqual(rows[:, 1].max(), 500)
        self.assertEqual(np.median(np.bincount(rows[:, 0])[1:]), 3)

    def test_truth(self):
        truth = self.folder / "truth.h5"
        log = self.synthesize("log.csv", "--truth", truth, "--ids", "string", "--segments", "6", "--planted-factors", "9",
                              ranks=3)
        with h5py.File(truth) as file:
            self.assertEqual(file["users/factors"].shape, (700, 9))
            self.assertEqual(file["items/factors"].shape, (300, 9))
            self.assertEqual(file["segments/factors"].shape, (6, 9))
            self.assertEqual(file["users/ids"].asstr()[6], "C0000007")
            self.assertEqual(file["items/ids"].asstr()[299], "SKU-000300")
            segments = file["users/segments"][:]
            self.assertEqual(set(segments), set(range(6)))
            self.assertAlmostEqual(file["items/popularity"][:].sum(), 1, places=9)
            self.assertTrue(np.allclose((file["items/factors"][:] ** 2).sum(1), 9, atol=1e-4))
            self.assertTrue(np.allclose((file["segments/factors"][:] ** 2).sum(1), 1, atol=1e-5))
            price = dict(zip(file["items/ids"].asstr()[:], file["items/price_cents"][:]))
            self.assertIn("seed", file.attrs)
            # Users stand near their segment's taste, and buy what they like.
            x, y, t = file["users/factors"][:], file["items/factors"][:], file["segments/factors"][:]
            self.assertLess(np.abs((x - t[segments]).mean()), 0.05)
        with open(log) as file:
            rows = list(csv.DictReader(file))
        affinity = np.array([x[int(r["user_id"][1:]) - 1] @ y[int(r["item_id"][4:]) - 1] for r in rows])
        self.assertGreater(affinity.mean(), (x @ y.T).mean() + 0.5)
        self.assertTrue(all(round(100 * float(r["price"])) == price[r["item_id"]] for r in rows))

    def test_bad_requests(self):
        out = str(self.folder / "log.csv")
        self.refused(2, "output", "--users", "10")
        self.refused(2, "expected a name that ends in .csv", "--output", out + ".gz")
        self.refused(2, "--users", "--output", out, "--users", "0", ranks=3)
        self.refused(2, "--interactions", "--output", out, "--users", "10", "--items", "10", "--interactions", "80")
        self.refused(2, "--interactions", "--output", out, "--users", "10", "--interactions", "9")
        self.refused(2, "--dirt", "--output", out, "--dirt", "2")
        self.refused(2, "kind", "--output", out, "--kind", "clicks")
        self.refused(2, "ids", "--output", out, "--ids", "words")
        self.refused(2, "shape", "--output", out, "--shape", "movielens")
        self.refused(2, "scale", "--output", out, "--scale", "0")
        self.refused(2, "signal", "--output", out, "--signal", "nan")
        self.refused(2, "same file", "--output", out, "--truth", out)
        self.refused(2, "--segments", "--output", out, "--segmemts", "3")
        self.refused(73, "nowhere", "--output", str(self.folder / "nowhere" / "log.csv"))
        self.refused(73, "nowhere", "--output", out, "--truth", str(self.folder / "nowhere" / "truth.h5"), ranks=3)

    def test_more_ranks_than_users(self):
        args = ["synthesize", "--users", "2", "--items", "3", "--interactions", "2", "--segments", "1"]
        logs = {self.synthesize("log.csv", ranks=ranks, base=args).read_text() for ranks in (1, 7)}
        self.assertEqual(len(logs), 1)
        self.assertEqual(len(logs.pop().splitlines()), 3)


if __name__ == "__main__":
    unittest.main()
