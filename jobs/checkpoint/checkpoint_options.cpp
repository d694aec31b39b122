#include "jobs/checkpoint/checkpoint_options.hpp"

#include <boost/program_options.hpp>
#include <fmt/format.h>

#include "distributed/comm/communicator.hpp"
#include "jobs/options/choices.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/options/folder_files.hpp"
#include "jobs/options/folder_locking.hpp"
#include "jobs/options/unit_options.hpp"

namespace rankwise {

void describe_checkpoints(boost::program_options::options_description& description,
                          const std::shared_ptr<CheckpointOptions>& options, const std::string& steps) {
  namespace po = boost::program_options;
  // clang-format off
  description.add_options()
    ("checkpoint", written_folder(&options->directory, checkpoint_folder_files),
     "folder of checkpoints, from which an interrupted run continues to the same bits, on any number of ranks. SIGUSR1 writes one at once; SIGUSR2, SIGTERM, SIGINT "
     "or a file DIR/stop write one and end the run with exit code 75")
    ("checkpoint-every", po::value<Index>()->value_name("N")->notifier([options](Index count) {
       within<Index>("checkpoint-every", 1, 1'000'000)(count);
       options->every_steps = count; }), (steps + " between checkpoints; 1 where --checkpoint-interval is not given either").c_str())
    ("checkpoint-interval", po::value<std::string>()->value_name("TIME")->notifier(duration_of("checkpoint-interval", options->interval_seconds)),
     ("time between checkpoints, which are written between " + steps + ", as in 20min, 1.5h or 03:55:00").c_str())
    ("resume", checkpoint_file(&options->resume)->value_name("auto|never|FILE")->default_value("auto"),
     "auto: go on from the newest intact checkpoint, if there is one; never: begin anew; or from this checkpoint")
    ("max-time", po::value<std::string>()->value_name("TIME")->notifier(duration_of("max-time", options->most_seconds)),
     "stop with a checkpoint before this time is over")
    ("lock", po::value<std::string>()->value_name("auto|off")->default_value("auto")->notifier([options](const std::string& text) {
       options->locking = locking_of(text); }), lock_option_meaning)
    ("keep", po::value<Index>()->value_name("N")->notifier([options](Index count) {
       within<Index>("keep", 1, 1'000'000)(count);
       options->keep = count; }), "checkpoints to keep, beside that of the best epoch where epochs are compared; 2 where not given");
  // clang-format on
}

void require_sense(const CheckpointOptions& options) {
  if (!options.directory.empty()) return;
  const auto refuse = [](const char* option) {
    throw AgreedError(ExitCode::usage, fmt::format("--{} has a meaning only with --checkpoint", option));
  };
  if (options.every_steps) refuse("checkpoint-every");
  if (options.interval_seconds) refuse("checkpoint-interval");
  if (options.most_seconds) refuse("max-time");
  if (options.keep) refuse("keep");
  if (options.locking != Locking::automatic) refuse("lock");
  if (options.resume != "auto") refuse("resume");
  if (options.writing != CheckpointWriting::automatic) refuse("checkpoint-writing");
}

}  // namespace rankwise
