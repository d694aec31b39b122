#include "io/text/text_part.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <functional>
#include <span>

namespace rankwise {

namespace {

/// The first byte of part `part` of `parts` of a file's data.
Index boundary(const TextLayout& layout, Index part, Index parts) {
  const Index bytes = layout.file.text_bytes - layout.data_begin;
  return layout.data_begin + bytes / parts * part + bytes % parts * part / parts;  // no overflow of bytes * part
}

bool may_break_lines(const TextLayout& layout) {
  return layout.file.can_be_shared() && layout.format == TextFormat::csv;
}

}  // namespace

std::vector<int> lone_parts(const std::vector<const TextLayout*>& layouts, int parts) {
  std::vector<std::size_t> lone;
  for (std::size_t f = 0; f < layouts.size(); ++f) {
    if (!layouts[f]->file.can_be_shared()) lone.push_back(f);
  }
  std::ranges::stable_sort(lone, std::ranges::greater(), [&](std::size_t f) { return layouts[f]->file.version.bytes; });
  std::vector<int> parts_of(layouts.size(), 0);
  std::vector<Index> bytes(static_cast<std::size_t>(parts), 0);
  for (const std::size_t f : lone) {
    const auto least = std::ranges::min_element(bytes);
    parts_of[f] = static_cast<int>(least - bytes.begin());
    *least += layouts[f]->file.version.bytes;
  }
  return parts_of;
}

std::optional<LineReader> open_part(const TextPart& part, const std::string& path, const TextLayout& layout,
                                    int lone_part, Index begin) {
  if (!layout.file.can_be_shared()) {
    if (lone_part != part.number) return std::nullopt;
    LineReader reader(path, layout.file);
    while (reader.lines() < layout.lines_before && reader.next()) {
    }
    return reader;
  }
  const Index end = boundary(layout, part.number + 1, part.parts);
  if (begin == PartSpan::unknown) begin = boundary(layout, part.number, part.parts);
  return LineReader(path, layout.file, begin, end);
}

WrongBegins correct_begins(const Communicator& comm, const std::vector<const TextLayout*>& layouts,
                           const std::vector<FileSpans>& spans, std::vector<FileBegins>& begins) {
  std::vector<std::size_t> files;
  for (std::size_t f = 0; f < layouts.size(); ++f) {
    if (may_break_lines(*layouts[f])) files.push_back(f);
  }
  const std::size_t own_parts = spans.size();
  const std::size_t first_own = static_cast<std::size_t>(comm.rank()) * own_parts;
  const std::size_t parts = static_cast<std::size_t>(comm.size()) * own_parts;
  WrongBegins wrong{.any = false, .mine = std::vector<char>(own_parts, 0)};
  if (files.empty() || parts == 1) return wrong;
  std::vector<PartSpan> mine;
  for (const FileSpans& of_part : spans) {
    for (const std::size_t f : files) mine.push_back(of_part[f]);
  }
  const std::vector<PartSpan> all = comm.all_gather_varied(std::span<const PartSpan>(mine)).values;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const TextLayout& layout = *layouts[files[i]];
    Index end_before = layout.data_begin;
    for (std::size_t part = 0; part < parts; ++part) {
      const auto number = static_cast<Index>(part);
      const auto count = static_cast<Index>(parts);
      if (boundary(layout, number, count) == boundary(layout, number + 1, count)) continue;  // no bytes
      const PartSpan& span = all[part * files.size() + i];
      if (end_before != PartSpan::unknown && span.begin != PartSpan::unknown && span.begin != end_before) {
        wrong.any = true;
        if (part >= first_own && part - first_own < own_parts) {
          wrong.mine[part - first_own] = 1;
          begins[part - first_own][files[i]] = end_before;
        }
      }
      end_before = span.end;
    }
  }
  return wrong;
}

TextFailure failure_of(Index file, const std::optional<RecordReader>& records, Index lines_skipped,
                       const Error& error) {
  if (!records) return {file, 0, error};
  try {
    records->check_unchanged();
  } catch (const Error& changed) {
    return {file, 0, changed};
  }
  return {file, records->line() - lines_skipped, error};
}

void agree_on_earliest(const Communicator& comm, const std::vector<std::string>& files,
                       const std::vector<Index>& lines_before, const TextFailure& failure) {
  constexpr Index none = TextFailure::no_file;
  const Index first_file = comm.min(failure.file);
  if (first_file == none) return;
  const Index first_rank = comm.min(failure.file == first_file ? static_cast<Index>(comm.rank()) : none);
  std::optional<Error> mine;
  if (first_rank == comm.rank()) {
    const auto f = static_cast<std::size_t>(failure.file);
    const Error& error = *failure.error;
    mine = Error(error.code(), failure.line == 0
                                   ? fmt::format("{}: {}", files[f], error.what())
                                   : fmt::format("{}:{}: {}", files[f], lines_before[f] + failure.line, error.what()));
  }
  agree(comm, mine);
}

}  // namespace rankwise
