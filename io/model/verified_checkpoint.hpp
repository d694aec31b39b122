#pragma once
// Whether a checkpoint, of whatever job, can be trusted.

#include <string>

#include "distributed/comm/communicator.hpp"
#include "io/dataset/provenance.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

/// A checkpoint that cannot be trusted: another one may do.
class DamagedCheckpoint : public AgreedError {
 public:
  using AgreedError::AgreedError;
};

/// What `step`, which is collective, returns; bad data becomes DamagedCheckpoint.
template <class Step>
auto damage_named(Step&& step) {
  try {
    return step();
  } catch (const AgreedError& error) {
    if (error.code() == ExitCode::bad_data) throw DamagedCheckpoint(error.code(), error.what());
    throw;
  }
}

/// Compares all of a checkpoint with its digests (verify_digests) and returns where it comes from; who reads it checks
/// its structure. Collective over comm; throws DamagedCheckpoint, also if the file is of another kind, or
/// AgreedError(no_input).
[[nodiscard]] Provenance verified_provenance(const Communicator& comm, const std::string& path,
                                             const std::string& kind);

}  // namespace rankwise
