"""Measures the rates that kernels/cost/solver_rates.cpp predicts rows by, and prints its table and constants as C++ text.

    benchmarks/solver_rates.py [--program-kernels PATH] [--min-time 0.2] [--repetitions 3] [--widths 16,32,64,128,256,512]

One thread; medians over the repetitions, which run interleaved. Rotation and eigenbasis are taken at k = 128. The dual solver's
rates are not those of one kernel: they are what makes `dual_row_seconds` return the measured seconds of a row at k = 128, of 16
entries (lane_row_gflops) and of 64 (dual_gather_gflops), given the other rates as printed. The gather is what a small difference
leaves, less than a tenth of the row: it needs an idle machine and long measurements. The text replaces that from `rates` to
`eigenbasis_gflops`.
"""
import argparse
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ACCUMULATED_ENTRIES = 256
WIDTH = 128  # of the rates that are one number for every width
LANE_ENTRIES = 16  # rows of at most as many share lanes
LONGER_ENTRIES = 64
LINE_FLOATS = 16
UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}


def text_of(rate):
    return f"{rate:.0f}" if rate >= 10 else f"{rate:.2g}"


def as_printed(rate):
    return float(text_of(rate))


def filter_of(widths):
    any_width = "|".join(str(width) for width in widths)
    return (f"^(normal_equations/k:({any_width})/n:{ACCUMULATED_ENTRIES}|cholesky_and_solves/k:({any_width})"
            f"|(rotate_rows|eigenbasis)/k:{WIDTH}|dual_rows/k:{WIDTH}/n:({LANE_ENTRIES}|{LONGER_ENTRIES}))$")


def measure(options, widths):
    """What kernels_benchmark prints of the machine, and its cases by name, each a list of the repetitions."""
    with tempfile.TemporaryDirectory() as name:
        output = pathlib.Path(name) / "kernels.json"
        done = subprocess.run(
            [options.program_kernels, f"--benchmark_filter={filter_of(widths)}", f"--benchmark_min_time={options.min_time}",
             f"--benchmark_repetitions={options.repetitions}", "--benchmark_enable_random_interleaving=true",
             f"--benchmark_out={output}", "--benchmark_out_format=json"], check=True, stdout=subprocess.PIPE, text=True)
        benchmarks = json.loads(output.read_text())["benchmarks"]
    cases = {}
    for case in benchmarks:
        if case.get("error_occurred"):
            sys.exit(f"{case['name']}: {case['error_message']}")
        if case["run_type"] == "iteration":
            cases.setdefault(case["run_name"], []).append(case)
    return done.stdout, cases


def median_of(cases, name, value):
    if name not in cases:
        sys.exit(f"{name}: not measured; expected it among the cases of kernels_benchmark")
    return statistics.median(value(case) for case in cases[name])


def gflops_of(cases, name):
    return median_of(cases, name, lambda case: case["GFLOP/s"])


def seconds_of(cases, name):
    return median_of(cases, name, lambda case: case["cpu_time"] * UNITS[case["time_unit"]])


def row_seconds_of(cases, name):
    return median_of(cases, name, lambda case: 1 / case["rows/s"])


def rates_of(cases, widths):
    """(width, accumulate, factor) as printed."""
    return [(k, as_printed(gflops_of(cases, f"normal_equations/k:{k}/n:{ACCUMULATED_ENTRIES}")),
             as_printed(gflops_of(cases, f"cholesky_and_solves/k:{k}"))) for k in widths]


def rate_at(rates, width, kind):
    """As `rate` of solver_rates.cpp: linear between the table's widths."""
    if width <= rates[0][0]:
        return rates[0][kind]
    for low, high in zip(rates, rates[1:]):
        if width <= high[0]:
            return low[kind] + (width - low[0]) / (high[0] - low[0]) * (high[kind] - low[kind])
    return rates[-1][kind]


def rotation_seconds(rotation):
    return 2 * WIDTH * WIDTH * 1e-9 / rotation


def rate_of_rest(flops, seconds, name):
    if seconds <= 0:
        sys.exit(f"{name}: faster than its parts, by {-seconds * 1e6:.2f} us a row; the rates do not fit together, measure again "
                 "with the machine idle")
    return flops * 1e-9 / seconds


def lane_row_rate(cases, rotation):
    n, k, name = LANE_ENTRIES, WIDTH, f"dual_rows/k:{WIDTH}/n:{LANE_ENTRIES}"
    return rate_of_rest(n * (n + 1) * k + 4 * n * k, row_seconds_of(cases, name) - rotation_seconds(rotation), name)


def dual_gather_rate(cases, rates, rotation):
    n, k, name = LONGER_ENTRIES, WIDTH, f"dual_rows/k:{WIDTH}/n:{LONGER_ENTRIES}"
    padded = -(-n // LINE_FLOATS) * LINE_FLOATS
    accumulate = k * padded * (padded + 1) * 1e-9 / rate_at(rates, padded, 1)
    factor = (padded**3 / 3 + 2 * padded**2) * 1e-9 / rate_at(rates, padded, 2)
    return rate_of_rest(2 * n * k, row_seconds_of(cases, name) - accumulate - factor - rotation_seconds(rotation), name)


def machine_comment(output):
    target = re.search(r"SIMD target (\w+)", output).group(1)
    begin, end = re.findall(r"FMA peak(?: at the end)? ([\d.]+) GFLOP/s", output)
    return f"// Measured with {target}; FMA peak of one core {begin} GFLOP/s before, {end} after."


def constant_lines(constants):
    """`constexpr` lines of (name, rate, comment), their comments aligned."""
    texts = [f"constexpr double {name} = {text_of(rate)};" for name, rate, _ in constants]
    column = max(len(text) for text, (_, _, comment) in zip(texts, constants) if comment)
    return [f"{text:<{column}}  ///< {comment}" if comment else text for text, (_, _, comment) in zip(texts, constants)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program-kernels", default=HERE.parent / "build/release/benchmarks/kernels_benchmark")
    parser.add_argument("--min-time", type=float, default=0.2, help="seconds of each case")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--widths", default="16,32,64,128,256,512", help="of the table")
    options = parser.parse_args()
    widths = sorted({int(word) for word in options.widths.split(",")})
    output, cases = measure(options, widths)
    rates = rates_of(cases, widths)
    rotation = as_printed(gflops_of(cases, f"rotate_rows/k:{WIDTH}"))
    eigenbasis = WIDTH**3 * 1e-9 / seconds_of(cases, f"eigenbasis/k:{WIDTH}")
    gather = dual_gather_rate(cases, rates, rotation)
    lane_row = lane_row_rate(cases, rotation)
    print(machine_comment(output))
    print(f"constexpr std::array<Rates, {len(rates)}> rates{{{{")
    for width, accumulate, factor in rates:
        print(f"    {{{width}, {text_of(accumulate)}, {text_of(factor)}}},")
    print("}};")
    print("\n".join(constant_lines([
        ("rotation_gflops", rotation, ""),
        ("dual_gather_gflops", gather, "2 n k of transposing the features and combining the solution"),
        ("lane_row_gflops", lane_row, "n (n + 1) k + 4 n k of a row that shares a system's lanes"),
        ("eigenbasis_gflops", eigenbasis, "k^3"),
    ])))


if __name__ == "__main__":
    main()
