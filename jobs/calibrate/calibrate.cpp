// Sample runs:
//   rankwise calibrate --data shop.h5 --model model.h5 --within 90d --output probabilities.json
//   rankwise recommend --data shop.h5 --model model.h5 --probability probabilities.json --output lists.csv

#include "jobs/calibrate/calibrate.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "distributed/probability/reliability.hpp"
#include "io/dataset/dataset.hpp"
#include "io/files/commit.hpp"
#include "io/probability/probability_file.hpp"
#include "jobs/calibrate/calibrate_report.hpp"
#include "jobs/calibrate/listed_pairs.hpp"
#include "jobs/evaluate/models/any_model.hpp"
#include "jobs/evaluate/models/training_overlap.hpp"
#include "jobs/run/compared_input.hpp"
#include "jobs/run/dataset_shelf.hpp"
#include "jobs/run/standard_output.hpp"
#include "jobs/run/text_output.hpp"

namespace rankwise {

namespace {

constexpr std::string_view notes =
    R"(Each user whom training knows gets the N best items, as recommend lists and scores them, without those of the training part.
The probability of a score is the share of such pairs, of items of about the same popularity, that the user then bought:
isotonic regression (pool adjacent violators) of what the validation part says, in steps of at least --least-pairs pairs.
Bands of popularity: items with the first, second and last third of all training entries. Users who then bought nothing
count as much as others. The held-out part, if there is one, checks the result: mean probability and share bought in ten
groups, the expected calibration error (mean over pairs of the difference in their group), and the Brier score beside that
of one share for all. There, lists leave out the validation part too. Counts decide, so the file is the same on any ranks.
Scores of an item model grow with what a user has bought meanwhile, so that its probabilities come out somewhat too high.
A file of probabilities belongs to one model, and names its digest.)";

/// Refuses what cannot tell a probability. Collective.
void require_calibratable(const CalibrateOptions& options, const DatasetReader& dataset, const AnyModel& model) {
  const auto refuse = [](ExitCode code, const std::string& text) { throw AgreedError(code, text); };
  if (!is_own_dataset(dataset, model.record())) {
    refuse(ExitCode::bad_data, fmt::format("{} was trained on another dataset than {}; expected the dataset of its "
                                           "training",
                                           options.model, options.data));
  }
  if (dataset.has(DatasetPart::given)) {
    refuse(ExitCode::bad_data, fmt::format("{}: users are held out whole; expected parts of known users, as of prepare "
                                           "--split temporal or random",
                                           options.data));
  }
  if (!dataset.has(DatasetPart::validation) || dataset.entries(DatasetPart::validation) == 0) {
    refuse(ExitCode::bad_data, fmt::format("{} has no validation part, by which probabilities are fitted; expected a "
                                           "dataset of prepare --validation",
                                           options.data));
  }
  if (model.record().trained_fold) {
    refuse(ExitCode::bad_data,
           fmt::format("{} leaves out a fold of its dataset; expected a model of the whole training "
                       "part",
                       options.model));
  }
  if (model.record().trained_on != TrainedOn::training) {
    refuse(ExitCode::bad_data, fmt::format("{} has learned the validation part of {}, so that this cannot measure it; "
                                           "expected a model of --train-on training",
                                           options.model, options.data));
  }
}

/// This rank's times of a part, none unless they are asked for; and when it begins and ends, over all ranks.
struct PartTimes {
  std::vector<std::int64_t> of_entries;
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  std::int64_t last = std::numeric_limits<std::int64_t>::min();
};

/// Collective.
PartTimes read_times(const Communicator& comm, const DatasetReader& dataset, DatasetPart part, RowRange rows) {
  PartTimes times{dataset.marks(part, EntryMark::time, rows)};
  for (const std::int64_t time : times.of_entries) {
    times.first = std::min(times.first, time);
    times.last = std::max(times.last, time);
  }
  times.first = comm.min(times.first);
  times.last = comm.max(times.last);
  return times;
}

std::string days_text(std::int64_t seconds) {
  return fmt::format("{:.4g} days", static_cast<double>(seconds) / 86400);
}

/// What of a part counts as bought: with --within what follows `begin_seconds`, when what is known ends. Collective;
/// warns if the part ends earlier.
PartTimes times_within(const CalibrateOptions& options, JobContext& context, const DatasetReader& dataset,
                       DatasetPart part, RowRange rows, const char* name, std::int64_t begin_seconds) {
  PartTimes times = read_times(context.comm, dataset, part, rows);
  if (times.first < begin_seconds) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("--within: the {} part of {} begins before what is known ends; expected parts that "
                                  "follow each other, as of prepare --split temporal --validation temporal",
                                  name, options.data));
  }
  const std::int64_t seconds = times.last - begin_seconds;
  if (seconds < *options.within_seconds) {
    context.report.warning(
        fmt::format("--within {}: the {} part has its last purchase {} after the end of what is known",
                    days_text(*options.within_seconds), name, days_text(seconds)));
  }
  return times;
}

/// Counts the model's lists against one part. `begin_seconds`: the end of what is known, which becomes the end of this
/// part too. Collective.
ListedPairs count_part(const CalibrateOptions& options, JobContext& context, const DatasetReader& dataset,
                       const AnyMatchedModel& model, const HeldoutRows& rows, const ProbabilityMap& bands,
                       DatasetPart part, const char* name, std::int64_t& begin_seconds) {
  const auto timer = context.report.phase("rank");
  FollowingPart following{rows};
  PartTimes times;
  if (options.within_seconds) {
    times = times_within(options, context, dataset, part, rows.heldout.rows, name, begin_seconds);
    following.times = times.of_entries;
    following.until_seconds = begin_seconds + *options.within_seconds;
    begin_seconds = std::max(begin_seconds, times.last);
  }
  return count_listed_pairs(context.comm, model, options.model, following, bands, options.top);
}

/// When the training ends. Collective.
std::int64_t end_of_training(const CalibrateOptions& options, const JobContext& context, const DatasetReader& dataset,
                             RowRange rows) {
  if (!options.within_seconds) return 0;
  for (const DatasetPart part : {DatasetPart::interactions, DatasetPart::validation}) {
    if (dataset.has(part, EntryMark::time)) continue;
    throw AgreedError(
        ExitCode::bad_data,
        fmt::format("--within: {} has no times; expected a dataset of a log with a time column", options.data));
  }
  return read_times(context.comm, dataset, DatasetPart::interactions, rows).last;
}

ProbabilityFile begin_file(const CalibrateOptions& options, const JobContext& context, const DatasetReader& dataset,
                           const AnyModel& model) {
  const auto name = [](const std::string& path) { return std::filesystem::path(path).filename().string(); };
  const Provenance made = context.provenance("probabilities", dataset.provenance().dataset_digest);
  ProbabilityFile file;
  file.version = made.version;
  file.configuration = made.configuration;
  file.data_file = name(options.data);
  file.data_digest = made.dataset_digest;
  file.model_file = name(options.model);
  file.model_digest = model.record().content_digest;
  file.within_seconds = options.within_seconds;
  file.top = options.top;
  return file;
}

}  // namespace

void calibrate_model(const CalibrateOptions& options, JobContext& context) {
  const Communicator& comm = context.comm;
  check_output(comm, options.output);

  // 1. Read the model, the training part and the validation part.
  auto reading = std::make_unique<Report::PhaseTimer>(context.report, "read");
  const AnyModel model(comm, options.model, context.common.input_check);
  warn_if_not_compared(context, model, options.model);
  const auto opened = open_dataset(context, options.data, std::nullopt);
  const DatasetReader& dataset = *opened;
  require_calibratable(options, dataset, model);
  require_unseen_heldout({options.data, std::nullopt, opened}, model.record(), options.model);
  const Partition users = Partition::by_count(dataset.users(), comm.size());
  const RowRange mine = users.range(comm.rank());
  HeldoutRows rows{users, dataset.read(DatasetPart::validation, mine), dataset.read(DatasetPart::interactions, mine)};
  const AnyMatchedModel matched = match_any_model(comm, dataset, options.data, rows, model, options.model);
  std::int64_t known_until = end_of_training(options, context, dataset, mine);
  reading.reset();

  // 2. Fit the steps to what became of listed pairs in the validation part.
  ProbabilityFile file = begin_file(options, context, dataset, model);
  file.map = popularity_bands(matched.catalogue);
  const ListedPairs fitted = count_part(options, context, dataset, matched, rows, file.map, DatasetPart::validation,
                                        "validation", known_until);
  file.users = fitted.users;
  if (fitted.outcomes.total().successes == 0) {
    throw AgreedError(
        ExitCode::bad_data,
        fmt::format("{}: none of the pairs that {} lists was bought in the validation part; expected some: "
                    "a larger --top or --within, or a larger validation part",
                    options.data, options.model));
  }
  file.map = fit_probabilities(std::move(file.map), fitted.outcomes, options.least_pairs);
  const auto predicted = [&file](std::size_t band, std::size_t bin) {
    return file.map.probability_in(band, lowest_score(bin));
  };
  file.fitted = measure_reliability(fitted.outcomes, predicted);

  // 3. See whether they come true in the held-out part.
  if (dataset.has(DatasetPart::heldout) && dataset.entries(DatasetPart::heldout) > 0) {
    rows = {users, dataset.read(DatasetPart::heldout, mine), dataset.read_known(mine)};
    const ListedPairs checked =
        count_part(options, context, dataset, matched, rows, file.map, DatasetPart::heldout, "held-out", known_until);
    file.checked = measure_reliability(checked.outcomes, predicted);
    file.of_scores = measure_reliability(
        checked.outcomes, [](std::size_t /*band*/, std::size_t bin) { return static_cast<double>(lowest_score(bin)); });
  }

  // 4. Say it, and write it.
  tell_calibration(context.report, file);
  if (comm.is_root())
    print_result(
        reliability_table(file.checked ? *file.checked : file.fitted, file.checked ? "held-out" : "validation"));
  write_from_root(context, options.output, probability_json(file));
}

namespace {

RunJob describe_calibrate(boost::program_options::options_description& description) {
  const auto options = std::make_shared<CalibrateOptions>();
  describe_calibration(description, *options);
  return {[options](JobContext& context) { calibrate_model(*options, context); }};
}

}  // namespace

Job calibrate_job() {
  return {"calibrate", "find how likely a model's lists are bought: model + dataset -> probabilities", notes,
          describe_calibrate};
}

}  // namespace rankwise
