#include "jobs/evaluate/models/match_json.hpp"

#include <nlohmann/json.hpp>

namespace rankwise {

namespace {

nlohmann::ordered_json seconds_or_null(const std::optional<std::int64_t>& seconds) {
  return seconds ? nlohmann::ordered_json(*seconds) : nlohmann::ordered_json(nullptr);
}

}  // namespace

void add_match(nlohmann::ordered_json& json, const std::optional<MatchCounts>& counts, const TrainingOverlap& overlap) {
  if (!counts) return;
  for (const auto& [name, count] : named_counts(*counts)) json["matched_model"][std::string(name)] = count;
  json["training_overlap"] = {{"disjoint", disjoint_word(overlap.disjoint)},
                              {"trained_on_all", overlap.trained_on_all},
                              {"last_training_time", seconds_or_null(overlap.last_training_seconds)},
                              {"heldout_after", seconds_or_null(overlap.heldout_after_seconds)}};
}

}  // namespace rankwise
