#pragma once
// Words that say that a field holds nothing.

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace rankwise {

/// Words as programs write them for a missing value, besides the empty field.
inline constexpr std::string_view usual_missing_values = "NULL,null,\\N,NaN,nan,NA,<NA>,N/A,n/a,#N/A,None";

/// Fields that stand for nothing: the empty one, blanks only, and some words.
class MissingValues {
 public:
  /// `words` as "NULL,NA,-"; "none": no words.
  explicit MissingValues(std::string_view words = usual_missing_values);

  /// Costs one look at the first byte unless a word begins with it.
  [[nodiscard]] bool holds(std::string_view field) const {
    return field.empty() || (begins_word_[static_cast<unsigned char>(field.front())] && is_word(field));
  }
  friend bool operator==(const MissingValues&, const MissingValues&) = default;

 private:
  [[nodiscard]] bool is_word(std::string_view field) const;
  std::vector<std::string> words_;
  std::array<bool, 256> begins_word_{};
};

}  // namespace rankwise
