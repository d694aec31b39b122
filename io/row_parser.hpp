#pragma once
// One data line of a log becomes one row of an InteractionLog.

#include <string_view>

#include "io/field_text.hpp"
#include "io/interaction_log.hpp"
#include "io/log_format.hpp"

namespace rankwise {

class RowParser {
 public:
  RowParser(const FileLayout& layout, MissingRule missing);

  /// Appends users, items, values, times and folds of `line`; the caller appends the position of a row that was taken.
  /// A row with an empty field is counted in log.missing and not taken where the rule says skip. Throws Error(bad_data)
  /// without a place.
  bool append(std::string_view line, InteractionLog& log);

 private:
  bool append_delimited(const std::vector<std::string_view>& fields, InteractionLog& log);
  void append_matrix_entry(const std::vector<std::string_view>& fields, InteractionLog& log) const;
  bool is_missing(std::string_view field, std::string_view role, Index& count) const;

  const FileLayout& layout_;
  MissingRule missing_;
  FieldSplitter splitter_;
};

}  // namespace rankwise
