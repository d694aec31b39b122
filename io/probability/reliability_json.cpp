#include "io/probability/reliability_json.hpp"

#include <nlohmann/json.hpp>

namespace rankwise {

nlohmann::ordered_json reliability_json(const Reliability& reliability) {
  nlohmann::ordered_json json{{"pairs", reliability.pairs},
                              {"mean_probability", reliability.mean_prediction},
                              {"share_bought", reliability.share},
                              {"expected_calibration_error", reliability.calibration_error},
                              {"brier", reliability.brier},
                              {"brier_of_the_share", reliability.constant_brier},
                              {"groups", nlohmann::ordered_json::array()}};
  for (const ReliabilityGroup& group : reliability.groups) {
    json["groups"].push_back(
        {{"pairs", group.pairs}, {"mean_probability", group.mean_prediction}, {"share_bought", group.share}});
  }
  return json;
}

}  // namespace rankwise
