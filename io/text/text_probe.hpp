#pragma once
// What the beginning of a text file says of how the rest is to be read.

#include <string>
#include <string_view>
#include <vector>

#include "io/text/record_reader.hpp"
#include "io/text/text_format.hpp"

namespace rankwise {

/// Sets format and delimiter of `layout`: as asked for, else as the first line that is not blank, else the file's name,
/// says. A sign that the first line holds more often than commas divides fields; commas between digits of `;` or `|`
/// files are decimal. Throws Error(usage, bad_data) without the file's name.
void choose_format(TextLayout& layout, const std::string& path, TextFormat format, Delimiter delimiter);

/// The first record's fields, without the blanks around them. Throws Error(bad_data) without the file's name when there
/// is none.
[[nodiscard]] std::vector<std::string> first_fields(RecordReader& records);

/// Whether a field reads as a number of a file like this, with decimals of any sign that it may have.
[[nodiscard]] bool may_be_number(const TextLayout& layout, std::string_view field);

/// Which sign goes before the decimals, by some numbers of a file: a comma if some hold one and none holds a point.
class DecimalGuess {
 public:
  void add(std::string_view field);
  [[nodiscard]] char sign() const { return commas_ && !points_ ? ',' : '.'; }

 private:
  bool commas_ = false;
  bool points_ = false;
};

/// Rows at the beginning of a file by which its decimals and times are judged.
inline constexpr int judged_rows = 1000;

}  // namespace rankwise
