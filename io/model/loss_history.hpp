#pragma once
// The losses of finished epochs in a file: /history/loss, /history/observed, /history/unobserved, /history/regularizer;
// and /history/validation where some epoch was validated.

#include <vector>

#include "distributed/als/training_progress.hpp"
#include "distributed/comm/communicator.hpp"
#include "io/hdf5/reader.hpp"
#include "io/hdf5/writer.hpp"

namespace rankwise {

/// One value per epoch; every rank has the history, the root writes it. Collective, as the writer is.
void write_loss_history(const Communicator& comm, Hdf5Writer& file, const std::vector<EpochLoss>& history);

/// Not collective, as the reader is; throws Error(bad_data).
[[nodiscard]] std::vector<EpochLoss> read_loss_history(const Hdf5Reader& file);

}  // namespace rankwise
