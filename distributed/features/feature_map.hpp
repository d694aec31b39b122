#pragma once
// Which numbers the columns of a table become: learned from the rows of a training, applied to any table.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "distributed/tables/table.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Features that a side has at most: their normal equations are a dense square.
inline constexpr Index most_features = 4096;
/// Labels or buckets that a column has at most, unless another number is asked for.
inline constexpr Index usual_feature_width = 1024;
/// Numbers are at most so many standard deviations from their mean: an outlier says no more than that.
inline constexpr double most_deviations = 4;

/// In the order of feature_kind_names.
enum class FeatureKind {
  categories,         ///< 1 at the row's category
  hashed_categories,  ///< 1 at the bucket of the row's category
  number,             ///< (value - mean) / deviation
  words,              ///< 1 / sqrt(words of the row) at each of its words
  hashed_words        ///< likewise, at their buckets
};

/// "categories", "hashed categories", "number", "words", "hashed words".
[[nodiscard]] std::string_view feature_kind_name(FeatureKind kind);

/// A column's features: those of its values, then one of rows without a value, if training had such.
struct FeatureColumn {
  std::string name;
  FeatureKind kind = FeatureKind::categories;
  std::vector<std::string> labels = {};  ///< categories or words, bytewise ascending, each once; none of other kinds
  Index buckets = 0;                     ///< of hashed kinds
  double mean = 0;                       ///< of a number
  double deviation = 1;                  ///< of a number, above 0
  bool has_missing = false;

  /// Features of values.
  [[nodiscard]] Index values_width() const;
  [[nodiscard]] Index width() const { return values_width() + (has_missing ? 1 : 0); }

  friend bool operator==(const FeatureColumn&, const FeatureColumn&) = default;
};

/// Feature 0 is the constant 1; the columns' features follow in order.
struct FeatureMap {
  std::vector<FeatureColumn> columns;

  [[nodiscard]] Index width() const;
  /// The first feature of a column.
  [[nodiscard]] Index first(std::size_t column) const;
  /// What each feature is, as people read it: "constant", "year", "language=eng", "authors:rowling",
  /// "authors:bucket 7", "year=missing".
  [[nodiscard]] std::vector<std::string> names() const;

  friend bool operator==(const FeatureMap&, const FeatureMap&) = default;
};

/// The words of a text, each once, bytewise ascending: runs of ASCII letters and digits, and of all bytes beyond
/// ASCII; ASCII letters in lower case.
[[nodiscard]] std::vector<std::string> words_of(std::string_view text);

/// The bucket of a category or word of a column: XXH3-64 of the column's name, a NUL and the label, modulo `buckets`.
[[nodiscard]] Index bucket_of(std::string_view column, std::string_view label, Index buckets);

}  // namespace rankwise
