#pragma once
// Campaigns of last quarter that are not measured: because their time is not over, or because they cannot be.

#include "distributed/comm/communicator.hpp"
#include "io/hdf5/input_check.hpp"
#include "jobs/quarterly/chain/chain.hpp"

namespace rankwise {

/// Whether the campaign that the step measures is not finished when its dataset ends; then its outputs say so, and the
/// next plan gets no uplifts. False of a step that measures none. Collective over comm; throws AgreedError.
[[nodiscard]] bool write_pending_campaign(const Communicator& comm, const ChainStep& step, InputCheck check);

/// Writes the step's outputs: the campaign cannot be measured, for this reason, and the next plan gets no uplifts.
/// Likewise.
void write_unmeasured_campaign(const Communicator& comm, const ChainStep& step, const std::string& reason);

}  // namespace rankwise
