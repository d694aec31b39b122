#!/usr/bin/env bash
# fuzz.sh [--seconds N] [--forge] [TARGET ...]: builds the fuzzers with clang, libFuzzer and the address and undefined-behaviour
# sanitizers, runs each of them (or those named: csv, hdf5, ...) for N seconds (600 unless told) one after the other, and ends
# with a table: inputs tried, and how many edges of the program's flow and features (edges by how often) they reached. Exit code
# 1 when there is a finding; its input is minimized and kept under build/fuzz/findings/TARGET. Inputs that reach new code gather
# in build/fuzz/gathered/TARGET and are where the next run begins. --forge sets HDF5's checksums right after a change of
# metadata, changes files of HDF5's oldest format, which has none, and soon ends in faults of that library (docs/FORMATS.md).
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=600
targets=()
while (($# > 0)); do
  case "$1" in
    --seconds) seconds=${2:?--seconds needs a number}; shift 2 ;;
    --forge) export RANKWISE_FUZZ_FORGE=1; shift ;;
    -*) echo "usage: scripts/fuzz.sh [--seconds N] [--forge] [TARGET ...]" >&2; exit 2 ;;
    *) targets+=("$1"); shift ;;
  esac
done
if [[ ! $seconds =~ ^[1-9][0-9]*$ ]]; then echo "fuzz.sh: --seconds takes a whole number above 0" >&2; exit 2; fi
all_targets=()
for source in tests/fuzz/fuzz_*.cpp; do
  name=${source##*/fuzz_}
  all_targets+=("${name%.cpp}")
done
if ((${#targets[@]} == 0)); then targets=("${all_targets[@]}"); fi
for target in "${targets[@]}"; do
  if [[ ! -f tests/fuzz/fuzz_$target.cpp ]]; then
    echo "fuzz.sh: no fuzzer '$target'; there are: ${all_targets[*]}" >&2
    exit 2
  fi
done

build=${RANKWISE_FUZZ_BUILD:-$PWD/build/fuzz}
if [[ ! ${RANKWISE_FUZZ_SKIP_BUILD:-} ]]; then
  scripts/dependencies.sh --fuzz
  cmake --preset fuzz -B "$build"
  cmake --build "$build" --target fuzzers
fi
programs=$build/tests/fuzz
seeds=$build/seeds

# MPI and HDF5 keep memory until the process ends, so leaks are left to scripts/test.sh --sanitize. A `new` of a size that an
# input claims is a finding, as is a slow input; a malloc of HDF5 fails there as it does in earnest.
export ASAN_OPTIONS="detect_leaks=0:max_allocation_size_mb=512:allocator_may_return_null=1:${ASAN_OPTIONS:-}"
export UBSAN_OPTIONS="print_stacktrace=1:${UBSAN_OPTIONS:-}"
"$programs/hdf5_seeds" "$seeds"
# Inputs pass through files in memory; a fuzzer that a finding ends leaves its last one.
RANKWISE_FUZZ_FOLDER=$(mktemp -d -p "$([[ -w /dev/shm ]] && echo /dev/shm || echo /tmp)" rankwise-fuzz.XXXXXX)
export RANKWISE_FUZZ_FOLDER
trap 'rm -rf "$RANKWISE_FUZZ_FOLDER"' EXIT
# Long enough for a machine that others keep busy.
limits=(-max_len=32768 -timeout=120 -rss_limit_mb=2048)

# Halves a finding's input where that still fails; the input itself stays.
minimize() {
  local program=$1 input=$2
  timeout 120 "$program" "${limits[@]}" -minimize_crash=1 -max_total_time=60 -artifact_prefix="${input%/*}/" \
    -exact_artifact_path="$input.minimized" "$input" > "$input.minimizing.log" 2>&1 || true
}

# Runs one fuzzer; adds a line to the table, and 1 to `failed` on a finding.
failed=0
table=()
run_target() {
  local target=$1 program=$programs/fuzz_$1
  local gathered=$build/gathered/$target findings=$build/findings/$target log=$build/fuzz_$target.log
  mkdir -p "$gathered" "$findings"
  local inputs=("$gathered") folder
  for folder in "tests/fuzz/corpus/$target" "tests/fuzz/regressions/$target" "$seeds/$target"; do
    if [[ -d $folder ]]; then inputs+=("$folder"); fi
  done
  echo "fuzzing $target for $seconds s"
  local status=0
  "$program" "${limits[@]}" -max_total_time="$seconds" -print_final_stats=1 -artifact_prefix="$findings/" \
    "${inputs[@]}" > "$log" 2>&1 || status=$?
  local executions edges features finding
  executions=$(awk '/^stat::number_of_executed_units:/ {print $2}' "$log")
  edges=$(grep -o 'cov: [0-9]*' "$log" | tail -1 | cut -d' ' -f2 || true)
  features=$(grep -o 'ft: [0-9]*' "$log" | tail -1 | cut -d' ' -f2 || true)
  finding=none
  if ((status != 0)); then
    finding=$(grep -o 'Test unit written to .*' "$log" | tail -1 | sed 's/Test unit written to //' || true)
    if [[ -n $finding ]]; then minimize "$program" "$finding"; else finding="exit code $status, see $log"; fi
    failed=1
  fi
  # The gathered inputs shrink to those that reach something.
  mkdir -p "$gathered.new"
  if "$program" "${limits[@]}" -merge=1 "$gathered.new" "$gathered" > /dev/null 2>&1; then
    rm -r "$gathered" && mv "$gathered.new" "$gathered"
  else
    rm -r "$gathered.new"
  fi
  table+=("$(printf '%-20s %8s %12s %8s %8s  %s' "$target" "$seconds" "${executions:--}" "${edges:--}" "${features:--}" "$finding")")
}

for target in "${targets[@]}"; do run_target "$target"; done
printf '%-20s %8s %12s %8s %8s  %s\n' fuzzer seconds executions edges features finding
printf '%s\n' "${table[@]}"
exit "$failed"
