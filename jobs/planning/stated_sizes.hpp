#pragma once
// Sizes in place of a dataset.

#include <cstdint>
#include <optional>
#include <string>

#include "distributed/synthetic/shape.hpp"

namespace boost::program_options {
class options_description;
}

namespace rankwise {

/// What is not stated comes from the shape.
struct StatedSizes {
  std::optional<std::string> shape;  ///< preset of a planted log
  double scale = 1;                  ///< of the preset's sizes
  std::optional<Index> users;
  std::optional<Index> items;
  std::optional<double> interactions;

  [[nodiscard]] bool any() const { return shape || users || items || interactions; }
};

/// Adds --shape, --users, --items and --interactions; `sizes` outlives the description.
void describe_sizes(boost::program_options::options_description& description, StatedSizes& sizes);

/// The planted log of these sizes, by popularity alone: users come in no order, so any range of them names items by
/// popularity, and tastes would cost minutes and change no rank's needs. The numbers of rows per user are those of the
/// shape.
[[nodiscard]] SyntheticShape stated_shape(const StatedSizes& sizes, std::uint64_t seed);

}  // namespace rankwise
