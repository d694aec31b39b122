#pragma once
// The option of jobs that write HDF5 files.

#include <boost/program_options.hpp>

#include "jobs/options/choices.hpp"

namespace rankwise {

/// Adds --compression; `level` outlives the description.
inline void describe_compression(boost::program_options::options_description& description, int& level) {
  namespace po = boost::program_options;
  description.add_options()(
      "compression", po::value(&level)->value_name("0-9")->default_value(0)->notifier(within<int>("compression", 0, 9)),
      "deflate rows in HDF5 files that are written, from 1 (fast) to 9 (small), after shuffling their bytes; the run "
      "waits for it, and has the packed rows of "
      "one dataset in memory. 0: leave rows as they are");
}

}  // namespace rankwise
