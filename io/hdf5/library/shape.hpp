#pragma once
// What a dataset declares, checked against what the file stores.

#include <cstddef>
#include <string>
#include <vector>

#include "io/hdf5/library/element.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

class Hdf5InputFile;

/// Booleans are numbers, 0 and 1, but no counts and no ids: h5py's, which are enumerations, and bit fields.
enum class Hdf5Kind { integer, floating, text, boolean };

/// Of one dataset.
struct Hdf5Shape {
  Hdf5Kind kind = Hdf5Kind::integer;
  std::vector<Index> extents;
  std::size_t element_bytes = 0;  ///< in the file
  bool varies = false;            ///< texts of variable length, to which the elements refer
  std::string type;               ///< for messages: "int64", "string[12]"

  [[nodiscard]] Index rows() const { return extents.empty() ? 1 : extents.front(); }
  /// Of one row of a dataset with one or two dimensions.
  [[nodiscard]] Index row_bytes() const {
    return static_cast<Index>(element_bytes) * (extents.size() == 2 ? extents[1] : 1);
  }
  /// Whether rows have `columns` columns; one dimension is one column.
  [[nodiscard]] bool has_columns(Index columns) const {
    return extents.size() == 2 ? extents[1] == columns : extents.size() == 1 && columns == 1;
  }
};

[[nodiscard]] Hdf5Kind kind_of(Hdf5Element element);

/// "integers", "strings", ...
[[nodiscard]] const char* kind_text(Hdf5Kind kind);

/// Of a dataset of numbers or strings whose values are in the file. Not collective; throws Error(bad_data) for one that
/// is virtual, lies in another file, needs a filter that is not HDF5's own, or claims more than the file can hold.
[[nodiscard]] Hdf5Shape shape_of(const Hdf5InputFile& file, const std::string& dataset);

}  // namespace rankwise
