#pragma once
// What earlier campaigns brought, by segment and offer, as `campaign measure` writes it.

#include <cstdint>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"

namespace rankwise {

/// The segment in lines of all customers, and of those who are in none.
inline constexpr const char* uplift_of_all = "(all)";
inline constexpr const char* uplift_of_none = "(none)";

/// Of an intended offer that fewer were sent, nothing is known of one that is sent.
inline constexpr double least_sent_share = 0.05;

/// In the order of the file; all vectors have one entry a record.
struct UpliftTable {
  std::vector<std::string> segments;
  std::vector<std::string> offers;
  std::vector<std::int64_t> margin_millionths;  ///< shrunk uplift / sent share: margin a head who is sent the offer
  std::vector<std::int32_t> has_value;          ///< 0: the field is empty, or the share below least_sent_share
  bool has_sent_share = true;                   ///< false: no such column, all shares count as 1
};

/// The delimited file at `path` with the columns `segment`, `offer` and `shrunk_uplift`,
/// and perhaps `sent_share` (of intended treated customers, 0 to 1); other columns are passed over.
/// The root reads, every rank receives all. Collective over comm; throws AgreedError (no_input; bad_data: FILE, line
/// and what was expected, a pair twice).
[[nodiscard]] UpliftTable read_uplift(const Communicator& comm, const std::string& path);

}  // namespace rankwise
