"""`rankwise plan`: the bytes that it predicts are those that `als` sends; stated sizes need no dataset; the batch script asks for
what the table says and does what it should; what goes wrong is told."""
import json
import os
import pathlib
import re
import shlex
import stat
import subprocess
import tempfile
import unittest

from program import PROGRAM, data_file, ranks_of_refusal, run

FAST = ["--calibrate", "0"]


class PlanCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        cls.data = cls.path / "data.h5"
        for step in cls.steps():
            done = run(step)
            assert done.code == 0, done

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def plan(self, options, **how):
        path = self.path / "plan.json"
        done = run(["plan", *FAST, "--json", path, *options], **how)
        self.assertEqual(done.code, 0, done)
        return json.loads(path.read_text()), done

    def traffic(self, ranks, options):
        """What als says that it sent in a half-sweep of each side, and over the whole run."""
        log = self.path / "als.jsonl"
        done = run(["als", "--data", self.data, "--model", self.path / "model.h5", "--epochs", "2", "--log-json", log, *options],
                   ranks=ranks)
        self.assertEqual(done.code, 0, done)
        events = [json.loads(line) for line in log.read_text().splitlines()]
        (finished,) = [event for event in events if event["event"] == "finished"]
        return {event["side"]: event for event in events if event["event"] == "traffic"}, finished

    def expect_bytes_of_als(self, options, ranks):
        plan, _ = self.plan(["--data", self.data, "--ranks", ",".join(map(str, ranks)), "--cores-per-node", "64",
                             *options])
        for layout in plan["layouts"]:
            with self.subTest(options=options, ranks=layout["ranks"]):
                sent, finished = self.traffic(layout["ranks"], options)
                self.assertEqual(set(sent), {"users", "items"})
                for side, planned in layout["half_sweeps"].items():
                    for part in ("min", "max", "total"):
                        self.assertEqual(planned["bytes_sent"][part], sent[side][f"{part}_bytes_sent"], (side, part))
                    self.assertAlmostEqual(planned["bytes_sent"]["mean"], sent[side]["mean_bytes_sent"], places=3)
                    # The least, but for rows padded to whole lines of 16 floats.
                    width_bytes = 2 if "bf16" in options else 4
                    padding = plan["row_bytes"] / (width_bytes * plan["row_floats"])
                    self.assertLessEqual(padding, 1.05 if plan["row_floats"] % 16 == 0 else 2)
                    self.assertLessEqual(planned["bytes_sent"]["total"], 1.0001 * padding * planned["lower_bound_bytes"])
                    self.assertGreaterEqual(planned["bytes_sent"]["total"], planned["lower_bound_bytes"])
                total = sum(planned["bytes_sent"]["total"] for planned in layout["half_sweeps"].values())
                self.assertAlmostEqual(finished["mean_bytes_sent"], 2 * total / layout["ranks"], delta=1)
                # On this one machine ranks that share gathered rows send none.
                self.assertEqual(total == 0, layout["ranks"] == 1 or "off" not in options)
                # Memory is a prediction: never far below what the run took, nor far above.
                peak = finished["max_peak_memory_bytes"]
                self.assertGreater(layout["memory_bytes"]["max"], 0.9 * peak)
                self.assertLess(layout["memory_bytes"]["max"], 1.5 * peak)


class PlanTest(PlanCase):
    @classmethod
    def steps(cls):
        return [["synthesize", "--quiet", "--users", "3000", "--items", "900", "--interactions", "60000", "--output", cls.path / "log.csv"],
                ["prepare", "--quiet", "--input", cls.path / "log.csv", "--split", "random:0.1", "--output", cls.data]]

    def test_bytes_are_those_of_the_run(self):
        off = ["--node-sharing", "off"]
        self.expect_bytes_of_als(["--factors", "16", *off], ranks=(1, 3, 8))
        self.expect_bytes_of_als(["--factors", "17", *off], ranks=(4,))
        self.expect_bytes_of_als(["--factors", "16", "--objective", "explicit", "--biases", *off], ranks=(2,))
        self.expect_bytes_of_als(["--factors", "32", "--solver", "cg", *off], ranks=(5,))
        self.expect_bytes_of_als(["--factors", "32", "--exchange", "bf16", *off], ranks=(3,))

    def test_ranks_of_one_node_send_nothing_as_in_the_run(self):
        self.expect_bytes_of_als(["--factors", "16"], ranks=(3,))
        self.expect_bytes_of_als(["--factors", "32", "--solver", "cg"], ranks=(5,))

    def test_sharing_nodes_get_each_row_once(self):
        options = ["--data", self.data, "--factors", "32", "--ranks", "8,7", "--cores-per-node", "4"]
        shared, _ = self.plan(options)
        alone, _ = self.plan([*options, "--node-sharing", "off"])
        self.assertEqual((shared["node_sharing"], alone["node_sharing"]), ("auto", "off"))
        for one, other in zip(shared["layouts"], alone["layouts"]):
            self.assertEqual((one["nodes"], one["ranks_per_node"]), (2, 4))
            for side in ("users", "items"):
                sent, more = one["half_sweeps"][side], other["half_sweeps"][side]
                self.assertLess(0, sent["bytes_sent"]["total"])
                self.assertLess(sent["bytes_sent"]["total"], 0.5 * more["bytes_sent"]["total"])
                self.assertLess(sent["lower_bound_bytes"], more["lower_bound_bytes"])
            self.assertLess(one["memory_bytes"]["max"], other["memory_bytes"]["max"])

    def test_a_plan_needs_no_ranks_and_is_the_same_on_any(self):
        options = ["--data", self.data, "--factors", "32", "--ranks", "1,16,4096", "--threads-per-rank", "1,64",
                   "--cores-per-node", "64"]
        alone, done = self.plan(options)
        several, printed = self.plan(options, ranks=3)
        for plan in (alone, several):  # what the process holds by itself differs
            for layout in plan["layouts"]:
                layout["memory_bytes"] = layout["sbatch"] = None
            del plan["base_memory_bytes"]
        self.assertEqual(alone, several)
        self.assertEqual(len(done.out.splitlines()), len(printed.out.splitlines()))
        self.assertEqual([(layout["ranks"], layout["threads_per_rank"], layout["nodes"]) for layout in alone["layouts"]],
                         [(1, 1, 1), (1, 64, 1), (16, 1, 1), (16, 64, 16), (4096, 1, 64), (4096, 64, 4096)])

    def test_the_table_has_a_line_per_layout_and_the_recommended_one_is_marked(self):
        plan, done = self.plan(["--data", self.data, "--ranks", "1,2,4"])
        rows = [line for line in done.out.splitlines() if re.match(r"^[* ] +\d", line)]
        self.assertEqual(len(rows), 3)
        self.assertEqual([row.startswith("*") for row in rows].index(True), plan["recommended"]["layout"])
        self.assertIn("recommended: ", done.out)

    def test_threads_and_ranks_make_it_faster_and_memory_smaller(self):
        plan, _ = self.plan(["--data", self.data, "--factors", "512", "--ranks", "1,4", "--threads-per-rank", "1,2",
                             "--cores-per-node", "2"])
        seconds = {(layout["ranks"], layout["threads_per_rank"]): layout["epoch_seconds"] for layout in plan["layouts"]}
        self.assertLess(seconds[1, 2], seconds[1, 1])
        self.assertLess(seconds[4, 1], seconds[1, 1])
        memory = {layout["ranks"]: layout["memory_bytes"]["max"] for layout in plan["layouts"]}
        self.assertLess(memory[4], memory[1])

    def test_a_slow_network_costs_time(self):
        fast, _ = self.plan(["--data", self.data, "--ranks", "4", "--cores-per-node", "1"])
        slow, _ = self.plan(["--data", self.data, "--ranks", "4", "--cores-per-node", "1", "--network-bandwidth", "1MB",
                             "--network-latency", "0.01"])
        self.assertGreater(slow["layouts"][0]["epoch_seconds"], 10 * fast["layouts"][0]["epoch_seconds"])

    def test_stated_sizes_need_no_dataset_and_resemble_one(self):
        done = run(["prepare", "--quiet", "--input", self.path / "log.csv", "--output", self.path / "whole.h5"])
        self.assertEqual(done.code, 0, done)
        real, _ = self.plan(["--data", self.path / "whole.h5", "--ranks", "1,8", "--factors", "16"])
        stated, _ = self.plan(["--users", "3000", "--items", "900", "--interactions", "60000", "--ranks", "1,8", "--factors", "16"])
        self.assertEqual(stated["dataset"]["users"], 3000)
        self.assertAlmostEqual(stated["dataset"]["interactions"], real["dataset"]["interactions"],
                               delta=0.01 * real["dataset"]["interactions"])
        for one, other in zip(stated["layouts"], real["layouts"]):
            self.assertAlmostEqual(one["epoch_seconds"], other["epoch_seconds"], delta=0.1 * other["epoch_seconds"])
            for side in ("users", "items"):
                sent = [layout["half_sweeps"][side]["bytes_sent"]["total"] for layout in (one, other)]
                self.assertAlmostEqual(sent[0], sent[1], delta=0.1 * sent[1])

    def test_a_preset_is_enough(self):
        plan, _ = self.plan(["--shape", "movielens-20m", "--users", "2000", "--items", "1500", "--interactions", "30000",
                             "--ranks", "2"])
        self.assertEqual(plan["dataset"]["users"], 2000)

    def test_calibration_measures_this_machine(self):
        path = self.path / "measured.json"
        done = run(["plan", "--data", self.data, "--calibrate", "0.2", "--json", path])
        self.assertEqual(done.code, 0, done)
        self.assertGreater(json.loads(path.read_text())["rate_ratio"]["users"], 0)
        self.assertIn("times the seconds of the build's rates", done.err)

    def test_the_batch_script_is_that_of_the_table(self):
        script = self.path / "job.sbatch"
        config = self.path / "als.ini"
        config.write_text("factors = 32\nepochs = 5\nregularization = 0.01\n")
        plan, done = self.plan(["--data", self.data, "--config", config, "--model", self.path / "a model.h5", "--ranks", "7",
                                "--threads-per-rank", "4", "--cores-per-node", "8", "--sbatch", script])
        self.assertIn(f"wrote {script}", done.err)
        text = script.read_text()
        self.assertEqual(subprocess.run(["bash", "-n", script]).returncode, 0)
        asked = dict(re.findall(r"^#SBATCH --([a-z-]+)=(\S+)$", text, re.M))
        (layout,) = plan["layouts"]
        self.assertEqual((asked["nodes"], asked["ntasks"], asked["ntasks-per-node"], asked["cpus-per-task"]), ("4", "7", "2", "4"))
        self.assertEqual(asked["mem"], f"{layout['sbatch']['memory_mebibytes_per_node']}M")
        self.assertGreaterEqual(int(asked["mem"][:-1]) * 2**20, 1.2 * 2 * layout["memory_bytes"]["max"])
        hours, minutes, seconds = map(int, asked["time"].split(":"))
        self.assertEqual(3600 * hours + 60 * minutes + seconds, layout["sbatch"]["time_limit_seconds"])
        self.assertGreaterEqual(layout["sbatch"]["time_limit_seconds"], 1.5 * 5 * layout["epoch_seconds"])
        self.assertEqual((asked["open-mode"], asked["signal"]), ("append", "USR2@120"))
        self.assertIn("#SBATCH --requeue\n", text)

        # It trains what was planned; 75 asks for another go; any other failure stays one.
        tools = self.path / "tools"
        tools.mkdir()
        self.tool(tools / "rankwise", f'exec {shlex.quote(PROGRAM)} "$@"\n')
        self.tool(tools / "scontrol", 'echo "scontrol $*"\n')
        self.tool(tools / "squeue", "echo RUNNING\n")
        self.tool(tools / "srun", 'echo "srun $*"\nwhile [[ $1 == --* ]]; do shift; done\n"$@"\n')
        done = self.batch(script, tools)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("srun --mpi=pmix --kill-on-bad-exit=1 --cpus-per-task=4 bash -c", done.stdout)
        self.assertIn("--factors 32", done.stdout)
        self.assertIn("--regularization 0.01", done.stdout)
        self.assertTrue((self.path / "a model.h5").is_file())
        for code, requeued in ((75, True), (70, False)):
            self.tool(tools / "srun", f"exit {code}\n")
            done = self.batch(script, tools)
            self.assertEqual(done.returncode, code)
            self.assertEqual("scontrol requeue 123" in done.stdout, requeued)

        # Written again, it says so; it shares as was planned.
        self.assertNotIn("--node-sharing", text)
        _, done = self.plan(["--data", self.data, "--sbatch", script, "--node-sharing", "off"])
        self.assertIn(f"replaced {script}", done.err)
        self.assertIn("--node-sharing off", script.read_text())

    def tool(self, path, body):
        path.write_text("#!/bin/bash\n" + body)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def batch(self, script, tools):
        environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "SLURM_JOB_ID": "123", "SLURM_JOB_NAME": "als", "SLURM_CPUS_PER_TASK": "4"}
        return subprocess.run(["bash", script], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              cwd=self.path, timeout=60)

    def refused(self, options, code, words):
        done = run(["plan", *FAST, *options], ranks=ranks_of_refusal(self, code), timeout=60)
        self.assertEqual(done.code, code, done)
        self.assertEqual(len(done.our_lines), 1, done)
        for word in words:
            self.assertIn(word, done.our_lines[0])
        self.assertEqual([path.name for path in self.path.iterdir() if "refused" in path.name], [])

    def test_what_goes_wrong_gets_one_line(self):
        data = ["--data", self.data]
        self.refused(["--data", self.path / "none.h5"], 66, ["none.h5"])
        self.refused(["--data", self.path / "log.csv"], 65, ["log.csv", "HDF5"])
        self.refused([], 2, ["--data", "--users"])
        self.refused([*data, "--users", "10"], 2, ["--users", "--data"])
        self.refused([*data, "--ranks", "0"], 2, ["--ranks", "1"])
        self.refused([*data, "--ranks", "1,two"], 2, ["--ranks", "1,two"])
        self.refused([*data, "--threads-per-rank", "-4"], 2, ["--threads-per-rank"])
        self.refused([*data, "--threads-per-rank", "8", "--cores-per-node", "4"], 2, ["--threads-per-rank", "--cores-per-node"])
        self.refused([*data, "--time-limit", "soon"], 2, ["--time-limit", "03:55:00"])
        self.refused([*data, "--network-bandwidth", "fast"], 2, ["--network-bandwidth"])
        self.refused([*data, "--memory-per-rank", "0"], 2, ["--memory-per-rank"])
        self.refused([*data, "--memory-budget", "1GiB"], 2, ["--memory-budget", "--memory-per-rank"])
        self.refused([*data, "--rank", "4"], 2, ["rank", "--ranks"])
        self.refused([*data, "--biases"], 2, ["--biases", "explicit"])
        self.refused([*data, "--job-name", "a b"], 2, ["--job-name"])
        self.refused([*data, "--partition", "long"], 2, ["--partition", "--sbatch"])
        self.refused(["--shape", "sphere"], 2, ["sphere", "movielens-20m"])
        self.refused(["--users", "10", "--items", "10", "--interactions", "1e9"], 2, ["--interactions"])
        for users, interactions in (("2000000000", "16e9"), ("1000000000", "1e9"), ("450000000", "460e6")):  # before anything is drawn
            self.refused(["--shape", "shop", "--users", users, "--interactions", interactions], 2, ["--users " + users, "at most 5e+08"])
        self.refused(["--shape", "shop", "--items", "600000000"], 2, ["--items 600000000", "at most 5e+08"])
        self.refused(["--users", "1000", "--sbatch", self.path / "refused.sbatch"], 2, ["--sbatch", "--data"])
        self.refused([*data, "--sbatch", self.path / "no-folder/refused.sbatch"], 73, ["no-folder"])
        self.refused([*data, "--memory-per-rank", "1MiB", "--sbatch", self.path / "refused.sbatch"], 2, ["--memory-per-rank"])


class GoodbooksTest(PlanCase):
    @classmethod
    def steps(cls):
        return [["prepare", "--quiet", "--input", data_file("goodbooks_ratings.csv.gz"), "--output", cls.data]]

    def test_bytes_are_those_of_the_run(self):
        self.expect_bytes_of_als(["--factors", "16"], ranks=(1, 4))
        self.expect_bytes_of_als(["--factors", "16", "--node-sharing", "off"], ranks=(3,))


if __name__ == "__main__":
    unittest.main()
