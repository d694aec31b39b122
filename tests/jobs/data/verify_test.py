"""verify: what it tells of intact, damaged, foreign and absent files, on one rank and on several; and that the digests can
be reproduced from what h5py reads."""
import ctypes
import ctypes.util
import pathlib
import shutil
import tempfile
import unittest

import h5py
import numpy

from program import run

BAD_DATA, NO_INPUT = 65, 66


def xxh3(content):
    """XXH3-64 of bytes, by the library itself."""
    function = ctypes.CDLL("libxxhash.so.0").XXH3_64bits
    function.restype, function.argtypes = ctypes.c_uint64, [ctypes.c_char_p, ctypes.c_size_t]
    return function(content, len(content))


def type_text(kind):
    if h5py.check_string_dtype(kind):
        length = h5py.check_string_dtype(kind).length
        return "string" if length is None else f"string[{length}]"
    if h5py.check_enum_dtype(kind) or kind.kind == "b":
        return "enum8"
    return {"i": "int", "u": "uint", "f": "float"}[kind.kind] + str(8 * kind.itemsize)


def attribute_lines(path, item):
    for name in item.attrs:
        if (path, name) == ("/", "metadata-digest"):
            continue
        value = item.attrs[name]
        kind = type_text(item.attrs.get_id(name).dtype)
        if isinstance(value, str):
            text = value.encode().hex()
        elif numpy.ndim(value) == 0:
            text = value.tobytes().hex()
        else:
            text = "[" + ",".join((one.encode() if isinstance(one, str) else one.tobytes()).hex() for one in value) + "]"
        yield f"attribute {path} {name} {kind} {text}\n"


def metadata_lines(file):
    """As docs/FORMATS.md has them."""
    paths = ["/"]
    file.visit(lambda path: paths.append("/" + path))
    for path in paths:
        item = file[path]
        if isinstance(item, h5py.Group):
            yield f"group {path}\n"
        else:
            yield f"dataset {path} {type_text(item.dtype)} [{','.join(map(str, item.shape))}]\n"
            if path.startswith("/digests/"):
                yield f"digests {path} {xxh3(item[:].tobytes()):016x}\n"
        yield from attribute_lines(path, item)


class Verify(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="rankwise-verify-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        # 300'000 entries: values and columns take two chunks.
        (cls.folder / "items.csv").write_text("item,title,brand\n" + "".join(f"{i},Stück {i},{'AB'[i % 2]}\n" for i in range(900)))
        for command in ("synthesize --users 5000 --items 900 --interactions 300000 --output log.csv --truth truth.h5",
                        "prepare --input log.csv --columns user=user_id,item=item_id --duplicates max --items items.csv --output data.h5",
                        "als --data data.h5 --model model.h5 --factors 8 --epochs 1",
                        "recommend --data data.h5 --model model.h5 --top 3 --output recommendations.h5",
                        "kmeans --input model.h5 --rows users --clusters 3 --output clusters.h5"):
            done = run([*command.split(), "--quiet"], cwd=cls.folder)
            if done.code != 0:
                raise AssertionError(done)
        cls.kinds = {"data.h5": "dataset", "model.h5": "model", "recommendations.h5": "recommendations",
                     "clusters.h5": "clustering", "truth.h5": "planted-truth"}

    def damaged(self, name, dataset, row):
        """A copy of the file whose `row` of `dataset` has one bit flipped."""
        copy = self.folder / f"damaged-{name}"
        shutil.copy(self.folder / name, copy)
        with h5py.File(copy) as file:
            item = file[dataset]
            place = item.id.get_offset() + row * item.dtype.itemsize * (item.shape[1] if item.ndim == 2 else 1)
        with copy.open("r+b") as file:
            file.seek(place)
            byte = file.read(1)[0]
            file.seek(place)
            file.write(bytes([byte ^ 2]))
        return copy

    def test_what_the_program_wrote_is_intact(self):
        for ranks in (1, 3):
            finished = run(["verify", *self.kinds, "--quiet"], ranks=ranks, cwd=self.folder)
            self.assertEqual(finished.code, 0, finished)
            lines = finished.out.splitlines()
            self.assertEqual(len(lines), len(self.kinds), finished)
            for line, (name, kind) in zip(lines, self.kinds.items()):
                self.assertRegex(line, rf"^{name}: intact: {kind} of \d+ datasets, [\d.]+ [KM]?i?B, [\d.]+ s$")
            self.assertEqual(finished.our_lines, [])

    def test_ranks_that_share_chunks_write_the_same_file(self):
        finished = run(["prepare", "--input", "log.csv", "--columns", "user=user_id,item=item_id", "--duplicates", "max",
                        "--items", "items.csv", "--output", "again.h5", "--quiet"], ranks=3, cwd=self.folder)
        self.assertEqual(finished.code, 0, finished)
        self.assertEqual((self.folder / "again.h5").read_bytes(), (self.folder / "data.h5").read_bytes())

    def test_digests_can_be_reproduced(self):
        for name in self.kinds:
            with h5py.File(self.folder / name) as file:
                tables = []
                file["digests"].visititems(lambda path, item: tables.append(path) if isinstance(item, h5py.Dataset) else None)
                self.assertGreaterEqual(len(tables), 4)
                for path in tables:
                    table, rows = file["digests"][path], file[path]
                    step = table.attrs["rows"]
                    self.assertEqual([xxh3(rows[begin:begin + step].tobytes()) for begin in range(0, len(rows), step)],
                                     list(table), path)
                digest = xxh3("".join(sorted(metadata_lines(file))).encode())
                self.assertEqual(digest, file.attrs["metadata-digest"], name)

    def test_a_forged_digest_of_a_table_is_told(self):
        forged = self.folder / "forged.h5"
        shutil.copy(self.folder / "data.h5", forged)
        with h5py.File(forged, "r+") as file:
            file["items/table"].attrs.modify("table-digest", numpy.uint64(5))
            file.attrs.modify("metadata-digest", numpy.uint64(xxh3("".join(sorted(metadata_lines(file))).encode())))
        for ranks in (1, 3):
            finished = run(["verify", forged, "--quiet"], ranks=ranks)
            self.assertEqual(finished.code, BAD_DATA, finished)
            (line,) = [line for line in (finished.out + finished.err).splitlines() if "table-digest" in line]
            self.assertRegex(line, r"attribute table-digest of /items/table is 0{15}5, but the table has [0-9a-f]{16}$")

    def test_damaged_rows_are_named(self):
        with h5py.File(self.folder / "data.h5") as file:
            entries = len(file["interactions/data"])
            step = file["digests/interactions/data"].attrs["rows"]
        self.assertGreater(entries, step)
        copy = self.damaged("data.h5", "interactions/data", entries - 1)
        for ranks in (1, 3):
            finished = run(["verify", copy], ranks=ranks)
            self.assertEqual(finished.code, BAD_DATA, finished)
            self.assertEqual(finished.out, "")
            self.assertEqual(len(finished.our_lines), 1, finished)
            self.assertRegex(finished.our_lines[0], rf"^rankwise: {copy}: /interactions/data: rows \[{step}, {entries}\) are damaged: "
                                                    r"expected digest [0-9a-f]{16}, found [0-9a-f]{16}$")

    def test_all_files_are_checked_and_the_highest_code_returned(self):
        factors = self.damaged("model.h5", "users/factors", 4321)
        table = self.damaged("clusters.h5", "digests/distances", 0)
        absent = self.folder / "absent.h5"
        for ranks in (1, 3):
            finished = run(["verify", factors, self.folder / "truth.h5", absent, table, "--quiet"], ranks=ranks)
            self.assertEqual(finished.code, NO_INPUT, finished)
            self.assertEqual(len(finished.out.splitlines()), 1, finished)
            self.assertIn("truth.h5: intact: planted-truth", finished.out)
            expected = [f"{factors}: /users/factors: rows [0, 5000) are damaged", f"{absent}: cannot open",
                        f"{table}: attributes, shapes or /digests are damaged", f"{table}: /distances: rows [0, 5000) are damaged"]
            self.assertEqual(len(finished.our_lines), len(expected), finished)
            for line, start in zip(finished.our_lines, expected):
                self.assertTrue(line.startswith("rankwise: " + start), finished)

    def assert_refused(self, path, code, words):
        for ranks in (1, 3):
            finished = run(["verify", path], ranks=ranks)
            self.assertEqual(finished.code, code, finished)
            self.assertEqual(len(finished.our_lines), 1, finished)
            self.assertIn(f"{path}: {words}", finished.our_lines[0])

    def test_other_files_are_told_apart(self):
        folder = self.folder / "without-files"
        folder.mkdir()
        self.assert_refused(folder, NO_INPUT, "holds no file whose name ends in .h5 or .hdf5")
        self.assert_refused(self.folder / "log.csv", BAD_DATA, "is not a sound HDF5 file")
        empty = self.folder / "empty.h5"
        empty.write_bytes(b"")
        self.assert_refused(empty, BAD_DATA, "is not a sound HDF5 file")
        cut = self.folder / "cut.h5"
        cut.write_bytes((self.folder / "model.h5").read_bytes()[:100_000])
        self.assert_refused(cut, BAD_DATA, "is not a sound HDF5 file")
        foreign = self.folder / "foreign.h5"
        with h5py.File(foreign, "w") as file:
            file["rows"] = numpy.zeros(5)
        self.assert_refused(foreign, BAD_DATA, "holds no digests")

    def test_a_changed_attribute_is_noticed(self):
        copy = self.folder / "changed.h5"
        shutil.copy(self.folder / "model.h5", copy)
        with h5py.File(copy, "r+", libver="latest") as file:
            file.attrs["alpha"] = 2.0
        self.assert_refused(copy, BAD_DATA, "attributes, shapes or /digests are damaged: expected digest")

    def test_inspect_tells_of_digests(self):
        finished = run(["inspect", self.folder / "model.h5", "--quiet"])
        self.assertEqual(finished.code, 0, finished)
        self.assertRegex(finished.out, r"  digests: of 10 datasets \(rankwise verify compares\)\n")
        self.assertRegex(finished.out, r"  metadata-digest: [0-9a-f]{16}\n")
        self.assertNotIn("/digests", finished.out)


if __name__ == "__main__":
    unittest.main()
