#pragma once
// The rows of logs that were rejected, as a file: read again from the input, so that no text is kept meanwhile.

#include <span>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/log/interaction_log.hpp"
#include "distributed/log/rejected_rows.hpp"
#include "io/log/reader.hpp"

namespace rankwise {

/// Reads the parts of all files again and writes each rejected row: columns file, line, rule, reason, row, by ascending
/// file and line, the same bytes on any number of ranks. `rejected`: rows of any rank; `parts`: of the log that
/// read_log gave. A field that a spreadsheet would take for a formula gets an apostrophe in front. Holds the text of
/// one file's rejected rows of this rank. Collective over comm; throws AgreedError (no_input, bad_data, cannot_create,
/// io_error).
void write_quarantine(const Communicator& comm, const std::string& path, const LogPlan& plan,
                      std::span<const ReadParts> parts, std::vector<RejectedRow> rejected);

}  // namespace rankwise
