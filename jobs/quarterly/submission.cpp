#include "jobs/quarterly/submission.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fmt/format.h>
#include <optional>

#include "io/files/content_hash.hpp"
#include "jobs/quarterly/chain/reader.hpp"
#include "jobs/sweep/run.hpp"
#include "jobs/sweep/state/scheduler_folder.hpp"
#include "jobs/sweep/status.hpp"
#include "kernels/process/small_file.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;

/// A name that no earlier submission on the cluster has, as jobs are found by theirs.
std::string new_batch_name(const std::string& directory) {
  const auto now = std::chrono::system_clock::now().time_since_epoch().count();
  return fmt::format("quarterly-{}", content_hash(fmt::format("{}\n{}", directory, now)).substr(0, 8));
}

std::string event_log_path(const Chain& chain, const ChainStep& step) {
  return (fs::path(chain.settings.directory) / "events" / (step.name + ".jsonl")).string();
}

slurm::Submission submission_of(const Chain& chain, const ChainStep& step, const std::string& batch_name) {
  slurm::Submission submission;
  submission.name = fmt::format("{}-{}", batch_name, step.name);
  std::vector<std::string> command{own_program(), "quarterly", "step", chain.settings.directory, "--step", step.name};
  command.insert(command.end(), step.launch.begin(), step.launch.end());
  command.insert(command.end(), {"--threads", std::to_string(step.resources.cpus_per_task)});
  const auto says_itself = [&step](const char* option) {
    return std::ranges::any_of(step.launch,
                               [option](const std::string& argument) { return argument.starts_with(option); });
  };
  if (!says_itself("--verify-inputs")) add_input_check(chain.settings.run.input_check, command);
  // Its warnings become part of its record.
  if (!says_itself("--log-json")) command.push_back("--log-json=" + event_log_path(chain, step));
  submission.items = {{step.name, std::move(command)}};
  submission.resources = step.resources;
  submission.signal_seconds = chain.settings.run.signal_seconds;
  submission.batch = chain.settings.run.batch;
  return submission;
}

[[noreturn]] void refuse_other_file(const Chain& chain, const std::string& queued, const std::string& job_id) {
  throw Error(
      ExitCode::usage,
      fmt::format("{}: differs from what was submitted, of which {} is still in the queue (job {}); wait for it, or "
                  "rankwise quarterly cancel {}",
                  chain.file, queued, job_id, chain.settings.directory));
}

}  // namespace

void require_same_queue(const Chain& chain) {
  const std::string path = chain_path(chain.settings.directory);
  if (!fs::exists(path)) return;
  const std::string text = read_small_file(path);
  if (text == chain.text) return;
  const Chain known = read_chain(text, path);
  const std::vector<StepState> states = step_states(known);
  for (std::size_t place = 0; place < states.size(); ++place) {
    const ChainStep& step = known.steps[place];
    require_answer(states[place]);
    if (is_in_queue(states[place])) refuse_other_file(chain, step.name, states[place].job_id);
    if (step.sweep.empty()) continue;
    // Trials outlive a step that is gone.
    const auto item = queued_item(step.sweep);
    if (item) refuse_other_file(chain, fmt::format("{} of {}", item->name, step.name), item->job_id);
  }
}

namespace {

/// The folder's chain is this one from now on: its steps read it when they begin.
class FolderChain {
 public:
  explicit FolderChain(const Chain& chain) : path_(chain_path(chain.settings.directory)) {
    if (fs::exists(path_)) earlier_ = read_small_file(path_);
    replace_file(path_, chain.text);
  }
  /// Nothing of it was accepted.
  void take_back() const {
    if (earlier_) {
      replace_file(path_, *earlier_);
    } else {
      std::error_code ignored;
      fs::remove(path_, ignored);
    }
  }

 private:
  std::string path_;
  std::optional<std::string> earlier_;
};

void make_event_folder(const Chain& chain) {
  const fs::path folder = fs::path(chain.settings.directory) / "events";
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw Error(ExitCode::cannot_create, fmt::format("{}: {}", folder.string(), error.message()));
}

}  // namespace

std::vector<std::string> submit_open_steps(const Chain& chain, slurm::Scheduler& scheduler) {
  const std::vector<StepState> states = step_states(chain, scheduler);
  std::ranges::for_each(states, require_answer);
  const FolderChain folder_chain(chain);
  make_event_folder(chain);
  const std::string batch_name = new_batch_name(chain.settings.directory);
  std::vector<std::string> submissions(states.size());  // that later steps have to wait for; empty where done
  std::vector<std::string> submitted;
  for (std::size_t place = 0; place < states.size(); ++place) {
    const ChainStep& step = chain.steps[place];
    const StepState& state = states[place];
    if (state.phase == StepPhase::done) continue;
    const bool follows_new = std::ranges::any_of(step.after, [&](std::size_t before) {
      return std::ranges::find(submitted, chain.steps[before].name) != submitted.end();
    });
    if (is_in_queue(state) && !follows_new) {
      submissions[place] = state.submission;
      continue;
    }
    // What waits for a step that failed before would wait in vain.
    if (is_in_queue(state)) {
      scheduler.cancel(std::vector<std::string>{step.name});
    } else if (!step.sweep.empty()) {
      forgive_sweep(step.sweep);
    }
    slurm::Submission submission = submission_of(chain, step, batch_name);
    for (const std::size_t before : step.after) {
      if (submissions[before].empty()) continue;
      submission.after.push_back({submissions[before], slurm::Dependency::On::succeeded});
    }
    try {
      scheduler.submit(submission);
    } catch (const slurm::Refused&) {
      if (submitted.empty() && std::ranges::none_of(states, is_in_queue)) folder_chain.take_back();
      throw;
    }
    submissions[place] = submission.name;
    submitted.push_back(step.name);
  }
  const std::string& directory = chain.settings.directory;
  replace_file(products_path(directory), products_text(chain.products, directory));
  return submitted;
}

}  // namespace rankwise
