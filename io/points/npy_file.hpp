#pragma once
// NumPy's .npy files: one matrix of numbers.

#include <memory>
#include <span>
#include <string>

#include "io/files/input_file.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// A file of format version 1, 2 or 3 that holds a two-dimensional array of float32, float64 or integers, little-endian
/// and in C order. Not collective: each rank reads its own rows by their offset. Every member throws Error (no_input,
/// bad_data, io_error) that names the file; io_error also if the file changes. The header is checked against the size
/// of the file.
class NpyFile {
 public:
  explicit NpyFile(std::string path);
  /// Of the file at `path`, which is open already.
  NpyFile(std::string path, std::shared_ptr<const InputFile> file);

  [[nodiscard]] const FileVersion& version() const { return file_->version(); }
  [[nodiscard]] Index rows() const { return rows_; }
  [[nodiscard]] Index columns() const { return columns_; }
  /// `rows` into `out`, row-major, rows.size() * columns() values.
  void read_rows(RowRange rows, std::span<double> out) const;

 private:
  void parse_header();

  std::string path_;
  std::shared_ptr<const InputFile> file_;
  Index data_begin_ = 0;
  Index rows_ = 0;
  Index columns_ = 0;
  Index element_bytes_ = 0;
  void (*decode_)(std::span<const char> bytes, std::span<double> values) = nullptr;
};

}  // namespace rankwise
