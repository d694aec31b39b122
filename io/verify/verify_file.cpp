#include "io/verify/verify_file.hpp"

#include "io/verify/listed_files.hpp"
#include "io/verify/verify_structure.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

Verification check_file(const Communicator& comm, const std::string& path) {
  if (is_manifest_name(path)) return check_listed_files(comm, path);
  Verification verification = check_digests(comm, path);
  if (!verification.faults.empty()) return verification;
  try {
    verify_structure(comm, path, verification.kind);
  } catch (const AgreedError& error) {
    if (error.code() != ExitCode::bad_data) throw;
    verification.faults.emplace_back(error.what());
  }
  return verification;
}

}  // namespace rankwise
