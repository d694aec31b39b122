#pragma once
// All of a new HDF5 file but the rows of its datasets: groups, attributes, where rows will stand, and digests of it
// all.

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "io/hdf5/describe_file.hpp"
#include "io/hdf5/library/element.hpp"
#include "io/hdf5/library/file_image.hpp"
#include "io/hdf5/metadata_digest.hpp"

namespace rankwise {

/// The rows of a dataset: numbers, or strings of fixed length.
struct Hdf5RowFormat {
  Hdf5Element element{};         ///< where string_bytes is 0
  std::size_t string_bytes = 0;  ///< padded with NUL
  Index columns = 0;             ///< 0: one-dimensional

  [[nodiscard]] Index row_bytes() const;
  [[nodiscard]] std::size_t element_bytes() const;
};

/// Objects are named by absolute paths; their groups must exist. Every member throws Error(internal) where HDF5 fails.
class Hdf5Structure {
 public:
  Hdf5Structure();
  ~Hdf5Structure();
  Hdf5Structure(const Hdf5Structure&) = delete;
  Hdf5Structure& operator=(const Hdf5Structure&) = delete;

  void create_group(const std::string& name);
  /// Returns where the first row is to be written in the file, in bytes; rows follow each other as they lie in memory.
  [[nodiscard]] Index create_dataset(const std::string& name, const Hdf5RowFormat& format, Index rows);
  /// The same for rows in chunks (io/hdf5/row_chunks.hpp), shuffled and deflated at this level to so many bytes each;
  /// returns where each chunk is to be written.
  [[nodiscard]] std::vector<Index> create_packed_dataset(const std::string& name, const Hdf5RowFormat& format,
                                                         Index rows, int deflate_level,
                                                         std::span<const Index> packed_bytes);
  /// An attribute of a group or dataset: a number, a text, a truth value, or a list of int64 or texts.
  void write_attribute(const std::string& object, const std::string& name, const AttributeValue& value);

  /// Adds the digests and returns the file as it is to be, but for rows; nothing else may be called afterwards.
  [[nodiscard]] FileImage finish(const std::vector<DigestTable>& tables);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rankwise
