// Sample runs:
//   rankwise denoise --data r.h5 --objective explicit --factors 16 --output cleaned.h5 --quarantine found.csv
//   mpirun -n 4 rankwise denoise --data shop.h5 --work models --output cleaned.h5 --quarantine found.csv

#include "jobs/denoise/denoise.hpp"

#include <fmt/format.h>
#include <memory>
#include <string>
#include <vector>

#include "distributed/log/fold.hpp"
#include "io/dataset/dataset.hpp"
#include "io/files/commit.hpp"
#include "jobs/denoise/comparison.hpp"
#include "jobs/denoise/denoise_report.hpp"
#include "jobs/denoise/findings.hpp"
#include "jobs/denoise/judgement.hpp"
#include "jobs/denoise/known_truth.hpp"
#include "jobs/denoise/trainings.hpp"
#include "jobs/evaluate/fold_check.hpp"
#include "jobs/run/dataset_shelf.hpp"
#include "jobs/run/standard_output.hpp"
#include "jobs/run/text_output.hpp"

namespace rankwise {

namespace {

constexpr std::string_view notes =
    R"(Method: the training interactions are divided into K folds by the seed. A model of all other folds predicts each fold.
  explicit   z = (value - prediction) / s, s = median |error - median error| / 0.67449 over all errors; found: |z| > threshold
  implicit   percentile = 100 x share of the user's other candidates that score above the item, equal scores half;
             candidates are items with a training entry that the user does not have; found: percentile > threshold
An interaction whose user or item is in no other fold is not judged, and stays. A user of whom nothing would be left keeps
all. The held-out part and the validation part stay as they are.

Then als trains on both datasets, with the same settings and seed, and both models are measured on the validation part (if
there is none, on the held-out part): means over users of paired differences, with their 95% interval by Student's t. The
first of --metrics decides: cleaning helps or hurts if the interval lies on one side of 0; else no difference was seen.
Models are files of the folder --work; a run that was stopped does not train again what is there.)";

void check_outputs(const Communicator& comm, const DenoiseOptions& options) {
  for (const std::string& path : {options.output, options.quarantine, options.report}) {
    if (!path.empty()) check_output(comm, path);
  }
}

/// Refuses a dataset that cannot be divided. Collective.
void require_folds(const JobContext& context, const DenoiseOptions& options, const DatasetReader& dataset) {
  const Index interactions = dataset.entries(DatasetPart::interactions);
  if (interactions < options.folds) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{}: has {} training interactions; expected at least one for each "
                                  "of {} folds",
                                  options.data, interactions, options.folds));
  }
  std::vector<std::string> folds;
  for (Index number = 0; number < options.folds; ++number)
    folds.push_back(fold_text({FoldKind::interactions, number, options.folds, 0, 0}));
  require_filled_folds(context.comm, options.data, folds, context.common.seed, context.common.input_check);
}

}  // namespace

void denoise(const DenoiseOptions& options, JobContext& context) {
  const Communicator& comm = context.comm;
  agree_on(comm, [&] { require_sense(options); });
  check_outputs(comm, options);

  // 1. What there is to judge, to compare by and to find, refused before hours of work.
  const auto dataset = open_dataset(context, options.data, std::nullopt);
  require_folds(context, options, *dataset);
  DenoiseOutcome outcome;
  outcome.data_digest = dataset->provenance().dataset_digest;
  outcome.part = compared_part(context, options, *dataset);
  require_comparable(context, options, outcome.part);
  const std::optional<KnownTruth> truth = read_truth(comm, options.truth, *dataset);
  Trainings trainings(context, options, outcome.data_digest);

  // 2. Train without each fold, and judge what is in it.
  outcome.judgement = judge_out_of_fold(context, options, trainings);

  // 3. What is too far from its prediction goes to the quarantine; the cleaned dataset is the rest.
  outcome.findings = find_implausible(context, options, *dataset, outcome.judgement);
  if (truth) outcome.truth = compare_with_truth(context, *truth, outcome.judgement, outcome.findings);
  write_findings(context, options, *dataset, outcome.findings);
  outcome.cleaned_digest = write_cleaned(context, options, *dataset, outcome.findings);

  // 4. Train with and without it, and see whether that helps.
  if (outcome.findings.found > 0) {
    const ComparedDatasets datasets{outcome.data_digest, outcome.cleaned_digest};
    outcome.comparison = compare_models(context, options, outcome.part, datasets, trainings);
    tell_comparison(context.report, *outcome.comparison);
  }
  if (comm.is_root()) print_result(denoise_table(outcome));
  if (!options.report.empty()) write_from_root(context, options.report, denoise_json(options, outcome));
  trainings.finish();
}

namespace {

RunJob describe_denoise(boost::program_options::options_description& description) {
  const auto options = std::make_shared<DenoiseOptions>();
  describe_denoising(description, *options);
  return {[options](JobContext& context) { denoise(*options, context); }, [options] { require_sense(*options); }};
}

}  // namespace

Job denoise_job() {
  return {"denoise", "find interactions that models out of fold find implausible: dataset -> cleaned dataset", notes,
          describe_denoise};
}

}  // namespace rankwise
