#pragma once
// `rankwise evaluate`: how well a model predicts what was held out.

#include <string>

#include "distributed/ranking/catalogue.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

struct EvaluateOptions {
  std::string data;
  std::string model;
  std::string metrics;  ///< "auto", or a list as parse_metrics takes it
  std::string output;
  SeenItems seen = SeenItems::exclude;
};

/// Prints a table of metrics beside a baseline's and writes them as JSON. Collective over context.comm; throws
/// AgreedError.
void evaluate_model(const EvaluateOptions& options, JobContext& context);

[[nodiscard]] Job evaluate_job();

}  // namespace rankwise
