"""`rankwise doctor`: findings with and without Slurm, under launchers that are right and wrong, in a folder that will do or not."""
import json
import os
import pathlib
import tempfile
import unittest

from cluster import Cluster, main
from program import folder_of_tools, run

# Launching as root in a container, with more ranks than cores.
LAUNCHING = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1"}


class DoctorCase(unittest.TestCase):
    def setUp(self):
        self.path = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def examine(self, *options, code=0, env=None, ranks=1):
        log = self.path / "doctor.jsonl"
        done = run(["doctor", "--directory", self.path, "--log-json", log, *options], env={**LAUNCHING, **(env or {})}, ranks=ranks)
        self.assertEqual(done.code, code, done)
        events = [json.loads(line) for line in log.read_text().splitlines()]
        found = {event["check"]: event for event in events if event["event"] == "finding"}
        for check, finding in found.items():
            self.assertIn(check, done.out)
            self.assertEqual(finding["verdict"] == "fine", finding["advice"] == "", finding)
            self.assertIn(finding["advice"], done.out)
        self.assertEqual(sorted(os.listdir(self.path)), ["doctor.jsonl"])  # it leaves nothing behind
        return found, done


class WithoutSlurmTest(DoctorCase):
    NO_SLURM = {"SLURM_CONF": "/nonexistent/slurm.conf"}

    def test_one_rank_examines_the_machine_and_its_mpirun(self):
        found, done = self.examine(env={"PATH": self.path_without_slurm()})
        self.assertEqual({found[check]["verdict"] for check in ("mpirun here", "Slurm", "rename", "file locks", "fsync", "MPI threads")}, {"fine"}, done)
        self.assertIn("2 of 2 ranks", found["mpirun here"]["found"])
        self.assertIn("none here", found["Slurm"]["found"])
        self.assertNotIn("#SBATCH", done.out)

    def path_without_slurm(self):
        """What starts ranks, and nothing else that this machine happens to have."""
        return folder_of_tools(self.enterContext(tempfile.TemporaryDirectory()), "bash", "sh", "ssh", "mpirun", "orted")

    def test_several_ranks_examine_their_launch(self):
        found, _ = self.examine(ranks=3)
        self.assertIn("over 3 ranks on 1 node", found["file locks"]["found"])
        self.assertNotIn("mpirun here", found)
        done = run(["doctor", "--inside", "--quiet", "--directory", self.path], ranks=2)
        view = json.loads(done.out)
        self.assertEqual((view["ranks"], view["nodes"], view["lock_works"], view["rename_works"], view["signal"]), (2, 1, True, True, ""))

    def test_too_many_threads_are_a_warning(self):
        found, _ = self.examine("--threads", "1000", ranks=2)
        self.assertEqual(found["cores"]["verdict"], "warning")
        self.assertIn("--threads", found["cores"]["advice"])

    def test_a_launcher_that_makes_worlds_of_one_is_a_warning(self):
        tools = self.path_without_slurm()
        (pathlib.Path(tools) / "mpirun").unlink()
        (pathlib.Path(tools) / "mpirun").write_text('#!/bin/bash\nwhile [[ $1 != */rankwise ]]; do shift; done\n"$@"\n')
        (pathlib.Path(tools) / "mpirun").chmod(0o755)
        found, _ = self.examine(env={"PATH": tools})
        self.assertEqual((found["mpirun here"]["verdict"], found["mpirun here"]["found"]), ("warning", "1 of 2 ranks"))

    def test_no_controller_is_a_fault(self):
        (self.path / "slurm.conf").write_text("ClusterName=none\nSlurmctldHost=none(127.0.0.1)\nSlurmctldPort=1\nAuthType=auth/none\nMessageTimeout=1\nSlurmctldTimeout=1\n"
                                              "NodeName=n1\nPartitionName=p Nodes=n1\n")
        other = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        (self.path / "slurm.conf").rename(other / "slurm.conf")
        found, done = self.examine(env={"SLURM_CONF": other / "slurm.conf"}, code=74)
        self.assertEqual(found["Slurm's controller"]["verdict"], "FAULT")
        self.assertIn("Slurm's controller", done.our_lines[-1])

    def test_a_folder_that_will_not_do_gets_one_line(self):
        for ranks in (1, 2):
            done = run(["doctor", "--directory", self.path / "none"], ranks=ranks, env=LAUNCHING)
            self.assertEqual((done.code, len(done.our_lines)), (73, 1), done)
            self.assertIn("none", done.our_lines[0])
        (self.path / "file").touch()
        done = run(["doctor", "--directory", self.path / "file"], env=LAUNCHING)
        self.assertEqual((done.code, done.our_lines), (73, [f"rankwise: --directory {self.path / 'file'}: expected a folder that can be written"]))


class WithSlurmTest(DoctorCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(Cluster(nodes=2, cpus=2, MaxArraySize=77))

    def test_a_trial_job_tries_launchers_and_signals_on_two_nodes(self):
        found, done = self.examine("--nodes", "2", "--tasks-per-node", "1", env=self.cluster.environment)
        for check, words in (("Slurm", "slurm"), ("array size", "77"), ("srun --mpi=pmix", "has it"), ("launch by srun", "2 of 2 ranks on 2 of 2 nodes"),
                             ("launch by mpirun", "2 of 2 ranks"), ("signal to the job", "SIGUSR2 reaches the ranks"),
                             ("file locks (job)", "hold over 2 ranks on 2 nodes"), ("rename (job)", "2 nodes")):
            self.assertIn(words, found[check]["found"], done)
            self.assertEqual(found[check]["verdict"], "fine", found[check])
        self.assertEqual(self.cluster.queue(), "")
        # The header works.
        header = done.out[done.out.index("#!/bin/bash"):].replace("rankwise ...\n", "hostname\n")
        script = self.path / "header.sbatch"
        script.write_text(header)
        self.cluster.ask("sbatch", "--wait", script, cwd=self.path)
        self.assertEqual(len((next(self.path.glob("rankwise-*.log"))).read_text().split()), 2)

    def test_what_slurm_refuses_is_a_fault_and_what_does_not_begin_a_warning(self):
        found, done = self.examine("--partition", "none", env=self.cluster.environment, code=74)
        self.assertEqual(found["trial job"]["verdict"], "FAULT")
        self.assertIn("partition", found["trial job"]["found"])
        self.assertNotIn("#SBATCH", done.out)
        holder = self.cluster.ask("sbatch", "--parsable", "--exclusive", "--nodes=2", "--output=/dev/null", "--wrap", "sleep 60")
        try:
            found, _ = self.examine("--wait", "2", env=self.cluster.environment)
            self.assertEqual(found["trial job"]["verdict"], "warning")
            self.assertIn("did not begin within 2 s: PENDING", found["trial job"]["found"])
            self.assertNotIn("rankwise-doctor", self.cluster.ask("squeue", "--noheader", "--format=%j"))
        finally:
            self.cluster.ask("scancel", holder)


if __name__ == "__main__":
    main()
