#pragma once
// What stands in front of an array that numpy wrote: its type of numbers and its shape.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/base/types.hpp"

namespace rankwise {

/// Where the header is, by the first bytes of an array.
struct NpyFront {
  Index header_begin = 0;
  Index header_bytes = 0;
};
inline constexpr std::size_t npy_front_bytes = 12;

/// Of `first_bytes`, at least npy_front_bytes of an array of format version 1, 2 or 3. Throws Error(bad_data) without
/// the file's name.
[[nodiscard]] NpyFront npy_front(std::string_view first_bytes);

/// Throws Error(bad_data) without the file's name.
[[noreturn]] void refuse_array(const std::string& reason);

/// What the header, a Python dictionary, says.
struct NpyHeader {
  std::string descr;
  bool fortran_order = false;
  std::vector<Index> shape;
  Index data_begin = 0;  ///< for who knows it
};

/// Throws Error(bad_data) without the file's name.
[[nodiscard]] NpyHeader parse_npy_header(std::string_view text);

/// A type of numbers as numpy names it, without the byte order.
struct NpyNumbers {
  std::string_view name;
  Index bytes;
  void (*decode)(std::span<const char> bytes, std::span<double> values);
};

/// float32, float64 or integers, little-endian; throws Error(bad_data), without the file's name, for any other type.
[[nodiscard]] const NpyNumbers& npy_numbers(const std::string& descr);

}  // namespace rankwise
