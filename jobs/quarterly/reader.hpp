#pragma once
// From a chain's file to a chain.

#include <string>
#include <string_view>

#include "distributed/comm/communicator.hpp"
#include "jobs/quarterly/chain.hpp"

namespace rankwise {

/// Reads sections, each with its job's own options; files between steps are wired. `scheduler` as for
/// read_chain_settings. Throws Error(usage) that names file and line or section.
[[nodiscard]] Chain read_chain(std::string_view text, const std::string& file_name, const std::string& scheduler);

/// What a chain's folder says: DIR/quarterly.ini, as it was submitted last. The root reads, for all. Collective over
/// comm; throws AgreedError.
[[nodiscard]] Chain submitted_chain(const Communicator& comm, const std::string& directory);
[[nodiscard]] std::string chain_path(const std::string& directory);

}  // namespace rankwise
