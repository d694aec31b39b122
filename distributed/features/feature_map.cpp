#include "distributed/features/feature_map.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <numeric>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace rankwise {

namespace {

constexpr std::array<std::string_view, 5> kind_names{"categories", "hashed categories", "number", "words",
                                                     "hashed words"};

bool is_of_word(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
}

char lower_case(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::string_view feature_kind_name(FeatureKind kind) {
  return kind_names[static_cast<std::size_t>(kind)];
}

Index FeatureColumn::values_width() const {
  switch (kind) {
    case FeatureKind::categories:
    case FeatureKind::words:
      return std::ssize(labels);
    case FeatureKind::hashed_categories:
    case FeatureKind::hashed_words:
      return buckets;
    case FeatureKind::number:
      return 1;
  }
  return 0;
}

Index FeatureMap::width() const {
  return first(columns.size());
}

Index FeatureMap::first(std::size_t column) const {
  Index width = 1;
  for (std::size_t c = 0; c < column; ++c) width += columns[c].width();
  return width;
}

std::vector<std::string> FeatureMap::names() const {
  std::vector<std::string> names{"constant"};
  for (const FeatureColumn& column : columns) {
    const bool is_words = column.kind == FeatureKind::words || column.kind == FeatureKind::hashed_words;
    const char separator = is_words ? ':' : '=';
    for (const std::string& label : column.labels)
      names.push_back(fmt::format("{}{}{}", column.name, separator, label));
    for (Index bucket = 0; bucket < column.buckets; ++bucket)
      names.push_back(fmt::format("{}{}bucket {}", column.name, separator, bucket));
    if (column.kind == FeatureKind::number) names.push_back(column.name);
    if (column.has_missing) names.push_back(column.name + "=missing");
  }
  return names;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) words.push_back(std::move(word));
    word.clear();
  };
  for (const char c : text) {
    if (is_of_word(static_cast<unsigned char>(c))) {
      word += lower_case(c);
    } else {
      end_word();
    }
  }
  end_word();
  std::ranges::sort(words);
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return words;
}

Index bucket_of(std::string_view column, std::string_view label, Index buckets) {
  std::string text(column);
  text += '\0';
  text += label;
  return static_cast<Index>(XXH3_64bits(text.data(), text.size()) % static_cast<std::uint64_t>(buckets));
}

}  // namespace rankwise
