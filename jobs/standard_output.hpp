#pragma once
// Standard output is for results: what cannot be written there is an error, not a shrug.

#include <string_view>

namespace rankwise {

/// Appends to standard output; throws Error(io_error). Not collective: call it on the root under agree_on.
void print_result(std::string_view text);

/// Makes sure that everything printed has arrived; throws Error(io_error).
void flush_results();

}  // namespace rankwise
