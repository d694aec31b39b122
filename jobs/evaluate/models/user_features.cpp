#include "jobs/evaluate/models/user_features.hpp"

#include <fmt/format.h>
#include <optional>

#include "distributed/tables/table.hpp"
#include "io/dataset/dataset_tables.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

FeatureRows read_user_features(const Communicator& comm, const DatasetReader& dataset, const std::string& data_path,
                               const FeatureMap& map, const Partition& rows, Index first) {
  const RowRange mine = rows.range(comm.rank());
  const InputCheck check = dataset.compares() ? InputCheck::digests : InputCheck::none;
  const std::optional<Table> table = read_user_table(comm, data_path, {first + mine.begin, first + mine.end}, check);
  if (!table) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{}: holds no table of users, by which the model serves them; expected a dataset of "
                                  "prepare --users FILE",
                                  data_path));
  }
  return agree_on(comm, [&] {
    try {
      return feature_rows(map, *table);
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
