#include "jobs/evaluate/models/user_features.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>

#include "distributed/tables/table.hpp"
#include "io/dataset/dataset_tables.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

FeatureRows read_user_features(const Communicator& comm, const DatasetReader& dataset, const std::string& data_path,
                               const FeatureMap& map, const Partition& rows, Index first) {
  const RowRange range = rows.range(comm.rank());
  const Index users = dataset.all_users();
  const RowRange known{std::min(first + range.begin, users), std::min(first + range.end, users)};
  const InputCheck check = dataset.compares() ? InputCheck::digests : InputCheck::none;
  const std::optional<Table> table = read_user_table(comm, data_path, known, check);
  if (!table) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{}: holds no table of users, by which the model serves them; expected a dataset of "
                                  "prepare --users FILE",
                                  data_path));
  }
  return agree_on(comm, [&] {
    try {
      FeatureRows features = feature_rows(map, *table);
      append(features, empty_feature_rows(map, range.size() - known.size()));
      return features;
    } catch (const Error& error) {
      throw Error(error.code(), fmt::format("{}: {}", data_path, error.what()));
    }
  });
}

std::string unused_features_warning(const std::string& model_path, const std::string& data_path) {
  return fmt::format(
      "{} was trained with features on another dataset: those of {} are not used, and what has no "
      "training entry there is served as without them",
      model_path, data_path);
}

}  // namespace rankwise
