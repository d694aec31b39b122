#pragma once
// A text file shared among ranks: who reads which lines, and which failure is told when several ranks fail.

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "distributed/communicator.hpp"
#include "io/line_reader.hpp"
#include "io/log_format.hpp"

namespace rankwise {

/// This rank's data lines of the file at `path`: by byte range of a plain file; of a gzip file all on `gzip_rank` and
/// none elsewhere. Lines that the reader has already passed (lines()) belong to the header. Local; throws
/// Error(no_input, io_error, bad_data) without the file's name.
[[nodiscard]] std::optional<LineReader> open_part(const Communicator& comm, const std::string& path,
                                                  const TextLayout& layout, int gzip_rank);

/// The first failure of a rank, if any.
struct TextFailure {
  static constexpr Index no_file = std::numeric_limits<Index>::max();
  Index file = no_file;
  Index line = 0;  ///< counts this rank's data lines of the file from 1; 0 where the file as a whole is meant
  std::optional<Error> error;
};

/// Throws the earliest failure as AgreedError, "FILE:LINE: ...", when some rank has one. `lines_before[f]` are the
/// lines of file f before this rank's data lines; they need only be right where every lower rank has read its part to
/// the end, as is so for the earliest failure. Collective over comm.
void agree_on_earliest(const Communicator& comm, const std::vector<std::string>& files,
                       const std::vector<Index>& lines_before, const TextFailure& failure);

}  // namespace rankwise
