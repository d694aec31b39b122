#pragma once
// What a job is: a name, its options, and a function that runs it on every rank.

#include <concepts>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "distributed/comm/communicator.hpp"
#include "io/dataset/provenance.hpp"
#include "io/hdf5/input_check.hpp"
#include "jobs/run/report.hpp"

namespace boost::program_options {
class options_description;
}

namespace rankwise {

class DatasetShelf;

/// Options that every job understands; none of them can change a bit of the output but the seed.
struct CommonOptions {
  int threads = 0;  ///< resolved: at least 1
  std::uint64_t seed = 0;
  std::string simd = "auto";
  std::string log_json;
  int rank_timeout_seconds = 20;  ///< 0: none
  bool quiet = false;
  InputCheck input_check = InputCheck::digests;
};

/// What a running job sees beside its own options.
struct JobContext {
  const Communicator& comm;
  const CommonOptions& common;
  Report& report;
  std::string configuration;      ///< resolved options that determine the output, one `name = value` a line
  DatasetShelf* shelf = nullptr;  ///< of a program that does several jobs (dataset_shelf.hpp)

  /// Provenance of an output file of this run.
  [[nodiscard]] Provenance provenance(std::string_view kind, std::uint64_t dataset_digest) const;
};

/// What runs a job once its options are parsed.
class RunJob {
 public:
  /// `check`: throws Error(usage) where the options contradict each other; needs no file and no other rank.
  template <class Run>
  requires std::invocable<Run&, JobContext&> RunJob(
      Run run, std::function<void()> check = [] {})
      : run_(std::move(run)), check_(std::move(check)) {}
  RunJob() = default;

  /// Collective over context.comm.
  void operator()(JobContext& context) const { run_(context); }
  /// What the run itself would refuse at its start, for those who only plan it.
  void check() const { check_(); }

 private:
  std::function<void(JobContext&)> run_;
  std::function<void()> check_;
};

/// `describe` adds the job's options (Boost notifiers validate them and throw Error(usage)) and returns what runs the
/// job once they are parsed. The run is collective over context.comm.
///
/// Every option enters JobContext::configuration and so the output files, except those that cannot change the content:
/// options whose value_name is FILE, DIR or FILE|env:NAME, those of checkpoints, memory-budget, node-sharing, and the
/// common ones but --seed. Units belong into the value_name ("BYTES", "SECONDS"), defaults into default_value: --help
/// shows both.
struct Job {
  std::string_view name;
  std::string_view summary;
  std::string_view notes;  ///< formulas and conventions, printed under the options by --help
  std::function<RunJob(boost::program_options::options_description& options)> describe;
  std::string_view positional = {};  ///< name of the option that takes arguments without a name; empty: none does
};

}  // namespace rankwise
