#pragma once
// A text file shared among ranks: who reads which lines, and which failure is told when several ranks fail.

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "io/text/line_reader.hpp"
#include "io/text/record_reader.hpp"
#include "io/text/text_format.hpp"

namespace rankwise {

/// Bytes of a file where the records of a rank begin and end. A record whose quotes hold line breaks may reach beyond a
/// rank's range of bytes, so the next rank's records begin later than its lines.
struct PartSpan {
  static constexpr Index unknown = -1;
  Index begin = unknown;  ///< of the rank's first record, as it read its part
  Index end = unknown;    ///< of the first record after its last one; unknown if reading failed before
};

/// Who reads each file that cannot be shared: the largest file first, by the rank that has the fewest stored bytes to
/// read so far, the lowest of several. 0 for files that can be shared.
[[nodiscard]] std::vector<int> lone_ranks(const std::vector<const TextLayout*>& layouts, int ranks);

/// This rank's data lines of the file at `path`: by byte range of a file that can be shared, from `begin` on where
/// known; any other file whole on `lone_rank`, and none elsewhere. Lines that the reader has already passed (lines())
/// belong to the header. Local; throws Error(no_input, io_error, bad_data) without the file's name.
[[nodiscard]] std::optional<LineReader> open_part(const Communicator& comm, const std::string& path,
                                                  const TextLayout& layout, int lone_rank,
                                                  Index begin = PartSpan::unknown);

/// Who must read its parts again because a lower rank's last record reaches into them.
struct WrongBegins {
  bool any = false;   ///< some rank
  bool mine = false;  ///< this one: its `begins` were corrected
};
/// Compares where each rank's records of each file began with where those of the rank before it ended. Every rank first
/// reads as if no quotes held line breaks at its beginning; after a few rounds of this, one for files that ranks meet
/// outside quotes, all have begun where one rank alone would have begun. `spans` and `begins` hold one entry per file.
/// Collective over comm.
[[nodiscard]] WrongBegins correct_begins(const Communicator& comm, const std::vector<const TextLayout*>& layouts,
                                         const std::vector<PartSpan>& spans, std::vector<Index>& begins);

/// The first failure of a rank, if any.
struct TextFailure {
  static constexpr Index no_file = std::numeric_limits<Index>::max();
  Index file = no_file;
  Index line = 0;  ///< counts this rank's data lines of the file from 1; 0 where the file as a whole is meant
  std::optional<Error> error;
};

/// The failure `error` while `records` of a file were read; none where it could not be opened. A file that has changed
/// is the failure itself. `lines_skipped`: what the reader had passed before the data lines.
[[nodiscard]] TextFailure failure_of(Index file, const std::optional<RecordReader>& records, Index lines_skipped,
                                     const Error& error);

/// Throws the earliest failure as AgreedError, "FILE:LINE: ...", when some rank has one. `lines_before[f]` are the
/// lines of file f before this rank's data lines; they need only be right where every lower rank has read its part to
/// the end, as is so for the earliest failure. Collective over comm.
void agree_on_earliest(const Communicator& comm, const std::vector<std::string>& files,
                       const std::vector<Index>& lines_before, const TextFailure& failure);

}  // namespace rankwise
