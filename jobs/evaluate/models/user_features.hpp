#pragma once
// Features of a dataset's users, as a model has learned them.

#include <string>

#include "distributed/comm/communicator.hpp"
#include "distributed/features/feature_map.hpp"
#include "distributed/features/feature_rows.hpp"
#include "distributed/rows/partition.hpp"
#include "io/dataset/dataset.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// This rank's part of `rows` of the dataset's table of users (read_user_table()), from row `first` on, compared with
/// digests if the dataset is; rows behind those of the dataset's users have no values. `data_path`: of the dataset.
/// Collective over comm; throws AgreedError(bad_data) if it has no such table, or one without the columns.
[[nodiscard]] FeatureRows read_user_features(const Communicator& comm, const DatasetReader& dataset,
                                             const std::string& data_path, const FeatureMap& map, const Partition& rows,
                                             Index first);

/// That a model with features does not use those of another dataset.
[[nodiscard]] std::string unused_features_warning(const std::string& model_path, const std::string& data_path);

}  // namespace rankwise
