#include "jobs/data/privacy_options.hpp"

#include "io/log/pseudonym_key.hpp"
#include "jobs/options/file_option.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

void add_privacy_options(boost::program_options::options_description& options, PrivacyOptions& values) {
  auto add = options.add_options();
  add("forget", read_file(&values.forget),
      "drop all rows of the users in this list: an id a line, or a column of a table; ids as they are in the log");
  add("pseudonyms", secret_file(&values.pseudonyms)->notifier(refuse_plain_hash),
      "replace ids of users by pseudonyms, 32 characters of HMAC-SHA256 under the secret key in this file (mode 0600, "
      "at least 16 bytes), or in an environment variable: env:NAME");
}

void require_sense(const PrivacyOptions& options, const std::string& quarantine) {
  if (quarantine.empty()) return;
  if (!options.pseudonyms.empty()) {
    throw Error(
        ExitCode::usage,
        "--quarantine and --pseudonyms exclude each other: the quarantine has rows as they are in the log, with "
        "the ids that are to be hidden");
  }
  if (!options.forget.empty()) {
    throw Error(ExitCode::usage,
                "--quarantine and --forget exclude each other: the quarantine would keep the rows that are to be "
                "forgotten");
  }
}

}  // namespace rankwise
