#!/usr/bin/env bash
# test.sh [--quick] [--sanitize] [CTEST ARGUMENT ...]: dependencies, build, all tests; ctest's summary comes last.
#   --quick      builds and runs only what has the label `quick`: unit tests, kept fuzzing inputs, ranks by three, the shortest tests
#                of jobs. No Slurm, no faults, no network, no browser: under 3 minutes on 2 cores, on a build that is up to date.
#   --sanitize   under the address and undefined-behaviour sanitizers
# Examples: scripts/test.sh --quick; scripts/test.sh -L unit; scripts/test.sh --sanitize -R jobs_
# No test needs root. An ordinary user needs sudo only if packages are missing.
set -euo pipefail
cd "$(dirname "$0")/.."

preset=release
dependencies=(--test)
target=all
while (($# > 0)); do
  case $1 in
    --quick)
      dependencies=()
      target=quick_tests
      ;;
    --sanitize)
      preset=asan-ubsan
      # Open MPI and HDF5 keep memory until the process ends; only leaks through our own code count.
      export ASAN_OPTIONS="detect_leaks=1:abort_on_error=0:${ASAN_OPTIONS:-}"
      export LSAN_OPTIONS="suppressions='$PWD/tests/leaks.supp':print_suppressions=0:${LSAN_OPTIONS:-}"
      export UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1:${UBSAN_OPTIONS:-}"
      ;;
    *) break ;;
  esac
  shift
done

scripts/dependencies.sh "${dependencies[@]}"
cmake --preset "$preset"
cmake --build --preset "$preset" --target "$target"
if [[ $target == quick_tests ]]; then set -- -L '^quick$' "$@"; fi
# Tests under mpirun count as two processors, so they do not crowd a small machine; one more than there are, since launches
# wait: two processors were busy for 63% of the suite.
exec ctest --preset "$preset" --parallel "$(($(nproc) + 1))" "$@"
