#include "io/points/npy_file.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <fmt/format.h>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "kernels/base/error.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

static_assert(std::endian::native == std::endian::little, "values are copied as they stand in the file");

namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr Index most_header_bytes = Index{1} << 16;  // numpy itself pads to a multiple of 64

[[noreturn]] void refuse(const std::string& reason) {
  throw Error(ExitCode::bad_data, reason);
}

/// Exactly bytes [offset, offset + size) of the file.
std::vector<char> read_bytes(const InputFile& file, Index offset, Index size) {
  std::vector<char> bytes(static_cast<std::size_t>(size));
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const std::size_t got =
        file.read_at(offset + static_cast<Index>(filled), bytes.data() + filled, bytes.size() - filled);
    if (got == 0) refuse("the file ends early");
    filled += got;
  }
  return bytes;
}

/// Runs `step`, whose errors do not name the file, with the file's name in front of them.
template <class Step>
void naming(const std::string& path, Step&& step) {
  try {
    step();
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{}: {}", path, error.what()));
  }
}

template <class T>
void decode(std::span<const char> bytes, std::span<double> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    T value;
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    values[i] = static_cast<double>(value);
  }
}

/// A type of numbers as numpy names it, without the byte order.
struct NumberType {
  std::string_view name;
  Index bytes;
  void (*decode)(std::span<const char> bytes, std::span<double> values);
};

constexpr std::array<NumberType, 10> number_types{{{"f4", 4, decode<float>},
                                                   {"f8", 8, decode<double>},
                                                   {"i1", 1, decode<std::int8_t>},
                                                   {"i2", 2, decode<std::int16_t>},
                                                   {"i4", 4, decode<std::int32_t>},
                                                   {"i8", 8, decode<std::int64_t>},
                                                   {"u1", 1, decode<std::uint8_t>},
                                                   {"u2", 2, decode<std::uint16_t>},
                                                   {"u4", 4, decode<std::uint32_t>},
                                                   {"u8", 8, decode<std::uint64_t>}}};

const NumberType& find_number_type(const std::string& descr) {
  for (const NumberType& type : number_types) {
    if (descr.size() != 3 || !descr.ends_with(type.name)) continue;
    if (descr[0] == '>')
      refuse(fmt::format("holds big-endian numbers ({}), expected little-endian ones", shown(descr)));
    if (descr[0] == '<' || (descr[0] == '|' && type.bytes == 1)) return type;
  }
  refuse(fmt::format("holds values of type {}, expected float32, float64 or integers", shown(descr)));
}

/// What the header, a Python dictionary, says.
struct Header {
  std::string descr;
  bool fortran_order = false;
  std::vector<Index> shape;
};

/// Reads {'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), } from the front of a text.
class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : text_(text) {}

  Header parse() {
    Header header;
    int seen = 0;
    expect('{');
    while (!take('}')) {
      const std::string_view key = quoted();
      expect(':');
      if (key == "descr") {
        header.descr = description();
      } else if (key == "fortran_order") {
        header.fortran_order = truth();
      } else if (key == "shape") {
        header.shape = shape();
      } else {
        refuse(fmt::format("its header has the unknown key {}", shown(key)));
      }
      ++seen;
      if (!take(',') && !at('}')) malformed();
    }
    if (seen != 3 || header.descr.empty()) malformed();
    return header;
  }

 private:
  [[noreturn]] static void malformed() { refuse("its header is not one that numpy writes"); }

  /// Whether `c` comes next, after blanks.
  [[nodiscard]] bool at(char c) {
    while (text_.starts_with(' ') || text_.starts_with('\n')) text_.remove_prefix(1);
    return text_.starts_with(c);
  }
  [[nodiscard]] bool take(char c) {
    if (!at(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!take(c)) malformed();
  }
  std::string_view quoted() {
    const char quote = at('"') ? '"' : '\'';
    expect(quote);
    const auto end = text_.find(quote);
    if (end == std::string_view::npos) malformed();
    const std::string_view content = text_.substr(0, end);
    text_.remove_prefix(end + 1);
    return content;
  }
  std::string description() {
    if (at('[')) refuse("holds records, expected float32, float64 or integers");
    return std::string(quoted());
  }
  bool truth() {
    for (const auto& [word, value] : {std::pair<std::string_view, bool>{"True", true}, {"False", false}}) {
      if (!at(word.front()) || !text_.starts_with(word)) continue;
      text_.remove_prefix(word.size());
      return value;
    }
    malformed();
  }
  std::vector<Index> shape() {
    std::vector<Index> extents;
    expect('(');
    while (!take(')')) {
      Index extent = 0;
      const auto [end, status] = std::from_chars(text_.data(), text_.data() + text_.size(), extent);
      if (status == std::errc::result_out_of_range) refuse("its header claims more than 2^63 rows or columns");
      if (status != std::errc()) malformed();
      if (extent < 0) refuse(fmt::format("its header claims a size of {}", extent));
      extents.push_back(extent);
      text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
      if (!take(',') && !at(')')) malformed();
    }
    return extents;
  }

  std::string_view text_;
};

}  // namespace

NpyFile::NpyFile(std::string path) : NpyFile(path, open_named(path)) {}

NpyFile::NpyFile(std::string path, std::shared_ptr<const InputFile> file)
    : path_(std::move(path)), file_(std::move(file)) {
  naming(path_, [&] { parse_header(); });
}

void NpyFile::parse_header() {
  const Index file_bytes = version().bytes;
  const auto begin = read_bytes(*file_, 0, std::min<Index>(file_bytes, 12));
  if (!std::string_view(begin.data(), begin.size()).starts_with(magic)) refuse("is not a .npy file");
  if (begin.size() < 12) refuse("the file ends early");
  const int version = begin[6];
  if (version < 1 || version > 3) refuse(fmt::format("has .npy version {}, expected 1, 2 or 3", version));
  // Version 1 has 2 bytes for the length of its header, later ones 4.
  const Index length_bytes = version == 1 ? 2 : 4;
  std::uint32_t header_bytes = 0;
  std::memcpy(&header_bytes, begin.data() + 8, static_cast<std::size_t>(length_bytes));
  data_begin_ = 8 + length_bytes + header_bytes;
  if (header_bytes > most_header_bytes) refuse(fmt::format("claims a header of {} bytes", header_bytes));
  if (data_begin_ > file_bytes) refuse("the file ends early");

  const auto text = read_bytes(*file_, 8 + length_bytes, header_bytes);
  const Header header = HeaderParser(std::string_view(text.data(), text.size())).parse();
  const NumberType& element = find_number_type(header.descr);
  if (header.shape.size() != 2) {
    refuse(fmt::format("has {} dimension{}, expected 2: rows and columns", header.shape.size(),
                       header.shape.size() == 1 ? "" : "s"));
  }
  if (header.fortran_order) refuse("is in Fortran order, expected C order (numpy.ascontiguousarray)");
  rows_ = header.shape[0];
  columns_ = header.shape[1];
  element_bytes_ = element.bytes;
  decode_ = element.decode;
  // By division: a product of hostile sizes may overflow.
  const Index values = (file_bytes - data_begin_) / element.bytes;
  const bool fits = rows_ == 0 || columns_ == 0 ? file_bytes == data_begin_
                                                : columns_ <= values && rows_ <= values / columns_ &&
                                                      rows_ * columns_ * element.bytes == file_bytes - data_begin_;
  if (!fits) {
    refuse(fmt::format("claims {} x {} numbers of {} bytes, but holds {} bytes of data", rows_, columns_, element.bytes,
                       file_bytes - data_begin_));
  }
}

void NpyFile::read_rows(RowRange rows, std::span<double> out) const {
  naming(path_, [&] {
    const Index row_bytes = columns_ * element_bytes_;
    decode_(read_bytes(*file_, data_begin_ + rows.begin * row_bytes, rows.size() * row_bytes), out);
    file_->check_unchanged();
  });
}

}  // namespace rankwise
