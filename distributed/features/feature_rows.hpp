#pragma once
// The features of a table's rows.

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/features/feature_map.hpp"
#include "distributed/tables/table.hpp"
#include "kernels/base/matrix.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// What the values of rows were to a map.
struct FeatureCounts {
  Index rows = 0;
  Index described_rows = 0;  ///< with a value that the map knows in one column at least
  Index missing_values = 0;  ///< empty
  Index unknown_values = 0;  ///< categories or words that no row of the training had: as if they were not there
};

/// This rank's rows, sparse; features ascend.
struct FeatureRows {
  Index width = 1;  ///< of the map
  std::vector<Index> offsets{0};
  std::vector<std::int32_t> features = {};
  std::vector<float> values = {};
  std::vector<std::uint8_t> is_described = {};  ///< of each row: not by the constant alone
  FeatureCounts counts = {};                    ///< of this rank's rows

  [[nodiscard]] Index rows() const { return std::ssize(offsets) - 1; }
};

/// The features of all rows of a table. A column of categories or words takes the texts of a column of any type. Throws
/// Error(bad_data) if the table lacks a column, or a number of the map is none in the table. Local.
[[nodiscard]] FeatureRows feature_rows(const FeatureMap& map, const Table& table);

/// Likewise of so many rows without a value.
[[nodiscard]] FeatureRows empty_feature_rows(const FeatureMap& map, Index rows);

/// Appends rows of the same map.
void append(FeatureRows& rows, const FeatureRows& more);

/// Rows times weights (features x width): each value is summed in double, features ascending, and rounded once.
[[nodiscard]] Matrix weighted_rows(const FeatureRows& rows, ConstMatrixView weights);

}  // namespace rankwise
