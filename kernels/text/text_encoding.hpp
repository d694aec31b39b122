#pragma once
// Texts that may be any bytes, as names of files are: how files of UTF-8 hold them, and how people see them.

#include <string>
#include <string_view>

namespace rankwise {

/// `bytes` as UTF-8, of which decoded_text() makes the same bytes again. A byte that is no UTF-8 becomes "\xfc", its
/// two hexadecimal digits in lower case. A backslash that stands before what would be read as such becomes "\x5c". All
/// other text stays as it is.
[[nodiscard]] std::string encoded_text(std::string_view bytes);
[[nodiscard]] std::string decoded_text(std::string_view text);

/// `text` as one line that neither moves a terminal's cursor nor looks like several: control signs (of ASCII "\x1b", of
/// Unicode "\u009b"), signs that turn the direction of writing ("\u202e"), and bytes that are no UTF-8 ("\xfc") are
/// escaped. It is for people: nothing is made of it again.
[[nodiscard]] std::string printable(std::string_view text);
/// The same of a table: tabs and ends of lines stay.
[[nodiscard]] std::string printable_table(std::string_view text);

}  // namespace rankwise
