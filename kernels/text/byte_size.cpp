#include "kernels/text/byte_size.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <fmt/format.h>

#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

struct Unit {
  std::string_view name;
  double bytes;
};
constexpr std::array<Unit, 10> units{{{"", 1},
                                      {"B", 1},
                                      {"KiB", 0x1p10},
                                      {"MiB", 0x1p20},
                                      {"GiB", 0x1p30},
                                      {"TiB", 0x1p40},
                                      {"kB", 1e3},
                                      {"MB", 1e6},
                                      {"GB", 1e9},
                                      {"TB", 1e12}}};

}  // namespace

Index parse_bytes(std::string_view option, std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view name = text.substr(static_cast<std::size_t>(end - text.data()));
  while (name.starts_with(' ')) name.remove_prefix(1);
  for (const Unit& unit : units) {
    const double bytes = number * unit.bytes;
    if (error == std::errc() && name == unit.name && bytes >= 1 && bytes < 0x1p62) return std::llround(bytes);
  }
  throw Error(ExitCode::usage, fmt::format("--{} {}: expected a size as in 4GiB, 512MiB or 1.5GB", option, text));
}

std::function<void(const std::string&)> bytes_of(std::string option, Index& target) {
  return [option = std::move(option), &target](const std::string& text) { target = parse_bytes(option, text); };
}

std::string bytes_text(double bytes) {
  constexpr std::array names{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  std::size_t unit = 0;
  while (bytes >= 1024 && unit + 1 < names.size()) {
    bytes /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{:.0f} {}", bytes, names[unit]) : fmt::format("{:.2f} {}", bytes, names[unit]);
}

}  // namespace rankwise
