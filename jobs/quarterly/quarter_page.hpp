#pragma once
// The page of a quarter, and the same numbers as JSON.

#include "distributed/comm/communicator.hpp"
#include "jobs/quarterly/chain/chain.hpp"

namespace rankwise {

/// Writes both outputs of the step. Collective over comm; throws AgreedError.
void write_quarter_page(const Communicator& comm, const Chain& chain, const ChainStep& step);

}  // namespace rankwise
