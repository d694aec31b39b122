#pragma once
// The account of rows: what came in, what each rule took, what is left; it adds up.

#include <string>
#include <string_view>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/log/rejected_rows.hpp"
#include "jobs/run/report.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// What one rule did to the log. All numbers are over all ranks.
struct AccountStep {
  std::string rule;
  Index rows_in = 0;
  Index rows_out = 0;
  Index rows_changed = 0;
  std::string note;  ///< in words: bounds, who was left alone
};

/// A part of the dataset and the interactions in it.
struct AccountPart {
  std::string part;
  Index interactions = 0;
};

/// The steps in the order in which they were applied. The rows out of a step are the rows into the next one. The last
/// step merges rows into interactions, whose parts add up to its rows out.
class RowAccount {
 public:
  explicit RowAccount(Index rows_read = 0) : rows_(rows_read) {}

  /// What is left so far.
  [[nodiscard]] Index rows() const { return rows_; }
  /// A step that took `dropped` rows and changed others.
  void take(std::string_view rule, Index dropped, Index changed = 0, std::string note = {});
  void add_part(std::string_view part, Index interactions) { parts_.push_back({std::string(part), interactions}); }

  [[nodiscard]] const std::vector<AccountStep>& steps() const { return steps_; }
  [[nodiscard]] const std::vector<AccountPart>& parts() const { return parts_; }

 private:
  Index rows_;
  std::vector<AccountStep> steps_;
  std::vector<AccountPart> parts_;
};

/// The steps of the reader: rows that are missing something or bad, rule by rule. Rules without a row have no step.
void account_for_reading(RowAccount& account, const RejectedRows::Totals& rejected);

/// A table on standard error, and an event for each step and part.
void tell_account(Report& report, const RowAccount& account);

/// The first of the reader's reasons, one line each, with their count and first place. `files`: as in InteractionLog.
void tell_bad_rows(Report& report, const RejectedRows::Totals& rejected, const std::vector<std::string>& files);

}  // namespace rankwise
