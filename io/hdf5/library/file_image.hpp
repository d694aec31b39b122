#pragma once
// Some bytes of a file that is yet to be written, and where they belong.

#include <map>
#include <string>
#include <string_view>

#include "kernels/base/types.hpp"

namespace rankwise {

class FileImage {
 public:
  /// Later bytes replace earlier ones in the same place.
  void write(Index first_byte, std::string_view bytes);
  /// What stands there: zeros where nothing was written.
  void read(Index first_byte, Index size, char* out) const;

  /// Pieces by their first byte, apart from each other.
  [[nodiscard]] const std::map<Index, std::string>& pieces() const { return pieces_; }

  Index size_bytes = 0;  ///< of the whole file

 private:
  std::map<Index, std::string> pieces_;
};

}  // namespace rankwise
