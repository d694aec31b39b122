#pragma once
// Small files as a whole: read at once, replaced at once, and lines that are appended. Other processes may read them
// meanwhile, and a power cut may come at any time.

#include <optional>
#include <string>
#include <string_view>

namespace rankwise {

/// All bytes of a file or pipe; nothing, with errno, if it cannot be opened or read.
[[nodiscard]] std::optional<std::string> whole_file(const std::string& path);

/// All bytes of a file; empty if there is no such file. Throws Error(io_error) if it cannot be read.
[[nodiscard]] std::string read_small_file(const std::string& path);

/// Puts the whole text in the file's place: what reads it finds the old text or the new one, also after a power cut. A
/// file beside it takes the text and is made durable, then it is renamed, then the folder is made durable (two fsyncs).
/// One process after another does so in a folder: what a killed one left there, `.records.0-0.partial`, is overwritten.
/// If the file system has no locks, each process has a file of its own, `.records.PID-N-unlocked.partial`. Throws
/// Error: cannot_create (nothing can be written in the folder), io_error.
void replace_file(const std::string& path, std::string_view text);

/// Appends the line and a newline, durably, by one write unless the system takes less; false, with errno, if that
/// failed.
[[nodiscard]] bool append_line(const std::string& path, const std::string& line);

}  // namespace rankwise
