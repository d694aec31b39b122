#pragma once
// What a run of denoise found, for people and as data.

#include <cstdint>
#include <optional>
#include <string>

#include "jobs/denoise/comparison.hpp"
#include "jobs/denoise/denoise_settings.hpp"
#include "jobs/denoise/findings.hpp"
#include "jobs/denoise/judgement.hpp"
#include "jobs/denoise/known_truth.hpp"

namespace rankwise {

struct DenoiseOutcome {
  std::uint64_t data_digest = 0;
  std::uint64_t cleaned_digest = 0;
  ComparedPart part;
  Judgement judgement;
  Findings findings;
  std::optional<TruthFigures> truth;             ///< if it is known
  std::optional<CleaningComparison> comparison;  ///< unless nothing was found
};

/// The file that --report names (docs/FORMATS.md).
[[nodiscard]] std::string denoise_json(const DenoiseOptions& options, const DenoiseOutcome& outcome);

/// A table of metrics and the verdict.
[[nodiscard]] std::string denoise_table(const DenoiseOutcome& outcome);

}  // namespace rankwise
