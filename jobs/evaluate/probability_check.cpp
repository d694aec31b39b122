#include "jobs/evaluate/probability_check.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <limits>

#include "distributed/comm/communicator.hpp"
#include "io/probability/probability_file.hpp"
#include "jobs/calibrate/calibrate_report.hpp"
#include "jobs/calibrate/listed_pairs.hpp"

namespace rankwise {

namespace {

/// Refuses what the file cannot be checked on. Collective.
void require_checkable(const std::string& path, const ProbabilityFile& file, const Contest& contest,
                       const EvaluatedModel& model) {
  const auto refuse = [](ExitCode code, const std::string& text) { throw AgreedError(code, text); };
  if (file.model_digest != model.file->record().content_digest) {
    refuse(ExitCode::bad_data, fmt::format("{} has the probabilities of another model than {} ({}); expected a file of "
                                           "calibrate for this model",
                                           path, model.path, file.model_file));
  }
  if (contest.dataset.has(DatasetPart::given) || contest.fold) {
    refuse(ExitCode::bad_data,
           "--probability: users or a fold are held out whole; expected parts of known users, as "
           "of prepare --split temporal or random");
  }
}

/// When the last interaction happened that is not held out. Collective.
std::int64_t end_of_known(const Communicator& comm, const std::string& path, const Contest& contest) {
  const RowRange rows = contest.rows.heldout.rows;
  std::int64_t last = std::numeric_limits<std::int64_t>::min();
  for (const DatasetPart part : {DatasetPart::interactions, DatasetPart::validation}) {
    if (!contest.dataset.has(part)) continue;
    if (!contest.dataset.has(part, EntryMark::time)) {
      throw AgreedError(ExitCode::bad_data,
                        fmt::format("{} counts purchases within a time, but the dataset has no times; expected a "
                                    "dataset of a log with a time column",
                                    path));
    }
    for (const std::int64_t time : contest.dataset.marks(part, EntryMark::time, rows)) last = std::max(last, time);
  }
  return comm.max(last);
}

}  // namespace

ProbabilityCheck check_probabilities(JobContext& context, const std::string& path, const Contest& contest,
                                     const EvaluatedModel& model, std::vector<std::string>& warnings) {
  const Communicator& comm = context.comm;
  const auto timer = context.report.phase("probabilities");
  const ProbabilityFile file = agree_on(comm, [&] { return read_probabilities(path); });
  require_checkable(path, file, contest, model);
  FollowingPart following{contest.rows};
  std::vector<std::int64_t> times;
  if (file.within_seconds) {
    following.until_seconds = end_of_known(comm, path, contest) + *file.within_seconds;
    times = contest.dataset.marks(DatasetPart::heldout, EntryMark::time, contest.rows.heldout.rows);
    following.times = times;
  }
  const ListedPairs listed = count_listed_pairs(comm, model.matched, model.path, following, file.map, file.top);
  ProbabilityCheck check{std::filesystem::path(path).filename().string(), file.top, file.within_seconds, listed.users,
                         measure_reliability(listed.outcomes, [&file](std::size_t band, std::size_t bin) {
                           return file.map.probability_in(band, lowest_score(bin));
                         })};
  if (file.data_digest != contest.dataset.provenance().dataset_digest) {
    warnings.push_back(fmt::format("--probability {}: fitted on another dataset ({}), where users have other scores",
                                   path, file.data_file));
  }
  if (const std::string useless = useless_probabilities(check.reliability); !useless.empty())
    warnings.push_back(useless);
  return check;
}

}  // namespace rankwise
