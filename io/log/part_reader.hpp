#pragma once
// Reads one part of every file of a log: what one thread of one rank does.

#include <algorithm>
#include <string>
#include <vector>

#include "distributed/log/interaction_log.hpp"
#include "io/log/format.hpp"
#include "io/text/text_part.hpp"

namespace rankwise {

/// Where rows come from: text, or sparse matrices, which io/matrices reads.
enum class LogSource { text, matrices };

/// What is known before the rows are read.
struct LogPlan {
  LogSource source = LogSource::text;
  std::vector<std::string> files;
  std::vector<LogLayout> layouts;  ///< one per file; all with a time column or none, all with a value column or none
  std::vector<std::vector<std::string>> keys;  ///< one per file; of json_lines those that its fields are of
  std::vector<std::string> notes;  ///< root: a line for each input of several files, and for the format of each file
  MissingRules missing;
  BadRowLimit max_bad;
  RejectedRows::Keep keep = RejectedRows::Keep::counts;  ///< what is known of rejected rows
  MissingValues missing_values;
  RowFilter filter;
  Quoting quoting = Quoting::shown;
  std::string time_pattern;  ///< of layouts whose times are of that form

  [[nodiscard]] bool timed() const { return layouts.front().columns.time >= 0; }
  [[nodiscard]] bool folded() const { return layouts.front().columns.fold >= 0; }
  [[nodiscard]] bool marked() const { return layouts.front().columns.split >= 0; }
  [[nodiscard]] bool ordered() const { return layouts.front().columns.order >= 0; }
  [[nodiscard]] bool quantified() const { return layouts.front().columns.quantity >= 0; }
  /// No value column: each row counts 1.
  [[nodiscard]] bool counted() const { return layouts.front().columns.value_factors == 0; }
  /// Repeated pairs are amounts to add (counts, products, matrix entries), not opinions to replace.
  [[nodiscard]] bool additive() const {
    return std::ranges::any_of(layouts, [](const LogLayout& layout) {
      return layout.columns.value_factors != 1 || layout.columns.quantity >= 0 ||
             layout.format == TextFormat::matrix_market;
    });
  }
};

/// What is known of a part of one file when it has been read.
struct FilePart {
  Index lines = 0;     ///< data lines, blank ones too
  Index rows_end = 0;  ///< rows in the part's log after this file
  Index entries = 0;   ///< rows read, dropped ones too
};

/// The rows of one part of all files, counted and numbered within the part: lines count from its first.
struct PartRead {
  InteractionLog log;
  std::vector<FilePart> parts;  ///< of each file
  FileSpans spans;
  TextFailure failure;  ///< what ended the reading
  Index bad_rows = 0;   ///< rejected as plan.max_bad allows
  TextFailure first_bad;
};

/// Reads a part of every file, from `begins` on where known; stops at its first failure. Local.
[[nodiscard]] PartRead read_part(const LogPlan& plan, const TextPart& which, const FileBegins& begins);

/// Of all files, as readers of texts want them.
[[nodiscard]] std::vector<const TextLayout*> text_layouts(const LogPlan& plan);

}  // namespace rankwise
