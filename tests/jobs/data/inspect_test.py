"""inspect against files that h5py wrote: what it tells, and what it refuses."""
import json
import pathlib
import subprocess
import tempfile
import unittest

import h5py
import numpy

from program import PROGRAM, run

BAD_DATA, NO_INPUT, IO_ERROR = 65, 66, 74


class Inspect(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="rankwise-inspect-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.path = self.folder / "model.h5"
        with h5py.File(self.path, "w", libver="latest") as file:
            file.attrs["kind"] = "model"
            file.attrs["version"] = "1.2.3 (abc)"
            file.attrs["seed"] = numpy.uint64(3)
            file.attrs["configuration"] = "epochs = 2\nfactors = 3"
            file.attrs["dataset-digest"] = numpy.uint64(2**64 - 5)
            file.attrs["names"] = ["a", "b"]
            file.attrs["nothing"] = h5py.Empty("f4")
            file["users/factors"] = numpy.zeros((5, 3), "f4")
            file["users/ids"] = numpy.array([b"one", b"two", b"three", b"four", b"five"])
            file["history/loss"] = [3.0, 2.0]
            file["history/observed"] = [1.5, 1.0]
            group = file.create_group("interactions")
            group.attrs["encoding-type"] = "csr_matrix"
            group.attrs["shape"] = [5, 4]
            group["data"] = numpy.ones(6, "f4")
            group["indices"] = numpy.arange(6, dtype="i4")
            group["indptr"] = numpy.arange(6)
            file["scalar"] = 3.5
            file["soft"] = h5py.SoftLink("/users")
            file["external"] = h5py.ExternalLink(str(self.folder / "other.h5"), "/x")
            file["loop"] = file["/"]

    def described(self):
        finished = run(["inspect", "--json", self.path, "--quiet"])
        self.assertEqual(finished.code, 0, finished)
        return json.loads(finished.out)

    def test_json_tells_types_shapes_and_attributes(self):
        described = self.described()
        self.assertEqual(described["bytes"], self.path.stat().st_size)
        objects = {entry["path"]: entry for entry in described["objects"]}
        self.assertEqual(objects["/"]["attributes"]["kind"], "model")
        self.assertEqual(objects["/"]["attributes"]["seed"], 3)
        self.assertEqual(objects["/"]["attributes"]["dataset-digest"], "fffffffffffffffb")
        self.assertEqual(objects["/"]["attributes"]["names"], ["a", "b"])
        self.assertEqual(objects["/"]["attributes"]["nothing"], [])
        self.assertEqual(objects["/users/factors"]["type"], "float32")
        self.assertEqual(objects["/users/factors"]["shape"], [5, 3])
        self.assertEqual(objects["/users/factors"]["stored_bytes"], 60)
        self.assertEqual(objects["/users/ids"]["type"], "string[5]")
        self.assertEqual(objects["/interactions/indptr"]["type"], "int64")
        self.assertEqual(objects["/scalar"]["shape"], [])
        self.assertEqual(objects["/interactions"]["sparse"], {"rows": 5, "columns": 4, "entries": 6, "density": 0.3})
        self.assertEqual(described["history"], {"loss": [3.0, 2.0], "observed": [1.5, 1.0]})

    def test_a_clustering_shows_its_iterations(self):
        with h5py.File(self.path, "w", libver="latest") as file:
            file.attrs["kind"] = "clustering"
            file["centroids"] = numpy.zeros((4, 3), "f4")
            file["history/inertia"] = [40.5, 30.25]
            file["history/moved"] = numpy.array([1234567890123, 0])
        self.assertEqual(self.described()["history"], {"inertia": [40.5, 30.25], "moved": [1234567890123, 0]})
        finished = run(["inspect", self.path, "--quiet"])
        self.assertIn("inertia by iteration:", finished.out)
        self.assertIn("    iteration           inertia             moved\n            1              40.5     1234567890123\n",
                      finished.out)

    def test_links_are_listed_and_not_followed(self):
        objects = {entry["path"]: entry for entry in self.described()["objects"]}
        for path in ("/soft", "/external", "/loop"):
            self.assertEqual(objects[path]["kind"], "link")
        self.assertFalse([path for path in objects if path.startswith(("/soft/", "/external/", "/loop/"))])

    def test_text_tells_the_same_to_people(self):
        for ranks in (1, 3):
            finished = run(["inspect", self.path], ranks=ranks)
            self.assertEqual(finished.code, 0, finished)
            for part in ("model.h5: model, ", "version: 1.2.3 (abc)", "    epochs = 2\n", "dataset-digest: fffffffffffffffb",
                         "5 x 3", "5 x 4", "6 entries, 30% filled, 1.2 a row", "loss by epoch:"):
                self.assertEqual(finished.out.count(part), 1, (part, finished))

    def test_texts_of_strangers_reach_no_terminal(self):
        with h5py.File(self.path, "r+") as file:
            file.attrs["kind"] = "model\x1b[2J"
            file.attrs["ver\rsion"] = "one\ntwo"
            file.attrs["configuration"] = "epochs = 2\nname = \x1b]0;title\x07"
            file["loss\x08"] = [1.0]
        finished = run(["inspect", self.path])
        self.assertEqual(finished.code, 0, finished)
        self.assertEqual([c for c in finished.out if (c < " " and c != "\n") or c == "\x7f"], [])
        for part in ("model\\x1b[2J", "  ver\\x0dsion: one\\x0atwo\n", "    name = \\x1b]0;title\\x07\n", "/loss\\x08"):
            self.assertIn(part, finished.out)

    def test_several_files_make_several_lines(self):
        finished = run(["inspect", "--json", self.path, self.path, "--quiet"])
        self.assertEqual(finished.code, 0, finished)
        self.assertEqual([json.loads(line)["file"] for line in finished.out.splitlines()], [str(self.path)] * 2)

    def assert_refused(self, path, code, ranks=1):
        finished = run(["inspect", path], ranks=ranks)
        self.assertEqual(finished.code, code, finished)
        self.assertEqual(len(finished.our_lines), 1, finished)
        self.assertIn(str(path), finished.our_lines[0])

    def test_missing_and_foreign_files_are_told_apart(self):
        self.assert_refused(self.folder / "absent.h5", NO_INPUT)
        self.assert_refused(self.folder / "absent.h5", NO_INPUT, ranks=3)
        self.assert_refused(self.folder, NO_INPUT)
        text = self.folder / "text.h5"
        text.write_text("user,item\n")
        self.assert_refused(text, BAD_DATA)
        self.assert_refused(text, BAD_DATA, ranks=3)
        empty = self.folder / "empty.h5"
        empty.write_bytes(b"")
        self.assert_refused(empty, BAD_DATA)

    def test_a_truncated_or_scribbled_file_never_crashes(self):
        whole = self.path.read_bytes()
        damaged = self.folder / "damaged.h5"
        random = numpy.random.default_rng(5)
        refused = 0
        for trial in range(12):
            content = bytearray(whole)
            if trial % 2 == 0:
                content = content[: random.integers(0, len(whole))]
            else:
                for place in random.integers(0, min(len(whole), 4096), 20):
                    content[place] = random.integers(0, 256)
            damaged.write_bytes(content)
            finished = run(["inspect", "--json", damaged, "--quiet"])
            self.assertIn(finished.code, (0, BAD_DATA), finished)
            refused += finished.code == BAD_DATA
        self.assertGreaterEqual(refused, 6)  # at least every cut

    def test_results_that_cannot_be_written_are_an_error(self):
        full = pathlib.Path("/dev/full")
        if not full.exists():
            self.skipTest("no /dev/full here")
        with full.open("w") as out:
            finished = subprocess.run([PROGRAM, "inspect", str(self.path), "--quiet"], stdout=out, stderr=subprocess.PIPE,
                                      text=True, timeout=60, check=False)
        self.assertEqual(finished.returncode, IO_ERROR)
        self.assertIn("rankwise: standard output: cannot be written", finished.stderr)


if __name__ == "__main__":
    unittest.main()
