#pragma once
// What the user asks of `scale`.

#include <string>
#include <vector>

#include "distributed/planning/epoch_model.hpp"
#include "jobs/als/als_settings.hpp"
#include "jobs/planning/stated_sizes.hpp"

namespace rankwise {

struct ScaleOptions {
  AlsOptions als;           ///< without files
  StatedSizes sizes;        ///< of every strong run, and of each rank's share in weak ones
  std::vector<int> strong;  ///< numbers of ranks, ascending
  std::vector<int> weak;    ///< likewise
  NetworkRate network;      ///< of a node, for predictions
  double calibration_seconds = 0;
  std::string json;  ///< empty: not wanted
  std::string csv;
  std::string plot;
};

}  // namespace rankwise
