#pragma once
// Arrays in NumPy's .npz files.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/matrices/zip_file.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Checksum of successive bytes of an array's values.
struct NpzPiece {
  std::uint32_t crc = 0;
  Index bytes = 0;
};

/// Arrays are named without ".npy". Every member throws Error (no_input, bad_data, io_error) that names the file and
/// the array. Not collective. An array is read through to its end whatever part of it is wanted, and its checksum
/// compared; but for part().
class NpzFile {
 public:
  explicit NpzFile(std::string path);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] bool has(const std::string& array) const { return zip_.find(array + ".npy") != nullptr; }
  /// Values of an array of numbers of one dimension.
  [[nodiscard]] Index size(const std::string& array) const;
  /// Its values [range.begin, range.end).
  [[nodiscard]] std::vector<double> numbers(const std::string& array, RowRange range) const;
  /// The same for one of several readers, whose ranges are together the whole array. Of a stored array it reads the
  /// range alone, whose piece then goes to check_pieces(); of a deflated one all, and there is no piece.
  struct Part {
    std::vector<double> values;
    std::optional<NpzPiece> piece;
  };
  [[nodiscard]] Part part(const std::string& array, RowRange range) const;
  /// Compares the array's checksum with that of these pieces, which are in their order.
  void check_pieces(const std::string& array, std::span<const NpzPiece> pieces) const;
  /// The ASCII text of an array that holds a single one (numpy's types S and U).
  [[nodiscard]] std::string text(const std::string& array) const;

 private:
  template <class Step>
  auto with_array(const std::string& array, const Step& step) const;

  std::string path_;
  ZipFile zip_;
};

}  // namespace rankwise
