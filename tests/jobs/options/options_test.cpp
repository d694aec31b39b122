#include "jobs/options/options.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "jobs/options/file_option.hpp"

namespace rankwise {
namespace {

namespace po = boost::program_options;

/// What the probe job was last told.
struct Probe {
  Index factors = 0;
  double regularization = 0;
  std::uint64_t shift = 0;
  std::string data;
  std::string split;
  std::vector<std::string> inputs;
  bool biases = false;
};
Probe probe;

RunJob describe_probe(po::options_description& options) {
  probe = Probe();
  const auto check_factors = [](const Index& factors) {
    if (factors < 1) throw Error(ExitCode::usage, "factors: expected at least 1");
  };
  // clang-format off
  options.add_options()
    ("factors", po::value(&probe.factors)->value_name("N")->default_value(64)->notifier(check_factors), "dimensions")
    ("regularization", po::value(&probe.regularization)->value_name("X")->default_value(0.1), "lambda")
    ("shift", po::value(&probe.shift)->value_name("N")->default_value(0), "an unsigned number")
    ("data", read_file(&probe.data)->required(), "dataset")
    ("split", po::value(&probe.split)->value_name("SPLIT"), "hold-out")
    ("input", read_file(&probe.inputs)->composing(), "logs, repeatable")
    ("biases", po::bool_switch(&probe.biases), "user and item biases");
  // clang-format on
  return [](JobContext&) {};
}

const Job probe_job{"probe", "a job for tests", "loss = x^2", describe_probe};
const Job positional_job{"positional", "a job that takes files", "", describe_probe, "input"};

using Words = std::vector<std::string>;

JobOptions resolved(const Words& words, std::string_view ini = "", const Job& job = probe_job) {
  JobOptions options(job);
  options.parse_command_line(words);
  options.parse_config(ini, "run.ini");
  options.resolve(3);
  return options;
}

std::string message_of(const Words& words, std::string_view ini = "", const Job& job = probe_job) {
  try {
    (void)resolved(words, ini, job);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    return error.what();
  }
  return "no error";
}

std::string value_of(const JobOptions& options, const std::string& name) {
  const auto found = std::ranges::find(options.settings(), name, &Setting::name);
  return found == options.settings().end() ? "absent" : found->value;
}

TEST(JobOptions, TakesValuesFromCommandLineThenFileThenDefaults) {
  const JobOptions options =
      resolved({"--data", "a.h5", "--factors=32"}, "factors = 16\nregularization = 0.25\nbiases = true\n");
  EXPECT_EQ(probe.factors, 32);
  EXPECT_EQ(probe.regularization, 0.25);
  EXPECT_TRUE(probe.biases);
  EXPECT_EQ(probe.data, "a.h5");
  EXPECT_EQ(options.common().threads, 3);
  EXPECT_EQ(options.common().seed, 0U);
  EXPECT_EQ(value_of(options, "threads"), "3");
  EXPECT_EQ(value_of(options, "biases"), "true");
  EXPECT_EQ(value_of(options, "split"), "absent");
}

TEST(JobOptions, ConfigurationHoldsOnlyWhatDeterminesTheOutput) {
  const Words all{"--data",     "a.h5",     "--threads", "2",       "--seed", "9",       "--simd",    "avx2",
                  "--log-json", "log.json", "--quiet",   "--input", "x",      "--split", "random:0.1"};
  const std::string expected =
      "biases = false\nfactors = 64\nregularization = 0.1\nseed = 9\nshift = 0\nsplit = random:0.1";
  EXPECT_EQ(resolved(all).configuration(), expected);
  EXPECT_EQ(resolved({"--split=random:0.1", "--seed=9", "--data=elsewhere.h5"}).configuration(), expected);
  EXPECT_EQ(resolved({"--data=d"}, "seed = 9\nsplit = random:0.1\nregularization = 0.10").configuration(), expected);
}

TEST(JobOptions, NumbersKeepTheirShortestExactText) {
  const JobOptions options = resolved({"--data", "d", "--regularization", "3e-3", "--shift", "18446744073709551615"});
  EXPECT_EQ(value_of(options, "regularization"), "0.003");
  EXPECT_EQ(value_of(options, "shift"), "18446744073709551615");
}

TEST(JobOptions, RepeatableOptionsGatherAndTheCommandLineReplacesTheFile) {
  (void)resolved({"--data", "d", "--input", "a", "--input", "b"});
  EXPECT_EQ(probe.inputs, (Words{"a", "b"}));
  (void)resolved({"--data", "d"}, "input = c\ninput = d\n");
  EXPECT_EQ(probe.inputs, (Words{"c", "d"}));
  (void)resolved({"--data", "d", "--input", "a"}, "input = c\n");
  EXPECT_EQ(probe.inputs, (Words{"a"}));
}

TEST(JobOptions, UnknownNamesComeWithTheNearestKnownOne) {
  EXPECT_EQ(message_of({"--data", "d", "--facters", "3"}),
            "unknown option --facters; the nearest known one is --factors (rankwise probe --help lists all)");
  EXPECT_EQ(message_of({"--data", "d", "--facters=3"}),
            "unknown option --facters; the nearest known one is --factors (rankwise probe --help lists all)");
  EXPECT_EQ(message_of({"--data", "d", "--thread", "3"}),
            "unknown option --thread; the nearest known one is --threads (rankwise probe --help lists all)");
  EXPECT_EQ(message_of({"--data", "d"}, "seed = 1\nepoch = 3\n"),
            "run.ini:2: unknown option epoch (rankwise probe --help lists all)");  // none is near
  EXPECT_EQ(message_of({"--data", "d"}, "sead = 1\n"),
            "run.ini:1: unknown option sead; the nearest known one is seed (rankwise probe --help lists all)");
}

TEST(JobOptions, AbbreviationsAreNotGuessed) {
  EXPECT_EQ(message_of({"--data", "d", "--reg", "1"}),
            "unknown option --reg; the nearest known one is --regularization (rankwise probe --help lists all)");
}

TEST(JobOptions, MissingDoubledAndUnfitValuesAreNamed) {
  EXPECT_EQ(message_of({}), "probe needs option --data (rankwise probe --help explains it)");
  EXPECT_EQ(message_of({"--data"}), "option --data needs a value");
  EXPECT_EQ(message_of({"--data="}), "option --data needs a value");
  EXPECT_EQ(message_of({"--data", "--factors", "3"}), "option --data needs a value");
  EXPECT_EQ(message_of({"--data", "d", "--factors", "3", "--factors", "4"}), "option --factors is given twice");
  EXPECT_EQ(message_of({"--data", "d", "--quiet", "--quiet"}), "option --quiet is given twice");
  EXPECT_EQ(message_of({"--data", "d", "--quiet=1"}), "option --quiet takes no value");
  EXPECT_EQ(message_of({"--data", "d", "--factors", "many"}),
            "option --factors: 'many' does not fit; expected a whole number");
  EXPECT_EQ(message_of({"--data", "d", "--factors", "99999999999999999999"}),
            "option --factors: '99999999999999999999' does not fit; expected a whole number");
  EXPECT_EQ(message_of({"--data", "d", "--factors", "0"}), "factors: expected at least 1");
  // Boost's own message would put this into its place without end.
  EXPECT_EQ(message_of({"--data", "d", "--factors", "%value%"}),
            "option --factors: '%value%' does not fit; expected a whole number");
  EXPECT_EQ(message_of({"--data", "d", "--shift", "-1"}),
            "option --shift: '-1' does not fit; expected a whole number >= 0");
  EXPECT_EQ(message_of({"--data", "d", "--threads", "0"}), "option --threads: '0' does not fit; expected 1 to 4096");
  EXPECT_EQ(message_of({"--data", "d", "stray"}),
            "unexpected argument 'stray'; options begin with -- and probe takes no other arguments");
  EXPECT_EQ(message_of({"--data", "d", "-k", "3"}),
            "unexpected argument '-k'; options begin with -- and probe takes no other arguments");
}

TEST(JobOptions, OnlyFiniteNumbersAreNumbers) {
  for (const std::string value : {"nan", "inf", "-inf", "infinity", "1e999", "0x10", "1,5", ""}) {
    const std::string message = message_of({"--data", "d", "--regularization", value});
    EXPECT_EQ(message, "option --regularization: '" + value + "' does not fit; expected a number");
  }
  EXPECT_EQ(message_of({"--data", "d", "--regularization", "-1.5"}), "no error");
}

TEST(JobOptions, FileErrorsNameTheirLine) {
  EXPECT_EQ(message_of({"--data", "d"}, "seed = 1\nfactors = 3\nfactors = 4\n"),
            "run.ini:3: option factors is given twice");
  EXPECT_EQ(message_of({"--data", "d"}, "\nfactors = x\n"),
            "run.ini:2: option factors: 'x' does not fit; expected a whole number");
  EXPECT_EQ(message_of({"--data", "d"}, "factors =\n"), "run.ini:1: option factors needs a value");
  EXPECT_EQ(message_of({"--data", "d"}, "quiet = perhaps\n"),
            "run.ini:1: option quiet: 'perhaps' does not fit; expected true or false");
  EXPECT_EQ(message_of({"--data", "d"}, "config = other.ini\n"),
            "run.ini:1: option config belongs on the command line");
}

TEST(JobOptions, ArgumentsWithoutNameGoWhereTheJobSays) {
  (void)resolved({"a.h5", "--data", "d", "b.h5"}, "", positional_job);
  EXPECT_EQ(probe.inputs, (Words{"a.h5", "b.h5"}));
  EXPECT_EQ(message_of({"--data", "d", "-x"}, "", positional_job).substr(0, 24), "unexpected argument '-x'");
}

TEST(JobOptions, HelpShowsOptionsValuesDefaultsAndNotes) {
  const std::string help = JobOptions(probe_job).help();
  for (const std::string part :
       {"rankwise probe: a job for tests", "Options of probe:", "Options of every job:", "--factors N", "(default: 64)",
        "(default: 0.1)", "--data FILE", "(required)", "loss = x^2", "--threads N"}) {
    EXPECT_NE(help.find(part), std::string::npos) << part << "\n" << help;
  }
  EXPECT_LT(help.find("Options of probe:"), help.find("Options of every job:"));
  EXPECT_LT(help.find("Options of every job:"), help.find("loss = x^2"));
}

TEST(JobOptions, TakesJsonAsItTakesIni) {
  JobOptions options(probe_job);
  options.parse_command_line(Words{"--factors", "8"});
  options.parse_config(
      R"({"factors": 16, "input": ["a.csv", "b.csv"], "data": "x.h5", "biases": true, "split": [1, 2]})", "run.json");
  options.resolve(1);
  EXPECT_EQ(probe.factors, 8);
  EXPECT_EQ(probe.inputs, (Words{"a.csv", "b.csv"}));
  EXPECT_TRUE(probe.biases);
  EXPECT_EQ(probe.split, "1,2");
  JobOptions wrong(probe_job);
  try {
    wrong.parse_config("{\n\"factors\": \"many\"}", "run.json");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with("run.json:2: option factors: 'many' does not fit"))
        << error.what();
  }
}

}  // namespace
}  // namespace rankwise
