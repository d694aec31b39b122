#pragma once
// Log files for the tests of readers.

#include <fstream>
#include <string>
#include <string_view>
#include <vector>
#include <zlib.h>

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

}  // namespace rankwise
