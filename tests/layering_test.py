"""Checks that no floor includes a higher one: kernels <- distributed <- io <- jobs, slurm <- jobs."""
import pathlib
import re
import sys

MAY_INCLUDE = {
    "kernels": {"kernels"},
    "distributed": {"kernels", "distributed"},
    "io": {"kernels", "distributed", "io"},
    "slurm": {"kernels", "slurm"},
    "jobs": {"kernels", "distributed", "io", "slurm", "jobs"},
}
ONLY_IN = {r"<mpi\.h>": {"distributed", "io", "jobs"}, r"<hdf5\.h>": {"io"}, r"<boost/program_options": {"jobs"}}


def main(root: pathlib.Path) -> int:
    faults, files = [], 0
    for floor, allowed in MAY_INCLUDE.items():
        for path in sorted((root / floor).rglob("*.[ch]pp")):
            files += 1
            for number, line in enumerate(path.read_text().splitlines(), 1):
                found = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
                if found and found[1].split("/")[0] not in allowed:
                    faults.append(f"{path}:{number}: {floor} may not include {found[1]}")
                for header, floors in ONLY_IN.items():
                    if re.match(r"\s*#\s*include\s+" + header, line) and floor not in floors:
                        faults.append(f"{path}:{number}: {floor} may not include {header}")
    print("\n".join(faults) or f"{files} files keep to their floors")
    return 1 if faults or files == 0 else 0


sys.exit(main(pathlib.Path(sys.argv[1])))
