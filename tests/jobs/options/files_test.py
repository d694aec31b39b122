"""A run never writes over a file that it reads, nor two outputs over each other: refused before anything is opened (file_clashes_test.cpp
has every pair of every job). Names of outputs with endings that nothing here writes are refused too."""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from program import PROGRAM, run

USAGE = 2
LOG = "user,item\nann,tea\nann,cup\nbob,tea\nbob,pot\nbob,cup\ncat,pot\ncat,tea\ndan,pot\neve,cup\n"


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="rankwise-files-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.log = self.folder / "in.csv"
        self.log.write_text(LOG)

    def assert_refused(self, finished, *names):
        """Exit code 2 and one line, which names both options."""
        self.assertEqual(finished.code, USAGE, finished)
        self.assertEqual(len(finished.our_lines), 1, finished)
        for name in names:
            self.assertRegex(finished.our_lines[0], rf"{re.escape(name)}\b", finished)

    # The inputs that were lost

    def test_prepare_does_not_write_over_its_log(self):
        finished = run(["prepare", "--input", "in.csv", "--output", "in.csv"], cwd=self.folder)
        self.assert_refused(finished, "--input", "--output")
        self.assertEqual(self.log.read_text(), LOG)

    def test_the_event_log_does_not_truncate_an_input(self):
        for ranks in (1, 2):
            finished = run(["prepare", "--input", self.log, "--output", "out.h5", "--log-json", "./in.csv"], ranks=ranks, cwd=self.folder)
            self.assert_refused(finished, "--input", "--log-json")
            self.assertEqual(self.log.read_text(), LOG)

    # What is one file

    def test_hard_links_are_the_same_file(self):
        os.link(self.log, self.folder / "out.h5")
        finished = run(["prepare", "--input", "in.csv", "--output", "out.h5"], cwd=self.folder)
        self.assert_refused(finished, "--input in.csv", "--output out.h5")
        self.assertEqual(self.log.read_text(), LOG)

    def test_outputs_that_do_not_exist_yet_are_told_apart_by_folder_and_name(self):
        os.symlink(".", self.folder / "here")
        base = ["synthesize", "--users", "20", "--items", "20", "--interactions", "60", "--planted-factors", "2", "--segments", "2", "--categories", "2"]
        finished = run([*base, "--output", "same", "--truth", "here/same"], cwd=self.folder)
        self.assert_refused(finished, "--output same", "--truth here/same")
        self.assertEqual(sorted(os.listdir(self.folder)), ["here", "in.csv"])
        (self.folder / "sub").mkdir()
        self.assertEqual(run([*base, "--output", "same", "--truth", "sub/same"], cwd=self.folder).code, 0)

    def test_rows_of_one_file_do_not_count_twice(self):
        finished = run(["prepare", "--input", "in.csv", "--input", "./in.csv", "--output", "out.h5"], cwd=self.folder)
        self.assertEqual(finished.code, USAGE, finished)
        self.assertIn("in.csv and ./in.csv are the same file; expected each file once", finished.err)

    def test_streams_that_go_into_a_file_are_outputs(self):
        command = '"$0" prepare --input in.csv --output out.h5 >>in.csv'
        finished = subprocess.run(["sh", "-c", command, PROGRAM], cwd=self.folder, capture_output=True, text=True, check=False)
        self.assertEqual(finished.returncode, USAGE)
        self.assertIn("--input in.csv is also the file of standard output", finished.stderr)
        self.assertEqual(self.log.read_text(), LOG)

    def test_pipes_and_devices_hold_nothing_to_lose(self):
        finished = run(["prepare", "--input", "in.csv", "--output", "out.h5", "--log-json", "/dev/stderr", "--quiet"], cwd=self.folder)
        self.assertEqual(finished.code, 0, finished)
        self.assertEqual(json.loads(finished.err.splitlines()[0])["event"], "configuration")

    # Links as outputs

    def test_an_output_is_written_through_links(self):
        (self.folder / "old.h5").write_text("older content")
        for name, target in (("link.h5", "old.h5"), ("dangling.h5", "fresh.h5")):
            os.symlink(target, self.folder / name)
            finished = run(["prepare", "--input", "in.csv", "--output", name], cwd=self.folder)
            self.assertEqual(finished.code, 0, finished)
            self.assertEqual(os.readlink(self.folder / name), target)
            self.assertEqual((self.folder / target).read_bytes()[:4], b"\x89HDF")
        os.symlink("circle.h5", self.folder / "circle.h5")
        finished = run(["prepare", "--input", "in.csv", "--output", "circle.h5"], cwd=self.folder)
        self.assertEqual(finished.code, 73, finished)

    # Folders

    def test_a_run_keeps_the_files_of_its_folders_for_itself(self):
        base = ["als", "--data", "d.h5", "--checkpoint", "ck"]
        self.assert_refused(run([*base, "--model", "ck/epoch-000001.h5"], cwd=self.folder), "--model", "--checkpoint")
        self.assert_refused(run([*base, "--model", "m.h5", "--warm-start", "ck/epoch-000003.h5"], cwd=self.folder), "--warm-start", "--checkpoint")
        self.assert_refused(run([*base, "--model", "m.h5", "--log-json", "ck/newest"], cwd=self.folder), "--log-json", "--checkpoint")
        self.assert_refused(run(["sweep", "plan", "sweep", "--data", "sweep/plan.json"], cwd=self.folder), "--data", "--directory")
        self.assert_refused(run(["sweep", "plan", "sweep", "--data", "d.h5", "--reuse", "./sweep"], cwd=self.folder), "--reuse", "--directory")
        self.assert_refused(run(["sweep", "status", "sweep", "--json", "sweep/results/summary.json"], cwd=self.folder), "--json", "--directory")

    def test_a_folder_of_checkpoints_may_hold_the_model(self):
        self.assertEqual(run(["prepare", "--input", "in.csv", "--output", "d.h5"], cwd=self.folder).code, 0)
        (self.folder / "ck").mkdir()
        base = ["als", "--data", "d.h5", "--factors", "2", "--epochs", "2", "--checkpoint", "ck", "--checkpoint-every", "1"]
        self.assertEqual(run([*base, "--model", "ck/model.h5"], cwd=self.folder).code, 0)
        finished = run([*base, "--model", "ck/again.h5", "--resume", "ck/epoch-000002.h5"], cwd=self.folder)
        self.assertEqual(finished.code, 0, finished)

    def test_a_refit_does_not_write_over_the_data_of_its_sweep(self):
        self.assertEqual(run(["prepare", "--input", "in.csv", "--output", "d.h5"], cwd=self.folder).code, 0)
        finished = run(["sweep", "plan", "sweep", "--data", "d.h5", "--factors", "2", "--epochs", "1", "--validation", "interactions:2"], cwd=self.folder)
        self.assertEqual(finished.code, 0, finished)
        data = (self.folder / "d.h5").read_bytes()
        self.assert_refused(run(["sweep", "run", "sweep", "--refit", "d.h5"], cwd=self.folder), "--data", "the refit's model")
        self.assertEqual((self.folder / "d.h5").read_bytes(), data)

    def test_a_chain_is_refused_before_its_first_step(self):
        def chain(text, file="quarter.ini"):
            (self.folder / file).parent.mkdir(exist_ok=True)
            (self.folder / file).write_text(text)
            return run(["quarterly", file, "--submit"], cwd=self.folder)
        head = "[quarterly]\ndirectory = q\nscheduler = local\n"
        finished = chain(head + "[prepare]\ninput = in.csv\noutput = in.csv\n")
        self.assert_refused(finished, "--input", "--output")
        self.assertIn("quarter.ini:5: [prepare]", finished.our_lines[0])
        os.link(self.log, self.folder / "same.csv")
        finished = chain(head + "[prepare]\ninput = in.csv\n[als]\nfactors = 2\n[recommend]\noutput = same.csv\n")
        self.assert_refused(finished, "output of [recommend", "input of [prepare")
        finished = chain(head + "[prepare]\ninput = in.csv\n", "q/quarterly.ini")
        self.assert_refused(finished, "the chain's file", "[quarterly] directory")
        self.assertEqual(self.log.read_text(), LOG)

    # Directories, and names that are too long (file_clashes_test.cpp has every option of every job)

    def test_what_cannot_be_a_file_is_refused_before_the_work(self):
        (self.folder / "folder").mkdir()
        recommend = ["recommend", "--data", "d.h5", "--model", "m.h5"]
        long_name, long_path = "n" * 253 + ".h5", "./" * 2100 + "r.h5"
        for arguments, ranks, code, line in (
                ([*recommend, "--output", "r.csv", "--users", "folder"], 1, 66, "--users folder: is a directory, not a file"),
                ([*recommend, "--output", "r.csv", "--users", "folder"], 3, 66, "--users folder: is a directory, not a file"),
                ([*recommend, "--output", "folder"], 1, 73, "--output folder: cannot create: it is a directory"),
                (["inspect", "folder"], 1, 66, "--file folder: is a directory, not a file"),
                (["inspect", "in.csv", "--log-json", "folder"], 1, 73, "--log-json folder: cannot create: it is a directory"),
                (["prepare", "--input", "in.csv", "--output", long_name], 2, 73, f"--output {long_name}: cannot create: File name too long"),
                (["prepare", "--input", "in.csv", "--output", long_path], 1, 73, f"--output {long_path}: cannot create: File name too long")):
            finished = run(arguments, ranks=ranks, cwd=self.folder)
            self.assertEqual(finished.code, code, finished)
            self.assertEqual(finished.our_lines, [f"rankwise: {line}"])
        self.assertEqual(sorted(os.listdir(self.folder)), ["folder", "in.csv"])

    # Endings

    def test_unknown_endings_are_refused_with_the_known_ones(self):
        cases = {"recommend": (["--data", "d.h5", "--model", "m.h5"], "output",
                               ".csv, .tsv, .jsonl, .csv.gz, .tsv.gz, .jsonl.gz, .csv.zst, .tsv.zst, .jsonl.zst, .h5, .hdf5", [".parquet", ".h5.gz", ".csv.xz", ".gz"]),
                 "kmeans": (["--input", "d.h5", "--output", "c.h5", "--clusters", "2"], "export", ".csv", [".parquet", ".csv.gz", ".json"]),
                 "synthesize": ([], "output", ".csv", [".csv.gz", ".parquet", ".h5"]),
                 "prepare": (["--input", "in.csv"], "output", ".h5, .hdf5", [".csv", ".parquet", ".h5.gz"]),
                 "als": (["--data", "d.h5"], "model", ".h5, .hdf5", [".npz", ".json"]),
                 "evaluate": (["--data", "d.h5", "--model", "m.h5"], "output", ".json", [".csv", ".json.gz", ".yaml"]),
                 "plan": (["--data", "d.h5"], "json", ".json", [".csv"]),
                 "scale": ([], "plot", ".svg", [".png", ".pdf"])}
        for job, (arguments, option, known, endings) in cases.items():
            for end in endings:
                with self.subTest(f"{job} --{option} x{end}"):
                    finished = run([job, *arguments, f"--{option}", "x" + end], cwd=self.folder)
                    self.assert_refused(finished, f"--{option} x{end}")
                    self.assertIn(f"expected a name that ends in {known}", finished.our_lines[0])
        self.assertEqual(os.listdir(self.folder), ["in.csv"])

    def test_standard_output_is_refused_by_jobs_that_do_not_write_to_it(self):
        for job, option, arguments in (("prepare", "output", ["--input", "in.csv"]), ("calibrate", "output", ["--data", "d.h5", "--model", "m.h5"]),
                                       ("evaluate", "report", ["--data", "d.h5", "--model", "m.h5"]), ("als", "model", ["--data", "d.h5"]),
                                       ("plan", "json", ["--data", "d.h5"])):
            with self.subTest(f"{job} --{option}"):
                finished = run([job, *arguments, f"--{option}", "-"], cwd=self.folder)
                self.assert_refused(finished, f"--{option} -: this is not written to standard output; expected the name of a file")
        finished = run(["als", "--data", "d.h5", "--model", "m.h5", "--checkpoint", "-"], cwd=self.folder)
        self.assert_refused(finished, "--checkpoint -: this is not written to standard output; expected the name of a folder")
        self.assertEqual(os.listdir(self.folder), ["in.csv"])

    def test_known_endings_are_known_in_capital_letters(self):
        self.assertEqual(run(["prepare", "--input", "in.csv", "--output", "D.H5"], cwd=self.folder).code, 0)
        self.assertEqual(run(["als", "--data", "D.H5", "--factors", "2", "--epochs", "1", "--model", "model"], cwd=self.folder).code, 0)
        self.assertEqual(run(["recommend", "--data", "D.H5", "--model", "model", "--output", "R.HDF5"], cwd=self.folder).code, 0)
        self.assertEqual((self.folder / "R.HDF5").read_bytes()[:4], b"\x89HDF")


if __name__ == "__main__":
    unittest.main()
