#pragma once
// The one way to standard error.

#include <string_view>

namespace rankwise {

/// Writes to standard error what can be written there, and drops the rest: what a run says must never end it.
/// Async-signal-safe.
void write_standard_error(std::string_view text) noexcept;

/// For the start of a program: opens /dev/null in place of each of the descriptors 0, 1 and 2 that is closed, so that
/// no file that is opened later takes its number and what is meant for a person. What is written to a standard output
/// that was closed still fails. Where a reader of a pipe has gone, writing fails too, and no signal ends the process.
void settle_standard_streams() noexcept;

}  // namespace rankwise
