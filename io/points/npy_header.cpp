#include "io/points/npy_header.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <fmt/format.h>
#include <utility>

#include "kernels/base/error.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

static_assert(std::endian::native == std::endian::little, "values are copied as they stand in the file");

namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr Index most_header_bytes = Index{1} << 16;  // numpy itself pads to a multiple of 64

template <class T>
void decode(std::span<const char> bytes, std::span<double> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    T value;
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    values[i] = static_cast<double>(value);
  }
}

constexpr std::array<NpyNumbers, 10> number_types{{{"f4", 4, decode<float>},
                                                   {"f8", 8, decode<double>},
                                                   {"i1", 1, decode<std::int8_t>},
                                                   {"i2", 2, decode<std::int16_t>},
                                                   {"i4", 4, decode<std::int32_t>},
                                                   {"i8", 8, decode<std::int64_t>},
                                                   {"u1", 1, decode<std::uint8_t>},
                                                   {"u2", 2, decode<std::uint16_t>},
                                                   {"u4", 4, decode<std::uint32_t>},
                                                   {"u8", 8, decode<std::uint64_t>}}};

/// Reads {'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), } from the front of a text.
class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : text_(text) {}

  NpyHeader parse() {
    NpyHeader header;
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
        refuse_array(fmt::format("its header has the unknown key {}", shown(key)));
      }
      ++seen;
      if (!take(',') && !at('}')) malformed();
    }
    if (seen != 3 || header.descr.empty()) malformed();
    return header;
  }

 private:
  [[noreturn]] static void malformed() { refuse_array("its header is not one that numpy writes"); }

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
    if (at('[')) refuse_array("holds records, expected float32, float64 or integers");
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
      if (status == std::errc::result_out_of_range) refuse_array("its header claims more than 2^63 rows or columns");
      if (status != std::errc()) malformed();
      if (extent < 0) refuse_array(fmt::format("its header claims a size of {}", extent));
      extents.push_back(extent);
      text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
      if (!take(',') && !at(')')) malformed();
    }
    return extents;
  }

  std::string_view text_;
};

}  // namespace

void refuse_array(const std::string& reason) {
  throw Error(ExitCode::bad_data, reason);
}

NpyFront npy_front(std::string_view first_bytes) {
  if (!first_bytes.starts_with(magic)) refuse_array("is not a .npy file");
  if (first_bytes.size() < npy_front_bytes) refuse_array("the file ends early");
  const int version = first_bytes[6];
  if (version < 1 || version > 3) refuse_array(fmt::format("has .npy version {}, expected 1, 2 or 3", version));
  // Version 1 has 2 bytes for the length of its header, later ones 4.
  const Index length_bytes = version == 1 ? 2 : 4;
  std::uint32_t header_bytes = 0;
  std::memcpy(&header_bytes, first_bytes.data() + 8, static_cast<std::size_t>(length_bytes));
  if (header_bytes > most_header_bytes) refuse_array(fmt::format("claims a header of {} bytes", header_bytes));
  return {8 + length_bytes, header_bytes};
}

NpyHeader parse_npy_header(std::string_view text) {
  return HeaderParser(text).parse();
}

const NpyNumbers& npy_numbers(const std::string& descr) {
  for (const NpyNumbers& type : number_types) {
    if (descr.size() != 3 || !descr.ends_with(type.name)) continue;
    if (descr[0] == '>')
      refuse_array(fmt::format("holds big-endian numbers ({}), expected little-endian ones", shown(descr)));
    if (descr[0] == '<' || (descr[0] == '|' && type.bytes == 1)) return type;
  }
  refuse_array(fmt::format("holds values of type {}, expected float32, float64 or integers", shown(descr)));
}

}  // namespace rankwise
