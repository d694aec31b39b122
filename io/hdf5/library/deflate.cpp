#include "io/hdf5/library/deflate.hpp"

#include <zlib.h>

#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

std::string shuffled(std::string_view bytes, std::size_t element_bytes) {
  const std::size_t elements = bytes.size() / element_bytes;
  std::string result(bytes.size(), '\0');
  char* out = result.data();
  for (std::size_t place = 0; place < element_bytes; ++place) {
    for (std::size_t e = 0; e < elements; ++e) *out++ = bytes[e * element_bytes + place];
  }
  return result;
}

}  // namespace

std::string shuffled_and_deflated(std::string_view bytes, std::size_t element_bytes, int level) {
  const std::string ready = shuffled(bytes, element_bytes);
  uLongf size = compressBound(ready.size());
  std::string packed(size, '\0');
  const int status = compress2(reinterpret_cast<Bytef*>(packed.data()), &size,
                               reinterpret_cast<const Bytef*>(ready.data()), ready.size(), level);
  if (status != Z_OK) throw Error(ExitCode::internal, "zlib cannot deflate");
  packed.resize(size);
  packed.shrink_to_fit();
  return packed;
}

}  // namespace rankwise
