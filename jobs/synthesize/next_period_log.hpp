#pragma once
// The later part of a planted log: what is bought from a time on, and what offers of a campaign make customers buy
// more.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "distributed/synthetic/log.hpp"
#include "distributed/synthetic/responses.hpp"
#include "io/files/commit.hpp"
#include "io/synthetic/text.hpp"
#include "jobs/run/job.hpp"

namespace boost::program_options {
class options_description;
}

namespace rankwise {

struct NextPeriodOptions {
  std::string output;                       ///< empty: there is no next period
  std::optional<std::int64_t> cut_seconds;  ///< its begin
  std::string assignment;
  std::string responses;
  std::string truth;
};

/// Adds the options.
void describe_next_period(boost::program_options::options_description& description, NextPeriodOptions& options);

/// Throws Error(usage) if the options contradict each other or do not fit the log.
void require_sense(const NextPeriodOptions& options, SyntheticKind kind);

/// Rows before this time belong to the log itself; all of them without a next period.
[[nodiscard]] std::int64_t begin_of_next(const NextPeriodOptions& options);

/// The file of the next period, if there is one. Construction, which reads the campaign, append() and finish() are
/// collective over context.comm; throw AgreedError.
class NextPeriodLog {
 public:
  NextPeriodLog(JobContext& context, const NextPeriodOptions& options, const SyntheticShape& shape);
  /// The lines of all ranks, in rank order.
  void append(const SyntheticLines& lines);
  /// Adds extra purchases at the end, says what was planted, and puts the files in place.
  void finish();

 private:
  void read_campaign();
  void add_responses();

  JobContext& context_;
  const NextPeriodOptions& options_;
  const SyntheticShape& shape_;
  std::optional<OrderedTextFile> file_;
  std::vector<PlantedResponse> responses_;  // of a campaign, if there is one
  CampaignAssignment assignment_;
  Index rows_ = 0;  // of this rank
};

}  // namespace rankwise
