"""Names that are any bytes: of folders, files, columns and ids. Whatever is written about them is UTF-8 from which they come back,
and nothing of them moves a terminal's cursor."""
import json
import os
import pathlib
import re
import tempfile
import unittest

import h5py

import synthetic_sweep
import shop
from program import run

AS_ROOT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
LATIN = os.fsdecode(b"M\xfcnchen")  # no UTF-8

CHAIN = """[quarterly]
directory = q
scheduler = local
cores = 2
refit.ranks = 2

[prepare]
input = log.csv
split = random:0.1

[sweep]
factors = 2, 4
epochs = 2
validation = interactions:2
optimize = ndcg@10
calibrate = 0

[evaluate]
metrics = ndcg@10

[recommend]
top = 3

[kmeans users]
clusters = 3
"""


def json_of(path):
    """Strict: JSON is UTF-8."""
    return json.loads(path.read_bytes().decode("utf-8"))


def decoded(text):
    """The bytes that a text in a file stands for, as docs/FORMATS.md has it."""
    return re.sub(rb"\\x(5c|[89a-f][0-9a-f])", lambda found: bytes.fromhex(found[1].decode()), text.encode("utf-8"))


class NamesTestCase(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.folder = self.root / LATIN
        self.folder.mkdir()

    def done(self, *arguments, code=0, **how):
        done = run(arguments, cwd=self.folder, env=AS_ROOT, **how)
        self.assertEqual(done.code, code, done)
        return done

    def assert_bytes(self, text, path):
        self.assertEqual(decoded(text), os.fsencode(path))


class FolderTest(NamesTestCase):
    def test_a_sweep_in_such_a_folder_is_the_one_of_any_folder(self):
        records = []
        for home in (self.root, self.folder):
            synthetic_sweep.write_ratings(home / "log.csv")
            here = {"cwd": home, "env": AS_ROOT}
            for arguments in (["prepare", "--input", "log.csv", "--split", "random:0.1", "--output", "data.h5"],
                              ["sweep", "plan", "search", "--data", "data.h5", "--calibrate", "0", "--objective", "explicit",
                               "--factors", "2,4", "--epochs", "2"],
                              ["sweep", "run", home / "search", "--cores", "2", "--refit", "winner.h5", "--refit-metrics", "winner.json"],
                              ["sweep", "status", "search", "--json", "status.json", "--log-json", "status.jsonl"],
                              ["sweep", "collect", "search"],
                              ["sweep", "refit", "search", "--model", "again.h5"]):
                done = run(arguments, **here)
                self.assertEqual(done.code, 0, done)
                self.assertNotIn("\ufffd", done.out + done.err)  # as bytes that are no UTF-8 would be read
            records.append(synthetic_sweep.recorded(home / "search"))
            self.assertEqual((home / "winner.h5").read_bytes(), (home / "again.h5").read_bytes())
        self.assertEqual(records[0], records[1])
        self.assert_bytes(json_of(self.folder / "search/plan.json")["data"], self.folder / "data.h5")
        self.assert_bytes(json_of(self.folder / "search/run.json")["refit_model"], self.folder / "winner.h5")
        for name in ("status.json", "winner.json", "search/results/summary.json"):
            json_of(self.folder / name)
        (self.folder / "search/results/report.html").read_bytes().decode("utf-8")
        self.assertEqual((self.root / "winner.json").read_bytes(), (self.folder / "winner.json").read_bytes())
        # A folder whose name is what stands for the other one is another folder.
        lookalike = self.root / "M\\xfcnchen"
        lookalike.mkdir()
        os.rename(self.folder / "data.h5", lookalike / "data.h5")
        (lookalike / "away").mkdir()
        refused = self.done("sweep", "refit", "search", "--model", "moved.h5", code=66)
        self.assertIn(r"M\xfcnchen/data.h5: No such file", refused.err)
        self.done("sweep", "run", "search", "--data", lookalike / "data.h5")
        self.assert_bytes(json_of(self.folder / "search/run.json")["data"], lookalike / "data.h5")
        self.done("sweep", "refit", "search", "--data", lookalike / "data.h5", "--model", "moved.h5")

    def test_a_chain_in_such_a_folder_does_nothing_twice(self):
        shop.write_log(self.folder / "log.csv", users=120, items=60)
        (self.folder / "chain.ini").write_text(CHAIN)
        self.done("quarterly", "chain.ini")
        self.done("quarterly", "chain.ini", "--submit")
        self.assertRegex(self.done("quarterly", "status", "q").out, r"(?m)^final +done$")
        record = json_of(self.folder / "q/steps/prepare.json")
        self.assert_bytes(next(iter(record["inputs"])), self.folder / "log.csv")
        self.assert_bytes(next(iter(record["outputs"])), self.folder / "q/dataset.h5")
        json_of(self.folder / "q/metrics.json")
        self.done("quarterly", "chain.ini", "--submit")
        begun = [path.read_text().count("begin") for path in (self.folder / "q/scheduler/logs").glob("*.attempts")]
        self.assertEqual(set(begun), {1})

    def test_each_job_takes_such_names(self):
        log, data, model, events = (os.fsdecode(b"\xff" + name) for name in (b"log.csv", b"data.h5", b"model.h5", b"events.jsonl"))
        header = b"k\xe4ufer,artikel,rating,timestamp\n"
        shop.write_log(self.folder / "plain.csv", users=60, items=40)
        (self.folder / log).write_bytes(header + (self.folder / "plain.csv").read_bytes().split(b"\n", 1)[1])
        self.done("prepare", "--input", log, "--columns", os.fsdecode(b"user=k\xe4ufer,item=artikel,time=timestamp"), "--split",
                  "random:0.1", "--output", data, "--log-json", events)
        told = [json.loads(line) for line in (self.folder / events).read_bytes().decode("utf-8").splitlines()]
        configuration = next(event for event in told if event["event"] == "configuration")
        self.assert_bytes(configuration["input"], log)
        with h5py.File(self.folder / data) as file:
            self.assertIn(rb"columns = user=k" + b"\xe4ufer", decoded(file.attrs["configuration"]))
        self.done("als", "--data", data, "--model", model, "--factors", "4", "--epochs", "2", "--log-json", events)
        again = ["als", "--data", data, "--model", "again.h5", "--factors", "4", "--checkpoint", os.fsdecode(b"\xfecheckpoints")]
        self.done(*again, "--epochs", "2", "--warm-start", model)
        self.assertIn(r"continues from \xfecheckpoints/", self.done(*again, "--epochs", "3", "--warm-start", model).err)
        with h5py.File(self.folder / "again.h5") as file:
            self.assertIn(b"k\xe4ufer", decoded(file.attrs["dataset-configuration"]))
        metrics = os.fsdecode(b"\xffmetrics.json")
        self.done("evaluate", "--data", data, "--model", model, "--output", metrics)
        json_of(self.folder / metrics)
        self.done("recommend", "--data", data, "--model", model, "--output", os.fsdecode(b"\xfflists.csv"))
        self.done("kmeans", "--input", model, "--rows", "users", "--clusters", "2", "--output", os.fsdecode(b"\xffsegments.h5"),
                  "--quality", os.fsdecode(b"\xffquality.json"))
        self.done("verify", data, model)
        self.assertIn(r"\xffdata.h5", self.done("inspect", data).out)
        described = json.loads(self.done("inspect", "--json", data).out)
        self.assert_bytes(described["file"], data)
        self.assertIn(b"k\xe4ufer", decoded(described["objects"][0]["attributes"]["configuration"]))
        for job in (["plan", "--data", data, "--factors", "4", "--calibrate", "0", "--ranks", "1"],
                    ["scale", "--users", "50", "--items", "20", "--interactions", "200", "--strong", "1", "--factors", "4",
                     "--epochs", "2", "--calibrate", "0"]):
            out = os.fsdecode(b"\xffout.json")
            self.done(*job, "--json", out)
            json_of(self.folder / out)


class TerminalTest(NamesTestCase):
    """What a stranger's file can say to whoever looks at it."""
    LOUD = "\x1b[2J\r\x07\x9b31m\u202e\u2066"
    SHOWN = r"\x1b[2J\x0d\x07\u009b31m\u202e\u2066"

    def assert_quiet(self, text):
        self.assertEqual(re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffd]", text), [], ascii(text))

    def test_names_move_no_cursor(self):
        log = f"{self.LOUD}.csv"
        (self.folder / log).write_bytes(f"user,item,{self.LOUD}\nu\x1b1,i1,5\nu2,i2,4\n".encode() + b"u\xfe,i2,4\n")
        done = self.done("prepare", "--input", log, "--output", "data.h5", code=65)
        self.assertIn(f"{self.SHOWN}.csv", done.err)
        self.assertEqual(len(done.our_lines), 1)
        self.assert_quiet(done.err + done.out)
        for arguments in (["prepare", "--input", log, "--columns", f"user={self.LOUD}x,item=item", "--output", "data.h5"],
                          ["als", "--data", log, "--model", "m.h5"], ["als", f"--{self.LOUD}"], [self.LOUD], ["inspect", log],
                          ["verify", log], ["sweep", "status", self.LOUD], ["quarterly", log]):
            done = run(arguments, cwd=self.folder)
            self.assertNotEqual(done.code, 0, done)
            self.assertEqual(len(done.our_lines), 1, done)
            self.assert_quiet(done.err + done.out)

    def test_tables_and_warnings_move_no_cursor(self):
        log, name = f"{self.LOUD}.csv", f"{self.LOUD}.h5"
        (self.folder / log).write_text("user,item\n" + "".join(f"u{n % 7}{self.LOUD},i{n % 13}\n" for n in range(35)))
        for arguments in (["prepare", "--input", log, "--output", name, "--split", "random:0.2"],
                          ["als", "--data", name, "--model", "model.h5", "--factors", "2", "--epochs", "1"],
                          ["inspect", name], ["verify", name],
                          ["sweep", "plan", self.LOUD, "--data", name, "--factors", "1,2", "--calibrate", "0", "--epochs", "1"],
                          ["sweep", "run", self.LOUD, "--cores", "1"], ["sweep", "status", self.LOUD], ["sweep", "collect", self.LOUD]):
            done = run(arguments, cwd=self.folder)
            self.assertEqual(done.code, 0, done)
            self.assert_quiet(done.err + done.out)
        # Lists are data: ids are those of the log.
        done = run(["recommend", "--data", name, "--model", "model.h5", "--output", "lists.csv"], cwd=self.folder)
        self.assertEqual(done.code, 0, done)
        self.assertIn(f"u0{self.LOUD}".encode(), (self.folder / "lists.csv").read_bytes())


if __name__ == "__main__":
    unittest.main()
