// Files of campaigns, INI and JSON.

#include <string>

#include "jobs/campaign/campaign_file.hpp"
#include "tests/fuzz/harness.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rankwise;
  const std::string_view text = fuzz::text_of(data, size);
  for (const char* const name : {"campaign.ini", "campaign.json"}) {
    fuzz::read_or_refuse([&] {
      const CampaignSettings settings = parse_campaign(text, name);
      const CampaignOffers& offers = settings.offers;
      fuzz::require(!settings.terms.campaign.empty() && settings.terms.horizon_seconds > 0, "a campaign has its terms");
      fuzz::require(settings.terms.hold_out_millionths >= 0 && settings.terms.hold_out_millionths <= 900'000,
                    "a share is in range");
      fuzz::require(offers.size() > 0 && offers.capacity.size() == offers.size() &&
                        settings.probabilities.size() == offers.size(),
                    "an offer has all numbers");
    });
  }
  return 0;
}
