#pragma once
// From a chain's file to a chain.

#include <string>
#include <string_view>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "jobs/quarterly/chain/chain.hpp"

namespace rankwise {

/// What the command line says of a chain's file.
struct ChainChanges {
  std::string scheduler;             ///< as for read_chain_settings
  std::vector<std::string> options;  ///< of --set: SECTION.OPTION=VALUE
};

/// Reads sections, each with its job's own options; files between steps are wired. What `previous` names is read here,
/// and is the section [previous] of the chain's text. Throws Error(usage) that names file and line or section, and
/// no_input.
[[nodiscard]] Chain read_chain(std::string_view text, const std::string& file_name, const ChainChanges& changes = {});

/// What a chain's folder says: DIR/quarterly.ini, as it was submitted last. The root reads, for all. Collective over
/// comm; throws AgreedError.
[[nodiscard]] Chain submitted_chain(const Communicator& comm, const std::string& directory);
[[nodiscard]] std::string chain_path(const std::string& directory);

}  // namespace rankwise
