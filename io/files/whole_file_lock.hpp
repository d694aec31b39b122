#pragma once
// What fcntl is asked for, for a lock of a file.

#include <fcntl.h>

namespace rankwise {

/// To write, all bytes that the file has or will have.
[[nodiscard]] inline struct flock whole_file_lock() {
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  return whole;
}

}  // namespace rankwise
