#pragma once
// Campaigns of last quarter whose time is not over: they are measured later.

#include "distributed/comm/communicator.hpp"
#include "io/hdf5/input_check.hpp"
#include "jobs/quarterly/chain/chain.hpp"

namespace rankwise {

/// Whether the campaign that the step measures is not finished when its dataset ends; then its outputs say so, and the
/// next plan gets no uplifts. False of a step that measures none. Collective over comm; throws AgreedError.
[[nodiscard]] bool write_pending_campaign(const Communicator& comm, const ChainStep& step, InputCheck check);

}  // namespace rankwise
