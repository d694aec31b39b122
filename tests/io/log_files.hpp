#pragma once
// Log files for the tests of readers.

#include <array>
#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>
#include <zlib.h>
#include <zstd.h>

#include "tests/io/shared_folder.hpp"

namespace rankwise {

/// The root writes `content` to `name` in the folder; its path. Collective over comm.
inline std::string write_log(const Communicator& comm, const SharedFolder& folder, const std::string& name,
                             std::string_view content) {
  const std::string path = folder.file(name);
  if (comm.is_root()) std::ofstream(path, std::ios::binary).write(content.data(), std::ssize(content));
  comm.barrier();
  return path;
}

/// `content` as one gzip member.
inline std::string gzipped(std::string_view content) {
  z_stream stream{};
  deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::vector<Bytef> input(content.begin(), content.end());
  std::string result(deflateBound(&stream, input.size()), '\0');
  stream.next_in = input.data();
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  deflate(&stream, Z_FINISH);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  return result;
}

/// `content` in blocks of gzip with their sizes in front (BGZF), of `block_bytes` of text each.
inline std::string block_gzipped(std::string_view content, std::size_t block_bytes) {
  std::string result;
  for (std::size_t begin = 0; begin <= content.size(); begin += block_bytes) {  // the last one may be empty
    const std::string member = gzipped(content.substr(begin, block_bytes));
    const std::size_t size = member.size() + 8 - 1;  // XLEN, and the field with the block's size
    std::string block = member.substr(0, 10) + std::string("\6\0BC\2\0", 6);
    block[3] = 4;
    block += static_cast<char>(size & 0xFF);
    block += static_cast<char>(size >> 8);
    result += block + member.substr(10);
  }
  return result;
}

/// `content` as one zstd frame.
inline std::string zstd_packed(std::string_view content) {
  std::string result(ZSTD_compressBound(content.size()), '\0');
  result.resize(ZSTD_compress(result.data(), result.size(), content.data(), content.size(), 3));
  return result;
}

/// `content`, which is UTF-8, as UTF-16 with a byte order mark.
inline std::string utf16(std::string_view content, bool big_endian) {
  std::string result;
  const auto put = [&](std::uint32_t unit) {
    const std::array<char, 2> bytes{static_cast<char>(unit >> 8), static_cast<char>(unit & 0xFF)};
    result += bytes[big_endian ? 0 : 1];
    result += bytes[big_endian ? 1 : 0];
  };
  put(0xFEFF);
  for (std::size_t i = 0; i < content.size();) {
    const auto lead = static_cast<unsigned char>(content[i]);
    const int bytes = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    std::uint32_t sign = bytes == 1 ? lead : lead & (0x7FU >> bytes);
    for (int k = 1; k < bytes; ++k)
      sign = sign << 6 | (static_cast<unsigned char>(content[i + static_cast<std::size_t>(k)]) & 0x3FU);
    i += static_cast<std::size_t>(bytes);
    if (sign >= 0x10000) {
      put(0xD800 + ((sign - 0x10000) >> 10));
      put(0xDC00 + ((sign - 0x10000) & 0x3FF));
    } else {
      put(sign);
    }
  }
  return result;
}

}  // namespace rankwise
