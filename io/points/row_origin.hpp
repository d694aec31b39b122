#pragma once
// Where clustered rows come from, as far as it tells whether dimensions of other rows mean the same.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "io/hdf5/reader.hpp"
#include "io/hdf5/writer.hpp"
#include "io/points/point_format.hpp"

namespace rankwise {

/// The same on every rank.
struct RowOrigin {
  PointFormat format = PointFormat::hdf5;
  std::optional<RowSide> side = {};                 ///< model, dataset: whose rows
  bool has_ids = false;                             ///< else rows are called by their numbers
  std::uint64_t model_digest = 0;                   ///< model: ModelReader::content_digest
  std::vector<std::uint64_t> model_ancestors = {};  ///< model: ModelReader::lineage
  std::uint64_t dimension_ids_digest = 0;  ///< dataset: of the ids of the other side, whose rows are the dimensions
  friend bool operator==(const RowOrigin&, const RowOrigin&) = default;
};

/// Attributes of the root, and the dataset `/lineage` where the model has ancestors. Collective, as the writer is.
void write_row_origin(const Communicator& comm, Hdf5Writer& file, const RowOrigin& origin);

/// Nothing for a file of an older version, which does not say it. Local; throws Error(bad_data).
[[nodiscard]] std::optional<RowOrigin> read_row_origin(const Hdf5Reader& file);

}  // namespace rankwise
