#pragma once
// Rows of a log that are no part of the dataset: by which rule, and where they are in the input.

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// The rules by which `prepare` rejects rows, in the order in which it applies them. What the reader knows of one row
/// comes first: all before `forget`.
enum class RowRule : std::int32_t {
  field_count,
  condition,
  missing_user,
  missing_item,
  missing_value,
  unreadable_value,
  missing_time,
  missing_fold,
  missing_split,
  missing_order,
  missing_event,
  unreadable_time,
  period,
  event_weight,
  unreadable_fold,
  unreadable_split,
  forget,
  min_value,
  exact_repeats,
  cancellations,
  unmatched_cancellations,
  outliers,
  max_user_count,
  max_events_per_day,
  max_catalogue_share,
  max_item_share,
  transform,
  min_total,
  k_core,
  repeats,
};
inline constexpr std::size_t row_rule_count = 30;

/// The word for it that reports and quarantines have: "missing-user", ...
[[nodiscard]] std::string_view rule_name(RowRule rule);
/// What is wrong with such a row, as a clause: "the user field is missing".
[[nodiscard]] std::string_view rule_reason(RowRule rule);
[[nodiscard]] inline std::size_t at(RowRule rule) {
  return static_cast<std::size_t>(rule);
}

struct RejectedRow {
  std::int64_t position = 0;  ///< InputPosition::packed()
  RowRule rule = RowRule::field_count;
};

/// Rows that this rank has rejected: a number and the first place for each rule, and if asked each row.
class RejectedRows {
 public:
  enum class Keep { counts, rows };
  static constexpr std::int64_t nowhere = std::numeric_limits<std::int64_t>::max();

  RejectedRows() : RejectedRows(Keep::counts) {}
  explicit RejectedRows(Keep keep) : keep_(keep) { first_.fill(nowhere); }

  void add(RowRule rule, std::int64_t position);
  /// Adds the rows of another one.
  void append(const RejectedRows& other);
  /// Lines of each file, as this rank counts them, follow `lines_before[file]` others.
  void follow(std::span<const Index> lines_before);

  [[nodiscard]] bool keeps_rows() const { return keep_ == Keep::rows; }
  [[nodiscard]] Index count(RowRule rule) const { return counts_[at(rule)]; }
  [[nodiscard]] const std::vector<RejectedRow>& rows() const { return rows_; }

  /// Over all ranks, rule by rule. Collective.
  struct Totals {
    std::array<Index, row_rule_count> counts{};
    std::array<std::int64_t, row_rule_count> first{};  ///< positions; `nowhere` if there is none
  };
  [[nodiscard]] Totals totals(const Communicator& comm) const;

 private:
  Keep keep_;
  std::array<Index, row_rule_count> counts_{};
  std::array<std::int64_t, row_rule_count> first_{};
  std::vector<RejectedRow> rows_;
};

}  // namespace rankwise
