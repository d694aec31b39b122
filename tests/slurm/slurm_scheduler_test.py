"""The Slurm scheduler on a real Slurm: chunks, throttles, packed jobs, requeues, and what happens to jobs, nodes and controllers."""
import os
import pathlib
import shutil
import signal
import tempfile
import unittest

from cluster import Cluster, Scheduler, counting, eventually, most_at_once, noting, main, word


class SlurmCase(unittest.TestCase):
    nodes, cpus, settings = 2, 2, {}
    tasks = 1  # of an item

    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(Cluster(cls.nodes, cls.cpus, **cls.settings))

    def setUp(self):
        self.path = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.slurm = self.enterContext(Scheduler("slurm", self.path / "sweep", environment=self.cluster.environment))

    def submit(self, name, commands, batch=(), signal_seconds=120, **resources):
        """Rank 0 works."""
        commands = {item: f"if ((${{SLURM_PROCID:-0}})); then exit 0; fi; {command}" for item, command in commands.items()}
        self.assertEqual(self.slurm.submit(name, commands, batch=dict(batch), signal_seconds=signal_seconds,
                                           resources={"tasks": self.tasks, **resources}), {})

    def finish(self, seconds=60):
        eventually(self.cluster.empty, seconds, what=self.cluster.queue)
        return self.slurm.states()

    def runs(self, item):
        """How each of its runs ended."""
        return [run[3] for run in self.slurm.attempts(item)]

    def wait_until_running(self, *items):
        eventually(lambda: all("started" in self.slurm.log(item) for item in items), what=self.cluster.queue)


class ArrayTest(SlurmCase):
    # The scripts requeue themselves: not every cluster has RequeueExit=75.
    settings = {"MaxArraySize": 5, "MaxJobCount": 200, "RequeueExit": 99}

    def test_more_items_than_an_array_holds_run_once_each_and_throttled(self):
        items = {f"i{n:02}": noting(self.path, f"i{n:02}", 0.3) for n in range(12)}
        self.assertEqual(self.slurm.submit("many", items, batch={"jobs_at_once": 1}), {})
        self.assertLessEqual(set(self.slurm.phases().values()), {"waiting", "running", "done"})
        states = self.finish()
        self.assertEqual({state["phase"] for state in states.values()}, {"done"})
        self.assertEqual(list(states), list(items))
        self.assertEqual(sorted(path.name for path in self.slurm.folder.glob("*.sbatch")), ["many-0.sbatch", "many-1.sbatch", "many-2.sbatch"])
        for chunk, size in (("many-0", 5), ("many-1", 5), ("many-2", 2)):
            inside = [item for item in items if self.slurm.attempts(item)[0][0] == chunk]
            self.assertEqual(len(inside), size)
            self.assertEqual(most_at_once(self.path, inside), 1)
        self.assertEqual([self.runs(item) for item in items], [[0]] * 12)

    def test_refusals_are_told_in_one_line(self):
        refused = self.slurm.submit("nowhere", {"a": "true"}, batch={"partition": "none"})
        self.assertEqual(refused["code"], 74)
        self.assertIn("invalid partition", refused["error"].lower())
        self.assertNotIn("\n", refused["error"])
        self.assertEqual((self.slurm.states()["a"]["phase"], self.slurm.states()["a"]["reason"]), ("lost", "Slurm refused its job"))
        refused = self.slurm.submit("huge", {f"h{n}": "true" for n in range(200)})
        self.assertEqual(refused["code"], 2)
        self.assertIn("MaxJobCount", refused["error"])
        for batch, word in (({"items_at_once": 2}, "at once"), ({"items_per_job": 0}, "at least one")):
            self.assertIn(word, self.slurm.submit("odd", {"a": "true"}, batch=batch)["error"])
        self.assertEqual(self.slurm.submit("somewhere", {"a": "true"}, batch={"partition": "main", "extra_lines": ["--comment=mine"]}), {})
        self.assertEqual(self.finish()["a"]["phase"], "done")

    def test_the_environment_has_no_say_in_what_is_asked_for(self):
        variables = {"SBATCH_TIMELIMIT": "1", "SBATCH_PARTITION": "nowhere", "SBATCH_EXPORT": "NONE", "SBATCH_JOB_NAME": "other",
                     "SQUEUE_PARTITION": "nowhere", "SQUEUE_STATES": "COMPLETED", "SRUN_CPUS_PER_TASK": "7", "SLURM_TIMELIMIT": "1",
                     "SCANCEL_PARTITION": "nowhere", "MINE": "kept"}
        with Scheduler("slurm", self.path / "other", environment=self.cluster.environment | variables) as slurm:
            ask = 'squeue --noheader --jobs=$SLURM_JOB_ID --format="%l %P"; echo $MINE'
            self.assertEqual(slurm.submit("asked", {"a": ask, "b": "sleep 600"}, resources={"time_limit_seconds": 1200, "tasks": 2},
                                          batch={"partition": "main"}), {})
            eventually(lambda: slurm.phases() == {"a": "done", "b": "running"}, what=lambda: self.cluster.queue() + slurm.log("a"))
            self.assertEqual(slurm.log("a").splitlines()[:2], ["20:00 main", "kept"])
            self.assertEqual(slurm.answer(do="cancel", items=["b"]), {})
            eventually(self.cluster.empty, what=self.cluster.queue)

    def test_submissions_wait_for_others(self):
        there = word(self.path / "there")
        self.slurm.submit("first", {"good": f"sleep 1; touch {there}", "bad": "sleep 0.5; exit 1"})
        self.slurm.submit("second", {"after": f"test -e {there}"}, after=[{"submission": "first", "on": "ended"}])
        self.slurm.submit("third", {"never": "true"}, after=[{"submission": "first", "on": "succeeded"}])
        self.slurm.submit("fourth", {"later": f"test -e {there}"}, after=[{"submission": "second", "on": "succeeded"}])
        states = self.finish()
        self.assertEqual([states[item]["phase"] for item in ("good", "bad", "after", "never", "later")], ["done", "failed", "done", "lost", "done"])
        self.assertIn("submission fifth waits for the success of first, whose item bad is not done",
                      self.slurm.submit("fifth", {"x": "true"}, after=[{"submission": "first", "on": "succeeded"}])["error"])
        self.assertEqual(self.slurm.submit("sixth", {"x": "true"}, after=[{"submission": "first", "on": "ended"}]), {})
        self.assertEqual(self.finish()["x"]["phase"], "done")

    def test_a_lost_answer_is_found_again_by_name(self):
        self.slurm.submit("named", {"a": counting(self.path / "a", 10)})
        ledger = self.slurm.folder / "submissions"
        ledger.write_text("".join(line for line in ledger.read_text().splitlines(True) if not line.startswith("accepted")))
        self.wait_until_running("a")
        self.assertEqual(self.slurm.phases(), {"a": "running"})
        self.assertEqual(self.finish()["a"]["phase"], "done")
        # And a job of which nothing is known anywhere never ran.
        ledger.write_text(ledger.read_text() + "intent ghost-0 ghost\n")
        (self.slurm.folder / "ghost-0.items").write_text("0 g\n")
        state = self.slurm.states()["g"]
        self.assertEqual((state["phase"], state["reason"]), ("lost", "its job never reached Slurm's queue"))

    def late_sbatch(self):
        """PATH with a sbatch that tells of a timeout; what it was given is accepted once the file `go` is there."""
        clients = self.path / "clients"
        clients.mkdir()
        (clients / "sbatch").write_text(f"""#!/bin/bash
            if [[ -e {clients}/once ]]; then exec {shutil.which("sbatch")} "$@"; fi
            touch {clients}/once
            setsid bash -c 'until [[ -e {clients}/go ]]; do sleep 0.1; done; {shutil.which("sbatch")} "$@" && touch {clients}/gone' late "$@" \\
              > /dev/null 2>&1 < /dev/null &
            echo "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation" >&2
            exit 1""")
        (clients / "sbatch").chmod(0o755)
        return clients, self.cluster.environment | {"PATH": f"{clients}:{os.environ['PATH']}"}

    def test_a_job_that_comes_after_sbatch_gave_up_is_waited_for(self):
        clients, environment = self.late_sbatch()
        (clients / "go").touch()
        with Scheduler("slurm", self.path / "late", environment=environment) as slurm:
            self.assertEqual(slurm.submit("waited", {"a": f"echo ran >> {self.path}/a"}), {})
            self.assertIn("accepted waited-0", (slurm.folder / "submissions").read_text())
            eventually(self.cluster.empty, what=self.cluster.queue)
            self.assertEqual(slurm.phases(), {"a": "done"})
        self.assertEqual((self.path / "a").read_text(), "ran\n")

    def test_a_job_that_comes_before_its_work_is_submitted_again_is_adopted(self):
        clients, environment = self.late_sbatch()
        with Scheduler("slurm", self.path / "late", "0", environment=environment) as slurm:
            answer = slurm.submit("adopted", {"a": "sleep 600"})
            self.assertEqual(answer["code"], 74)
            self.assertRegex(answer["error"], r"adopted-0.sbatch: sbatch: .*Socket timed out.*; its job did not enter the queue within 0 s")
            self.assertEqual(slurm.phases(), {"a": "lost"})
            (clients / "go").touch()
            eventually((clients / "gone").exists)
            self.assertEqual(slurm.answer(do="settle"), {"told": []})
            self.assertIn("accepted adopted-0", (slurm.folder / "submissions").read_text())
            eventually(lambda: slurm.phases() == {"a": "running"}, what=self.cluster.queue)
            slurm.answer(do="cancel", items=["a"])
            eventually(self.cluster.empty, what=self.cluster.queue)

    def test_a_job_that_comes_after_its_work_was_submitted_again_does_nothing(self):
        clients, environment = self.late_sbatch()
        ran = {"a": f"echo ran >> {self.path}/a; sleep 2"}
        with Scheduler("slurm", self.path / "late", "0", environment=environment) as slurm:
            self.assertEqual(slurm.submit("later", ran)["code"], 74)
            self.assertEqual(slurm.submit("again", ran), {})
            (clients / "go").touch()
            eventually((clients / "gone").exists)
            eventually(self.cluster.empty, what=self.cluster.queue)
            self.assertEqual((slurm.phases(), [run[3] for run in slurm.attempts("a")]), ({"a": "done"}, [0]))
        self.assertEqual((self.path / "a").read_text(), "ran\n")
        self.assertIn("later-0: its items were submitted again before it came", (self.path / "late/logs/later-0_0.log").read_text())

    def test_a_job_without_an_answer_is_not_lost_at_once_and_can_be_cancelled(self):
        clients, environment = self.late_sbatch()
        with Scheduler("slurm", self.path / "late", "0", environment=environment) as slurm:
            self.assertEqual(slurm.submit("cancelled", {"a": f"touch {self.path}/a"})["code"], 74)
            with Scheduler("slurm", self.path / "late", environment=environment) as patient:
                state = patient.states()["a"]
                self.assertEqual((state["phase"], state["reason"]), ("unknown", "sbatch has not answered for job cancelled-0"))
                self.assertEqual(patient.answer(do="cancel", items=["a"]), {})
            (clients / "go").touch()
            eventually((clients / "gone").exists)
            slurm.answer(do="settle")  # takes it out of the queue, if it is still there
            eventually(self.cluster.empty, what=self.cluster.queue)
        self.assertFalse((self.path / "a").exists())

    def test_scripts_run_by_hand_pass_by_what_is_over(self):
        self.slurm.submit("mine", {"a": f"echo ran >> {word(self.path / 'a')}", "b": "exit 2"}, batch={"items_per_job": 2})
        self.finish()
        script = self.slurm.folder / "mine-0.sbatch"
        self.assertEqual(self.cluster.run("bash", "-n", script).returncode, 0)
        self.cluster.ask("sbatch", script)
        self.finish()
        self.assertEqual((self.path / "a").read_text(), "ran\n")
        (self.slurm.folder / "logs/b.attempts").unlink()
        self.cluster.ask("sbatch", script)
        self.finish()
        self.assertEqual([self.runs("a"), self.runs("b")], [[0], [2]])

class LoneRankTest(SlurmCase):
    """What becomes of items: here the batch script runs them itself."""
    # The scripts requeue themselves: not every cluster has RequeueExit=75.
    settings = {"RequeueExit": 99}
    def test_packed_items_share_a_job_and_a_failure_stops_no_other(self):
        items = {f"i{n}": noting(self.path, f"i{n}", 0.3) for n in range(6)}
        items["i1"] += "; echo bad luck; exit 3"
        self.submit("packed", items, batch={"items_per_job": 3, "items_at_once": 2}, memory_bytes_per_node=2**20)
        states = self.finish()
        self.assertEqual([states[item]["phase"] for item in items], ["done", "failed", "done", "done", "done", "done"])
        self.assertEqual((states["i1"]["exit_code"], states["i1"]["reason"]), (3, "exit code 3"))
        self.assertIn("bad luck", self.slurm.log("i1"))
        self.assertEqual([most_at_once(self.path, group) for group in (["i0", "i1", "i2"], ["i3", "i4", "i5"])], [2, 2])
        self.assertEqual(len({self.slurm.attempts(item)[0][1] for item in items}), 2)

    def test_what_ends_with_75_goes_on_in_the_next_job_and_the_rest_does_not_run_again(self):
        count = word(self.path / "count")
        items = {"before": "true", "again": f"echo >> {count}; if (($(wc -l < {count}) < 3)); then exit 75; fi", "bad": "exit 4"}
        self.submit("pack", items, batch={"items_per_job": 3})
        states = self.finish()
        self.assertEqual([states[item]["phase"] for item in items], ["done", "done", "failed"])
        self.assertEqual([self.runs("before"), self.runs("bad")], [[0], [4]])
        # A node that ends the job before may end the next one's launch too, before its command has counted.
        self.assertEqual([code for code in self.runs("again") if code not in (137, 143)], [75, 75, 0])

    def signal_jobs(self, items):
        """As Slurm does before the time limit, whose moment it leaves open by half a minute."""
        for job in {state["job_id"] for name, state in self.slurm.states().items() if name in items}:
            self.cluster.run("timeout", "5", "scancel", "--batch", "--signal=USR2", job)

    def test_the_signal_before_the_limit_stops_and_the_next_job_goes_on(self):
        self.submit("limited", {"counts": counting(self.path / "n", 20), "next": "true"}, batch={"items_per_job": 2},
                    signal_seconds=60, time_limit_seconds=600)
        self.assertIn("#SBATCH --signal=B:USR2@60\n", (self.slurm.folder / "limited-0.sbatch").read_text())
        self.wait_until_running("counts")
        self.signal_jobs(["counts"])
        states = self.finish()
        self.assertEqual([states[item]["phase"] for item in ("counts", "next")], ["done", "done"])
        self.assertEqual((self.path / "n").read_text(), "20\n")
        runs = self.runs("counts")
        self.assertEqual((runs[0], runs[-1]), (75, 0))
        self.assertLessEqual(set(runs[1:-1]), {137, 143})  # a node that ends the job before may end the next one's launch too
        self.assertEqual(self.runs("next"), [0])  # nothing began in a job that was to stop

    def test_a_signal_at_any_moment_makes_nothing_done_that_is_not(self):
        # A srun that is told to end while it launches its step ends with 0.
        items = {f"i{n}": counting(self.path / f"i{n}", 5) for n in range(4)}
        signalled = 4
        for attempt in range(signalled + 1):
            states = self.slurm.states() if attempt else {}
            missing = {item: command for item, command in items.items() if not states or states[item]["phase"] != "done"}
            if not missing:
                break
            self.submit(f"early-{attempt}", missing)
            if attempt < signalled:  # a busy machine may launch so slowly that each signal comes before the step
                eventually(lambda: "RUNNING" in self.cluster.queue(), every=0.02)
                self.signal_jobs(missing)
            for item, state in self.finish().items():
                if state["phase"] == "done":
                    self.assertEqual((self.path / item).read_text(), "5\n", self.slurm.log(item))
        self.assertEqual({state["phase"] for state in self.slurm.states().values()}, {"done"})

    def test_a_cancelled_task_stays_cancelled_and_its_siblings_go_on(self):
        items = {name: counting(self.path / name, 20) for name in ("a", "b", "c", "d", "e")}
        self.submit("five", items)
        self.wait_until_running("a", "b")
        eventually((self.path / "a").exists)
        self.slurm.answer(do="cancel", items=["a", "e"])
        states = self.finish()
        self.assertEqual([states[item]["phase"] for item in items], ["lost", "done", "done", "done", "lost"])
        self.assertIn("CANCELLED", states["a"]["reason"])
        self.assertEqual(self.runs("a"), [75])  # it wrote its checkpoint and did not come back
        self.assertEqual([self.runs(item) for item in "bcde"], [[0], [0], [0], []])
        # Once more for what is missing: it goes on where it was.
        reached = int((self.path / "a").read_text())
        self.assertGreater(reached, 0)
        self.submit("rest", {item: items[item] for item in ("a", "e")}, batch={"items_per_job": 2})
        states = self.finish()
        self.assertEqual({state["phase"] for state in states.values()}, {"done"})
        self.assertEqual([states[item]["submission"] for item in "ab"], ["rest", "five"])

    def test_someone_elses_scancel_is_told(self):
        self.submit("two", {"a": counting(self.path / "a", 1000), "b": "sleep 0.5"})
        self.wait_until_running("a")
        (running,) = {state["job_id"] for state in self.slurm.states().values() if state["name"] == "a"}
        self.cluster.ask("scancel", running)
        states = self.finish()
        self.assertEqual((states["a"]["phase"], states["b"]["phase"]), ("lost", "done"))
        self.assertIn("CANCELLED", states["a"]["reason"])

    def test_words_reach_the_program_as_they_are(self):
        words = ["it's", "two  words", "$HOME", "a\\b", '"', "*", "%j"]
        printing = 'if ((${SLURM_PROCID:-0})); then exit 0; fi; printf "%s\\n" "$@"'
        items = [{"name": "words", "command": ["bash", "-c", printing, "bash", *words]}]
        for number, name in enumerate(("an odd folder 100%", "a\\b \\", """it's "#1" $x `y` ~;&é""")):
            with Scheduler("slurm", self.path / name, environment=self.cluster.environment) as odd:
                submission = {"name": f"words{number}", "items": items, "resources": {"tasks": self.tasks}}
                self.assertEqual(odd.answer(do="submit", submission=submission), {})
                eventually(self.cluster.empty, what=self.cluster.queue)
                self.assertEqual(odd.phases(), {"words": "done"})
                self.assertEqual(odd.log("words").splitlines(), words)
                self.assertTrue((odd.folder / f"logs/words{number}-0_0.log").exists())
        with Scheduler("slurm", self.path / "two\nlines", environment=self.cluster.environment) as broken:
            refused = broken.submit("words", {"a": "true"})
            self.assertEqual(refused["code"], 2)
            self.assertIn("two?lines: this path has a line break", refused["error"])


class SeveralRanksTest(LoneRankTest):
    """Here srun launches them."""
    cpus = 4
    tasks = 2


class MishapTest(SlurmCase):
    cpus, tasks = 4, 2
    settings = {"SlurmdTimeout": 6, "MessageTimeout": 3, "KillWait": 1}

    def test_a_restarted_controller_loses_and_repeats_nothing(self):
        items = {name: counting(self.path / name, 40) for name in ("a", "b", "c", "d", "e", "f")}
        self.submit("through", items)
        self.wait_until_running("a")
        # Told to end, it saves its state. Killed within seconds of a submission it forgets what ran, and then drains the nodes.
        self.cluster.kill_daemon("slurmctld", signal.SIGTERM)
        states = self.slurm.states()
        self.assertLessEqual({state["phase"] for state in states.values()}, {"unknown", "done"})
        self.assertIn("squeue", states["f"]["reason"])
        refused = self.slurm.submit("meanwhile", {"x": "true"})
        self.assertEqual(refused["code"], 74)
        self.assertNotIn("\n", refused["error"])
        self.cluster.restart_daemon("slurmctld")
        eventually(lambda: "unknown" not in self.slurm.phases().values())
        states = self.finish()
        self.assertEqual({state["phase"] for state in states.values()}, {"done"}, states)
        self.assertEqual([self.runs(item) for item in items], [[0]] * 6)

    def test_a_dead_node_sends_its_items_elsewhere(self):
        items = {name: counting(self.path / name, 30) for name in ("a", "b", "c", "d")}
        self.submit("fragile", items)
        self.wait_until_running(*items)
        self.cluster.kill_node("n2")
        states = self.finish(180)
        self.cluster.restart_daemon("n2")
        eventually(lambda: self.cluster.ask("sinfo", "-h", "-N", "-p", "main", "-o", "%t").split() == ["idle", "idle"], 120)
        self.assertEqual({state["phase"] for state in states.values()}, {"done"}, states)
        endings = sorted(self.runs(item) for item in items if len(self.runs(item)) > 1)
        self.assertEqual(len(endings), 2, endings)
        for ending in endings:
            self.assertEqual(ending[-1], 0)
            self.assertNotIn(0, ending[:-1])


class PreemptionTest(SlurmCase):
    nodes, cpus, tasks = 1, 4, 2
    settings = {"preemption": True}

    def test_a_preempted_item_writes_its_checkpoint_and_goes_on_later(self):
        self.submit("low", {name: counting(self.path / name, 30) for name in ("a", "b")}, batch={"partition": "low"}, time_limit_seconds=600)
        self.wait_until_running("a", "b")
        self.slurm.submit("high", {"urgent": "true"}, batch={"partition": "high"}, resources={"tasks": 4})
        eventually(lambda: self.slurm.phases()["urgent"] == "done")
        states = self.finish()
        self.assertEqual({state["phase"] for state in states.values()}, {"done"})
        interrupted = [self.runs(item) for item in ("a", "b") if len(self.runs(item)) > 1]
        self.assertGreaterEqual(len(interrupted), 1)
        for runs in interrupted:
            self.assertEqual(runs, [75, 0])


if __name__ == "__main__":
    main()
