#pragma once
// What an HDF5 file holds, without trust in who wrote it.

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "kernels/base/types.hpp"

namespace rankwise {

/// An attribute's value: numbers, texts, a truth value, or a word for what is none of these.
using AttributeValue = std::variant<std::int64_t, std::uint64_t, double, std::string, bool, std::vector<std::int64_t>,
                                    std::vector<std::uint64_t>, std::vector<double>, std::vector<std::string>>;

struct FileAttribute {
  std::string name;
  std::string type;  ///< of its values, as a dataset's
  AttributeValue value;
};

/// A group, a dataset, or a link that is not followed.
struct FileObject {
  enum class Kind { group, dataset, link };
  std::string path;  ///< "/users/factors"
  Kind kind = Kind::group;
  std::string type;          ///< of a dataset's values: "float32", "int64", "string", ...; of a link: where it points
  std::vector<Index> shape;  ///< of a dataset; empty for one value
  Index stored_bytes = 0;    ///< that a dataset's values take in the file
  std::vector<FileAttribute> attributes;

  [[nodiscard]] const AttributeValue* attribute(const std::string& name) const;
};

struct FileDescription {
  Index file_bytes = 0;
  std::vector<FileObject> objects;  ///< the root group first, then every object once, by path

  [[nodiscard]] const FileObject* find(const std::string& path) const;
};

/// Reads the structure of `path` on this rank alone; soft and external links are listed and never followed. Throws
/// Error: no_input where there is no such file, bad_data where it is not HDF5 or is damaged.
[[nodiscard]] FileDescription describe_file(const std::string& path);

}  // namespace rankwise
