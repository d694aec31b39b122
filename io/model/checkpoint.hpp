#pragma once
// The state of a training between two half-sweeps, as a file: what another run, on any number of ranks, needs to go on
// to the same bits.
//
//   /users/factors (users x width)   /items/factors (items x width)    float32, a bias as the last column
//   /history/observed, /history/unobserved, /history/regularizer       float64, one value per finished epoch
//
// Attributes of the root: Provenance (kind "checkpoint"), `width`, `solved-side` (which side the last half-sweep
// solved: "items" at the end of an epoch, "users" in its middle), `user-regularizer` (of the epoch's first half-sweep).

#include <functional>
#include <memory>
#include <string>

#include "distributed/als/factor_matrix.hpp"
#include "distributed/als/training_progress.hpp"
#include "distributed/comm/communicator.hpp"
#include "io/dataset/provenance.hpp"
#include "io/files/write_behind.hpp"
#include "io/model/verified_checkpoint.hpp"

namespace rankwise {

inline const std::string checkpoint_kind = "checkpoint";

/// A side's factors where they stand, or a copy of them: this rank's rows.
struct FactorRows {
  const Partition& partition;
  ConstMatrixView local;
};

/// Begins to write a checkpoint, whose factors must stay as they are until it is finished; the rest is done when this
/// returns. Factors that are deflated (deflate_level 1 to 9) are written before it returns. `background` has the same
/// ranks as `comm` and no other use meanwhile; `then`: see WriteBehind. Collective over comm; throws AgreedError
/// (cannot_create, io_error).
[[nodiscard]] std::unique_ptr<WriteBehind> start_checkpoint(const Communicator& comm, const Communicator& background,
                                                            const std::string& path, const TrainingProgress& progress,
                                                            const FactorRows& users, const FactorRows& items,
                                                            const Provenance& provenance,
                                                            std::function<void()> then = {}, int deflate_level = 0);

/// A checkpoint file opened for reading. Values are checked to be finite. Construction and reads are collective over
/// comm and throw AgreedError (no_input, bad_data, io_error) that names the file.
class CheckpointReader {
 public:
  CheckpointReader(const Communicator& comm, const std::string& path);
  ~CheckpointReader();
  CheckpointReader(CheckpointReader&&) noexcept;
  CheckpointReader& operator=(CheckpointReader&&) noexcept;

  [[nodiscard]] const Provenance& provenance() const;
  [[nodiscard]] const TrainingProgress& progress() const;
  [[nodiscard]] Index width() const;  ///< columns of both sides' factors
  [[nodiscard]] Index users() const;
  [[nodiscard]] Index items() const;
  [[nodiscard]] Matrix user_factors(RowRange rows) const;
  [[nodiscard]] Matrix item_factors(RowRange rows) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A checkpoint, distributed.
struct Checkpoint {
  Provenance provenance;
  TrainingProgress progress;
  Matrix users;  ///< this rank's rows
  Matrix items;
};

/// Reads a checkpoint of factors of `width` columns, each rank the rows of its part. Collective over comm; throws
/// DamagedCheckpoint, or AgreedError(no_input).
[[nodiscard]] Checkpoint read_checkpoint(const Communicator& comm, const std::string& path, const Partition& users,
                                         const Partition& items, Index width);

}  // namespace rankwise
