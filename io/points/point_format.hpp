#pragma once
// Where rows to cluster come from, and what kind of file that is.

#include <cstdint>
#include <optional>
#include <string>

#include "distributed/comm/communicator.hpp"
#include "io/hdf5/input_check.hpp"
#include "io/text/text_format.hpp"

namespace rankwise {

/// Which side of a model or dataset.
enum class RowSide { users, items };

/// A file of rows, in the user's words.
struct PointSource {
  std::string path;
  std::optional<RowSide> side = {};  ///< model, dataset: whose rows; users where not given
  std::string dataset = {};          ///< HDF5: the matrix, "/x"; given, the file's kind does not matter
  std::string columns =
      {};  ///< profile: names; text: names or 1-based numbers and ranges, "recency,3,5-8"; empty: all numeric ones
  std::string ids = {};                       ///< text: a column; HDF5: a dataset; empty: rows are numbered from 0
  std::string weights = {};                   ///< text: a column; HDF5: a dataset; empty: every row weighs 1
  TextFormat format = TextFormat::automatic;  ///< text
  HeaderRule header = HeaderRule::automatic;  ///< text
  Delimiter delimiter = {};                   ///< text
  DecimalSign decimal = {};                   ///< text
  InputCheck check = InputCheck::digests;     ///< HDF5
};

enum class PointFormat : std::int32_t { model, dataset, clustering, hdf5, npy, text, profile };

/// "a model", "a .npy file", ...
[[nodiscard]] const char* format_text(PointFormat format);

/// What kind of file `path` is, by its content. Collective over comm; throws AgreedError (no_input, bad_data,
/// io_error).
[[nodiscard]] PointFormat detect_points(const Communicator& comm, const std::string& path);

}  // namespace rankwise
