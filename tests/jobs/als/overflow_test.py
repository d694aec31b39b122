"""Numbers beyond 32-bit floating point: no list, metric or file ever has one. One line that names the row, exit code 65; a fold that cannot be
read likewise."""
import pathlib
import re
import shutil
import tempfile
import unittest

import h5py
import numpy as np

from program import run


def edit(path, change):
    """Changes a file as somebody else's program might, who knows no digests."""
    with h5py.File(path, "r+") as file:
        del file["digests"]
        file.attrs.pop("metadata-digest")
        change(file)


def scale_factors(scale):
    def change(file):
        for side in ("users", "items"):
            file[f"{side}/factors"][...] = np.float32(scale) * file[f"{side}/factors"][:]
    return change


class OverflowTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.path = pathlib.Path(folder.name)
        for step in ("synthesize --users 60 --items 60 --interactions 700 --output log.csv", "prepare --input log.csv --split temporal:0.2 --output data.h5",
                     "prepare --input log.csv --split users:0.2 --output users.h5",
                     "als --data data.h5 --model model.h5 --factors 6 --epochs 2", "als --data users.h5 --model new.h5 --factors 6 --epochs 2",
                     "als --data data.h5 --model fold.h5 --factors 2 --epochs 1 --fold interactions:2/5"):
            cls.run_sound(step)
        for name in ("model.h5", "new.h5"):
            shutil.copy(cls.path / name, cls.path / f"huge-{name}")
            edit(cls.path / f"huge-{name}", scale_factors(1e25))

    @classmethod
    def run_sound(cls, command, ranks=1):
        done = run([*command.split(), "--quiet"], ranks=ranks, cwd=cls.path)
        assert done.code == 0, done
        return done

    def refused(self, command, ranks=1):
        """The one line, which is the same on any ranks; no output is left."""
        done = run([*command.split(), "--quiet", "--verify-inputs", "no"], ranks=ranks, cwd=self.path)
        self.assertEqual(done.code, 65, done)
        (line,) = done.our_lines
        self.assertEqual(list(self.path.glob("output*")), [])
        self.assertNotRegex(done.out, "nan|inf")
        return line

    def test_lists(self):
        for output in ("output.csv", "output.h5"):
            lines = {self.refused(f"recommend --data data.h5 --model huge-model.h5 --output {output}", ranks) for ranks in (1, 3)}
            (line,) = lines
            self.assertRegex(line, r"^rankwise: huge-model\.h5: user \S+: the score of item row \d+ is (inf|nan|-inf); expected one within the range of "
                                   r"32-bit floating point$")

    def test_one_score_of_all(self):
        shutil.copy(self.path / "model.h5", self.path / "one.h5")

        def change(file):
            users, items = file["users/factors"][:], file["items/factors"][:]
            users[:, 0], users[:, 1], items[:, :2] = 1e20, 1e20, 0
            items[31, :2] = (1e20, 0)
            file["users/factors"][...], file["items/factors"][...] = users, items
        edit(self.path / "one.h5", change)
        self.assertIn("the score of item row 31 is inf; expected", self.refused("recommend --data data.h5 --model one.h5 --top 3 --seen allow --output output.csv"))
        self.assertIn("one.h5: user row 0: the score of item row 31 is inf; expected", self.refused("evaluate --data data.h5 --model one.h5 --metrics ndcg@3 "
                                                                                                   "--seen allow --output output.json"))

    def test_metrics(self):
        for ranks in (1, 3):
            self.assertRegex(self.refused("evaluate --data data.h5 --model huge-model.h5 --output output.json", ranks),
                             r"huge-model\.h5: user row \d+: the score of item row \d+ is (inf|nan|-inf); expected one within")

    def test_users_that_are_folded_in(self):
        for job in ("evaluate --output output.json", "recommend --output output.csv"):
            line = self.refused(f"{job} --data users.h5 --model huge-new.h5", ranks=2)
            self.assertRegex(line, "item factors are so large that their products are beyond the range of 32-bit floating point")

    def test_training(self):
        lines = "user,item,value\n" + "".join(f"u{u},i{i},{3e38 if u == i else 1e-3}\n" for u in range(6) for i in range(6))
        (self.path / "values.csv").write_text(lines)
        self.run_sound("prepare --input values.csv --output values.h5")
        self.assertRegex(self.refused("als --data values.h5 --objective explicit --factors 3 --epochs 3 --model output.h5"), "finite solution")

    bound = "expected at most 1.7e+38, so that distances are within the range of 32-bit floating point"

    def test_clusters(self):
        np.save(self.path / "wide.npy", np.array([[3e38, 3e38], [-3e38, -3e38], [3e38, -3e38], [0, 0]], dtype=np.float32))
        for ranks in (1, 3):
            self.assertEqual(self.refused("kmeans --input wide.npy --clusters 1 --output output.h5", ranks),
                             "rankwise: wide.npy: row 0: its length is 4.24e+38; " + self.bound)
        np.save(self.path / "narrow.npy", np.array([[1e-30, 1], [2e-30, 2], [3e-30, 1]], dtype=np.float32))
        self.run_sound("kmeans --input narrow.npy --scale standard --clusters 2 --output narrow.h5")
        self.assertEqual(self.refused("kmeans --input wide.npy --predict narrow.h5 --output output.h5", ranks=2),
                         "rankwise: wide.npy: row 0: its length is inf; " + self.bound)
        np.save(self.path / "far.npy", np.array([[2e38, 0], [0, 0]], dtype=np.float32))
        for given in ("predict", "init"):
            self.assertEqual(self.refused(f"kmeans --input narrow.npy --{given} far.npy --output output.h5"),
                             "rankwise: far.npy: centroid 0: its length is 2e+38; " + self.bound)
        self.run_sound("kmeans --input wide.npy --metric cosine --clusters 2 --output sound.h5")

    def test_folds_that_cannot_be_read(self):
        for text in ("interactions:9/5", "interactions", "weeks:1/2", ""):
            shutil.copy(self.path / "fold.h5", self.path / "bad.h5")
            edit(self.path / "bad.h5", lambda file, text=text: file.attrs.modify(
                "configuration", re.sub("(?m)^fold = .*$", f"fold = {text}", file.attrs["configuration"])))
            for job in ("evaluate --output output.json", "recommend --output output.csv"):
                self.assertEqual(self.refused(f"{job} --data data.h5 --model bad.h5"),
                                 f"rankwise: bad.h5: attribute configuration names the fold '{text}'; expected one such as interactions:2/5")


if __name__ == "__main__":
    unittest.main()
