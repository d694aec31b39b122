#pragma once
// Who is held out: by keyed draws, before anything else is decided.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "distributed/campaign/assignment.hpp"
#include "distributed/comm/communicator.hpp"
#include "distributed/rows/ids.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// KeyedDraw(key, purpose) of each id. An empty purpose is that of the global hold-out. Local, by all threads.
[[nodiscard]] std::vector<std::uint64_t> keyed_draws(std::string_view key, std::string_view purpose, const Ids& ids);

/// Whether draw < share x 2^64: so a customer stays in or out whoever else is there.
[[nodiscard]] bool is_below_share(std::uint64_t draw, std::int64_t share_millionths);

/// Of each stratum, among those customers who are `eligible` (not 0): the first floor(share x n) in the order of their
/// draws. Customers with equal draws at that place, one pair in 2^64, stay out. 1 for them, 0 for all others.
/// `strata` are from 0 to below `stratum_count`. Collective over comm.
[[nodiscard]] std::vector<std::int32_t> first_of_strata(const Communicator& comm, std::span<const std::uint64_t> draws,
                                                        std::span<const std::int32_t> strata, Index stratum_count,
                                                        std::span<const std::int32_t> eligible,
                                                        std::int64_t share_millionths);

/// Quarters of all customers by these values, 0 to 3, 3 the highest. Equal values are in the same quarter: the highest
/// quarter has the largest values of which there are at most n / 4 in all, and so on. Collective over comm.
[[nodiscard]] std::vector<std::int32_t> value_quarters(const Communicator& comm, std::span<const std::int64_t> values);

}  // namespace rankwise
