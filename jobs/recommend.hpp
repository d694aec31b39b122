#pragma once
// `rankwise recommend`: the best items for each user.

#include <string>

#include "jobs/job.hpp"

namespace rankwise {

struct RecommendOptions {
  std::string data;
  std::string model;
  std::string users;
  std::string output;
  Index top = 0;
  int deflate_level = 0;
};

/// Writes the `top` best items that each user has not interacted with, as CSV or (by the output's name) HDF5.
/// Collective over context.comm; throws AgreedError.
void recommend_items(const RecommendOptions& options, JobContext& context);

[[nodiscard]] Job recommend_job();

}  // namespace rankwise
