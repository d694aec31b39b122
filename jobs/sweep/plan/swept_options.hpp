#pragma once
// The swept job's own options, as a sweep's plan takes them: each as a text that may name several values.

#include <map>
#include <string>
#include <vector>

#include "jobs/run/job.hpp"
#include "jobs/sweep/plan/plan.hpp"

namespace boost::program_options {
class options_description;
}

namespace rankwise {

[[nodiscard]] Job job_of(SweptJob job);

/// Its arguments with those files that it must have, named "file".
[[nodiscard]] std::vector<std::string> with_named_files(SweptJob job, std::vector<std::string> arguments);

/// An option of the swept job that a sweep may set.
struct SweptOption {
  std::string name;
  std::string value_name;
  ValueKind kind = ValueKind::word;
  bool is_switch = false;
  bool names_file = false;  ///< by one of its forms
};

/// All but files, checkpoints and what the sweep itself decides.
[[nodiscard]] std::vector<SweptOption> swept_options(SweptJob job);

/// Adds those of all jobs, each once; `texts` gets what is given and outlives the description.
void describe_swept_options(boost::program_options::options_description& description,
                            std::map<std::string, std::string>& texts);

/// The space that the texts name, for the job. Throws Error(usage) for an option of another job, with the nearest.
[[nodiscard]] Space swept_space(SweptJob job, const std::map<std::string, std::string>& texts);

/// The point as arguments of the job.
[[nodiscard]] std::vector<std::string> point_arguments(SweptJob job, const SearchPoint& point);

}  // namespace rankwise
