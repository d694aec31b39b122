#include "jobs/run/job.hpp"

#include "jobs/run/version.hpp"

namespace rankwise {

Provenance JobContext::provenance(std::string_view kind, std::uint64_t dataset_digest) const {
  return {std::string(kind), program_version(), configuration, common.seed, dataset_digest};
}

}  // namespace rankwise
