"""The command line as scripts and people meet it: help, version, errors, exit codes, configuration files, event log."""
import json
import os
import pathlib
import pty
import re
import subprocess
import tempfile
import time
import unittest

import h5py
import numpy

from program import PROGRAM, run

USAGE, BAD_DATA, NO_INPUT, INTERNAL, CANNOT_CREATE, IO_ERROR = 2, 65, 66, 70, 73, 74


class CommandLine(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="rankwise-cli-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.file = str(self.folder / "some.h5")
        with h5py.File(self.file, "w") as file:
            file["numbers"] = numpy.arange(3)

    def ini(self, text):
        path = self.folder / "run.ini"
        path.write_text(text)
        return str(path)

    def assert_fails(self, finished, code, line):
        """One line of ours on standard error, nothing on standard output, the exit code."""
        self.assertEqual(finished.code, code, finished)
        self.assertEqual(finished.our_lines, ["rankwise: " + line], finished)
        self.assertEqual(finished.out, "", finished)

    def test_options_between_the_words_of_a_job_are_told(self):
        expected = "expected options after both words of the job: rankwise {} {} ..."
        for words, job in ((["quarterly", "--quiet", "status", "q3"], "quarterly status"), (["quarterly", "--threads", "2", "cancel", "q3"], "quarterly cancel"),
                           (["sweep", "--quiet", "status", "search"], "sweep status"), (["sweep", "--quiet", "run", "search"], "sweep run")):
            self.assert_fails(run(words), USAGE, expected.format(job, words[1]))
        # An option's value that is no word of a job, before a file.
        done = run(["quarterly", "--quiet", "none.ini"])
        self.assert_fails(done, NO_INPUT, "none.ini: there is no such file")

    # Help and version

    def test_help_lists_the_jobs(self):
        for arguments in ([], ["--help"], ["-h"]):
            finished = run(arguments)
            self.assertEqual(finished.code, 0, finished)
            self.assertIn("Usage: rankwise JOB", finished.out)
            self.assertIn("inspect", finished.out)
            self.assertIn("Exit codes:", finished.out)
            self.assertEqual(finished.err, "")

    def test_every_job_explains_its_options(self):
        lines = run(["--help"]).out.split("Jobs:\n")[1].split("\n\n")[0].splitlines()
        jobs = [line.strip().split("  ")[0] for line in lines]
        self.assertIn("inspect", jobs)
        self.assertIn("sweep plan", jobs)
        self.assertIn("sweep plan", run(["sweep", "--help"]).out)
        for job in jobs:
            with self.subTest(job):
                finished = run([*job.split(), "--help"])
                self.assertEqual(finished.code, 0, finished)
                self.assertIn(f"Options of {job}:", finished.out)
                self.assertIn("Options of every job:", finished.out)
                self.assertLessEqual(max(map(len, finished.out.splitlines())), 140)
                self.assertNotRegex(finished.out, r"\barg\b", "an option without a value_name")

    def test_version_names_what_it_is_made_of(self):
        finished = run(["--version"])
        self.assertEqual(finished.code, 0, finished)
        self.assertRegex(finished.out, r"(?m)^rankwise \d+\.\d+\.\d+$")
        for part in ("git revision ", "compiler ", "MPI Open MPI ", "HDF5 1.", "SIMD target "):
            self.assertIn(part, finished.out)

    def test_help_is_printed_once_under_three_ranks(self):
        finished = run(["--help"], ranks=3)
        self.assertEqual(finished.code, 0, finished)
        self.assertEqual(finished.out.count("Usage: rankwise JOB"), 1)

    # Usage errors

    def test_an_unknown_job_comes_with_the_nearest(self):
        self.assert_fails(run(["inspekt"]), USAGE,
                          "unknown job 'inspekt'; the nearest known one is inspect (rankwise --help lists all)")
        self.assert_fails(run(["--quiet", "inspect"]), USAGE,
                          "expected a job before '--quiet' (rankwise --help lists them)")

    def test_an_unknown_option_comes_with_the_nearest(self):
        self.assert_fails(run(["inspect", self.file, "--jsom"]), USAGE,
                          "unknown option --jsom; the nearest known one is --json (rankwise inspect --help lists all)")

    def test_an_unknown_key_in_the_file_comes_with_line_and_nearest(self):
        path = self.ini("# comment\nseed = 3\nthread = 2\n")
        self.assert_fails(run(["inspect", self.file, "--config", path]), USAGE,
                          f"{path}:3: unknown option thread; the nearest known one is threads "
                          "(rankwise inspect --help lists all)")

    def test_values_that_do_not_fit(self):
        for arguments, line in [
            (["--seed", "-1"], "option --seed: '-1' does not fit; expected a whole number >= 0"),
            (["--threads", "0"], "option --threads: '0' does not fit; expected 1 to 4096"),
            (["--seed", "--quiet"], "option --seed needs a value"),
            (["--seed", "1", "--seed", "2"], "option --seed is given twice"),
        ]:
            with self.subTest(arguments):
                self.assert_fails(run(["inspect", self.file] + arguments), USAGE, line)
        finished = run(["inspect", self.file, "--simd", "sse1"])
        self.assertEqual(finished.code, USAGE, finished)
        self.assertIn("portable", finished.our_lines[0])

    def test_a_usage_error_under_three_ranks_is_one_line_and_quick(self):
        path = self.ini("sead = 3\n")
        for arguments in (["inspect"], ["inspect", "--no-such", "1"], ["inspect", self.file, "--config", path], ["nothing"]):
            with self.subTest(arguments):
                begin = time.monotonic()
                finished = run(arguments, ranks=3, timeout=30)
                self.assertEqual(finished.code, USAGE, finished)
                self.assertEqual(len(finished.our_lines), 1, finished)
                self.assertNotIn("MPI_ABORT", finished.err)
                self.assertLess(time.monotonic() - begin, 20)

    # Configuration files

    def test_the_command_line_wins_over_the_file(self):
        path = self.ini("seed = 3\nquiet = true\n")
        log = str(self.folder / "log.json")
        finished = run(["inspect", self.file, "--config", path, "--seed", "4", "--log-json", log])
        self.assertEqual(finished.code, 0, finished)
        self.assertEqual(finished.err, "")
        configuration = json.loads(pathlib.Path(log).read_text().splitlines()[0])
        self.assertEqual(configuration["seed"], "4")

    def test_a_missing_configuration_file(self):
        for ranks in (1, 3):
            finished = run(["inspect", self.file, "--config", "/no/such.ini"], ranks=ranks)
            self.assert_fails(finished, NO_INPUT,
                              "/no/such.ini: cannot read this configuration file: No such file or directory")
        self.assert_fails(run(["inspect", self.file, "--config", str(self.folder)]), NO_INPUT,
                          f"{self.folder}: cannot read this configuration file: Is a directory")

    # Output

    def test_the_configuration_is_echoed_and_quiet_is_quiet(self):
        finished = run(["inspect", self.file, "--seed", "11"], ranks=2)
        self.assertEqual(finished.code, 0, finished)
        self.assertIn("inspect on 2 ranks:", finished.err)
        self.assertIn("seed=11", finished.err)
        self.assertEqual(run(["inspect", self.file, "--quiet"]).err, "")

    def test_every_line_of_the_event_log_is_an_object(self):
        log = self.folder / "log.json"
        finished = run(["inspect", self.file, "--log-json", log], ranks=2)
        self.assertEqual(finished.code, 0, finished)
        events = [json.loads(line) for line in log.read_text().splitlines()]
        self.assertEqual(events[0]["event"], "configuration")
        self.assertEqual(events[0]["job"], "inspect")
        self.assertEqual(events[0]["ranks"], 2)
        self.assertEqual(events[-1]["event"], "finished")
        self.assertTrue(all(event["seconds"] >= 0 for event in events))

    def test_an_event_log_that_cannot_be_made(self):
        finished = run(["inspect", self.file, "--log-json", "/no/such/log.json"], ranks=2)
        self.assertEqual(finished.code, CANNOT_CREATE, finished)
        self.assertEqual(len(finished.our_lines), 1, finished)

    def synthesize_with_error_output(self, descriptor):
        finished = subprocess.run([PROGRAM, "synthesize", "--users", "300", "--items", "50", "--interactions", "900",
                                   "--output", str(self.folder / "log.csv")], stderr=descriptor, timeout=60, check=False)
        self.assertEqual(finished.returncode, 0)

    def test_a_bar_is_shown_on_a_terminal_only(self):
        terminal, program_side = pty.openpty()
        self.synthesize_with_error_output(program_side)
        os.close(program_side)
        shown = b""
        try:
            while piece := os.read(terminal, 65536):
                shown += piece
        except OSError:  # the other side is closed and everything is read
            pass
        os.close(terminal)
        self.assertIn(b"users [" + b"#" * 30 + b"] 300/300", shown)
        path = self.folder / "err.txt"
        with path.open("wb") as file:
            self.synthesize_with_error_output(file)
        self.assertNotIn(b"users [", path.read_bytes())
        self.assertNotIn(b"\r", path.read_bytes())

    # Threads and launch

    def test_threads_follow_option_then_environment(self):
        for arguments, env, threads in [
            (["--threads", "3"], {"OMP_NUM_THREADS": "2"}, "3"),
            ([], {"OMP_NUM_THREADS": "2", "SLURM_CPUS_PER_TASK": "5"}, "2"),
            ([], {"OMP_NUM_THREADS": None, "SLURM_CPUS_PER_TASK": "5"}, "5"),
        ]:
            finished = run(["inspect", self.file] + arguments, env=env)
            self.assertIn(f" threads={threads} ", finished.err)
        finished = run(["inspect", self.file], env={"OMP_NUM_THREADS": None})
        threads = int(re.search(r" threads=(\d+) ", finished.err)[1])
        self.assertTrue(1 <= threads <= len(os.sched_getaffinity(0)), finished)  # fewer under a quota of control groups

    def test_a_launch_that_made_one_program_of_each_task_is_refused(self):
        needed = {"synthesize": ["output"], "prepare": ["input", "output"], "als": ["data", "model"], "scale": [], "kmeans": ["input", "output"],
                  "evaluate": ["data", "model"], "recommend": ["data", "model", "output"], "sweep trial": ["directory", "task"]}
        for job, options in needed.items():
            finished = run([*job.split(), *(f"--{option}=none" for option in options)], env={"SLURM_NTASKS": "2"})
            self.assertEqual(finished.code, USAGE, finished)
            self.assertEqual(len(finished.our_lines), 1, finished)
            self.assertIn("Slurm says 2 tasks (SLURM_NTASKS), MPI says one rank: launch with srun --mpi=pmix or mpirun", finished.our_lines[0])
        self.assertEqual(run(["inspect", self.file], env={"SLURM_NTASKS": "2"}, ranks=2).code, 0)

    def test_jobs_of_one_process_run_in_an_allocation_of_many_tasks(self):
        allocation = {"SLURM_NTASKS": "2", "SLURM_JOB_ID": "7", "SLURM_PROCID": "0", "SLURM_CONF": "/nonexistent/slurm.conf"}
        sizes = ["--users", "20", "--items", "20", "--interactions", "60", "--factors", "2", "--epochs", "1"]
        for arguments in (["--version"], ["inspect", self.file], ["plan", *sizes], ["quarterly", "--help"]):
            self.assertEqual(run(arguments, env=allocation, cwd=self.folder).code, 0, arguments)
        # Past the launch: the reason is another one.
        for arguments, code in ((["verify", self.file], BAD_DATA), (["quarterly", "none.ini"], NO_INPUT), (["quarterly", "status", "none"], NO_INPUT),
                                (["sweep", "plan", "sweep", "--data", "none.h5"], NO_INPUT), (["sweep", "run", "sweep"], NO_INPUT),
                                (["sweep", "status", "sweep"], NO_INPUT), (["sweep", "collect", "sweep"], NO_INPUT),
                                (["sweep", "refit", "sweep", "--model", "m.h5"], NO_INPUT)):
            finished = run(arguments, env=allocation, cwd=self.folder)
            self.assertEqual(finished.code, code, finished)
            self.assertNotIn("Slurm says", finished.err)
        finished = run(["inspect", self.file], env={"SLURM_STEP_NUM_TASKS": "2"})  # srun would print it twice
        self.assertEqual(finished.code, USAGE, finished)
        self.assertIn("needs one process", finished.our_lines[0])

    def test_help_and_version_need_no_mpi(self):
        broken = {"OMPI_MCA_btl": "nothing", "OMPI_MCA_pml": "nothing", "PATH": "/nonexistent"}
        self.assertNotEqual(run(["inspect", self.file], env=broken).code, 0)
        for arguments in (["--version"], ["--help"], ["als", "--help"], ["sweep", "--help"]):
            finished = run(arguments, env=broken)
            self.assertEqual((finished.code, finished.err), (0, ""), finished)
            self.assertNotEqual(finished.out, "")

    def test_a_rank_alone_starts_no_other_process(self):
        fifo = self.folder / "events.jsonl"
        os.mkfifo(fifo)
        environment = {key: value for key, value in os.environ.items() if not key.startswith("OMPI_MCA_")} | {"PATH": "/nonexistent"}
        with subprocess.Popen([PROGRAM, "inspect", self.file, "--log-json", str(fifo)], env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as process:
            with fifo.open() as events:  # opened by the program once MPI has started
                children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
                self.assertEqual(children, "")
                self.assertEqual(json.loads(events.readline())["event"], "configuration")
                events.read()
            _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, err)
        self.assertNotIn("ssh", err)

    def test_what_it_starts_does_not_see_how_it_started_itself(self):
        (self.folder / "mpirun").write_text(f"#!/bin/sh\n/usr/bin/env >'{self.folder}/seen'\nexit 1\n")
        (self.folder / "mpirun").chmod(0o755)
        finished = run(["doctor", "--directory", self.folder], env={"PATH": str(self.folder), "SLURM_CONF": "/nonexistent/slurm.conf"})
        self.assertIn("mpirun here", finished.out, finished)
        seen = [line.split("=")[0] for line in (self.folder / "seen").read_text().splitlines()]
        self.assertEqual([name for name in seen if name.startswith("OMPI_MCA_") and name not in os.environ and name != "OMPI_MCA_btl_tcp_flags"], [])

    # Memory

    def out_of_memory(self, kibibytes, *arguments):
        """The line of a run that may have only so much address space."""
        finished = run([*arguments, "--quiet"], launcher=["sh", "-c", f'ulimit -v {kibibytes}; exec "$0" "$@"'])
        self.assertEqual(finished.code, INTERNAL, finished)
        self.assertEqual(len(finished.our_lines), 1, finished)
        return finished.our_lines[0]

    @unittest.skipIf("asan" in PROGRAM, "the address sanitizer takes all address space")
    def test_out_of_memory_says_how_much_was_asked_for_what(self):
        log, data = self.folder / "log.csv", self.folder / "d.h5"
        log.write_text("user,item\n" + "".join(f"u{row},i{row % 3000}\n" for row in range(600_000)))
        self.assertRegex(self.out_of_memory(250_000, "prepare", "--input", log, "--output", data),
                         r"^rankwise: out of memory: \d+\.\d\d MiB were asked for in phase '[a-z ]+'$")
        self.assertFalse(data.exists())
        self.assertEqual(run(["prepare", "--input", log, "--output", data]).code, 0)
        self.assertRegex(self.out_of_memory(1_500_000, "als", "--data", data, "--model", self.folder / "m.h5", "--factors", "4096"),
                         r"^rankwise: out of memory: \d+ MiB were asked for, for a matrix of \d+ x 4096 numbers$")
        # Inside a region of threads, whose exceptions nobody can catch.
        log.write_text("user,item\n" + "".join(f"u{row % 7},i{row % 5}\n" for row in range(70)))
        self.assertEqual(run(["prepare", "--input", log, "--output", data]).code, 0)
        for kibibytes in (450_000, 600_000):
            self.assertRegex(self.out_of_memory(kibibytes, "als", "--data", data, "--model", self.folder / "m.h5", "--factors", "4096", "--epochs", "1"),
                             r"^rankwise: out of memory: [0-9.]+ MiB were asked for")


if __name__ == "__main__":
    unittest.main()
