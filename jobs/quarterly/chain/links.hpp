#pragma once
// Which steps of a chain follow which.

#include "jobs/quarterly/chain/chain.hpp"

namespace rankwise {

/// Writes ChainStep::after of every step, from the files that steps read and write. Throws Error(usage) where two steps
/// write one file, or a step reads what it or a later one writes.
void link_steps(Chain& chain);

}  // namespace rankwise
