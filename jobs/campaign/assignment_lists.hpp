#pragma once
// An assignment as lists: for each segment and channel whom to send what, and who must get nothing.

#include <string>

#include "jobs/campaign/campaign_run.hpp"
#include "jobs/lists/list_format.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

struct AssignmentListOptions {
  std::string path;    ///< empty: no lists
  std::string format;  ///< as --format of recommend; empty: by the ending
  bool explain = false;
};

/// Throws Error(usage).
void require_sense(const AssignmentListOptions& options);

/// Collective; fails as writing would. Throws AgreedError (cannot_create).
void check_lists(const Communicator& comm, const AssignmentListOptions& options);

/// Whether the files can have their names: before anything is written. Collective; throws AgreedError (usage: too many
/// files, two channels with one name; cannot_create: a file that no manifest names has the name of one).
void require_list_names(const Communicator& comm, const AssignmentListOptions& options, const CampaignRun& run);

/// A line for each offer that is sent, in the order of the dataset's users; and of controls, for each that was
/// intended. Text: files by segment and channel, one of controls, and a manifest, which is written last. HDF5: one
/// table. Collective over context.comm; throws AgreedError (cannot_create, io_error; usage: too many files).
void write_assignment_lists(JobContext& context, const AssignmentListOptions& options, const CampaignRun& run,
                            const std::string& segments_path);

}  // namespace rankwise
