// The command line of `rankwise plan`.

#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <memory>

#include "jobs/options/choices.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/options/training_part.hpp"
#include "jobs/options/unit_options.hpp"
#include "jobs/planning/plan.hpp"
#include "jobs/planning/prediction.hpp"
#include "kernels/text/number_text.hpp"
#include "slurm/batch/sbatch_file.hpp"

namespace rankwise {

namespace po = boost::program_options;

namespace {

constexpr std::string_view notes =
    R"(Plans every number of ranks with every number of threads, on one rank and without the planned ones. From the entries of
each row and the columns that they name it counts what the run itself would do: the partition by predicted cost, each
rank's needed rows of the other side, bytes sent (rows of whole 64-byte lines) beside the least possible (each row of
another node once per node that needs it, unpadded; with --node-sharing off every rank counts as a node), flops, memory.
Seconds of computing are counted flops over rates that are part of the build, times what sample rows take here by the
same kernels (--calibrate), over the threads. Seconds of transfer are messages times latency plus bytes over bandwidth,
which ranks on one node share; a layout on one node copies rows into the node's one matrix at 10 GB/s, or with
--node-sharing off passes them through memory at 1.5 GB/s a rank.
Stated sizes (--users, --items, --interactions) plan a log as `synthesize` would plant it; the rest of the shape comes
from --shape.
Table: memory of the largest rank and the mean; imbalance, largest over mean cost of a rank's rows, over both
half-sweeps; efficiency, seconds of one core over core seconds; bytes that one rank sends per epoch at most, and all
ranks' over the least. Recommended (*): of the layouts that fit --memory-per-rank and --time-limit and reach
--min-efficiency the one with the fewest core-hours where --time-limit is given, else the fastest; ties within 1% to
fewer cores.
--sbatch asks for the memory times --memory-safety, and for the time of 5 minutes, the files at 200 MB/s, and --safety
times the epochs. --cores-per-node says how many ranks share a node.)";

RunJob describe_plan(po::options_description& description) {
  const auto options = std::make_shared<PlanOptions>();
  const auto als = std::shared_ptr<AlsOptions>(options, &options->als);
  const auto counts = [](const char* name, std::vector<int>& target) {
    return [name, &target](const std::string& text) { target = parse_counts(name, text); };
  };
  // clang-format off
  description.add_options()
    ("data", read_file(&als->data), "dataset, as prepare writes it")
    ("model", written_file(&als->model, hdf5_endings)->default_value("model.h5"), "model that the planned run writes");
  describe_sizes(description, options->sizes);
  description.add_options()
    ("ranks", po::value<std::string>()->value_name("LIST")->default_value("1")->notifier(counts("ranks", options->ranks)), "numbers of ranks, as in 1,2,8")
    ("threads-per-rank", po::value<std::string>()->value_name("LIST")->default_value("1")->notifier(counts("threads-per-rank", options->threads_per_rank)),
     "numbers of threads inside each rank")
    ("cores-per-node", po::value(&options->cores_per_node)->value_name("N")->default_value(0)->notifier(within<int>("cores-per-node", 0, 100'000)),
     "cores of a node, which its ranks' threads share; 0: as many as this machine has")
    ("memory-per-rank", po::value<std::string>()->value_name("BYTES")->notifier(bytes_of("memory-per-rank", options->memory_per_rank_bytes)),
     "recommend only what fits, with its safety, as in 16GiB")
    ("time-limit", po::value<std::string>()->value_name("TIME")->notifier(duration_of("time-limit", options->time_limit_seconds)),
     "recommend only what ends in time, with its safety")
    ("min-efficiency", po::value(&options->least_efficiency)->value_name("SHARE")->default_value(0.7, "0.7")->notifier(within<double>("min-efficiency", 0, 1)),
     "recommend only what makes this much of its cores")
    ("safety", po::value(&options->safety)->value_name("FACTOR")->default_value(1.5)->notifier(within<double>("safety", 1, 100)),
     "on predicted seconds, in what is asked of Slurm")
    ("memory-safety", po::value(&options->memory_safety)->value_name("FACTOR")->default_value(1.2, "1.2")->notifier(within<double>("memory-safety", 1, 100)),
     "on predicted memory, in what is asked of Slurm")
    ("json", written_file(&options->json, json_endings), "also write all figures as JSON")
    ("sbatch", written_file(&options->sbatch, batch_script_endings), "write the batch script of the recommended layout")
    ("job-name", po::value(&options->job_name)->value_name("NAME")->default_value("rankwise-als")->notifier([](const std::string& name) {
       if (name.empty() || slurm::shell_word(name) != name || name.find('/') != std::string::npos || name.find('%') != std::string::npos)
         throw Error(ExitCode::usage, fmt::format("--job-name {}: expected letters, digits, and -_+=.:,@", name)); }), "of the script")
    ("partition", po::value(&options->slurm_partition)->value_name("NAME")->notifier([](const std::string& name) {
       if (name.empty() || slurm::shell_word(name) != name)
         throw Error(ExitCode::usage, fmt::format("--partition {}: expected the name of a partition of the cluster", name)); }),
     "of the script; without it the cluster's default");
  // clang-format on
  describe_machine(description, options->network, options->calibration_seconds);
  describe_training_part(description, als->trained_on);
  describe_training(description, als);
  return [options](JobContext& context) { plan_als(*options, context); };
}

}  // namespace

Job plan_job() {
  return {"plan", "what a run would need: memory, time and traffic per rank; writes the sbatch file", notes,
          describe_plan};
}

}  // namespace rankwise
