"""The fuzzers and what they link and read with go through clang too, so that their build (scripts/fuzz.sh) does not break unnoticed: each
source is parsed, none is compiled. Skipped (77) without clang. Usage: clang_test.py BUILD"""
import concurrent.futures
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys

# The readers; kernels, schedulers and jobs are the same C++, and would take ten minutes.
FOLDERS = ("tests/fuzz/", "kernels/text/", "distributed/rows/", "distributed/log/", "io/")
SOURCE = pathlib.Path(__file__).resolve().parents[2]


def omp_folder():
    """Where GCC's omp.h is: clang's own is a package of its own."""
    return pathlib.Path(subprocess.run(["g++", "-print-file-name=include/omp.h"], capture_output=True, text=True, check=True).stdout.strip()).parent


def command_of(entry, extra):
    """The compiler's command for GCC as one for clang."""
    words = shlex.split(entry["command"])
    compiler = next(number for number, word in enumerate(words) if word.endswith("c++") or word.endswith("g++"))
    words = words[compiler + 1:]
    output = words.index("-o")
    del words[output:output + 2]
    words = [word for word in words if word not in ("-c", "-Wno-restrict")]
    return ["clang++", "-fsyntax-only", "-Wno-unknown-warning-option", *extra, *words]


def main(build):
    if not shutil.which("clang++"):
        print("clang++ is not installed (scripts/dependencies.sh --fuzz): the fuzzers' sources were not parsed")
        return 77
    entries = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"])
        if path.is_relative_to(SOURCE) and str(path.relative_to(SOURCE)).startswith(FOLDERS):
            entries.setdefault(path, entry)
    extra = ["-idirafter", str(omp_folder())]

    def parse(entry):
        return subprocess.run(command_of(entry, extra), cwd=entry["directory"], capture_output=True, text=True)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        done = list(pool.map(parse, entries.values()))
    faults = [path for path, parsed in zip(entries, done) if parsed.returncode]
    for path, parsed in zip(entries, done):
        if parsed.returncode:
            print(path, parsed.stderr, sep="\n")
    print(f"{len(entries)} sources, {len(faults)} that clang refuses")
    return 1 if faults or not entries else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
