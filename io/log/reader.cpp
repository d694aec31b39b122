#include "io/log/reader.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <limits>
#include <optional>
#include <span>

#include "io/files/input_paths.hpp"
#include "io/log/probe.hpp"
#include "io/log/row_parser.hpp"
#include "io/text/record_reader.hpp"
#include "io/text/text_part.hpp"

namespace rankwise {

namespace {
/// What one rank knows of its part of one file when it is done with it.
struct FilePart {
  Index lines = 0;     ///< data lines, blank ones too
  Index rows_end = 0;  ///< rows in the log after this part
  Index entries = 0;   ///< rows read, dropped ones too
};

struct LocalResult {
  std::vector<FilePart> parts;
  std::vector<PartSpan> spans;
  TextFailure failure;
};

void check_alike(const std::vector<std::string>& paths, const std::vector<LogLayout>& layouts) {
  for (std::size_t f = 1; f < layouts.size(); ++f) {
    if ((layouts[f].columns.time >= 0) != (layouts[0].columns.time >= 0)) {
      throw Error(ExitCode::usage, fmt::format("{} and {}: only one has a time column", paths[0], paths[f]));
    }
    if ((layouts[f].columns.value_factors == 0) != (layouts[0].columns.value_factors == 0)) {
      throw Error(ExitCode::usage, fmt::format("{} and {}: only one has a value column", paths[0], paths[f]));
    }
  }
}

/// Once, after the first MiB of a plain part: room for the rows that the rest will hold if it goes on like this.
/// Growing column by column would copy everything several times.
class RoomForRows {
 public:
  RoomForRows(Index part_bytes, Index rows_before) : part_bytes_(part_bytes), rows_before_(rows_before) {}
  void update(Index bytes_read, InteractionLog& log) {
    if (done_ || bytes_read < sample_bytes) return;
    done_ = true;
    const double rows = static_cast<double>(log.size() - rows_before_) * static_cast<double>(part_bytes_) /
                        static_cast<double>(bytes_read);
    log.reserve(log.size() + static_cast<Index>(1.02 * rows));
  }

 private:
  static constexpr Index sample_bytes = Index{1} << 20;
  Index part_bytes_;
  Index rows_before_;
  bool done_ = false;
};

InteractionLog empty_log(const LogPlan& plan) {
  InteractionLog log;
  log.files = plan.files;
  log.timed = plan.timed();
  log.folded = plan.folded();
  log.ordered = plan.ordered();
  return log;
}

/// All records of one part of a file go to the log, and their number to part.entries.
void read_records(const Communicator& comm, const LogPlan& plan, Index file, RecordReader& records, FilePart& part,
                  InteractionLog& log) {
  const LogLayout& layout = plan.layouts[static_cast<std::size_t>(file)];
  const Index lines_skipped = records.lines();
  const Index begin = records.offset();
  const Index part_bytes = (layout.file.text_bytes - layout.data_begin) / comm.size();
  RowParser parser(layout, plan.missing_values, plan.missing, TimeReader(layout.time, plan.time_pattern), plan.filter);
  RoomForRows room(layout.file.can_be_shared() ? part_bytes : 0, log.size());
  while (const std::vector<std::string_view>* const fields = records.next()) {
    ++part.entries;
    if (parser.append(*fields, log)) {
      log.positions.push_back(InputPosition(file, records.line() - lines_skipped).packed());
    }
    room.update(records.offset() - begin, log);
  }
}

std::vector<const TextLayout*> text_layouts(const LogPlan& plan) {
  std::vector<const TextLayout*> layouts;
  for (const LogLayout& layout : plan.layouts) layouts.push_back(&layout);
  return layouts;
}

/// Reads this rank's parts of all files, from `begins` on where known; stops at its first failure. No collective call.
LocalResult read_local(const Communicator& comm, const LogPlan& plan, const std::vector<Index>& begins,
                       InteractionLog& log) {
  LocalResult result;
  result.parts.resize(plan.layouts.size());
  result.spans.resize(plan.layouts.size());
  const std::vector<int> lone_rank = lone_ranks(text_layouts(plan), comm.size());
  for (std::size_t f = 0; f < plan.layouts.size(); ++f) {
    const LogLayout& layout = plan.layouts[f];
    FilePart& part = result.parts[f];
    const auto file = static_cast<Index>(f);
    std::optional<RecordReader> records;
    Index lines_skipped = 0;
    try {
      std::optional<LineReader> lines = open_part(comm, log.files[f], layout, lone_rank[f], begins[f]);
      if (lines) {
        lines_skipped = lines->lines();
        records.emplace(std::move(*lines), layout, plan.keys[f]);
        result.spans[f].begin = records->offset();
        read_records(comm, plan, file, *records, part, log);
        part.lines = records->lines() - lines_skipped;
        result.spans[f].end = records->offset();
      }
    } catch (const Error& error) {
      result.failure = failure_of(file, records, lines_skipped, error);
      return result;
    } catch (const std::bad_alloc&) {
      result.failure = {file, 0, Error(ExitCode::internal, "out of memory while reading")};
      return result;
    }
    part.rows_end = log.size();
  }
  return result;
}

/// True line numbers: a rank's data lines follow the header and the lower ranks' lines.
std::vector<Index> count_lines_before(const Communicator& comm, const std::vector<LogLayout>& layouts,
                                      const std::vector<FilePart>& parts) {
  std::vector<Index> before(layouts.size());
  for (std::size_t f = 0; f < layouts.size(); ++f) {
    before[f] = layouts[f].lines_before + comm.exclusive_sum(parts[f].lines);
  }
  return before;
}

void check_entry_counts(const Communicator& comm, const InteractionLog& log, const std::vector<LogLayout>& layouts,
                        const std::vector<Index>& entries) {
  agree_on(comm, [&] {
    for (std::size_t f = 0; f < layouts.size(); ++f) {
      if (layouts[f].format == TextFormat::matrix_market && entries[f] != layouts[f].matrix_entries) {
        throw Error(ExitCode::bad_data, fmt::format("{}: the size line promises {} entries, the file holds {}",
                                                    log.files[f], layouts[f].matrix_entries, entries[f]));
      }
    }
  });
}

/// Texts without zero bytes, from the root to every rank.
void broadcast_texts(const Communicator& comm, std::vector<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) joined += text + '\0';
  comm.broadcast(joined);
  texts.clear();
  for (std::size_t begin = 0; begin < joined.size(); begin += texts.back().size() + 1) {
    texts.emplace_back(joined.c_str() + begin);
  }
}
}  // namespace

LogPlan plan_log(const Communicator& comm, const std::vector<std::string>& inputs, const LogOptions& options) {
  LogPlan plan;
  plan.missing = options.missing;
  plan.missing_values = options.missing_values;
  plan.filter = options.filter;
  plan.time_pattern = options.time.pattern;
  agree_on(comm, [&] {
    if (!comm.is_root()) return;
    InputPaths expanded = expand_inputs(inputs);
    plan.files = std::move(expanded.paths);
    plan.notes = std::move(expanded.notes);
    for (const std::string& path : plan.files) {
      ProbedLog probed = probe_log(path, options);
      plan.layouts.push_back(probed.layout);
      plan.keys.push_back(std::move(probed.keys));
      plan.notes.push_back(std::move(probed.note));
    }
    check_alike(plan.files, plan.layouts);
  });
  broadcast_texts(comm, plan.files);
  comm.broadcast(plan.layouts);
  plan.keys.resize(plan.files.size());
  for (std::size_t f = 0; f < plan.files.size(); ++f) {
    if (plan.layouts[f].format == TextFormat::json_lines) broadcast_texts(comm, plan.keys[f]);
  }
  return plan;
}

InteractionLog read_log(const Communicator& comm, const LogPlan& plan) {
  InteractionLog log = empty_log(plan);
  std::vector<Index> begins(plan.layouts.size(), PartSpan::unknown);
  LocalResult local = read_local(comm, plan, begins, log);
  const std::vector<const TextLayout*> layouts = text_layouts(plan);
  while (true) {
    const WrongBegins wrong = correct_begins(comm, layouts, local.spans, begins);
    if (!wrong.any) break;
    if (!wrong.mine) continue;
    log = empty_log(plan);
    local = read_local(comm, plan, begins, log);
  }
  const std::vector<Index> lines_before = count_lines_before(comm, plan.layouts, local.parts);
  agree_on_earliest(comm, log.files, lines_before, local.failure);

  Index row = 0;
  std::vector<Index> entries;
  for (std::size_t f = 0; f < plan.layouts.size(); ++f) {
    for (; row < local.parts[f].rows_end; ++row) log.positions[static_cast<std::size_t>(row)] += lines_before[f];
    entries.push_back(local.parts[f].entries);
  }
  comm.all_reduce_sum(std::span(entries));
  for (const Index count : entries) log.rows_read += count;
  check_entry_counts(comm, log, plan.layouts, entries);

  agree_on_kind(comm, log.users);
  agree_on_kind(comm, log.items);
  if (log.ordered) agree_on_kind(comm, log.orders);

  std::array counts{&log.missing.user,    &log.missing.item,   &log.missing.value,   &log.missing.time,
                    &log.missing.fold,    &log.missing.order,  &log.missing.event,   &log.filtered.condition,
                    &log.filtered.period, &log.filtered.event, &log.repeated_headers};
  std::array<Index, counts.size()> sums{};
  std::ranges::transform(counts, sums.begin(), [](const Index* count) { return *count; });
  comm.all_reduce_sum(std::span<Index>(sums));
  for (std::size_t c = 0; c < counts.size(); ++c) *counts[c] = sums[c];
  log.rows_read -= log.repeated_headers;
  return log;
}

}  // namespace rankwise
