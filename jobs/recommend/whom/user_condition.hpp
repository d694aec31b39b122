#pragma once
// Users that fulfil a condition on the dataset's table of users.

#include <cstdint>
#include <string>
#include <vector>

#include "jobs/recommend/whom/user_histories.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// Of each user of this rank's share by count, 1 if it fulfils the condition, else 0. A user of whom the table has no
/// row, or one without any value, fulfils none. Says how many fulfil it, and how
/// many of dataset and log have no row. Collective over context.comm; throws AgreedError: usage (a column that the
/// table does not have), bad_data (no table, or nobody fulfils the condition).
[[nodiscard]] std::vector<std::int32_t> users_that_fulfil(JobContext& context, const std::string& condition,
                                                          const UserHistories& histories, const std::string& data_path);

}  // namespace rankwise
