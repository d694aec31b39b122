#!/usr/bin/env bash
# lint.sh [format|tidy]: clang-format and clang-tidy on every source; both without an argument. Nothing is changed.
set -euo pipefail
cd "$(dirname "$0")/.."

floors=(kernels distributed io slurm jobs tests benchmarks)

check_format() {
  find "${floors[@]}" -name '*.[ch]pp' -print0 | sort -z | xargs -0 clang-format --dry-run -Werror
  echo "format: clean"
}

check_tidy() {
  local build=build/lint
  scripts/dependencies.sh --lint
  # Each file by itself: some checks look at nothing but the file that a command names.
  cmake --preset release -B "$build" -DRANKWISE_UNITY=OFF > /dev/null
  # The build makes the one source that configure does not (the revision stamp). GCC's own flags mean nothing to clang, and
  # its omp.h is not where clang looks.
  cmake --build "$build" --target rankwise_revision
  local omp_folder
  omp_folder=$(dirname "$(g++ -print-file-name=include/omp.h)")
  run-clang-tidy -quiet -p "$build" -extra-arg=-Wno-unknown-warning-option -extra-arg=-idirafter"$omp_folder" \
    "$PWD/($(IFS='|'; echo "${floors[*]}"))/.*\.cpp$"
  echo "tidy: clean"
}

case "${1:-all}" in
  format) check_format ;;
  tidy) check_tidy ;;
  all) check_format; check_tidy ;;
  *) echo "usage: scripts/lint.sh [format|tidy]" >&2; exit 2 ;;
esac
