"""A failure on one rank ends all ranks soon, with one line that says why and the exit code that goes with it."""
import os
import unittest

import program

program.PROGRAM = os.environ["RANKWISE_OUTCOME_PROBE"]


class Outcome(unittest.TestCase):
    def assert_ends(self, what, ranks, code, line):
        finished = program.run([what], ranks=ranks, timeout=60)
        self.assertEqual(finished.code, code, finished)
        self.assertEqual(finished.our_lines, [line] if line else [], finished)
        return finished

    def test_success(self):
        for ranks in (1, 3):
            self.assertEqual(self.assert_ends("nothing", ranks, 0, None).out, "all ranks passed\n")

    def test_an_agreed_error_is_told_once_and_finalizes(self):
        for ranks in (1, 3):
            finished = self.assert_ends("agreed", ranks, 65, "rankwise: row 7 is bad")
            self.assertNotIn("MPI_ABORT", finished.err)

    def test_an_error_of_one_rank_names_the_rank_and_ends_all(self):
        self.assert_ends("alone", 3, 74, "rankwise: rank 2: only this rank knows")
        self.assert_ends("foreign", 3, 70, "rankwise: rank 2: not an error of ours")
        self.assert_ends("memory", 2, 70, "rankwise: rank 1: out of memory: 4096.00 PiB were asked for")

    def test_one_rank_alone_needs_no_abort(self):
        for what, code, line in (("alone", 74, "only this rank knows"), ("foreign", 70, "not an error of ours")):
            self.assertNotIn("MPI_ABORT", self.assert_ends(what, 1, code, "rankwise: " + line).err)


if __name__ == "__main__":
    unittest.main()
