#pragma once
// One record of a log becomes one row of an InteractionLog.

#include <string_view>
#include <vector>

#include "distributed/log/interaction_log.hpp"
#include "io/log/format.hpp"
#include "io/text/field_text.hpp"
#include "io/text/time_text.hpp"

namespace rankwise {

/// By what `header`'s line is known again inside its file.
[[nodiscard]] HeaderMark mark_of(const std::vector<std::string_view>& header, const ColumnNumbers& columns);

class RowParser {
 public:
  /// Layout and missing values must outlive the parser.
  RowParser(const LogLayout& layout, const MissingValues& missing_values, MissingRule missing, TimeReader times)
      : layout_(layout), missing_values_(missing_values), missing_(missing), times_(std::move(times)) {}

  /// Appends users, items, values, times and folds of a record; the caller appends the position of a row that was
  /// taken. A row with a missing field is counted in log.missing and not taken where the rule says skip, a repeated
  /// header line always. Throws Error(bad_data) without a place.
  bool append(const std::vector<std::string_view>& fields, InteractionLog& log);

 private:
  bool append_delimited(const std::vector<std::string_view>& fields, InteractionLog& log);
  void append_matrix_entry(const std::vector<std::string_view>& fields, InteractionLog& log) const;
  bool is_missing(std::string_view field, std::string_view role, Index& count) const;
  /// The header itself, or one with other names of users and items.
  [[nodiscard]] bool repeats_header(const std::vector<std::string_view>& fields) const;

  const LogLayout& layout_;
  const MissingValues& missing_values_;
  MissingRule missing_;
  TimeReader times_;
};

}  // namespace rankwise
