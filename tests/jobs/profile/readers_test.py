"""Other programs read profiles: kmeans, which clusters their customers, and pandas."""
import unittest

import h5py
import numpy as np

from profile_case import ProfileCase, read_csv, shop_rows, write_log


class ReadersTest(ProfileCase):
    def test_kmeans_reads_it(self):
        write_log(self.folder / "log.csv", shop_rows())
        self.prepare()
        self.profile(output="c.csv")
        self.job("profile", "--data", "data.h5", "--output", "customers.h5")
        done = self.job("kmeans", "--input", "customers.h5", "--clusters", "3", "--scale", "log-standard", "--output", "k.h5")
        self.assertIn("mean_gap_days", done.err)
        self.assertIn("12 of 120 rows belong to no cluster: 12 without a value", done.err)
        table = read_csv(self.folder / "c.csv")
        with h5py.File(self.folder / "k.h5") as file:
            self.assertEqual(file.attrs["scale"], "log-standard")
            names = list(file["dimensions/names"].asstr())
            values = table.loc[table.orders > 0, names].to_numpy(np.float32).astype(float)
            logs = np.sign(values) * np.log1p(np.abs(values))
            np.testing.assert_allclose(file["dimensions/shift"][:], logs.mean(axis=0), rtol=1e-6, atol=1e-9)
            centroid = ((logs - logs.mean(axis=0)) / np.where(logs.std(axis=0) > 1e-9, logs.std(axis=0), 1))[
                file["assignments"][:][table.orders > 0] == 0].mean(axis=0)
            np.testing.assert_allclose(file["centroids"][0], centroid, atol=1e-4)
        self.job("kmeans", "--input", "customers.h5", "--predict", "k.h5", "--output", "p.h5")
        with h5py.File(self.folder / "k.h5") as one, h5py.File(self.folder / "p.h5") as other:
            self.assertTrue((one["assignments"][:] == other["assignments"][:]).all())

    def test_kmeans_by_ranks(self):
        write_log(self.folder / "log.csv", shop_rows())
        self.prepare()
        table, _ = self.profile(output="c.csv")
        self.job("profile", "--data", "data.h5", "--output", "customers.h5")
        self.job("kmeans", "--input", "customers.h5", "--columns", "money,mean_gap_days", "--clusters", "1", "--scale", "rank", "--output", "k.h5", ranks=3)
        kept = table[table.mean_gap_days.notna()]
        with h5py.File(self.folder / "k.h5") as file:
            self.assertEqual((file["assignments"][:] < 0).sum(), len(table) - len(kept))
            ranks = kept[["money", "mean_gap_days"]].astype(np.float32).rank(method="average")
            squares = ((((ranks - 0.5) / len(kept)) - 0.5)**2).sum(axis=1)
            np.testing.assert_allclose(file["distances"][:][table.mean_gap_days.notna()], np.sqrt(squares), atol=1e-5)
        done = self.job("kmeans", "--input", "customers.h5", "--columns", "money,mean_gap_days", "--predict", "k.h5", "--output", "p.h5", code=2)
        self.assertIn("--scale rank", done.err)
        done = self.job("kmeans", "--input", "customers.h5", "--columns", "money,segment", "--clusters", "2", "--output", "p.h5", code=65)
        self.assertIn("segment", done.err)

    def test_pandas_reads_it(self):
        write_log(self.folder / "log.csv", shop_rows())
        self.prepare()
        expected, _ = self.profile(output="c.csv")
        self.job("profile", "--data", "data.h5", "--output", "customers.h5")
        with h5py.File(self.folder / "customers.h5") as file:
            table = file["users/table"]
            self.assertEqual(file.attrs["kind"], "profile")
            self.assertEqual(list(table["_index"].asstr()), list(expected.index))
            np.testing.assert_array_equal(table["money"][:], expected.money)
            self.assertIn("days", table["recency_days"].attrs["definition"])


if __name__ == "__main__":
    unittest.main()
