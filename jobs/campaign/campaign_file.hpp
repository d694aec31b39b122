#pragma once
// The file of a campaign: its goal, whom it is for, its offers and limits.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "distributed/campaign/assignment.hpp"
#include "distributed/comm/communicator.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Of an offer, beside what CampaignOffers has.
struct OfferProbability {
  std::string column;  ///< of a table of customers; empty: a constant
  std::int32_t constant_millionths = 0;
};

struct CampaignSettings {
  CampaignTerms terms;                ///< without `created_microseconds` and `key_id`
  std::vector<std::string> segments;  ///< numbers or names; none: all customers
  std::string condition;              ///< on columns of tables of customers; empty: none
  Index offers_per_customer = 1;
  Index offers_per_category = 1;
  std::int64_t budget_millionths = -1;  ///< -1: unlimited
  bool strata_by_segment = false;
  bool strata_by_value = false;
  std::int64_t contacts_within_seconds = 0;  ///< before the start
  Index contacts_limit = 0;                  ///< so many contacts leave a customer out; 0: no number does
  CampaignOffers offers;
  std::vector<OfferProbability> probabilities;  ///< of each offer

  [[nodiscard]] std::int64_t begin_of_past_microseconds() const {
    return terms.start_microseconds - terms.horizon_seconds * millionths;
  }
};

/// INI, or JSON by the file's name: a section [campaign] and a section [offer NAME] for each offer. Throws Error(usage)
/// that names file and line.
[[nodiscard]] CampaignSettings parse_campaign(std::string_view text, const std::string& file_name);

/// The root reads. Collective over comm; throws AgreedError (no_input; usage that names file and line).
[[nodiscard]] CampaignSettings read_campaign(const Communicator& comm, const std::string& path);

}  // namespace rankwise
