#include "io/arrays/id_array.hpp"

#include <algorithm>
#include <cstdint>
#include <fmt/format.h>
#include <span>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "kernels/base/error.hpp"
#include "kernels/text/utf8.hpp"

namespace rankwise {

namespace {

constexpr Index id_block_rows = Index{1} << 14;
constexpr Index block_bytes = Index{64} << 20;

/// The value of one well-formed sign.
std::uint32_t code_point(std::string_view sign) {
  const auto byte = [sign](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(sign[i])); };
  if (sign.size() == 1) return byte(0);
  std::uint32_t code = byte(0) & (0xffU >> (sign.size() + 1));
  for (std::size_t i = 1; i < sign.size(); ++i) code = (code << 6U) | (byte(i) & 0x3fU);
  return code;
}

/// Throws Error(bad_data) for text that is not UTF-8.
std::vector<std::uint32_t> code_points(std::string_view text, const std::string& what) {
  std::vector<std::uint32_t> codes;
  while (!text.empty()) {
    const std::size_t size = utf8_bytes(text);
    if (size == 0) throw Error(ExitCode::bad_data, fmt::format("{}: an id is not UTF-8; expected ids in UTF-8", what));
    codes.push_back(code_point(text.substr(0, size)));
    text.remove_prefix(size);
  }
  return codes;
}

/// Signs of the longest text of all ranks; at least 1, as NumPy has no narrower ones. Collective.
Index widest(const Communicator& comm, RowRange mine, const std::function<Ids(RowRange)>& read,
             const std::string& what) {
  Index width = 1;
  for_row_blocks(comm, mine, id_block_rows, [&](RowRange rows) {
    const Ids ids = read(rows);
    agree_on(comm, [&] {
      for (const std::string& text : std::get<std::vector<std::string>>(ids)) {
        width = std::max(width, std::ssize(code_points(text, what)));
      }
    });
  });
  return comm.max(width);
}

std::string text_bytes(const std::vector<std::string>& texts, Index width, const std::string& what) {
  std::vector<std::uint32_t> all;
  all.reserve(texts.size() * static_cast<std::size_t>(width));
  for (const std::string& text : texts) {
    std::vector<std::uint32_t> codes = code_points(text, what);
    codes.resize(static_cast<std::size_t>(width));
    all.insert(all.end(), codes.begin(), codes.end());
  }
  return std::string(bytes_of(std::span<const std::uint32_t>(all)));
}

}  // namespace

SharedArray id_array(const Communicator& comm, std::string name, Index rows, const std::function<Ids(RowRange)>& read,
                     const std::string& what) {
  const RowRange mine = rows_of_rank(comm, rows);
  SharedArray array{.name = std::move(name), .type = "<i8", .shape = {rows}, .row_bytes = 8, .mine = mine, .give = {}};
  if (std::holds_alternative<std::vector<std::int64_t>>(read({mine.begin, mine.begin}))) {
    array.give = [&comm, mine, read](const TakeBytes& take) {
      for_row_blocks(comm, mine, id_block_rows, [&](RowRange block) {
        const Ids ids = read(block);
        take(bytes_of(std::span<const std::int64_t>(std::get<std::vector<std::int64_t>>(ids))));
      });
    };
    return array;
  }
  const Index width = widest(comm, mine, read, what);
  array.type = fmt::format("<U{}", width);
  array.row_bytes = 4 * width;
  array.give = [&comm, mine, read, width, what](const TakeBytes& take) {
    const Index rows_at_a_time = std::clamp<Index>(block_bytes / (4 * width), 1, id_block_rows);
    for_row_blocks(comm, mine, rows_at_a_time, [&](RowRange block) {
      const Ids ids = read(block);
      take(agree_on(comm, [&] { return text_bytes(std::get<std::vector<std::string>>(ids), width, what); }));
    });
  };
  return array;
}

}  // namespace rankwise
