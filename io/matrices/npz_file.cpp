#include "io/matrices/npz_file.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <span>
#include <string_view>
#include <zlib.h>

#include "io/points/npy_header.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

namespace {

ZipFile open_zip(const std::string& path) {
  try {
    return ZipFile(path);
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{}: {}", path, error.what()));
  }
}

/// The header of the array, at whose first value the reader then is.
NpyHeader read_header(ZipMemberReader& reader) {
  std::string front(npy_front_bytes, '\0');
  reader.read(front.data(), front.size());
  const NpyFront lengths = npy_front(front);
  std::string text = front.substr(static_cast<std::size_t>(lengths.header_begin));
  const auto known = static_cast<Index>(text.size());
  if (lengths.header_bytes < known) throw Error(ExitCode::bad_data, "its header is not one that numpy writes");
  text.resize(static_cast<std::size_t>(lengths.header_bytes));
  reader.read(text.data() + known, static_cast<std::size_t>(lengths.header_bytes - known));
  NpyHeader header = parse_npy_header(text);
  header.data_begin = lengths.header_begin + lengths.header_bytes;
  return header;
}

/// Checks that the array is a row of numbers that the member has room for.
const NpyNumbers& numbers_of(const NpyHeader& header, const ZipMember& member) {
  const NpyNumbers& numbers = npy_numbers(header.descr);
  if (header.shape.size() != 1) {
    throw Error(ExitCode::bad_data, fmt::format("has {} dimensions, expected 1", header.shape.size()));
  }
  const Index data_bytes = member.bytes - header.data_begin;
  if (data_bytes % numbers.bytes != 0 || data_bytes / numbers.bytes != header.shape.front()) {
    throw Error(ExitCode::bad_data, fmt::format("claims {} numbers of {} bytes, but holds {} bytes of data",
                                                header.shape.front(), numbers.bytes, data_bytes));
  }
  return numbers;
}

}  // namespace

NpzFile::NpzFile(std::string path) : path_(std::move(path)), zip_(open_zip(path_)) {}

template <class Step>
auto NpzFile::with_array(const std::string& array, const Step& step) const {
  try {
    const ZipMember* const member = zip_.find(array + ".npy");
    if (member == nullptr) throw Error(ExitCode::bad_data, "is not in the file");
    ZipMemberReader reader(zip_.file(), *member);
    const NpyHeader header = read_header(reader);
    return step(reader, header, *member);
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{}: array {}: {}", path_, array, error.what()));
  }
}

Index NpzFile::size(const std::string& array) const {
  return with_array(array, [](ZipMemberReader&, const NpyHeader& header, const ZipMember& member) {
    static_cast<void>(numbers_of(header, member));
    return header.shape.front();
  });
}

namespace {

/// The checked type of the array, which must have the range.
const NpyNumbers& numbers_of(const NpyHeader& header, const ZipMember& member, RowRange range) {
  const NpyNumbers& type = numbers_of(header, member);
  if (range.begin < 0 || range.end < range.begin || range.end > header.shape.front()) {
    throw Error(ExitCode::bad_data,
                fmt::format("holds {} values, expected {} at least", header.shape.front(), range.end));
  }
  return type;
}

/// The next values. Calls `seen` with their bytes.
template <class Seen>
std::vector<double> next_values(ZipMemberReader& reader, const NpyNumbers& type, Index count, const Seen& seen) {
  constexpr Index piece = Index{1} << 16;
  std::vector<double> values;
  std::string bytes;
  for (Index begin = 0; begin < count; begin += piece) {
    const Index some = std::min(piece, count - begin);
    bytes.resize(static_cast<std::size_t>(some * type.bytes));
    reader.read(bytes.data(), bytes.size());
    seen(bytes);
    values.resize(values.size() + static_cast<std::size_t>(some));
    type.decode(bytes, std::span(values).last(static_cast<std::size_t>(some)));
  }
  return values;
}

std::uint32_t crc_of(std::uint32_t before, const std::string& bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(before, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<z_size_t>(bytes.size())));
}

}  // namespace

std::vector<double> NpzFile::numbers(const std::string& array, RowRange range) const {
  return with_array(array, [range](ZipMemberReader& reader, const NpyHeader& header, const ZipMember& member) {
    const NpyNumbers& type = numbers_of(header, member, range);
    reader.skip(range.begin * type.bytes);
    std::vector<double> values = next_values(reader, type, range.size(), [](const std::string&) {});
    reader.finish();
    return values;
  });
}

NpzFile::Part NpzFile::part(const std::string& array, RowRange range) const {
  if (const ZipMember* member = zip_.find(array + ".npy"); member == nullptr || member->method != 0) {
    return {numbers(array, range), std::nullopt};
  }
  return with_array(array, [&](ZipMemberReader& reader, const NpyHeader& header, const ZipMember& member) {
    const NpyNumbers& type = numbers_of(header, member, range);
    NpzPiece piece{.bytes = range.size() * type.bytes};
    reader.pass_over(range.begin * type.bytes);
    std::vector<double> values = next_values(reader, type, range.size(),
                                             [&](const std::string& bytes) { piece.crc = crc_of(piece.crc, bytes); });
    zip_.file()->check_unchanged();
    return Part{std::move(values), piece};
  });
}

void NpzFile::check_pieces(const std::string& array, std::span<const NpzPiece> pieces) const {
  with_array(array, [&](ZipMemberReader& reader, const NpyHeader&, const ZipMember& member) {
    std::uint32_t crc = reader.crc();  // of the header
    for (const NpzPiece& piece : pieces) {
      crc = static_cast<std::uint32_t>(crc32_combine(crc, piece.crc, static_cast<z_off_t>(piece.bytes)));
    }
    if (crc != member.crc) throw Error(ExitCode::bad_data, "is damaged: its checksum differs");
  });
}

std::string NpzFile::text(const std::string& array) const {
  return with_array(array, [](ZipMemberReader& reader, const NpyHeader& header, const ZipMember& member) {
    constexpr Index most_bytes = 256;
    const bool is_text = header.descr.size() > 2 && (header.descr[1] == 'S' || header.descr[1] == 'U');
    const Index bytes = member.bytes - header.data_begin;
    if (!is_text || !header.shape.empty() || bytes > most_bytes) throw Error(ExitCode::bad_data, "is no single text");
    std::string text(static_cast<std::size_t>(bytes), '\0');
    reader.read(text.data(), text.size());
    reader.finish();
    std::erase(text, '\0');  // what pads it, and the upper bytes of the signs of U
    return text;
  });
}

}  // namespace rankwise
