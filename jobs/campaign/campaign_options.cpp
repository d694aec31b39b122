#include "jobs/campaign/campaign_options.hpp"

#include "io/log/pseudonym_key.hpp"
#include "jobs/options/file_option.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

void refuse_hash_as_key(const std::string& source) {
  refuse_hash_name("--key", source);
}

}  // namespace

void describe_campaign(boost::program_options::options_description& description, CampaignOptions& options) {
  namespace po = boost::program_options;
  // clang-format off
  description.add_options()
    ("campaign", read_file(&options.campaign)->required(), "the campaign: a section [campaign], and [offer NAME] for each offer (INI, or JSON)")
    ("data", read_file(&options.data)->required(), "dataset of the customers, as prepare writes it with an order column or --orders day")
    ("key", secret_file(&options.key)->required()->notifier(refuse_hash_as_key),
     "secret key of the draws, in this file (mode 0600, at least 16 bytes) or in an environment variable: env:NAME")
    ("money", po::value(&options.money)->value_name("COLUMN"),
     "a column of numbers of the dataset's table of items: a line is worth its value times this. Without it values are money")
    ("segments", read_file(&options.clustering), "clustering of users, as kmeans writes it")
    ("names", read_file(&options.names), "names of the segments: a CSV with the columns segment and name")
    ("profile", read_file(&options.profile), "a row for each customer, as profile writes it (HDF5): columns for probabilities and conditions")
    ("propensity", read_file(&options.propensity), "likewise, as propensity writes it; its columns go before those of --profile")
    ("uplift", read_file(&options.uplift), "what earlier campaigns brought by segment and offer, as campaign measure writes it: goes before probability x margin")
    ("uplift-matches", read_file(&options.uplift_matches),
     "the uplifts are of last quarter's segments: each goes to the segment that matches it in this report (JSON) of segments --against")
    ("contacts", read_file(&options.contacts), "contacts of the past: a CSV with a user column and a column time");
  // clang-format on
}

void require_sense(const CampaignOptions& options) {
  if (!options.names.empty() && options.clustering.empty())
    throw Error(ExitCode::usage, "--names has a meaning only with --segments");
  if (!options.uplift_matches.empty() && (options.uplift.empty() || options.clustering.empty()))
    throw Error(ExitCode::usage, "--uplift-matches has a meaning only with --uplift and --segments");
}

}  // namespace rankwise
