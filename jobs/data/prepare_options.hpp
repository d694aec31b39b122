#pragma once
// What `rankwise prepare` can be told.

#include <boost/program_options.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "distributed/log/duplicates.hpp"
#include "io/log/format.hpp"
#include "jobs/cleaning/cleaning_options.hpp"
#include "jobs/data/memory_budget.hpp"
#include "jobs/data/prepare_tables.hpp"
#include "jobs/data/privacy_options.hpp"
#include "jobs/data/split_options.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// None for `auto`; throws Error(usage).
[[nodiscard]] std::optional<DuplicatePolicy> parse_duplicates(std::string_view word);

/// The smallest merged value that is an interaction.
struct TotalBound {
  enum class Kind { automatic, none, given };
  Kind kind = Kind::automatic;  ///< automatic: above 0 if the log has negative values, else none
  double value = 0;             ///< given
};

/// `auto`, `none` or a number; throws Error(usage).
[[nodiscard]] TotalBound parse_min_total(std::string_view text);

/// Which rows of a user are an order: those with one id in the log's column, or those of one day (UTC).
enum class OrderRule { column, day };

/// `column` or `day`; throws Error(usage).
[[nodiscard]] OrderRule parse_orders(std::string_view word);

/// `drop` or `keep`; throws Error(usage).
[[nodiscard]] Repeats parse_repeats(std::string_view word);

struct PrepareOptions {
  std::vector<std::string> inputs;
  std::string since;  ///< empty: from the beginning; becomes part of log.filter by read_times()
  std::string until;  ///< empty: to the end
  LogOptions log;
  PrivacyOptions privacy;
  std::optional<OrderRule> orders;  ///< none: by the column, if there is one
  std::optional<double> min_value;
  CleaningOptions cleaning;
  std::optional<DuplicatePolicy> duplicates;  ///< none: by what the log holds
  TotalBound min_total;
  Repeats repeats = Repeats::drop;
  Index min_user_count = 1;
  Index min_item_count = 1;
  Split split;
  Split validation;  ///< of what `split` leaves
  double given_fraction = 0.8;
  TableOptions tables;
  FoldsOption folds;
  MemoryBudget memory;
  std::string output;
  int deflate_level = 0;
};

/// Adds the job's options; their values go to `values`, which must outlive the parsing.
void add_prepare_options(boost::program_options::options_description& options, PrepareOptions& values);

/// Reads --since, --until and the times of --folds in the forms that the times of the log may have. Throws
/// Error(usage).
void read_times(PrepareOptions& options);

/// An option that says how the text of a log is written, and is not as it is by default; empty if there is none.
/// --missing-values is for the text of tables, too.
[[nodiscard]] std::string_view text_option(const PrepareOptions& options);

/// Throws Error(usage) if a column of events, folds, orders or a split is not used, or missing; if --validation has
/// nothing to be apart from, or would take users whose held-out interactions then had nothing to be measured by.
void require_sense(const PrepareOptions& options);

}  // namespace rankwise
