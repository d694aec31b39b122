#pragma once
// What a file was when it was opened, so that a change while it is read does not stay unseen.

#include <cstdint>
#include <string>

#include "distributed/comm/communicator.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Trivially copyable: the root takes it down, the other ranks compare what they open.
struct FileVersion {
  Index bytes = 0;
  std::int64_t modified_ns = 0;  ///< since 1970
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t node = 0;  ///< whose numbers of devices and inodes these are
};

/// Of an open file. Throws Error(io_error) without the file's name.
[[nodiscard]] FileVersion version_of(int descriptor);

/// Whether both are one file that was not written to in between. Nodes may number devices each in its own way, and may
/// hold copies of a file on disks of their own: of another node's file with another inode only the size counts.
[[nodiscard]] bool is_same(const FileVersion& before, const FileVersion& now);

/// Throws Error(io_error) with the figures, without the file's name, unless both are the same.
void check_same(const FileVersion& before, const FileVersion& now);

/// Every rank's version of the file at `path` is the root's. Collective over comm; throws AgreedError(io_error) that
/// names the file.
void agree_on_version(const Communicator& comm, const std::string& path, const FileVersion& mine);

}  // namespace rankwise
