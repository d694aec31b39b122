#pragma once
// --forget and --pseudonyms of `rankwise prepare`.

#include <boost/program_options.hpp>
#include <string>

namespace rankwise {

struct PrivacyOptions {
  std::string pseudonyms;  ///< file of the key or `env:NAME`; empty: ids stay as they are
  std::string forget;      ///< file with a list of user ids; empty: nobody
};

/// Their values go to `values`, which must outlive the parsing.
void add_privacy_options(boost::program_options::options_description& options, PrivacyOptions& values);

/// Throws Error(usage) if ids would be in the quarantine that must not be there.
void require_sense(const PrivacyOptions& options, const std::string& quarantine);

}  // namespace rankwise
