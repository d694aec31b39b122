#include "io/text/missing_values.hpp"

#include <algorithm>

#include "kernels/text/utf8.hpp"

namespace rankwise {

MissingValues::MissingValues(std::string_view words) {
  for (const char first : std::string_view(" \t\n\v\f\r\xC2\xE1\xE2\xE3\xEF")) {  // of the blanks of Unicode
    begins_word_[static_cast<unsigned char>(first)] = true;
  }
  if (words == "none") return;
  while (!words.empty()) {
    const auto comma = words.find(',');
    const std::string_view word = words.substr(0, comma);
    if (!word.empty()) {
      words_.emplace_back(word);
      begins_word_[static_cast<unsigned char>(word.front())] = true;
    }
    if (comma == std::string_view::npos) break;
    words.remove_prefix(comma + 1);
  }
}

bool MissingValues::is_word(std::string_view field) const {
  return std::ranges::find(words_, field) != words_.end() || is_blank_text(field);
}

}  // namespace rankwise
