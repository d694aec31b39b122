#include "jobs/denoise/trainings.hpp"

#include <boost/program_options.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sstream>
#include <system_error>

#include "jobs/als/als.hpp"
#include "jobs/options/folder_locking.hpp"
#include "jobs/options/nested_job.hpp"
#include "jobs/run/version.hpp"
#include "kernels/base/error.hpp"
#include "kernels/process/small_file.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;

/// The settings of this run that als has, too, as its command line takes them.
std::vector<std::string> training_arguments(const JobContext& context) {
  boost::program_options::options_description of_training;
  describe_training(of_training, std::make_shared<AlsOptions>());
  std::vector<std::string> arguments{fmt::format("--seed={}", context.common.seed)};
  std::istringstream lines(context.configuration);
  constexpr std::string_view between = " = ";
  for (std::string line; std::getline(lines, line);) {
    const std::size_t end = line.find(between);
    const std::string name = line.substr(0, end);
    const auto* const option = of_training.find_nothrow(name, false);
    if (option == nullptr || end == std::string::npos) continue;
    const std::string value = line.substr(end + between.size());
    if (option->semantic()->max_tokens() > 0) {
      arguments.push_back(fmt::format("--{}={}", name, value));
    } else if (value == "true") {
      arguments.push_back("--" + name);
    }
  }
  return arguments;
}

/// Those that change no bit of a model.
std::vector<std::string> layout_arguments(const AlsOptions& training) {
  std::vector<std::string> arguments;
  if (training.memory_budget_bytes > 0)
    arguments.push_back(fmt::format("--memory-budget={}", training.memory_budget_bytes));
  if (training.node_sharing == NodeSharing::off) arguments.emplace_back("--node-sharing=off");
  return arguments;
}

/// Root only.
void claim_folder(const std::string& folder, const std::string& settings) {
  const std::string path = (fs::path(folder) / "settings").string();
  const std::string before = read_small_file(path);
  if (before.empty()) return replace_file(path, settings);
  if (before == settings) return;
  throw Error(ExitCode::usage,
              fmt::format("{}: holds models of a run with other data or settings of training; expected the same ones, "
                          "another --work, or the folder removed",
                          folder));
}

}  // namespace

Trainings::Trainings(JobContext& context, const DenoiseOptions& options, std::uint64_t data_digest)
    : context_(context),
      options_(options),
      folder_(options.work.empty() ? options.output + ".work" : options.work),
      arguments_(training_arguments(context)) {
  const std::string settings = fmt::format("{}\ndata {:016x}\nfolds {}\n{}\n", program_version(), data_digest,
                                           options.folds, fmt::join(arguments_, "\n"));
  agree_on(context.comm, [&] {
    if (!context.comm.is_root()) return;
    std::error_code error;
    fs::create_directories(folder_, error);
    if (error) throw Error(ExitCode::cannot_create, fmt::format("{}: {}", folder_, error.message()));
    lock_ = std::make_unique<FolderLock>(folder_, "denoise in it", Locking::automatic);
    claim_folder(folder_, settings);
  });
  if (lock_) warn_if_unlocked(context.report, folder_, lock_->fault());
}

std::string Trainings::model_without(const Fold& fold) {
  return trained(fmt::format("fold-{}.h5", fold.number + 1), options_.data, {"--fold", fold_text(fold)});
}

std::string Trainings::model_of(const std::string& data, std::string_view prefix, std::uint64_t data_digest) {
  return trained(fmt::format("{}-{:016x}.h5", prefix, data_digest), data, {});
}

std::string Trainings::trained(const std::string& name, const std::string& data, const std::vector<std::string>& more) {
  const std::string path = (fs::path(folder_) / name).string();
  models_.push_back(path);
  const bool is_there = agree_on(context_.comm, [&] { return context_.comm.is_root() && fs::exists(path); });
  if (context_.comm.max(is_there ? 1 : 0) > 0) {
    context_.report.line(fmt::format("{}: an earlier run has trained it", path));
    return path;
  }
  context_.report.line(fmt::format("trains {}", path));
  std::vector<std::string> arguments{"--data", data, "--model", path};
  for (const auto& some : {more, arguments_, layout_arguments(*options_.training)})
    arguments.insert(arguments.end(), some.begin(), some.end());
  run_nested(als_job(), std::move(arguments), context_);
  return path;
}

void Trainings::finish() {
  if (!options_.work.empty() || !context_.comm.is_root()) return;
  lock_.reset();
  std::error_code ignored;
  for (const std::string& model : models_) fs::remove(model, ignored);
  for (const char* name : {"settings", "lock"}) fs::remove(fs::path(folder_) / name, ignored);
  fs::remove(folder_, ignored);  // unless there is something else in it
}

}  // namespace rankwise
