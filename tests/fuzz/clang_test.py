"""The fuzzers and what they link and read with go through clang too, so that their build (scripts/fuzz.sh) does not break unnoticed: each
source is parsed, none is compiled. What most of their time would go to, the headers of the libraries, is parsed once for each set of flags;
that sources include what they use is for GCC and scripts/lint.sh to see. Skipped (77) without clang. Usage: clang_test.py BUILD"""
import concurrent.futures
import functools
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile

# The readers; kernels, schedulers and jobs are the same C++, and would take ten minutes.
FOLDERS = ("tests/fuzz/", "kernels/text/", "distributed/rows/", "distributed/log/", "io/")
SOURCE = pathlib.Path(__file__).resolve().parents[2]
LIBRARIES = """
#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>
#include <fmt/format.h>
#if __has_include(<hdf5.h>)
#include <hdf5.h>
#include <nlohmann/json.hpp>
#endif
"""


@functools.cache
def omp_folder():
    """Where GCC's omp.h is: clang's own is a package of its own."""
    return pathlib.Path(subprocess.run(["g++", "-print-file-name=include/omp.h"], capture_output=True, text=True, check=True).stdout.strip()).parent


def flags_of(entry):
    """The flags of GCC's command that clang takes."""
    words = shlex.split(entry["command"])
    compiler = next(number for number, word in enumerate(words) if word.endswith("c++") or word.endswith("g++"))
    words = words[compiler + 1:]
    output = words.index("-o")
    del words[output:output + 2]
    source = words.index("-c")
    del words[source:source + 2]
    return tuple(word for word in words if word != "-Wno-restrict")


def run_clang(*words):
    return subprocess.run(["clang++", "-Wno-unknown-warning-option", "-idirafter", str(omp_folder()), *words], capture_output=True, text=True)


def parse_libraries(folder, number, flags):
    """The headers of the libraries as these flags make them, for -include-pch."""
    header = folder / f"libraries{number}.hpp"
    header.write_text(LIBRARIES)
    parsed = run_clang(*flags, "-x", "c++-header", str(header), "-o", f"{header}.pch")
    if parsed.returncode:
        raise RuntimeError(parsed.stderr)
    return f"{header}.pch"


def main(build):
    if not shutil.which("clang++"):
        print("clang++ is not installed (scripts/dependencies.sh --fuzz): the fuzzers' sources were not parsed")
        return 77
    entries, met = {}, set()
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"])
        # A wing's sources are in files of the build, eight in each.
        home = build if path.is_relative_to(build) else SOURCE
        if path.is_relative_to(home) and str(path.relative_to(home)).startswith(FOLDERS):
            entries.setdefault(path, entry)
            met |= {folder for folder in FOLDERS if str(path.relative_to(home)).startswith(folder)}
    if met != set(FOLDERS):
        print("the build has no source of", *sorted(set(FOLDERS) - met))
        return 1
    sets = {flags: number for number, flags in enumerate(sorted(set(map(flags_of, entries.values()))))}

    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        libraries = list(pool.map(lambda flags: parse_libraries(pathlib.Path(folder), sets[flags], flags), sets))

        def parse(path):
            flags = flags_of(entries[path])
            return run_clang("-fsyntax-only", "-include-pch", libraries[sets[flags]], *flags, str(path))

        done = list(pool.map(parse, entries))
    faults = [path for path, parsed in zip(entries, done) if parsed.returncode]
    for path, parsed in zip(entries, done):
        if parsed.returncode:
            print(path, parsed.stderr, sep="\n")
    print(f"{len(entries)} sources, {len(faults)} that clang refuses")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
