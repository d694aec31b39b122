#include "io/matrices/zip_file.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <limits>
#include <optional>
#include <zlib.h>

#include "kernels/base/error.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

namespace {

constexpr Index end_bytes = 22;          // of the record at the end of the file, without its comment
constexpr Index locator_bytes = 20;      // of ZIP64, in front of it
constexpr Index end64_bytes = 56;        // the record that the locator names
constexpr std::size_t entry_bytes = 46;  // of a member in the directory, without its texts
constexpr std::size_t local_bytes = 30;  // in front of a member's bytes, without its texts
constexpr Index most_directory_bytes = Index{1} << 24;
constexpr std::size_t piece_bytes = std::size_t{1} << 16;

[[noreturn]] void refuse(const std::string& reason) {
  throw Error(ExitCode::bad_data, reason);
}

Index number_at(std::string_view bytes, std::size_t place, std::size_t size) {
  if (place + size > bytes.size()) refuse("its zip directory ends early");
  std::uint64_t number = 0;
  for (std::size_t i = size; i-- > 0;) number = number << 8 | static_cast<unsigned char>(bytes[place + i]);
  if (number > static_cast<std::uint64_t>(std::numeric_limits<Index>::max())) refuse("its zip directory is damaged");
  return static_cast<Index>(number);
}

std::string bytes_at(const InputFile& file, Index offset, Index size) {
  if (offset < 0 || size < 0 || offset > file.version().bytes || size > file.version().bytes - offset) {
    refuse("its zip directory points outside of the file");
  }
  std::string bytes(static_cast<std::size_t>(size), '\0');
  for (std::size_t filled = 0; filled < bytes.size();) {
    const std::size_t got =
        file.read_at(offset + static_cast<Index>(filled), bytes.data() + filled, bytes.size() - filled);
    if (got == 0) refuse("the file ends early");
    filled += got;
  }
  return bytes;
}

struct Directory {
  Index begin = 0;
  Index bytes = 0;
};

Directory find_directory(const InputFile& file) {
  constexpr Index most_comment_bytes = 0xFFFF;
  const Index file_bytes = file.version().bytes;
  const Index tail_begin = std::max<Index>(0, file_bytes - end_bytes - most_comment_bytes - locator_bytes);
  const std::string tail = bytes_at(file, tail_begin, file_bytes - tail_begin);
  const std::size_t end = tail.rfind("PK\5\6");
  if (end == std::string::npos) refuse("is a zip file without a directory; was it copied whole?");
  Directory directory{.begin = number_at(tail, end + 16, 4), .bytes = number_at(tail, end + 12, 4)};
  const bool has_locator = end >= locator_bytes && tail.compare(end - locator_bytes, 4, "PK\6\7") == 0;
  if (has_locator) {
    const std::string end64 = bytes_at(file, number_at(tail, end - locator_bytes + 8, 8), end64_bytes);
    if (!end64.starts_with("PK\6\6")) refuse("its zip directory is damaged");
    directory = {.begin = number_at(end64, 48, 8), .bytes = number_at(end64, 40, 8)};
  }
  if (directory.bytes > most_directory_bytes) refuse("its zip directory is too large for a matrix");
  return directory;
}

/// Sizes and place that do not fit 32 bits are in an extra field, in this order.
void take_zip64(std::string_view extra, ZipMember& member) {
  constexpr Index elsewhere = 0xFFFFFFFF;
  constexpr Index zip64 = 1;
  while (extra.size() >= 4) {
    const Index kind = number_at(extra, 0, 2);
    const auto size = static_cast<std::size_t>(number_at(extra, 2, 2));
    const std::string_view field = extra.substr(4, size);
    if (kind == zip64) {
      std::size_t place = 0;
      for (Index* const number : {&member.bytes, &member.stored_bytes, &member.header_begin}) {
        if (*number != elsewhere) continue;
        *number = number_at(field, place, 8);
        place += 8;
      }
    }
    extra.remove_prefix(std::min(extra.size(), 4 + size));
  }
}

}  // namespace

ZipFile::ZipFile(const std::string& path) : file_(std::make_shared<const InputFile>(path)) {
  const Directory directory = find_directory(*file_);
  const std::string bytes = bytes_at(*file_, directory.begin, directory.bytes);
  for (std::string_view rest = bytes; rest.starts_with("PK\1\2");) {
    ZipMember member{.name = {},
                     .stored_bytes = number_at(rest, 20, 4),
                     .bytes = number_at(rest, 24, 4),
                     .header_begin = number_at(rest, 42, 4),
                     .crc = static_cast<std::uint32_t>(number_at(rest, 16, 4)),
                     .method = static_cast<int>(number_at(rest, 10, 2))};
    const auto name_bytes = static_cast<std::size_t>(number_at(rest, 28, 2));
    const auto extra_bytes = static_cast<std::size_t>(number_at(rest, 30, 2));
    const auto comment_bytes = static_cast<std::size_t>(number_at(rest, 32, 2));
    const std::size_t size = entry_bytes + name_bytes + extra_bytes + comment_bytes;
    if (size > rest.size()) refuse("its zip directory ends early");
    member.name = rest.substr(entry_bytes, name_bytes);
    take_zip64(rest.substr(entry_bytes + name_bytes, extra_bytes), member);
    members_.push_back(std::move(member));
    rest.remove_prefix(size);
  }
}

const ZipMember* ZipFile::find(std::string_view name) const {
  const auto found = std::ranges::find(members_, name, &ZipMember::name);
  return found == members_.end() ? nullptr : &*found;
}

struct ZipMemberReader::Inflation {
  z_stream stream{};
  std::array<char, piece_bytes> stored{};

  Inflation() {
    constexpr int raw_window_bits = -15;  // no wrapper
    if (inflateInit2(&stream, raw_window_bits) != Z_OK) throw Error(ExitCode::internal, "zlib does not start");
  }
  ~Inflation() { inflateEnd(&stream); }
  Inflation(const Inflation&) = delete;
  Inflation& operator=(const Inflation&) = delete;
};

ZipMemberReader::ZipMemberReader(std::shared_ptr<const InputFile> file, const ZipMember& member)
    : file_(std::move(file)), member_(member), stored_left_(member.stored_bytes), bytes_left_(member.bytes) {
  const std::string local = bytes_at(*file_, member_.header_begin, static_cast<Index>(local_bytes));
  if (!local.starts_with("PK\3\4")) refuse("its zip directory points to no member");
  if ((number_at(local, 6, 2) & 1) != 0) refuse("is encrypted");
  place_ = member_.header_begin + static_cast<Index>(local_bytes) + number_at(local, 26, 2) + number_at(local, 28, 2);
  if (place_ > file_->version().bytes || stored_left_ > file_->version().bytes - place_) refuse("the file ends early");
  if (member_.method == 0 && member_.bytes != member_.stored_bytes) refuse("its zip directory is damaged");
  if (member_.method == 8) {
    inflation_ = std::make_unique<Inflation>();
  } else if (member_.method != 0) {
    refuse(fmt::format("is packed by method {} of zip; expected stored or deflated members", member_.method));
  }
}

ZipMemberReader::~ZipMemberReader() = default;

/// At least one byte.
std::size_t ZipMemberReader::read_some(char* to, std::size_t size) {
  const auto take = [&](char* place, std::size_t most) {
    const auto wanted = static_cast<std::size_t>(std::min(static_cast<Index>(most), stored_left_));
    const std::size_t got = wanted == 0 ? 0 : file_->read_at(place_, place, wanted);
    place_ += static_cast<Index>(got);
    stored_left_ -= static_cast<Index>(got);
    return got;
  };
  if (!inflation_) {
    const std::size_t got = take(to, size);
    if (got == 0) refuse("ends early");
    return got;
  }
  z_stream& stream = inflation_->stream;
  stream.next_out = reinterpret_cast<Bytef*>(to);
  stream.avail_out = static_cast<uInt>(size);
  while (stream.avail_out == size) {
    if (stream.avail_in == 0) {
      stream.avail_in = static_cast<uInt>(take(inflation_->stored.data(), inflation_->stored.size()));
      stream.next_in = reinterpret_cast<Bytef*>(inflation_->stored.data());
    }
    const int status = inflate(&stream, Z_NO_FLUSH);
    const bool is_stuck = stream.avail_out == size && stream.avail_in == 0 && stored_left_ == 0;
    if (status != Z_OK && status != Z_STREAM_END) refuse("is damaged: zlib cannot inflate it");
    if (is_stuck || (status == Z_STREAM_END && stream.avail_out == size)) refuse("ends early");
  }
  return size - stream.avail_out;
}

void ZipMemberReader::read(char* to, std::size_t size) {
  if (static_cast<Index>(size) > bytes_left_) refuse("ends early");
  for (std::size_t filled = 0; filled < size;) {
    const std::size_t got = read_some(to + filled, std::min(size - filled, piece_bytes));
    crc_ = static_cast<std::uint32_t>(crc32(crc_, reinterpret_cast<const Bytef*>(to + filled), static_cast<uInt>(got)));
    filled += got;
    bytes_left_ -= static_cast<Index>(got);
  }
}

void ZipMemberReader::skip(Index bytes) {
  if (bytes > bytes_left_) refuse("ends early");
  std::string piece(piece_bytes, '\0');
  for (Index left = bytes; left > 0;) {
    const Index some = std::min(left, static_cast<Index>(piece_bytes));
    read(piece.data(), static_cast<std::size_t>(some));
    left -= some;
  }
}

void ZipMemberReader::pass_over(Index bytes) {
  if (!is_stored() || bytes > bytes_left_) refuse("ends early");
  place_ += bytes;
  stored_left_ -= bytes;
  bytes_left_ -= bytes;
}

void ZipMemberReader::finish() {
  skip(bytes_left_);
  if (crc_ != member_.crc) refuse("is damaged: its checksum differs");
  file_->check_unchanged();
}

}  // namespace rankwise
