#pragma once
// Standard output is for results: what cannot be written there is an error, not a shrug. But it is one of the end:
// files that the run has yet to write are worth more.

#include <optional>
#include <string>
#include <string_view>

namespace rankwise {

/// Writes a table for people to standard output at once, as printable_table(). Where that fails, this and all that
/// follows is lost, which lost_results() tells.
void print_result(std::string_view text);

/// The same of data for other programs, which stay as they are.
void print_data(std::string_view data);

/// Why results could not be written to standard output, if they could not, in one line.
[[nodiscard]] std::optional<std::string> lost_results();

/// Throws Error(io_error) where results were lost.
void require_results();

}  // namespace rankwise
