#pragma once
// `rankwise kmeans`: from rows to clusters.

#include <memory>

#include "jobs/kmeans/kmeans_settings.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// Clusters rows, or assigns them to the clusters of an earlier run, and writes a clustering. Collective over
/// context.comm; throws AgreedError.
void cluster_rows(const KMeansJobOptions& options, JobContext& context);

/// Adds all options of the job, and returns what runs it; `options` gets their values.
[[nodiscard]] RunJob describe_kmeans(boost::program_options::options_description& description,
                                     const std::shared_ptr<KMeansJobOptions>& options);
[[nodiscard]] Job kmeans_job();

}  // namespace rankwise
