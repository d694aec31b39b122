#include "io/text/packed_text.hpp"

#include <zlib.h>
#include <zstd.h>

#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

std::string gzip_member(std::string_view text) {
  constexpr int window_bits_of_gzip = 15 + 16;
  constexpr int usual_memory = 8;
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window_bits_of_gzip, usual_memory, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    throw Error(ExitCode::internal, "zlib cannot begin to pack text");
  }
  std::string packed(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));  // zlib only reads it
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int outcome = deflate(&stream, Z_FINISH);
  packed.resize(packed.size() - stream.avail_out);
  deflateEnd(&stream);
  if (outcome != Z_STREAM_END) throw Error(ExitCode::internal, "zlib cannot pack text");
  return packed;
}

std::string zstd_frame(std::string_view text) {
  constexpr int usual_level = 3;
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  const std::size_t bytes = ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), usual_level);
  if (ZSTD_isError(bytes) != 0) throw Error(ExitCode::internal, "zstd cannot pack text");
  packed.resize(bytes);
  return packed;
}

}  // namespace

std::string packed_text(Packing packing, std::string_view text) {
  switch (packing) {
    case Packing::gzip:
      return gzip_member(text);
    case Packing::zstd:
      return zstd_frame(text);
    case Packing::none:
      break;
  }
  return std::string(text);
}

}  // namespace rankwise
