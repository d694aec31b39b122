#pragma once
// Standard output is for results: what cannot be written there is an error, not a shrug.

#include <string_view>

namespace rankwise {

/// Appends a table for people to standard output, as printable_table(); throws Error(io_error). Not collective: call it
/// on the root under agree_on.
void print_result(std::string_view text);

/// The same of data for other programs, which stay as they are.
void print_data(std::string_view data);

/// Makes sure that everything printed has arrived; throws Error(io_error).
void flush_results();

}  // namespace rankwise
