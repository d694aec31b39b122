#include "io/log/quarantine.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <span>
#include <string_view>

#include "distributed/comm/key_exchange.hpp"
#include "io/files/commit.hpp"
#include "io/log/row_parser.hpp"
#include "io/text/csv_field.hpp"
#include "io/text/record_reader.hpp"
#include "io/text/text_part.hpp"
#include "kernels/text/text_encoding.hpp"

namespace rankwise {

namespace {

/// BEFORE: any rank holds any rejected rows. AFTER: each rank holds those of the lines that it reads, ascending by
/// position. Collective.
std::vector<RejectedRow> to_readers(const Communicator& comm, std::span<const ReadParts> parts,
                                    std::vector<RejectedRow> rejected) {
  const std::size_t files = parts.front().lines.size();
  const int threads = static_cast<int>(parts.size());
  std::vector<Index> mine;
  for (const ReadParts& part : parts) {
    for (std::size_t f = 0; f < files; ++f) mine.push_back(part.lines_before[f] + part.lines[f]);
  }
  const std::vector<Index> ends = comm.all_gather_varied(std::span<const Index>(mine)).values;  // by part, then file
  const auto reader = [&](const RejectedRow& row) {
    const InputPosition place(row.position);
    int part = 0;
    while (ends[static_cast<std::size_t>(part) * files + static_cast<std::size_t>(place.file())] < place.line()) ++part;
    return part / threads;
  };
  std::vector<Index> counts;
  const std::vector<RejectedRow> sorted =
      sorted_by_owner(std::span<const RejectedRow>(rejected), comm.size(), reader, counts);
  std::vector<RejectedRow> received = comm.exchange(std::span<const RejectedRow>(sorted), counts).values;
  std::ranges::sort(received, {}, &RejectedRow::position);
  return received;
}

/// Why the row is rejected: the reader's own words if it is the reader that rejects it.
class Reasons {
 public:
  Reasons(const LogPlan& plan, const LogLayout& layout)
      : parser_(layout, plan.missing_values, plan.missing, TimeReader(layout.time, plan.time_pattern), plan.filter) {
    scratch_.timed = plan.timed();
    scratch_.folded = plan.folded();
    scratch_.marked = plan.marked();
    scratch_.ordered = plan.ordered();
    scratch_.quantified = plan.quantified();
  }
  std::string of(RowRule rule, const std::vector<std::string_view>& fields) {
    if (rule < RowRule::forget) {
      try {
        parser_.append(fields, scratch_);
      } catch (const Error& error) {
        return error.what();
      }
    }
    return std::string(rule_reason(rule));
  }

 private:
  RowParser parser_;
  InteractionLog scratch_;
};

/// The lines of the quarantine for a thread's part of one file. `rejected`: rows of this part. Local.
std::string quarantined_text(const LogPlan& plan, const ReadParts& parts, std::size_t file,
                             std::span<const RejectedRow> rejected) {
  std::string text;
  if (rejected.empty()) return text;
  const LogLayout& layout = plan.layouts[file];
  const std::vector<int> lone_part = lone_parts(text_layouts(plan), parts.of_parts);
  std::optional<LineReader> lines =
      open_part({parts.part, parts.of_parts}, plan.files[file], layout, lone_part[file], parts.begins[file]);
  if (!lines) return text;
  const Index lines_skipped = lines->lines();
  RecordReader records(std::move(*lines), layout, plan.keys[file]);
  Reasons reasons(plan, layout);
  const std::string name = csv_field(spreadsheet_text(printable(plan.files[file])));
  auto row = rejected.begin();
  while (row != rejected.end()) {
    const std::vector<std::string_view>* const fields = records.next();
    if (fields == nullptr) break;
    const Index line = records.line() - lines_skipped + parts.lines_before[file];
    if (line != InputPosition(row->position).line()) continue;
    text += fmt::format("{},{},{},{},{}\n", name, line, rule_name(row->rule),
                        csv_field(spreadsheet_text(reasons.of(row->rule, *fields))),
                        csv_field(spreadsheet_text(std::string(records.text()))));
    ++row;
  }
  return text;
}

}  // namespace

void write_quarantine(const Communicator& comm, const std::string& path, const LogPlan& plan,
                      std::span<const ReadParts> parts, std::vector<RejectedRow> rejected) {
  const std::vector<RejectedRow> mine = to_readers(comm, parts, std::move(rejected));
  OrderedTextFile output(comm, path);
  output.append(comm.is_root() ? std::string_view("file,line,rule,reason,row\n") : std::string_view());
  auto begin = mine.begin();
  for (std::size_t file = 0; file < plan.files.size(); ++file) {
    const auto end = std::ranges::find_if(begin, mine.end(), [&](const RejectedRow& row) {
      return InputPosition(row.position).file() != static_cast<Index>(file);
    });
    output.append(agree_on(comm, [&] {
      std::string text;
      for (const ReadParts& part : parts) {
        const Index last_line = part.lines_before[file] + part.lines[file];
        const auto part_end = std::find_if(
            begin, end, [&](const RejectedRow& row) { return InputPosition(row.position).line() > last_line; });
        text += quarantined_text(plan, part, file, {begin, part_end});
        begin = part_end;
      }
      return text;
    }));
  }
  output.commit();
}

}  // namespace rankwise
