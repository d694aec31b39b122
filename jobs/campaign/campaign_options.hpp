#pragma once
// What `campaign plan` and `campaign assign` read.

#include <boost/program_options.hpp>
#include <string>

#include "kernels/base/types.hpp"

namespace rankwise {

/// Empty: not given.
struct CampaignOptions {
  std::string campaign;  ///< INI or JSON
  std::string data;
  std::string money;       ///< column of the dataset's table of items
  std::string clustering;  ///< of users
  std::string names;       ///< of segments
  std::string profile;
  std::string propensity;
  std::string uplift;
  std::string uplift_matches;  ///< report of segments --against: uplifts are of last quarter's segments
  std::string contacts;
  std::string key;  ///< a file, or env:NAME
};

/// Adds the options; `options` outlives them.
void describe_campaign(boost::program_options::options_description& description, CampaignOptions& options);

/// Throws Error(usage) if an option has no meaning without another one.
void require_sense(const CampaignOptions& options);

}  // namespace rankwise
