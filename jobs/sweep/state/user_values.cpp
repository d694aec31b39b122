#include "jobs/sweep/state/user_values.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/ids.hpp"
#include "io/evaluation/user_metrics.hpp"
#include "jobs/evaluate/metrics.hpp"
#include "kernels/base/error.hpp"
#include "kernels/ranking/ranking_metrics.hpp"
#include "kernels/statistics/estimates.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;

/// A value of each user; NaN if a user has none.
struct UserColumn {
  Ids ids;
  std::vector<double> values;
};

UserColumn read_column(const SweepPlan& plan, const std::string& path) {
  const Communicator alone = Communicator::single();
  const UserMetricsReader file(alone, path);
  const auto refuse = [&](const std::string& text) {
    throw Error(ExitCode::bad_data, fmt::format("{}: {}", path, text));
  };
  if (file.provenance().dataset_digest != plan.dataset_digest) refuse("is of another dataset than the plan's");
  const auto named = std::ranges::find(file.names(), plan.metric());
  if (named == file.names().end()) refuse(fmt::format("has no {}", plan.metric()));
  const RowRange all{0, file.users()};
  return {file.user_ids(all).ids, file.metric(static_cast<std::size_t>(named - file.names().begin()), all).values};
}

std::vector<double> known_values(const std::vector<double>& values) {
  std::vector<double> known;
  std::ranges::copy_if(values, std::back_inserter(known), [](double value) { return std::isfinite(value); });
  return known;
}

/// Whether both have the same users with a value.
bool has_same_users(const UserColumn& one, const UserColumn& other) {
  return one.ids == other.ids && std::ranges::equal(one.values, other.values, [](double a, double b) {
           return std::isfinite(a) == std::isfinite(b);
         });
}

/// Throws Error if the file is missing or damaged, or does not fit the record or the other files.
std::vector<double> values_of_record(const SweepPlan& plan, const std::string& path, const TaskRecord& record,
                                     std::optional<UserColumn>& first) {
  UserColumn column = read_column(plan, path);
  std::vector<double> values = known_values(column.values);
  const double expected = record.metrics.at(plan.metric());
  const double tolerance = 1e-9 * std::max(1.0, std::abs(expected));  // the record's sum is in fixed point
  if (!(std::abs(mean_of(values) - expected) <= tolerance)) {
    throw Error(ExitCode::bad_data, fmt::format("{}: the mean of {} is {}, expected the record's {}", path,
                                                plan.metric(), mean_of(values), expected));
  }
  if (!first) {
    first = std::move(column);
  } else if (!has_same_users(*first, column)) {
    throw Error(ExitCode::bad_data, fmt::format("{}: has other users than other trials", path));
  }
  return values;
}

/// Under another name at first, so that it is whole or absent.
void copy_file(const std::string& from, const std::string& to) {
  const std::string unfinished = to + ".unfinished";
  std::error_code error;
  fs::create_directories(fs::path(to).parent_path(), error);
  if (!error) fs::copy_file(from, unfinished, fs::copy_options::overwrite_existing, error);
  if (!error) fs::rename(unfinished, to, error);
  if (error) throw Error(ExitCode::cannot_create, fmt::format("{}: {}", to, error.message()));
}

}  // namespace

bool keeps_user_values(const SweepPlan& plan) {
  if (!trains_on_folds(plan.job) || plan.folds.size() != 1) return false;
  const EvaluationMetric metric = parse_metrics(plan.metric()).front();
  return metric.ranks() && metric.source() != MetricSource::all_lists;
}

std::string user_values_path(const std::string& directory, const SweepTask& task) {
  return (fs::path(directory) / "users" / (task.key + ".h5")).string();
}

std::string add_user_values(const SweepPlan& plan, const std::string& directory, Records& records) {
  if (!keeps_user_values(plan)) return {};
  std::optional<UserColumn> first;
  for (std::size_t place = 0; place < records.size(); ++place) {
    std::optional<TaskRecord>& record = records[place];
    if (!record || !std::isfinite(record->metrics.at(plan.metric()))) continue;
    try {
      record->user_values = values_of_record(plan, user_values_path(directory, plan.tasks[place]), *record, first);
    } catch (const Error& error) {
      for (std::optional<TaskRecord>& each : records) {
        if (each) each->user_values.clear();
      }
      return fmt::format("{}; trials are not compared by users", error.what());
    }
  }
  return {};
}

void take_over_user_values(const SweepPlan& plan, const std::string& other, const std::string& directory) {
  if (!keeps_user_values(plan)) return;
  for (const SweepTask& task : plan.tasks) {
    const std::string from = user_values_path(other, task);
    std::error_code ignored;
    if (fs::is_regular_file(from, ignored) && read_record(plan, other, task))
      copy_file(from, user_values_path(directory, task));
  }
}

}  // namespace rankwise
