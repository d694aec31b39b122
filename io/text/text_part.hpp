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
  Index begin = unknown;  ///< of the part's first record, as it was read
  Index end = unknown;    ///< of the first record after its last one; unknown if reading failed before
};

/// One of the parts that a file is read in: every rank has as many, one after the other, as it reads by threads.
struct TextPart {
  int number = 0;
  int parts = 1;  ///< of all ranks
};

/// Which part reads each file that cannot be shared: the largest file first, the part that has the fewest stored bytes
/// to read so far, the lowest of several. 0 for files that can be shared.
[[nodiscard]] std::vector<int> lone_parts(const std::vector<const TextLayout*>& layouts, int parts);

/// A part's data lines of the file at `path`: by byte range of a file that can be shared, from `begin` on where known;
/// any other file whole for `lone_part`, and none elsewhere. Lines that the reader has already passed (lines()) belong
/// to the header. Local; throws Error(no_input, io_error, bad_data) without the file's name.
[[nodiscard]] std::optional<LineReader> open_part(const TextPart& part, const std::string& path,
                                                  const TextLayout& layout, int lone_part,
                                                  Index begin = PartSpan::unknown);

/// Of each file where a part's records begin, or end.
using FileSpans = std::vector<PartSpan>;
using FileBegins = std::vector<Index>;

/// Who must read its parts again because a lower part's last record reaches into them.
struct WrongBegins {
  bool any = false;        ///< a part of some rank
  std::vector<char> mine;  ///< of each part of this rank, whether its begins were corrected
};
/// Compares where the records of each part of each file began with where those of the part before it ended. Every part
/// is first read as if no quotes held line breaks at its beginning; after a few rounds of this, one for files whose
/// parts meet outside quotes, all have begun where one reader alone would have begun. `spans` and `begins` hold one
/// entry for each part of this rank; all ranks have as many. Collective over comm.
[[nodiscard]] WrongBegins correct_begins(const Communicator& comm, const std::vector<const TextLayout*>& layouts,
                                         const std::vector<FileSpans>& spans, std::vector<FileBegins>& begins);

/// The first failure of a part, or of a rank, if any.
struct TextFailure {
  static constexpr Index no_file = std::numeric_limits<Index>::max();
  Index file = no_file;
  Index line = 0;  ///< counts the part's data lines of the file from 1; 0 where the file as a whole is meant
  std::optional<Error> error;
};

/// The failure `error` while `records` of a file were read; none where it could not be opened. A file that has changed
/// is the failure itself. `lines_skipped`: what the reader had passed before the data lines.
[[nodiscard]] TextFailure failure_of(Index file, const std::optional<RecordReader>& records, Index lines_skipped,
                                     const Error& error);

/// Throws the earliest failure as AgreedError, "FILE:LINE: ...", when some rank has one. `lines_before[f]` are the
/// lines of file f before the data lines of the part that failed; they need only be right where every lower part was
/// read to the end, as is so for the earliest failure. Collective over comm.
void agree_on_earliest(const Communicator& comm, const std::vector<std::string>& files,
                       const std::vector<Index>& lines_before, const TextFailure& failure);

}  // namespace rankwise
