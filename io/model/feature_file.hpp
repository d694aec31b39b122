#pragma once
// Features of users or items in a model file: how a table becomes features, and the map from these to factors.
//
//   GROUP/columns, GROUP/kinds (strings), GROUP/labels-in-column, GROUP/buckets, GROUP/has-missing (int64),
//   GROUP/means, GROUP/deviations (float64)        one value per column
//   GROUP/labels (strings)                         of all columns, one after the other
//   GROUP/names (strings), GROUP/weights (float32, features x k, a bias as the last column)    one row per feature
//
// Attributes of the group: `penalty`, the weight of |A|^2 in the loss.

#include <optional>
#include <string>

#include "distributed/comm/communicator.hpp"
#include "distributed/features/feature_map.hpp"
#include "io/hdf5/reader.hpp"
#include "io/hdf5/writer.hpp"
#include "kernels/base/matrix.hpp"

namespace rankwise {

inline const std::string user_features_group = "/user-features";
inline const std::string item_features_group = "/item-features";

/// What a model knows of a side's features; the same on every rank.
struct ModelFeatures {
  FeatureMap map;
  Matrix weights;      ///< features x width of the factors, a bias as the last column
  double penalty = 0;  ///< of the squares of the weights in the loss
};

/// Bytes that the group takes.
[[nodiscard]] Index feature_bytes(const ModelFeatures& features);

/// Collective over comm, as the writer is.
void write_features(const Communicator& comm, Hdf5Writer& file, const std::string& group,
                    const ModelFeatures& features);

/// Nothing if the file has no such group. `width`: of the model's factors, with a bias. Not collective; throws
/// Error(bad_data) that names file and object: numbers that are not finite, kinds that are not known, labels that do
/// not ascend, sizes that do not fit.
[[nodiscard]] std::optional<ModelFeatures> read_features(const Hdf5Reader& file, const std::string& group, Index width);

}  // namespace rankwise
