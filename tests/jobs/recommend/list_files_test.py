"""Lists in several files: one for each segment or rank, and the manifest that says which belong together."""
import gzip
import hashlib
import json
import os
import unittest

import h5py

from audience_case import AudienceCase, SEGMENTS, UNKNOWN

BASE = ["recommend", "--data", "@data.h5", "--model", "@als.h5", "--top", "6", "--segments", "@clusters.h5"]
NAMES = [f"lists-segment-{number}.csv" for number in range(SEGMENTS)] + ["lists-segment-none.csv"]


def sha256(path):
    """Of the file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


class ListFilesTest(AudienceCase):
    def setUp(self):
        for path in self.path.glob("lists*"):
            path.unlink()

    def manifest(self, name="lists.csv"):
        return json.loads((self.path / f"{name}.manifest.json").read_text())

    def files(self):
        return sorted(path.name for path in self.path.glob("lists*"))

    def lines(self, name):
        return (self.path / name).read_text().splitlines()

    def single(self, *options, name="single.csv"):
        self.job(*BASE, *options, "--output", f"@{name}")
        return self.lines(name)

    def test_a_file_for_each_segment_has_the_lists_of_its_users(self):
        (self.path / "who.txt").write_text("".join(f"{user}\n" for user in [*self.users, *UNKNOWN, "nobody"]))
        who = ["--users", "@who.txt", "--unknown-users", "popular"]
        whole = self.single(*who)
        seen = set()
        for ranks, threads in ((1, 1), (2, 2), (3, 1), (5, 1)):
            self.job(*BASE, *who, "--split-by-segment", "--output", "@lists.csv", "--threads", threads, ranks=ranks)
            self.assertEqual(self.files(), [*NAMES, "lists.csv.manifest.json"])
            seen.add(tuple(sha256(self.path / name) for name in self.files()))
        self.assertEqual(len(seen), 1)
        manifest = self.manifest()
        self.assertEqual((manifest["kind"], manifest["split"], [file["file"] for file in manifest["files"]]), ("list-files", "segments", NAMES))
        self.assertEqual([file["segment"] for file in manifest["files"]], [*range(SEGMENTS), None])
        self.assertEqual([model["file"] for model in manifest["models"]], ["als.h5"])
        self.assertEqual(manifest["segments"]["file"], "clusters.h5")
        with h5py.File(self.path / "clusters.h5") as clusters, h5py.File(self.path / "als.h5") as model:
            self.assertEqual(manifest["segments"]["digest"], f"{clusters.attrs['metadata-digest']:016x}")
            self.assertEqual(manifest["models"][0]["digest"], f"{model.attrs['metadata-digest']:016x}")
        rows = 0
        for segment, name in zip([*range(SEGMENTS), -1], NAMES):
            lines = self.lines(name)
            expected = [line for line in whole[1:] if self.cluster.get(line.split(",")[0], -1) == segment]
            self.assertEqual(lines, [whole[0], *expected])
            told = manifest["files"][NAMES.index(name)]
            members = [user for user in [*self.users, *UNKNOWN, "nobody"] if self.cluster.get(user, -1) == segment]
            self.assertEqual((told["rows"], told["users"], told["bytes"]), (len(expected), len(members), (self.path / name).stat().st_size))
            rows += len(expected)
        self.assertEqual((manifest["rows"], manifest["users"]), (rows, len(self.users) + 5))
        self.assertNotEqual(len({file["xxh3"] for file in manifest["files"]}), 1)

    def test_chosen_segments_alone_have_files(self):
        self.job(*BASE, "--split-by-segment", "--segment", "0,2", "--output", "@lists.jsonl.gz", ranks=3)
        self.assertEqual(self.files(), ["lists-segment-0.jsonl.gz", "lists-segment-2.jsonl.gz", "lists.jsonl.gz.manifest.json"])
        for segment in (0, 2):
            with gzip.open(self.path / f"lists-segment-{segment}.jsonl.gz", "rt") as file:
                self.assertEqual({self.cluster[json.loads(line)["user"]] for line in file}, {segment})

    def test_shards_in_order_are_the_single_file(self):
        (self.path / "who.txt").write_text("".join(f"{user}\n" for user in [*self.users[3:], *UNKNOWN]))
        for options in ([], ["--users", "@who.txt", "--unknown-users", "popular", "--max-per", "category=1"]):
            whole = self.single(*options)
            for ranks in (1, 2, 3, 5):
                self.job(*BASE, *options, "--shards", "--output", "@lists.csv", ranks=ranks)
                names = [f"lists-{number:05}-of-{ranks:05}.csv" for number in range(ranks)]
                self.assertEqual(self.files(), [*names, "lists.csv.manifest.json"])
                manifest = self.manifest()
                self.assertEqual((manifest["split"], [file["file"] for file in manifest["files"]]), ("shards", names))
                rows = [line for name in names for line in self.lines(name)[1:]]
                self.assertEqual(rows, whole[1:])
                self.assertEqual({self.lines(name)[0] for name in names}, {whole[0]})
        self.job(*BASE, "--shards", "--output", "@lists.csv.zst", ranks=2)
        self.assertIn("lists-00001-of-00002.csv.zst", self.files())

    def test_verify_compares_the_files_of_a_manifest(self):
        self.job(*BASE, "--split-by-segment", "--output", "@lists.csv")
        self.job(*BASE, "--shards", "--output", "@lists-too.csv", ranks=2)
        for ranks in (1, 3):
            done = self.job("verify", "@lists.csv.manifest.json", "@lists-too.csv.manifest.json", ranks=ranks)
            self.assertIn(f"lists.csv.manifest.json: intact: list-files of {len(self.manifest()['files'])} files", done.out)
            self.assertIn("lists-too.csv.manifest.json: intact: list-files of 2 files", done.out)
        file = self.path / NAMES[0]
        whole = file.read_bytes()
        for damaged, words in ((whole[:-1], f"has {len(whole) - 1} bytes; its manifest says {len(whole)}"),
                               (whole[:-2] + b"x\n", "is damaged: its digest is"), (None, "No such file")):
            file.write_bytes(damaged) if damaged is not None else file.unlink()
            for ranks in (1, 3):
                done = self.job("verify", "@lists.csv.manifest.json", code=65, ranks=ranks)
                self.assertIn(f"{NAMES[0]}: {words}", done.err)
        done = self.job("verify", "@.", code=65)  # of a folder, too
        self.assertIn(f"{NAMES[0]}: No such file", done.err)
        for text in ("[]", "{}", '{"kind": "list-files", "files": [{}]}', '{"kind": "list-files", "files": [{"file": "../x", "bytes": 1, "xxh3": "0"}]}', "{"):
            (self.path / "lists-odd.manifest.json").write_text(text)
            self.refused(65, "verify", "@lists-odd.manifest.json", words=["lists-odd.manifest.json", "expected"])
        self.refused(66, "verify", "@lists-absent.manifest.json", words=["lists-absent.manifest.json"])

    def test_files_of_an_earlier_split_are_not_left_beside_the_new_ones(self):
        self.job(*BASE, "--shards", "--output", "@lists.csv", ranks=5)
        (self.path / "lists-notes.csv").write_text("mine\n")
        done = self.job(*BASE, "--split-by-segment", "--output", "@lists.csv", ranks=2)
        self.assertIn("removed 5 files of an earlier run", done.err)
        self.assertEqual(self.files(), sorted([*NAMES, "lists-notes.csv", "lists.csv.manifest.json"]))
        # A run that was stopped between its files leaves them without a manifest: nobody removes what nothing names.
        before = {name: self.lines(name) for name in NAMES}
        (self.path / "lists.csv.manifest.json").unlink()
        self.refused(73, *BASE, "--shards", "--output", "@lists.csv", words=["lists-segment-0.csv", "manifest.json does not exist", "remove it"])
        self.assertEqual({name: self.lines(name) for name in NAMES}, before)
        self.job(*BASE, "--split-by-segment", "--output", "@lists.csv")  # replaces all of them
        (self.path / "lists-00000-of-00003.csv").write_text("of somebody\n")
        self.refused(73, *BASE, "--split-by-segment", "--output", "@lists.csv", words=["lists-00000-of-00003.csv", "does not name it"])
        self.assertEqual(self.lines("lists-00000-of-00003.csv"), ["of somebody"])
        (self.path / "lists-00000-of-00003.csv").unlink()
        # A manifest from elsewhere names no other files.
        (self.path / "precious.csv").write_text("mine\n")
        manifest = self.manifest()
        manifest["files"] += [{"file": "precious.csv", "bytes": 5, "xxh3": "0"}]
        (self.path / "lists.csv.manifest.json").write_text(json.dumps(manifest))
        self.job(*BASE, "--shards", "--output", "@lists.csv", ranks=2)
        self.assertTrue((self.path / "precious.csv").exists())
        sound = self.manifest()
        odd = [json.dumps({**sound, "files": [*sound["files"], more]}) for more in ({"file": "../precious.csv", "bytes": 5, "xxh3": "0"}, {"file": 7}, "x")]
        for text in (*odd, "[", "[]", '{"kind":"list-files"}', '{"kind":"list-files","files":3}', '{"kind":7,"files":[]}', "\0\xff"):
            (self.path / "lists.csv.manifest.json").write_text(text)
            self.refused(73, *BASE, "--split-by-segment", "--output", "@lists.csv", words=["lists-0000", "does not name it"])

    def test_names_may_be_any_bytes(self):
        """A folder and a stem that are no UTF-8: the manifest's names are encoded, and known again."""
        folder = self.path / os.fsdecode(b"M\xfcnchen")
        folder.mkdir(exist_ok=True)
        output = folder / os.fsdecode(b"gr\xfc\xdfe.csv")
        self.job(*BASE, "--shards", "--output", str(output), ranks=2)
        self.job(*BASE, "--split-by-segment", "--output", str(output))
        self.assertEqual(len(list(folder.iterdir())), SEGMENTS + 2)
        json.loads((folder / os.fsdecode(b"gr\xfc\xdfe.csv.manifest.json")).read_bytes().decode("utf-8"))

    def test_no_file_of_the_run_is_written_over(self):
        """Neither the configuration file, nor an input by another name, nor what an option added later reads."""
        for number, name in enumerate(("lists-segment-0.csv", "lists-00000-of-00001.csv", "lists.csv.manifest.json")):
            path = self.path / name
            text = "top = 3\n" if number < 2 else '{"top": 3}'
            path.write_text(text)
            split = "--shards" if number == 1 else "--split-by-segment"
            self.refused(2, *BASE[:5], *BASE[7:], "--config", f"@{name}", split, "--output", "@lists.csv", words=["--config", name, "never writes over"])
            os.link(path, self.path / "other.csv")
            for option in ("--exclude-items", "--log", "--probability"):
                self.refused(2, *BASE, option, "@other.csv", split, "--output", "@lists.csv", words=[option, "other.csv", name, "same file"])
            (self.path / "other.csv").unlink()
            self.assertEqual((self.files(), path.read_text()), ([name], text))
            path.unlink()
        self.refused(2, *BASE, "--split-by-segment", "--output", "@lists.csv", "--log-json", "@lists.csv.manifest.json", words=["--log-json", "manifest.json"])
        self.refused(2, *BASE, "--split-by-segment", "--output", "@lists.csv", "--log-json", "@lists-segment-1.csv", words=["--log-json", "lists-segment-1.csv"])

    def test_what_cannot_be_is_refused(self):
        plain = BASE[:-2]
        (self.path / "lists-segment-1.csv").write_text("user\nc001\n")
        (self.path / "lists-00000-of-00001.csv").write_text("user\nc001\n")
        for code, job, words in (
                (2, [*plain, "--split-by-segment", "--output", "@lists.csv"], ["--split-by-segment", "--segments FILE"]),
                (2, [*BASE, "--split-by-segment", "--shards", "--output", "@lists.csv"], ["--split-by-segment", "--shards"]),
                (2, [*BASE, "--split-by-segment", "--output", "@lists.h5"], ["--split-by-segment", ".csv"]),
                (2, [*BASE, "--shards", "--output", "-"], ["--shards", ".csv"]),
                (2, [*BASE, "--split-by-segment", "--segment", "1", "--users", "@lists-segment-1.csv", "--output", "@lists.csv"], ["lists-segment-1.csv"]),
                (73, [*BASE, "--split-by-segment", "--output", "@no/lists.csv"], ["no/lists"])):
            (self.path / "lists-00000-of-00001.csv").unlink(missing_ok=True)
            self.refused(code, *job, words=words)
            self.assertEqual(self.files(), ["lists-segment-1.csv"])
        os.mkdir(self.path / "lists-segment-2.csv")
        self.refused(73, *BASE, "--split-by-segment", "--output", "@lists.csv", words=["lists-segment-2.csv"])
        os.rmdir(self.path / "lists-segment-2.csv")
        self.assertEqual(self.lines("lists-segment-1.csv"), ["user", "c001"])


if __name__ == "__main__":
    unittest.main()
