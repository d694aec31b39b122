#pragma once
// Fields of CSV files that the program writes.

#include <string>

namespace rankwise {

/// `text` as one field after RFC 4180: quoted where a separator, a quote or a line break would mislead.
[[nodiscard]] std::string csv_field(const std::string& text);

}  // namespace rankwise
