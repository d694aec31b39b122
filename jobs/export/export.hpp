#pragma once
// `rankwise export`: a model as arrays for NumPy and scipy, or its items as an index of faiss.

#include <string>

#include "jobs/run/job.hpp"

namespace rankwise {

struct ExportOptions {
  std::string model;
  std::string output;     ///< a .npz or .faiss file
  std::string directory;  ///< of .npy files; one of both is given
};

/// Collective over context.comm; throws AgreedError.
void export_model(const ExportOptions& options, JobContext& context);

[[nodiscard]] Job export_job();

}  // namespace rankwise
