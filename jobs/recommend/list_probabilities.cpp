#include "jobs/recommend/list_probabilities.hpp"

#include <fmt/format.h>
#include <limits>

#include "io/probability/probability_file.hpp"

namespace rankwise {

std::optional<ProbabilityMap> read_list_probabilities(const Communicator& comm, const std::string& path,
                                                      const DatasetReader& dataset, const TrainingRecord& model,
                                                      const std::string& model_path, Index top) {
  if (path.empty()) return std::nullopt;
  return agree_on(comm, [&]() -> std::optional<ProbabilityMap> {
    ProbabilityFile file = read_probabilities(path);
    if (file.model_digest != model.content_digest) {
      throw Error(ExitCode::bad_data, fmt::format("{} has the probabilities of another model than {} ({}); expected a "
                                                  "file of calibrate for this model",
                                                  path, model_path, file.model_file));
    }
    if (file.data_digest != dataset.provenance().dataset_digest) {
      throw Error(ExitCode::bad_data, fmt::format("{} has the probabilities of another dataset ({}), where users of {} "
                                                  "have other scores; expected the dataset of calibrate",
                                                  path, file.data_file, model_path));
    }
    if (top > file.top) {
      throw Error(ExitCode::usage, fmt::format("--top {}: {} knows lists of {} items; expected at most so many, or a "
                                               "file of calibrate --top {}",
                                               top, path, file.top, top));
    }
    return std::move(file.map);
  });
}

void add_probabilities(const ProbabilityMap& map, const Catalogue& catalogue, Lists& lists) {
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  lists.probabilities.reserve(lists.items.size());
  for (std::size_t user = 0; user < lists.sources.size(); ++user) {
    for (Index entry = lists.offsets[user]; entry < lists.offsets[user + 1]; ++entry) {
      if (lists.sources[user] != ListSource::model) {  // calibrate has judged no others
        lists.probabilities.push_back(unknown);
        continue;
      }
      const auto item = static_cast<std::size_t>(lists.items[static_cast<std::size_t>(entry)]);
      const float score = lists.scores[static_cast<std::size_t>(entry)];
      const std::size_t band = map.band_of(catalogue.entries[item]);
      const std::vector<ProbabilityStep>& steps = map.bands[band].steps;
      const bool is_known = !steps.empty() && score >= steps.front().from;
      lists.probabilities.push_back(is_known ? map.probability_in(band, score) : unknown);
    }
  }
}

}  // namespace rankwise
