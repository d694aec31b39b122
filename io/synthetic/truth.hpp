#pragma once
// What was planted in a log, as a file to compare results with.
//
//   /users/ids  /users/factors (users x f)  /users/segments
//   /items/ids  /items/factors (items x f)  /items/popularity  /items/categories  /items/price_cents
//   /segments/factors (segments x f)
//
// A user chooses items with probability proportional to a weight of the item times exp(signal <user factors, item
// factors>).

#include <string>

#include "distributed/comm/communicator.hpp"
#include "distributed/synthetic/log.hpp"
#include "io/dataset/provenance.hpp"

namespace rankwise {

/// Collective over comm; written under a temporary name and committed; throws AgreedError (cannot_create, io_error).
void write_synthetic_truth(const Communicator& comm, const std::string& path, const SyntheticLog& log,
                           const Provenance& provenance);

}  // namespace rankwise
