#pragma once
// Numbers in the lines of a scheduler's folder.

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace rankwise::slurm {

/// The number from 0 to `most` that `word` is, to its end; else nothing.
[[nodiscard]] inline std::optional<std::int64_t> number_of(std::string_view word, std::int64_t most) {
  std::int64_t number = 0;
  const auto [end, fault] = std::from_chars(word.data(), word.data() + word.size(), number);
  const bool is_number = fault == std::errc() && end == word.data() + word.size();
  return is_number && number >= 0 && number <= most ? std::optional(number) : std::nullopt;
}

/// Beyond any time in seconds since 1970.
inline constexpr std::int64_t most_seconds = 1'000'000'000'000;

}  // namespace rankwise::slurm
