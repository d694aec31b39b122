#include "io/log/part_reader.hpp"

#include <utility>

#include "io/log/row_parser.hpp"
#include "io/text/record_reader.hpp"

namespace rankwise {

namespace {
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
  log.marked = plan.marked();
  log.ordered = plan.ordered();
  log.quantified = plan.quantified();
  log.rejected = RejectedRows(plan.keep);
  return log;
}

/// Takes a record, or rejects a bad one if some may be bad; throws Error(bad_data) if none may.
ParsedRecord take_record(const LogPlan& plan, const std::vector<std::string_view>& fields, InputPosition place,
                         RowParser& parser, PartRead& result) {
  try {
    return parser.append(fields, result.log);
  } catch (const Error& error) {
    if (plan.max_bad.is_zero() || !parser.rule()) throw;
    ++result.bad_rows;
    if (!result.first_bad.error) result.first_bad = {place.file(), place.line(), told(error, plan.quoting)};
    return ParsedRecord::rejected;
  }
}

/// All records of one part of a file go to the log, and their number to the part's entries.
void read_records(const LogPlan& plan, Index file, int parts, RecordReader& records, PartRead& result) {
  FilePart& part = result.parts[static_cast<std::size_t>(file)];
  InteractionLog& log = result.log;
  const LogLayout& layout = plan.layouts[static_cast<std::size_t>(file)];
  const Index lines_skipped = records.lines();
  const Index begin = records.offset();
  const Index part_bytes = (layout.file.text_bytes - layout.data_begin) / parts;
  RowParser parser(layout, plan.missing_values, plan.missing, TimeReader(layout.time, plan.time_pattern), plan.filter);
  RoomForRows room(layout.file.can_be_shared() ? part_bytes : 0, log.size());
  while (const std::vector<std::string_view>* const fields = records.next()) {
    ++part.entries;
    const InputPosition place(file, records.line() - lines_skipped);
    const ParsedRecord taken = take_record(plan, *fields, place, parser, result);
    if (taken == ParsedRecord::row) log.positions.push_back(place.packed());
    if (taken == ParsedRecord::rejected) log.rejected.add(*parser.rule(), place.packed());
    room.update(records.offset() - begin, log);
  }
}

}  // namespace

PartRead read_part(const LogPlan& plan, const TextPart& which, const FileBegins& begins) {
  PartRead result;
  InteractionLog& log = result.log;
  log = empty_log(plan);
  result.parts.resize(plan.layouts.size());
  result.spans.resize(plan.layouts.size());
  const std::vector<int> lone_part = lone_parts(text_layouts(plan), which.parts);
  for (std::size_t f = 0; f < plan.layouts.size(); ++f) {
    const LogLayout& layout = plan.layouts[f];
    FilePart& part = result.parts[f];
    const auto file = static_cast<Index>(f);
    std::optional<RecordReader> records;
    Index lines_skipped = 0;
    try {
      std::optional<LineReader> lines = open_part(which, plan.files[f], layout, lone_part[f], begins[f]);
      if (lines) {
        lines_skipped = lines->lines();
        records.emplace(std::move(*lines), layout, plan.keys[f]);
        result.spans[f].begin = records->offset();
        read_records(plan, file, which.parts, *records, result);
        part.lines = records->lines() - lines_skipped;
        result.spans[f].end = records->offset();
      }
    } catch (const Error& error) {
      result.failure = failure_of(file, records, lines_skipped, told(error, plan.quoting));
      return result;
    } catch (const std::bad_alloc&) {
      result.failure = {file, 0, Error(ExitCode::internal, "out of memory while reading")};
      return result;
    }
    part.rows_end = log.size();
  }
  return result;
}

std::vector<const TextLayout*> text_layouts(const LogPlan& plan) {
  std::vector<const TextLayout*> layouts;
  for (const LogLayout& layout : plan.layouts) layouts.push_back(&layout);
  return layouts;
}

}  // namespace rankwise
