"""The local scheduler: as many items as cores and memory allow, signals, exit codes, and what is left when its process goes."""
import os
import pathlib
import signal
import tempfile
import time
import unittest

from cluster import Scheduler, counting, eventually, most_at_once, noting, main


class LocalSchedulerTest(unittest.TestCase):
    def setUp(self):
        self.path = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.folder = self.path / "sweep"

    def scheduler(self, cores=4, memory=0):
        environment = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
        return self.enterContext(Scheduler("local", self.folder, cores, memory, environment=environment))

    def finish(self, scheduler, seconds=40):
        def over():
            scheduler.answer(do="wait", seconds=1)
            states = scheduler.states()
            return states if {"waiting", "running"}.isdisjoint(state["phase"] for state in states.values()) else None
        return eventually(over, seconds, every=0)

    def test_items_share_the_cores_and_never_more(self):
        local = self.scheduler(cores=4)
        wide = {f"wide-{n}": noting(self.path, f"wide-{n}", 0.4) for n in range(4)}
        self.assertEqual(local.submit("wide", wide, resources={"cpus_per_task": 2}), {})
        narrow = {f"narrow-{n}": noting(self.path, f"narrow-{n}", 0.2) for n in range(6)}
        self.assertEqual(local.submit("narrow", narrow), {})
        self.assertEqual({state["phase"] for state in self.finish(local).values()}, {"done"})
        self.assertEqual(most_at_once(self.path, wide), 2)
        self.assertLessEqual(most_at_once(self.path, [*wide, *narrow]), 4)
        self.assertEqual(list(local.states()), [*wide, *narrow])  # in the order in which they came
        for item in (*wide, *narrow):
            self.assertEqual([run[3] for run in local.attempts(item)], [0])

    def test_memory_bounds_them_too(self):
        local = self.scheduler(cores=8, memory=3000)
        items = {f"i{n}": noting(self.path, f"i{n}", 0.2) for n in range(4)}
        local.submit("large", items, resources={"memory_bytes_per_node": 1500})
        self.finish(local)
        self.assertEqual(most_at_once(self.path, items), 2)
        for resources, word in (({"memory_bytes_per_node": 3001}, "memory"), ({"tasks": 9}, "cores")):
            refused = local.submit("too-large", {"i9": "true"}, resources=resources)
            self.assertEqual(refused["code"], 2)
            self.assertIn(word, refused["error"])

    def test_exit_codes_logs_and_reasons(self):
        local = self.scheduler()
        local.submit("mixed", {"good": "echo out; echo err >&2", "bad": "echo why; exit 3", "killed": "kill -SEGV $$", "env": "echo threads $OMP_NUM_THREADS"},
                     resources={"cpus_per_task": 2})
        local.answer(do="submit", submission={"name": "none", "items": [{"name": "absent", "command": ["/no/such/program"]}]})
        states = self.finish(local)
        found = {name: (state["phase"], state["exit_code"]) for name, state in states.items()}
        self.assertEqual(found, {"good": ("done", 0), "bad": ("failed", 3), "killed": ("failed", 139), "env": ("done", 0), "absent": ("failed", 127)})
        self.assertEqual(local.log("good"), "out\nerr\n")
        self.assertEqual(local.log("env"), "threads 2\n")
        self.assertIn("/no/such/program", local.log("absent"))
        self.assertIn("signal 11", states["killed"]["reason"])

    def test_75_runs_again_until_it_is_done(self):
        local = self.scheduler()
        count = self.path / "count"
        local.submit("again", {"item": f"echo >> {count}; if (($(wc -l < {count}) < 3)); then exit 75; fi"})
        self.assertEqual(self.finish(local)["item"]["phase"], "done")
        self.assertEqual([(run[2], run[3]) for run in local.attempts("item")], [("0", 75), ("1", 75), ("2", 0)])

    def test_a_time_limit_asks_for_a_checkpoint_and_then_ends_it(self):
        local = self.scheduler()
        local.submit("limited", {"counts": counting(self.path / "n", 25)}, resources={"time_limit_seconds": 3}, signal_seconds=2)
        local.submit("deaf", {"deaf": 'trap "" USR2; sleep 60 & wait'}, resources={"time_limit_seconds": 1}, signal_seconds=1)
        states = self.finish(local)
        self.assertEqual(states["counts"]["phase"], "done")
        codes = [run[3] for run in local.attempts("counts")]
        self.assertEqual(codes[-1], 0)
        self.assertGreaterEqual(codes.count(75), 1)
        self.assertEqual((self.path / "n").read_text(), "25\n")
        self.assertEqual((states["deaf"]["phase"], states["deaf"]["reason"]), ("lost", "reached its time limit"))

    def test_cancelled_items_stop_and_the_others_go_on(self):
        local = self.scheduler(cores=2)
        items = {name: counting(self.path / name, 15) for name in ("a", "b", "c", "d")}
        local.submit("some", items)
        eventually(lambda: local.phases()["a"] == "running" and "started" in local.log("a"))
        self.assertEqual(local.phases()["d"], "waiting")
        local.answer(do="cancel", items=["a", "d"])
        states = self.finish(local)
        self.assertEqual({name: state["phase"] for name, state in states.items()}, {"a": "lost", "b": "done", "c": "done", "d": "lost"})
        self.assertEqual((states["a"]["reason"], states["a"]["exit_code"], states["d"]["reason"]), ("cancelled", 75, "cancelled"))
        self.assertEqual(local.attempts("d"), [])
        # A later submission takes them up where they stopped.
        local.submit("rest", {name: items[name] for name in ("a", "d")})
        self.assertEqual({state["phase"] for state in self.finish(local).values()}, {"done"})
        self.assertEqual(local.states()["a"]["submission"], "rest")
        self.assertEqual([run[0] for run in local.attempts("a")], ["some-0", "rest-0"])

    def test_submissions_wait_for_others(self):
        local = self.scheduler()
        local.submit("first", {"good": f"sleep 0.3; touch {self.path}/there", "bad": "exit 1"})
        local.submit("second", {"after": f"test -e {self.path}/there"}, after=[{"submission": "first", "on": "ended"}])
        local.submit("third", {"never": "true"}, after=[{"submission": "first", "on": "succeeded"}])
        states = self.finish(local)
        self.assertEqual([states[name]["phase"] for name in ("after", "never")], ["done", "lost"])
        self.assertIn("bad of first is not done", states["never"]["reason"])

    def test_several_tasks_are_ranks_of_one_program(self):
        local = self.scheduler()
        local.submit("ranks", {"two": "echo rank $OMPI_COMM_WORLD_RANK of $OMPI_COMM_WORLD_SIZE"}, resources={"tasks": 2})
        local.submit("fails", {"two-fail": "exit 5"}, resources={"tasks": 2})
        local.submit("stops", {"two-stop": f"{counting(self.path / 'n', 1000)}"}, resources={"tasks": 2})
        eventually(lambda: local.phases()["two-stop"] == "running" and local.log("two-stop").count("started") == 2)
        local.answer(do="cancel", items=["two-stop"])
        states = self.finish(local)
        self.assertEqual(sorted(local.log("two").split("\n")), ["", "rank 0 of 2", "rank 1 of 2"])
        self.assertEqual((states["two-fail"]["phase"], states["two-fail"]["exit_code"]), ("failed", 5))
        self.assertEqual((states["two-stop"]["phase"], states["two-stop"]["exit_code"]), ("lost", 75))

    def test_names_that_cannot_be_are_refused(self):
        local = self.scheduler()
        self.assertEqual(local.submit("once", {"a": "true"}), {})
        for name, items in (("once", {"b": "true"}), ("a b", {"b": "true"}), ("x", {"../b": "true"}), ("x", {}), ("-x", {"b": "true"})):
            refused = local.submit(name, items)
            self.assertEqual(refused["code"], 2, refused)
        refused = local.submit("x", {"b": "true"}, after=[{"submission": "unknown", "on": "ended"}])
        self.assertIn("unknown", refused["error"])
        self.assertEqual(list(local.states()), ["a"])

    def test_stop_lets_checkpoints_be_written(self):
        local = self.scheduler(cores=1)
        local.submit("s", {"a": counting(self.path / "a", 1000), "b": "true"})
        eventually(lambda: local.phases()["a"] == "running" and "started" in local.log("a"))
        local.answer(do="stop", seconds=10)
        self.assertEqual(local.phases(), {"a": "lost", "b": "lost"})
        self.assertEqual([run[3] for run in local.attempts("a")], [75])

    def test_other_processes_see_it_and_its_death(self):
        local = self.scheduler(cores=1)
        local.submit("s", {"a": counting(self.path / "a", 1000) + " $$", "b": "true"})
        eventually(lambda: local.phases()["a"] == "running" and "started" in local.log("a"))
        with Scheduler("local", self.folder, 1, 0) as other:
            self.assertEqual(other.phases(), {"a": "running", "b": "waiting"})
            child = int(local.attempts("a")[0][1])
            os.kill(local.process.pid, signal.SIGKILL)
            local.process.wait()
            eventually(lambda: not pathlib.Path(f"/proc/{child}").exists() or "Z" in pathlib.Path(f"/proc/{child}/stat").read_text().split(")")[1].split()[0],
                       what="its child lives on")
            time.sleep(0.2)
            self.assertEqual(other.phases(), {"a": "lost", "b": "lost"})
            self.assertEqual(other.submit("again", {"a": "true", "b": "true"}), {})
            self.assertEqual({state["phase"] for state in self.finish(other).values()}, {"done"})

    def test_ranks_that_its_death_leaves_have_time_for_a_checkpoint(self):
        """mpirun would kill them 2 s after a SIGTERM."""
        local = self.scheduler(cores=2)
        written = self.path / "written"
        local.submit("s", {"a": f'trap "sleep 4; echo >> {written}; exit 75" USR2 TERM; echo started; while true; do sleep 0.1; done'}, resources={"tasks": 2})
        eventually(lambda: local.phases()["a"] == "running" and local.log("a").count("started") == 2)
        os.kill(local.process.pid, signal.SIGKILL)
        local.process.wait()
        eventually(lambda: written.exists() and len(written.read_text()) == 2, what="two checkpoints")



if __name__ == "__main__":
    main()
