#pragma once
// Ids that people would read as one: numbers written in two ways, blanks, Unicode forms.

#include <string>
#include <string_view>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/id_rows.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

enum class IdDifference { unicode_form, blanks, number_form };

/// "in Unicode form", ...
[[nodiscard]] std::string_view difference_text(IdDifference difference);

/// Ids of one table that differ from another one of it only in this.
struct IdVariants {
  IdDifference difference = IdDifference::blanks;
  Index ids = 0;  ///< of those that come after another in bytewise order
  std::string first;
  std::string second;  ///< the first such pair in bytewise order
};

/// At most one entry for each difference, in their order; empty for integers. Letter case is a difference that counts.
/// `ids` holds this rank's share of distinct ids. Every id meets its like on the rank that the hash of its plain form
/// names; only ids that have a like travel. The same on every rank, whatever the number of ranks. Collective over comm.
[[nodiscard]] std::vector<IdVariants> find_id_variants(const Communicator& comm, const IdRows& ids);

}  // namespace rankwise
