#pragma once
// Small text files of a scheduler's folder, which other processes may read while they are written.

#include <string>

namespace rankwise::slurm {

/// Appends the line and a newline by one write; false where that did not go.
bool append_line(const std::string& path, const std::string& line);

/// Puts the whole text in the file's place by a rename, one process after another in a folder. What a killed one left
/// there, `.records.0-0.partial`, is overwritten. Throws Error(cannot_create).
void replace_file(const std::string& path, const std::string& text);

/// Empty where there is no such file. Throws Error(io_error) where it cannot be read.
[[nodiscard]] std::string file_text(const std::string& path);

/// The folder and its `logs`. Throws Error(cannot_create).
void make_scheduler_folder(const std::string& folder);

}  // namespace rankwise::slurm
