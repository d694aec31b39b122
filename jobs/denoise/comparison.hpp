#pragma once
// Whether a model of the cleaned dataset predicts better than one of the dataset as it is.

#include <optional>
#include <string>
#include <vector>

#include "distributed/log/fold.hpp"
#include "io/dataset/dataset.hpp"
#include "jobs/denoise/denoise_settings.hpp"
#include "jobs/denoise/trainings.hpp"
#include "jobs/evaluate/evaluation.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// What both models are measured on.
struct ComparedPart {
  std::optional<Fold> fold;  ///< of the validation part; none: the held-out part

  [[nodiscard]] const char* name() const { return fold ? "validation" : "heldout"; }
};

/// The validation part, or else the held-out part, with a warning. Throws AgreedError(bad_data) if the dataset has
/// neither, or one without interactions. Collective over context.comm.
[[nodiscard]] ComparedPart compared_part(JobContext& context, const DenoiseOptions& options,
                                         const DatasetReader& dataset);

/// Throws AgreedError(bad_data) if a metric cannot be measured on it: amounts below 0, or no pair that lists could
/// find. Collective over context.comm.
void require_comparable(JobContext& context, const DenoiseOptions& options, const ComparedPart& part);

enum class CleaningVerdict { helps, hurts, no_difference };

struct CleaningComparison {
  std::vector<MetricFigures> metrics;  ///< the model of the cleaned dataset; its only baseline is the other one
  CleaningVerdict verdict = CleaningVerdict::no_difference;
};

/// The datasets: as it is, and cleaned.
struct ComparedDatasets {
  std::uint64_t whole_digest = 0;
  std::uint64_t cleaned_digest = 0;
};

/// Trains on both with the same settings, and measures both on the same held-out interactions; lists leave out what the
/// user has in the dataset as it is. Collective over context.comm; throws AgreedError.
[[nodiscard]] CleaningComparison compare_models(JobContext& context, const DenoiseOptions& options,
                                                const ComparedPart& part, const ComparedDatasets& datasets,
                                                Trainings& trainings);

/// By the 95% interval of the paired difference of this metric, which must lie on one side of 0.
[[nodiscard]] CleaningVerdict verdict_of(const MetricFigures& figures);
/// "cleaning helps", "cleaning hurts", "no difference seen".
[[nodiscard]] const char* verdict_words(CleaningVerdict verdict);
/// One line with the numbers that decide.
[[nodiscard]] std::string verdict_text(const CleaningComparison& comparison);

/// A line and an event for each metric; the verdict, which is a warning if cleaning hurts.
void tell_comparison(Report& report, const CleaningComparison& comparison);

}  // namespace rankwise
