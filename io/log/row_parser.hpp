#pragma once
// One record of a log becomes one row of an InteractionLog.

#include <optional>
#include <string_view>
#include <vector>

#include "distributed/log/interaction_log.hpp"
#include "io/log/format.hpp"
#include "io/text/field_text.hpp"
#include "io/text/time_text.hpp"

namespace rankwise {

/// By what `header`'s line is known again inside its file.
[[nodiscard]] HeaderMark mark_of(const std::vector<std::string_view>& header, const ColumnNumbers& columns);

/// What became of a record. A header is a line inside a file that repeats its header.
enum class ParsedRecord { row, header, rejected };

class RowParser {
 public:
  /// Layout, missing values and filter must outlive the parser.
  RowParser(const LogLayout& layout, const MissingValues& missing_values, const MissingRules& missing, TimeReader times,
            const RowFilter& filter)
      : layout_(layout),
        missing_values_(missing_values),
        missing_(missing),
        times_(std::move(times)),
        filter_(filter) {}

  /// Appends what a record says of its row; the caller appends the position of a row that was taken. A row that does
  /// not pass the filter is counted in log.filtered and rejected; so is, in log.missing, a row with a missing field
  /// where the rule says skip; a missing value that is to be filled in is NaN. Throws Error(bad_data) without a place.
  ParsedRecord append(const std::vector<std::string_view>& fields, InteractionLog& log);
  /// By which rule the last record was rejected, or threw. None: its id cannot be stored, and part of the row may have
  /// been.
  [[nodiscard]] std::optional<RowRule> rule() const { return rule_; }

 private:
  ParsedRecord append_delimited(const std::vector<std::string_view>& fields, InteractionLog& log);
  void append_matrix_entry(const std::vector<std::string_view>& fields, InteractionLog& log);
  [[nodiscard]] bool fulfils_condition(const std::vector<std::string_view>& fields) const;
  [[nodiscard]] bool is_in_period(std::int64_t time_microseconds) const;
  bool is_missing(std::string_view field, RowRule rule, MissingRule missing, Index& count);
  double value_of(const std::vector<std::string_view>& fields, InteractionLog& log, bool& is_skipped);
  ParsedRecord rejected_by(RowRule rule);
  /// The header itself, or one with other names of users and items.
  [[nodiscard]] bool repeats_header(const std::vector<std::string_view>& fields) const;

  const LogLayout& layout_;
  const MissingValues& missing_values_;
  const MissingRules& missing_;
  std::optional<RowRule> rule_;
  TimeReader times_;
  const RowFilter& filter_;
};

}  // namespace rankwise
