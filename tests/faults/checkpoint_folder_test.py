"""The folder of checkpoints: held by another run, not to be written, full, or gone during the run. One line, and the last good
checkpoint stays as it is."""
import pathlib
import shutil
import subprocess
import unittest

from interrupted import InterruptedTrainings
from program import run
from small_disk import small_disk, with_own_mounts


class CheckpointFolderTest(InterruptedTrainings):
    def test_two_runs_do_not_share_it(self):
        process = self.start(1, epochs=100_000)
        self.wait_for("checkpoint")
        done = run(["als", "--data", self.data, "--model", self.path / "second.h5", "--factors", "24", "--checkpoint", self.checkpoints], ranks=2)
        self.assertEqual(done.code, 73, done)
        self.assertEqual(len(done.our_lines), 1, done)
        self.assertIn(f"process {process.pid} on ", done.our_lines[0])
        process.kill()
        process.communicate()
        self.train(epochs=len(self.events("epoch")) + 3)  # the lock died with its holder

    def test_no_folder_can_be_there(self):
        (self.path / "a-file").write_text("")
        for folder in (self.path / "a-file", pathlib.Path("/proc/none/here")):
            self.refused(folder)

    def refused(self, folder):
        done = run(["als", "--data", self.data, "--model", self.output, "--checkpoint", folder], ranks=2)
        self.assertEqual(done.code, 73, done)
        self.assertEqual(len(done.our_lines), 1, done)
        self.assertIn(str(folder), done.our_lines[0])
        self.assertFalse(self.output.exists())

    def test_read_only(self):
        with small_disk(4000) as disk:
            self.checkpoints = disk / "checkpoints"
            self.train(epochs=2)
            before = {name: (self.checkpoints / name).read_bytes() for name in self.files()}
            subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
            for folder in (self.checkpoints, disk / "new"):
                self.output.unlink(missing_ok=True)
                self.refused(folder)
            self.assertEqual({name: (self.checkpoints / name).read_bytes() for name in self.files()}, before)

    def test_full(self):
        with small_disk(2000) as disk:  # two checkpoints of 366 KB, and the 1.4 MB that each secures while it is written
            self.checkpoints = disk / "checkpoints"
            done = self.train(ranks=3, code=74)
            self.assertEqual(len(done.our_lines), 1, done)
            self.assertIn("no space", done.our_lines[0])
            self.assertEqual(self.checkpoint_files(), [f"epoch-{1:06}.h5", f"epoch-{2:06}.h5"])
            shutil.copytree(self.checkpoints, self.path / "moved")
        self.checkpoints = self.path / "moved"
        self.train(ranks=2)
        self.expect_whole_output()

    def test_removed_during_the_run(self):
        for ranks in (1, 3):
            with self.subTest(ranks=ranks):
                self.begin_anew()
                process = self.start(ranks, "--quiet", epochs=100_000)
                self.wait_for("checkpoint")
                gone = self.path / f"gone-{ranks}"
                self.checkpoints.rename(gone)
                _, err = process.communicate(timeout=60)
                lines = [line for line in err.splitlines() if line.startswith("rankwise:")]
                self.assertIn(process.returncode, (73, 74), err)
                self.assertEqual(len(lines), 1, err)
                self.assertIn(str(self.checkpoints), lines[0])
                self.assertRegex(lines[0], "No such file or directory|does not exist")
                self.assertFalse(self.output.exists())
                # What had been written is as good as before.
                gone.rename(self.checkpoints)
                epochs = len(self.events("epoch")) + 2
                self.train(ranks=2, epochs=epochs)
                self.expect_whole_output(epochs=epochs)


if __name__ == "__main__":
    with_own_mounts()
    unittest.main()
