#pragma once
// What the steps of a chain ask of their scheduler, as [quarterly] states it.

#include <string>

#include "jobs/quarterly/chain/chain.hpp"

namespace rankwise {

/// Of this section's step, what is not stated by default. Throws Error(usage) for fewer ranks than nodes.
[[nodiscard]] slurm::Resources resources_of(const Chain& chain, const std::string& step);

/// Of a step that trains again what `like` has trained: as that one, unless it has needs of its own. Likewise.
[[nodiscard]] slurm::Resources resources_like(const Chain& chain, const ChainStep& like, const std::string& step);

}  // namespace rankwise
