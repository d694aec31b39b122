#pragma once
// Learns from the rows of a training which features a table has.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/features/feature_map.hpp"
#include "distributed/tables/table.hpp"

namespace rankwise {

/// A map, and what was left out of it.
struct LearnedFeatures {
  FeatureMap map;
  std::vector<std::string> constant_columns =
      {};  ///< that say nothing: all rows of the training have one value, or none
};

/// The features of these columns of the table, from the rows that `is_trained`: categories and words of such rows, or
/// `width` buckets if there are more than `width`; numbers by their mean and standard deviation. The same on every
/// rank, for any ranks. Collective over comm; throws AgreedError(usage) if the table lacks a column, or if there are
/// more than most_features.
[[nodiscard]] LearnedFeatures learn_features(const Communicator& comm, const Table& table,
                                             std::span<const std::string> columns,
                                             std::span<const std::uint8_t> is_trained, Index width);

}  // namespace rankwise
