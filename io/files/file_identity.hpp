#pragma once
// Which file a path means, whatever the path's spelling and links.

#include <compare>
#include <optional>
#include <string>
#include <sys/types.h>

namespace rankwise {

/// Where a file of this path is, or will be once it is written: symbolic links at its end are followed, also those
/// whose target is missing. Throws Error(cannot_create) for links in a circle.
[[nodiscard]] std::string follow_links(const std::string& path);

/// Equal for two paths exactly if they mean one file: by device and inode; of a file that does not exist yet, those of
/// its folder and its name there. Where the folder is missing too, the whole path is the name.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  std::string name;  ///< empty for a file that exists

  friend auto operator<=>(const FileIdentity&, const FileIdentity&) = default;
};

/// Of the file or folder; nothing for pipes, sockets and devices, which hold no bytes that could be lost. Throws
/// Error(cannot_create) for links in a circle.
[[nodiscard]] std::optional<FileIdentity> identity_of(const std::string& path);

/// Likewise of an open file.
[[nodiscard]] std::optional<FileIdentity> identity_of(int descriptor);

/// The path of a file below a folder, without a leading slash, after links are followed ("records/t1.json"); nothing if
/// it is not below the folder.
[[nodiscard]] std::optional<std::string> path_inside(const std::string& folder, const std::string& file);

}  // namespace rankwise
