#pragma once
// Factors of users beside what is known of them as customers.

#include <string>

#include "distributed/rows/id_rows.hpp"
#include "jobs/profile/customer_columns.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// Adds factor_1, factor_2, ... of the model in `path`, matched by the ids of `users`; missing of users whom its
/// training does not know. Returns how many these are, of all ranks. Collective over context.comm; throws AgreedError
/// (no_input; bad_data, also if the model knows none of them).
[[nodiscard]] Index add_factor_columns(const JobContext& context, const std::string& path, const IdRows& users,
                                       CustomerColumns& columns);

}  // namespace rankwise
