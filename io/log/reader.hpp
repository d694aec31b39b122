#pragma once
// Reads interaction logs: plain files, and gzip in blocks, by range on every rank, any other file by one rank.

#include <algorithm>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/log/interaction_log.hpp"
#include "io/log/format.hpp"

namespace rankwise {

/// What is known before the rows are read.
struct LogPlan {
  std::vector<std::string> files;
  std::vector<LogLayout> layouts;  ///< one per file; all with a time column or none, all with a value column or none
  std::vector<std::vector<std::string>> keys;  ///< one per file; of json_lines those that its fields are of
  std::vector<std::string> notes;  ///< root: a line for each input of several files, and for the format of each file
  MissingRule missing = MissingRule::error;
  MissingValues missing_values;
  RowFilter filter;
  std::string time_pattern;  ///< of layouts whose times are of that form

  [[nodiscard]] bool timed() const { return layouts.front().columns.time >= 0; }
  [[nodiscard]] bool folded() const { return layouts.front().columns.fold >= 0; }
  [[nodiscard]] bool ordered() const { return layouts.front().columns.order >= 0; }
  /// No value column: each row counts 1.
  [[nodiscard]] bool counted() const { return layouts.front().columns.value_factors == 0; }
  /// Repeated pairs are amounts to add (counts, products, matrix entries), not opinions to replace.
  [[nodiscard]] bool additive() const {
    return std::ranges::any_of(layouts, [](const LogLayout& layout) {
      return layout.columns.value_factors != 1 || layout.format == TextFormat::matrix_market;
    });
  }
};

/// Finds the files of the inputs (expand_inputs) and looks at the beginning of each, on the root. Collective over comm;
/// throws AgreedError (no_input, usage, bad_data, io_error).
[[nodiscard]] LogPlan plan_log(const Communicator& comm, const std::vector<std::string>& inputs,
                               const LogOptions& options);

/// All rows of the files, each on the rank that read it. Blank lines are passed over. Ids of a role are integers when
/// all of them are canonical non-negative integers, else text. Rows may hold line breaks inside quotes. Collective over
/// comm; throws AgreedError (no_input, bad_data, io_error): the earliest bad line of the earliest file, whatever the
/// number of ranks.
[[nodiscard]] InteractionLog read_log(const Communicator& comm, const LogPlan& plan);

}  // namespace rankwise
