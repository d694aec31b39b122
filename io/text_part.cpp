#include "io/text_part.hpp"

#include <fmt/format.h>

namespace rankwise {

std::optional<LineReader> open_part(const Communicator& comm, const std::string& path, const TextLayout& layout,
                                    int gzip_rank) {
  if (layout.gzip != 0) {
    if (gzip_rank != comm.rank()) return std::nullopt;
    LineReader reader(path, FileKind{layout.file_bytes, true, layout.line_end});
    while (reader.lines() < layout.lines_before && reader.next()) {
    }
    return reader;
  }
  const Index bytes = layout.file_bytes - layout.data_begin;
  const Index ranks = comm.size();
  const auto boundary = [&](Index part) {  // without the overflow of bytes * part
    return layout.data_begin + bytes / ranks * part + bytes % ranks * part / ranks;
  };
  return LineReader(path, boundary(comm.rank()), boundary(comm.rank() + 1), layout.line_end);
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
