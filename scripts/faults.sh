#!/usr/bin/env bash
# faults.sh [--trials N] [--flips N] [--damaged N]: the long forms of the tests of faults, hours long on two cores. Runs that are killed (300), bits that are
# flipped in a file of each kind (10000), damaged checkpoints that whole runs meet (200), all pairs of numbers of ranks before
# and after a stop. Builds first; each test prints its counts.
set -euo pipefail
cd "$(dirname "$0")/.."

trials=300 flips=10000 damaged=200
while (($# > 0)); do
  case $1 in
    --trials) trials=$2 ;;
    --flips) flips=$2 ;;
    --damaged) damaged=$2 ;;
    *) echo "faults.sh: $1: expected --trials N, --flips N or --damaged N" >&2; exit 2 ;;
  esac
  shift 2
done

scripts/dependencies.sh
cmake --preset release
cmake --build --preset release
export RANKWISE_FAULT_TRIALS=$trials RANKWISE_FAULT_FLIPS=$flips RANKWISE_FAULT_DAMAGED=$damaged RANKWISE_FAULT_RANKS=all
export RANKWISE_PROGRAM=$PWD/build/release/jobs/rankwise RANKWISE_SOURCE=$PWD PYTHONPATH=$PWD/tests
tests/launch_mpi.sh 2 build/release/tests/io/io_damaged_file_test
for test in checkpoint_test kmeans_checkpoint_test; do
  /usr/bin/python3 -B "tests/faults/$test.py" -v
done
