#pragma once
// The end of a file's way to disk while the ranks compute: its rows are written and made durable, and the file is put
// in its place, by another thread. What HDF5 and MPI have to do with it is done before.

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/comm/pending_max.hpp"
#include "io/files/commit.hpp"
#include "kernels/base/matrix.hpp"

namespace rankwise {

/// Rows that belong into a file, one after another without padding.
struct RowsAtByte {
  ConstMatrixView rows;
  Index first_byte = 0;
};

/// A file on its way. Construction and finish() are collective over comm, in the order of its other collective calls;
/// so is progress() in effect, and therefore nobody else may use comm meanwhile. The rows must stay as they are until
/// finish() returns.
class WriteBehind {
 public:
  /// Begins to write this rank's `rows` into `file`, which is closed. `then` follows on the root once the file is in
  /// its place, in the other thread; it may throw Error.
  WriteBehind(const Communicator& comm, std::unique_ptr<OutputFile> file, std::vector<RowsAtByte> rows,
              std::function<void()> then = {});
  /// Waits for this rank's thread alone: a file that is not finished is removed.
  ~WriteBehind();
  WriteBehind(const WriteBehind&) = delete;
  WriteBehind& operator=(const WriteBehind&) = delete;

  /// Takes the next step where the one before is done on all ranks; never waits. For the thread that calls MPI.
  void progress();
  /// Waits until the file is in its place. Throws AgreedError(io_error).
  void finish();
  /// From the beginning until the file was seen in its place.
  [[nodiscard]] double seconds() const { return seconds_; }

 private:
  enum class Step { writing, agreeing, placing, done };
  using Outcome = std::optional<Error>;
  void start(std::function<void()> work);
  void end_step();

  const Communicator& comm_;
  std::unique_ptr<OutputFile> file_;
  std::vector<RowsAtByte> rows_;
  std::function<void()> then_;
  Step step_ = Step::writing;
  std::future<Outcome> thread_;
  std::unique_ptr<PendingMax> failed_;  ///< whether any rank could not write
  Outcome failure_;                     ///< this rank's
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  double seconds_ = 0;
};

}  // namespace rankwise
