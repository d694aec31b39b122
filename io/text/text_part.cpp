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

std::vector<int> lone_ranks(const std::vector<const TextLayout*>& layouts, int ranks) {
  std::vector<std::size_t> lone;
  for (std::size_t f = 0; f < layouts.size(); ++f) {
    if (!layouts[f]->file.can_be_shared()) lone.push_back(f);
  }
  std::ranges::stable_sort(lone, std::ranges::greater(), [&](std::size_t f) { return layouts[f]->file.version.bytes; });
  std::vector<int> ranks_of(layouts.size(), 0);
  std::vector<Index> bytes(static_cast<std::size_t>(ranks), 0);
  for (const std::size_t f : lone) {
    const auto least = std::ranges::min_element(bytes);
    ranks_of[f] = static_cast<int>(least - bytes.begin());
    *least += layouts[f]->file.version.bytes;
  }
  return ranks_of;
}

std::optional<LineReader> open_part(const Communicator& comm, const std::string& path, const TextLayout& layout,
                                    int lone_rank, Index begin) {
  if (!layout.file.can_be_shared()) {
    if (lone_rank != comm.rank()) return std::nullopt;
    LineReader reader(path, layout.file);
    while (reader.lines() < layout.lines_before && reader.next()) {
    }
    return reader;
  }
  const Index end = boundary(layout, comm.rank() + 1, comm.size());
  if (begin == PartSpan::unknown) begin = boundary(layout, comm.rank(), comm.size());
  return LineReader(path, layout.file, begin, end);
}

WrongBegins correct_begins(const Communicator& comm, const std::vector<const TextLayout*>& layouts,
                           const std::vector<PartSpan>& spans, std::vector<Index>& begins) {
  std::vector<std::size_t> files;
  for (std::size_t f = 0; f < layouts.size(); ++f) {
    if (may_break_lines(*layouts[f])) files.push_back(f);
  }
  WrongBegins wrong;
  if (files.empty() || comm.size() == 1) return wrong;
  std::vector<PartSpan> mine;
  for (const std::size_t f : files) mine.push_back(spans[f]);
  const std::vector<PartSpan> all = comm.all_gather_varied(std::span<const PartSpan>(mine)).values;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const TextLayout& layout = *layouts[files[i]];
    Index end_before = layout.data_begin;
    for (Index rank = 0; rank < comm.size(); ++rank) {
      if (boundary(layout, rank, comm.size()) == boundary(layout, rank + 1, comm.size())) continue;  // no bytes
      const PartSpan& span = all[static_cast<std::size_t>(rank) * files.size() + i];
      if (end_before != PartSpan::unknown && span.begin != PartSpan::unknown && span.begin != end_before) {
        wrong.any = true;
        if (rank == comm.rank()) {
          wrong.mine = true;
          begins[files[i]] = end_before;
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
