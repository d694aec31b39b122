#pragma once
// A run never writes over a file that it reads, nor two outputs over each other.

#include <span>
#include <string>
#include <vector>

#include "jobs/options/file_option.hpp"

namespace rankwise {

/// A file or folder of a run.
struct NamedFile {
  std::string name;  ///< what gave it, for messages: "--output"
  std::string path;
  FileRole role;
};

/// Throws Error(usage) that names both if a file that is to be written is also another one of these, or one of those
/// that the run keeps in one of the folders. Compares devices and inodes, so other spellings, symbolic and hard links
/// are the same file; for a file that does not exist yet, its folder and name. Pipes and devices are left alone. For
/// one rank: looks at the file system, and opens nothing.
void require_distinct_files(std::span<const NamedFile> files);

/// Throws Error(usage) where one of these files is also what standard output or standard error go into. A path below
/// /dev is one of them on purpose.
void require_apart_from_streams(std::span<const NamedFile> files);

/// Of the name, with its dot and in small letters: ".h5"; empty if it has none.
[[nodiscard]] std::string ending_of(const std::string& path);

/// Throws Error(usage) that lists the known endings where the output's name has another one.
void require_known_ending(const NamedFile& file);

/// Throws Error(no_input) where a file that is to be read is a directory, and Error(cannot_create) where one that is to
/// be written is one or has a longer name or path than the system takes.
void require_fit_path(const NamedFile& file);

/// require_distinct_files, then require_known_ending and require_fit_path for each: what loses data is told first.
void require_sound_files(std::span<const NamedFile> files);

}  // namespace rankwise
