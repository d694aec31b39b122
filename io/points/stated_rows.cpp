#include "io/points/stated_rows.hpp"

#include "io/dataset/dataset.hpp"
#include "io/hdf5/reader.hpp"
#include "io/model/model.hpp"
#include "io/points/npy_file.hpp"

namespace rankwise {

std::optional<Index> stated_rows(const Communicator& comm, const PointSource& source) {
  const PointFormat format = detect_points(comm, source.path);
  if (format == PointFormat::text) return std::nullopt;
  if (format == PointFormat::npy) return agree_on(comm, [&] { return NpyFile(source.path).rows(); });
  if (!source.dataset.empty()) {
    return agree_on(comm, [&] { return Hdf5Reader(source.path).shape(source.dataset).rows(); });
  }
  const bool users = source.side.value_or(RowSide::users) == RowSide::users;
  if (format == PointFormat::model) {
    const ModelReader model(comm, source.path);
    return users ? model.users() : model.items();
  }
  if (format == PointFormat::dataset) {
    return DatasetReader(comm, source.path).rows(users ? DatasetPart::interactions : DatasetPart::interactions_by_item);
  }
  return std::nullopt;
}

}  // namespace rankwise
