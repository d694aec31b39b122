#pragma once
// What a section's options say, beside the command that they become.

#include <boost/program_options.hpp>
#include <memory>

#include "jobs/run/job.hpp"

namespace rankwise {

/// The job, whose options go into `options` once a section is read.
template <class Options>
Job into(const std::shared_ptr<Options>& options, Job job,
         RunJob (*describe)(boost::program_options::options_description&, const std::shared_ptr<Options>&)) {
  job.describe = [options, describe](boost::program_options::options_description& description) {
    return describe(description, options);
  };
  return job;
}

}  // namespace rankwise
