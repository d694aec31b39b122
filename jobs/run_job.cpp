#include "jobs/run_job.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <fmt/format.h>
#include <new>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "distributed/comm/environment.hpp"
#include "distributed/comm/rank_watch.hpp"
#include "jobs/als/als.hpp"
#include "jobs/blend/sweep_blend.hpp"
#include "jobs/calibrate/calibrate.hpp"
#include "jobs/campaign/assign.hpp"
#include "jobs/campaign/measure/measure.hpp"
#include "jobs/campaign/plan.hpp"
#include "jobs/data/inspect.hpp"
#include "jobs/data/prepare.hpp"
#include "jobs/data/verify.hpp"
#include "jobs/demand/demand.hpp"
#include "jobs/denoise/denoise.hpp"
#include "jobs/doctor/doctor.hpp"
#include "jobs/evaluate/evaluate.hpp"
#include "jobs/export/export.hpp"
#include "jobs/itemcf/itemcf.hpp"
#include "jobs/kmeans/kmeans.hpp"
#include "jobs/options/file_clashes.hpp"
#include "jobs/options/options.hpp"
#include "jobs/planning/plan.hpp"
#include "jobs/planning/plan_itemcf.hpp"
#include "jobs/profile/profile.hpp"
#include "jobs/propensity/propensity.hpp"
#include "jobs/quarterly/quarterly.hpp"
#include "jobs/quarterly/step.hpp"
#include "jobs/recommend/recommend.hpp"
#include "jobs/run/outcome.hpp"
#include "jobs/run/standard_output.hpp"
#include "jobs/run/stop_requests.hpp"
#include "jobs/run/threads.hpp"
#include "jobs/run/version.hpp"
#include "jobs/scale/scale.hpp"
#include "jobs/segments/segments.hpp"
#include "jobs/similar/similar.hpp"
#include "jobs/sweep/collect.hpp"
#include "jobs/sweep/planning.hpp"
#include "jobs/sweep/refit.hpp"
#include "jobs/sweep/run.hpp"
#include "jobs/sweep/status.hpp"
#include "jobs/sweep/trial.hpp"
#include "jobs/synthesize/synthesize.hpp"
#include "kernels/base/large_allocation.hpp"
#include "kernels/dense/simd_target.hpp"
#include "kernels/process/small_file.hpp"
#include "kernels/text/nearest_name.hpp"
#include "slurm/batch/launch_check.hpp"

namespace rankwise {

namespace {

std::string job_line(const Job& job) {
  return fmt::format("  {:<16}  {}\n", job.name, job.summary);
}

/// What `rankwise WORD --help` prints for the first word of several jobs; empty for others, and for jobs.
std::string family_help(const std::string& word) {
  std::string lines;
  for (const Job& job : all_jobs()) {
    if (job.name == word) return {};
    if (job.name.starts_with(word + " ")) lines += job_line(job);
  }
  return lines.empty() ? lines : fmt::format("rankwise {} is several jobs; each has its own --help:\n{}", word, lines);
}

std::string program_help() {
  std::string text =
      "rankwise retrains a recommender as a batch job: the same bits on one core and on a thousand MPI ranks.\n\n"
      "Usage: rankwise JOB [--config FILE] [options]     alone, or under mpirun or srun\n"
      "       rankwise JOB --help\n"
      "       rankwise --help | --version\n\nJobs:\n";
  for (const Job& job : all_jobs()) text += job_line(job);
  text +=
      "\nExit codes: 0 done, 2 usage, 65 bad data, 66 no input, 70 internal error, 73 cannot create output,\n"
      "74 I/O error, 75 stopped early after writing a checkpoint (run again to continue),\n"
      "76 status: something failed, 77 evaluate --against: the model is worse than allowed.\n";
  return text;
}

/// A job's name is one word, or two where several jobs share the first.
struct FoundJob {
  const Job& job;
  std::size_t words;
};

/// Throws Error(usage) if options come between the two words of a job: which word is an option's value, and which is
/// the job's, only the job's options say.
void require_words_together(std::span<const std::string> arguments) {
  if (arguments.size() < 3 || !arguments[1].starts_with('-')) return;
  for (const Job& job : all_jobs()) {
    const std::string begin = arguments.front() + " ";
    if (!job.name.starts_with(begin)) continue;
    const auto rest = arguments.subspan(2);
    if (std::ranges::find(rest, job.name.substr(begin.size())) == rest.end()) continue;
    throw Error(ExitCode::usage, fmt::format("expected options after both words of the job: rankwise {} {} ...",
                                             job.name, arguments[1]));
  }
}

FoundJob find_job(std::span<const std::string> arguments) {
  const std::string& name = arguments.front();
  if (name.starts_with('-')) {
    throw Error(ExitCode::usage, fmt::format("expected a job before '{}' (rankwise --help lists them)", name));
  }
  require_words_together(arguments);
  const std::string both = arguments.size() > 1 ? name + " " + arguments[1] : name;
  std::vector<std::string> names;
  std::vector<std::string> family;
  for (const Job& job : all_jobs()) {
    if (job.name == both && arguments.size() > 1) return {job, 2};
  }
  for (const Job& job : all_jobs()) {
    if (job.name == name) return {job, 1};
    names.emplace_back(job.name);
    if (job.name.starts_with(name + " ")) family.emplace_back(job.name);
  }
  if (!family.empty()) {
    throw Error(ExitCode::usage,
                fmt::format("{} is no job{} (rankwise --help lists all)", both, nearest_hint(both, family, "")));
  }
  throw Error(ExitCode::usage,
              fmt::format("unknown job '{}'{} (rankwise --help lists all)", name, nearest_hint(name, names, "")));
}

/// Ranks of these jobs share the work; of all others one rank does it, or starts what needs several by itself.
slurm::WorkOf work_of(const Job& job) {
  constexpr std::array<std::string_view, 20> shared{
      "campaign plan", "campaign assign", "campaign measure", "synthesize",  "prepare",    "als",     "itemcf",
      "scale",         "kmeans",          "evaluate",         "denoise",     "recommend",  "similar", "export",
      "profile",       "segments",        "sweep trial",      "sweep blend", "propensity", "demand"};
  return std::ranges::find(shared, job.name) != shared.end() ? slurm::WorkOf::all_ranks : slurm::WorkOf::one_rank;
}

/// The root reads the file; every rank gets its text.
std::string read_configuration_file(const Communicator& comm, const std::string& path) {
  std::string text = agree_on(comm, [&] {
    if (!comm.is_root()) return std::string();
    std::optional<std::string> content = whole_file(path);
    if (content) return std::move(*content);
    throw Error(ExitCode::no_input, fmt::format("{}: cannot read this configuration file: {}", path,
                                                std::generic_category().message(errno)));
  });
  comm.broadcast(text);
  return text;
}

JobOptions resolved_options(const Communicator& comm, const Job& job, std::span<const std::string> arguments) {
  JobOptions options(job);
  agree_on(comm, [&] { options.parse_command_line(arguments); });
  if (const std::string path = options.config_file(); !path.empty()) {
    const std::string text = read_configuration_file(comm, path);
    agree_on(comm, [&] { options.parse_config(text, path); });
  }
  const int threads = default_threads(slurm::process_environment, processors_per_rank(comm));
  agree_on(comm, [&] {
    options.resolve(threads);
    kernels::choose_simd_target(options.common().simd);
  });
  return options;
}

/// Before anything is opened, the event log too.
void require_distinct_outputs(const JobOptions& options) {
  const std::vector<NamedFile> files = options.files();
  require_apart_from_streams(files);
  require_sound_files(files);
}

void tell_configuration(const Communicator& comm, const Job& job, const JobOptions& options, Report& report) {
  std::string line = fmt::format("{} on {} rank{}:", job.name, comm.size(), comm.size() == 1 ? "" : "s");
  std::vector<Field> fields{{"job", std::string(job.name)},
                            {"version", program_version()},
                            {"ranks", Index{comm.size()}},
                            {"simd_target", kernels::simd_target()}};
  for (const Setting& setting : options.settings()) {
    line += fmt::format(" {}={}", setting.name, setting.value);
    fields.emplace_back(setting.name, setting.value);
  }
  report.line(line);
  report.event("configuration", fields);
}

/// Collective over comm.
void warn_of_missing_threads(const Communicator& comm, int wanted, int threads, Report& report) {
  const Index ranks = comm.sum(Index{threads < wanted});
  const Index fewest = comm.min(Index{threads});
  if (ranks == 0) return;
  report.warning(
      fmt::format("{} of {} ranks run fewer threads than asked for, the smallest team has {}: the system "
                  "refuses more (ulimit -u, ulimit -v, pids of a control group), or OMP_THREAD_LIMIT does",
                  ranks, comm.size(), fewest));
}

/// Runs `body`; where memory runs out, the error says how much was asked for, and in which phase.
template <class Body>
void explain_memory(const Communicator& comm, const Report& report, const Body& body) {
  try {
    body();
  } catch (const AgreedError& error) {
    const std::string_view text = error.what();
    const bool is_of_memory = text.find("out of memory") != std::string_view::npos;
    if (!is_of_memory || text.find("asked for") != std::string_view::npos) throw;
    const auto bytes = static_cast<std::size_t>(comm.max(static_cast<Index>(refused_bytes())));
    throw AgreedError(error.code(), out_of_memory_text(bytes, report.failed_phase()));
  } catch (const std::bad_alloc&) {
    throw Error(ExitCode::internal, out_of_memory_text(refused_bytes(), report.failed_phase()));
  }
}

}  // namespace

std::span<const Job> all_jobs() {
  static const std::vector<Job> jobs{
      synthesize_job(),
      prepare_job(),
      als_job(),
      itemcf_job(),
      plan_job(),
      plan_itemcf_job(),
      scale_job(),
      kmeans_job(),
      evaluate_job(),
      calibrate_job(),
      campaign_plan_job(),
      campaign_assign_job(),
      campaign_measure_job(),
      denoise_job(),
      recommend_job(),
      similar_job(),
      export_job(),
      profile_job(),
      propensity_job(),
      demand_job(),
      segments_job(),
      inspect_job(),
      verify_job(),
      sweep_plan_job(),
      sweep_run_job(),
      sweep_status_job(),
      sweep_cancel_job(),
      sweep_resume_job(),
      sweep_collect_job(),
      sweep_refit_job(),
      sweep_blend_job(),
      sweep_trial_job(),
      quarterly_job(),
      quarterly_status_job(),
      quarterly_cancel_job(),
      quarterly_step_job(),
      doctor_job(),
  };
  return jobs;
}

std::optional<std::string> text_without_job(std::span<const std::string> arguments) {
  const std::string first = arguments.empty() ? "--help" : arguments.front();
  if (first == "--help" || first == "-h") return program_help();
  if (first == "--version") return version_text();
  const auto asks_for_help = [](const std::string& argument) { return argument == "--help" || argument == "-h"; };
  if (arguments.size() == 2 && asks_for_help(arguments[1])) {
    if (std::string help = family_help(first); !help.empty()) return help;
  }
  if (std::ranges::none_of(arguments.subspan(1), asks_for_help)) return std::nullopt;
  try {
    const FoundJob found = find_job(arguments);
    return JobOptions(found.job).help();
  } catch (const Error&) {
    return std::nullopt;  // for all ranks to agree on
  }
}

bool stops_on_request(std::span<const std::string> arguments) {
  try {
    return may_stop_on_request(find_job(arguments).job.name);
  } catch (const Error&) {
    return false;  // for all ranks to agree on
  }
}

int print_alone(const std::string& text) {
  if (is_first_of_launch()) {
    print_result(text);
    require_results();
  }
  return static_cast<int>(ExitCode::done);
}

void run_job(const Communicator& comm, std::span<const std::string> arguments) {
  const FoundJob found = agree_on(comm, [&] { return find_job(arguments); });
  const Job& job = found.job;
  const std::span<const std::string> rest = arguments.subspan(found.words);

  agree_on(comm, [&] {
    if (const auto fault = slurm::launch_fault(slurm::process_environment, comm.size(), work_of(job))) {
      throw Error(ExitCode::usage, *fault);
    }
  });
  JobOptions options = resolved_options(comm, job, rest);
  agree_on(comm, [&] {
    if (comm.is_root()) require_distinct_outputs(options);
  });
  const int wanted_threads = options.common().threads;
  options.limit_threads(start_threads(comm, wanted_threads));
  Report report(
      comm,
      {.quiet = options.common().quiet, .log_json = options.common().log_json, .threads = options.common().threads});
  tell_configuration(comm, job, options, report);
  warn_of_missing_threads(comm, wanted_threads, options.common().threads, report);
  RankWatch watch(comm, std::chrono::seconds(options.common().rank_timeout_seconds));
  if (!watch.fault().empty()) report.line(fmt::format("ranks do not watch each other: {}", watch.fault()));
  JobContext context{comm, options.common(), report, options.configuration()};
  watch.over([&] {
    explain_memory(comm, report, [&] {
      options.run()(context);
      report.finish();
      report.require_log();
    });
  });
}

}  // namespace rankwise
