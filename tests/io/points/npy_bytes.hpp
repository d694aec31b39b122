#pragma once
// .npy files byte by byte, as numpy writes them and as it never would.

#include <cstring>
#include <fmt/format.h>
#include <span>
#include <string>
#include <string_view>

namespace rankwise {

/// Magic, version, header and data. `header` is padded to a multiple of 64 as numpy does.
inline std::string npy_bytes(std::string header, std::string_view data, int version = 1) {
  const std::size_t before = version == 1 ? 10 : 12;
  header += std::string(63 - (before + header.size()) % 64, ' ') + '\n';
  std::string file = "\x93NUMPY";
  file += static_cast<char>(version);
  file += '\0';
  const auto length = static_cast<std::uint32_t>(header.size());
  char bytes[4];
  std::memcpy(bytes, &length, 4);
  file.append(bytes, version == 1 ? 2 : 4);
  return file + header + std::string(data);
}

inline std::string npy_header(std::string_view descr, std::string_view shape, std::string_view fortran = "False") {
  return fmt::format("{{'descr': '{}', 'fortran_order': {}, 'shape': ({}), }}", descr, fortran, shape);
}

template <class T>
std::string bytes_of(std::initializer_list<T> values) {
  const std::span<const T> span(values.begin(), values.size());
  return {reinterpret_cast<const char*>(span.data()), span.size_bytes()};
}

}  // namespace rankwise
