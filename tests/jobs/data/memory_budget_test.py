"""rankwise prepare --memory-budget: the same bytes within a limit of memory that the system enforces."""
import json
import os
import pathlib
import random
import subprocess
import tempfile
import unittest

import small_disk
from prepare_test import content
from program import LAUNCHER, PROGRAM, run

MEBIBYTE = 1 << 20
ROWS = 500_000


def setUpModule():
    """One log for all tests: 15 MB, whose arrays take some 100 MiB on one rank."""
    global folder, log, plain
    holder = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(holder.cleanup)
    folder = pathlib.Path(holder.name)
    log = folder / "log.csv"
    draw = random.Random(4)
    with log.open("w") as file:
        file.write("user,item,value,time,order\n")
        for _ in range(ROWS // 1000):
            file.write("".join(f"{draw.randrange(90_000)},{draw.randrange(20_000)},{draw.randrange(1, 99)},{1_600_000_000 + draw.randrange(10 ** 7)},{draw.randrange(10 ** 6)}\n"
                               for _ in range(1000)))
    plain = folder / "plain.h5"
    done = run([*arguments(), "--output", plain])
    assert done.code == 0, done


def arguments():
    return ["prepare", "--input", log, "--columns", "user=user,item=item,value=value,time=time,order=order", "--duplicates", "sum", "--split",
            "temporal:0.2", "--validation", "random:0.1"]


class MemoryBudgetTest(unittest.TestCase):
    def prepare(self, budget, *more, ranks=1, limited=True, output="out.h5"):
        """Under a limit of private memory as large as the budget."""
        limit = ["prlimit", f"--data={budget}"] if limited else []
        launcher = ([LAUNCHER, str(ranks)] if ranks > 1 else []) + limit or None
        return run([*arguments(), "--memory-budget", f"{budget}", "--output", folder / output, "--log-json", folder / "events.json", *more],
                   launcher=launcher)

    def event(self):
        events = [json.loads(line) for line in (folder / "events.json").read_text().splitlines()]
        return next(event for event in events if event["event"] == "memory_budget")

    def test_the_same_bytes_within_two_budgets_that_the_system_enforces(self):
        scratch = []
        for budget in (96 * MEBIBYTE, 144 * MEBIBYTE):
            done = self.prepare(budget, "--scratch", folder)
            self.assertEqual(done.code, 0, done)
            self.assertEqual(content(folder / "out.h5"), content(plain))
            event = self.event()
            self.assertEqual(event["budget_bytes"], budget)
            self.assertLessEqual(event["private_peak_bytes"], budget)
            scratch.append(event["scratch_peak_bytes"])
            self.assertIn("in scratch files", done.err)
        self.assertGreater(scratch[0], 20 * MEBIBYTE)
        self.assertGreater(scratch[0], scratch[1])
        self.assertEqual([path.name for path in folder.iterdir() if "scratch" in path.name], [])
        # The limit is one: without a budget the job does not fit it.
        done = run([*arguments(), "--output", folder / "none.h5"], launcher=["prlimit", f"--data={96 * MEBIBYTE}"])
        self.assertNotEqual(done.code, 0, done)
        self.assertFalse((folder / "none.h5").exists())

    def test_the_same_bytes_on_several_ranks(self):
        done = self.prepare(96 * MEBIBYTE, "--scratch", folder, ranks=2, limited=False)
        self.assertEqual(done.code, 0, done)
        self.assertEqual(content(folder / "out.h5"), content(plain))
        self.assertGreater(self.event()["scratch_peak_bytes_of_ranks"], 0)

    def test_a_full_folder_ends_the_job_and_leaves_nothing(self):
        with small_disk.small_disk(12 * 1024) as disk:
            for ranks in (1, 2):
                (folder / "full.h5").unlink(missing_ok=True)
                done = self.prepare(96 * MEBIBYTE, "--scratch", disk, ranks=ranks, limited=False, output="full.h5")
                self.assertEqual(done.code, 74, done)
                errors = [line for line in done.our_lines if "no room for" in line]
                self.assertIn(len(errors), range(1, ranks + 1), done)  # ranks that are full at one time each say so
                for line in errors:
                    self.assertRegex(line, rf"--scratch {disk}: no room for \d+ MiB more: No space left on device")
                self.assertIn("its files are kept in memory there (tmpfs)", done.err)
                self.assertEqual([path.name for path in folder.iterdir() if path.name.startswith(("full", ".full"))], [])
                self.assertEqual(list(disk.iterdir()), [])

    def test_bad_requests(self):
        def refused(*options, code=2):
            done = run([*arguments(), "--output", folder / "bad.h5", *options])
            self.assertEqual(done.code, code, done)
            self.assertEqual(len(done.our_lines), 1, done)
            return done.our_lines[0]

        self.assertIn("--scratch needs --memory-budget", refused("--scratch", folder))
        self.assertIn("the program alone has", refused("--memory-budget", "1MiB"))
        self.assertIn("--memory-budget much: expected a size as in 4GiB", refused("--memory-budget", "much"))
        self.assertIn(f"--scratch {folder}/none: cannot create a file: No such file", refused("--memory-budget", "1GiB", "--scratch", folder / "none", code=73))

    @unittest.skipUnless(os.access("/sys/fs/cgroup/memory", os.W_OK), "no control group of memory can be made here")
    def test_a_control_group_of_the_budget(self):
        """The kernel writes pages of scratch files out: the job fits a group that has room for its private memory and few pages."""
        group = pathlib.Path(f"/sys/fs/cgroup/memory/rankwise-test-{os.getpid()}")
        group.mkdir()
        try:
            (group / "memory.limit_in_bytes").write_text(str(112 * MEBIBYTE))
            command = [PROGRAM, *map(str, arguments()), "--memory-budget", str(96 * MEBIBYTE), "--scratch", str(folder), "--output", str(folder / "group.h5")]
            done = subprocess.run(["sh", "-c", f'echo $$ > {group}/cgroup.procs && exec "$@"', "sh", *command], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(content(folder / "group.h5"), content(plain))
        finally:
            group.rmdir()


if __name__ == "__main__":
    small_disk.with_own_mounts()
    unittest.main()
