#pragma once
// Changes of a sound HDF5 file through HDF5 itself, as bytes tell: what comes out is sound HDF5 again, checksums and
// all, and may be anything else.

#include <span>
#include <string>
#include <vector>

#include "io/hdf5/describe_file.hpp"

namespace rankwise::fuzz {

/// Numbers taken from bytes, one after the other; 0 behind their end.
class Script {
 public:
  explicit Script(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  [[nodiscard]] bool is_over() const { return bytes_.empty(); }
  std::uint8_t take() {
    if (bytes_.empty()) return 0;
    const std::uint8_t byte = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return byte;
  }
  /// One of `choices`, which are not empty.
  template <class Choices>
  const auto& choose(const Choices& choices) {
    return choices[take() % std::size(choices)];
  }

 private:
  std::span<const std::uint8_t> bytes_;
};

/// Edits the file at `path`, which has these objects, until the script is over (eight times at most). An edit that HDF5
/// refuses changes nothing.
void edit_file(const std::string& path, const std::vector<FileObject>& objects, Script& script);

}  // namespace rankwise::fuzz
