#!/usr/bin/env bash
# test.sh [--sanitize] [CTEST ARGUMENT ...]: dependencies, build, all tests; ctest's summary comes last. With --sanitize under
# the address and undefined-behaviour sanitizers. Examples: scripts/test.sh -L unit; scripts/test.sh --sanitize -R jobs_
set -euo pipefail
cd "$(dirname "$0")/.."

preset=release
if [[ ${1:-} == --sanitize ]]; then
  preset=asan-ubsan
  shift
  # Open MPI and HDF5 keep memory until the process ends; only leaks through our own code count.
  export ASAN_OPTIONS="detect_leaks=1:abort_on_error=0:${ASAN_OPTIONS:-}"
  export LSAN_OPTIONS="suppressions=$PWD/tests/leaks.supp:print_suppressions=0:${LSAN_OPTIONS:-}"
  export UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1:${UBSAN_OPTIONS:-}"
fi

scripts/dependencies.sh --test
cmake --preset "$preset"
cmake --build --preset "$preset"
# Tests under mpirun count as two processors, so they do not crowd a small machine.
exec ctest --preset "$preset" --parallel "$(nproc)" "$@"
