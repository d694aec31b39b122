#pragma once
// The options of `calibrate`.

#include <cstdint>
#include <optional>
#include <string>

#include "kernels/base/types.hpp"

namespace boost::program_options {
class options_description;
}

namespace rankwise {

struct CalibrateOptions {
  std::string data;
  std::string model;
  std::string output;
  std::optional<std::int64_t> within_seconds;
  Index top = 100;
  Index least_pairs = 1000;
};

/// Adds the options; `options` outlives them.
void describe_calibration(boost::program_options::options_description& description, CalibrateOptions& options);

}  // namespace rankwise
