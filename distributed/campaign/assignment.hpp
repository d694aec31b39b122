#pragma once
// What a campaign fixes before its outcomes exist: groups of customers, and who is offered what.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/id_rows.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Money, probabilities and prices of campaigns are whole millionths, so that sums are exact in any order.
inline constexpr std::int64_t millionths = 1'000'000;

/// What counts, a head: the primary outcome.
enum class CampaignGoal : std::int32_t { revenue, margin, orders, buyers };

/// "revenue", "margin", "orders", "buyers".
[[nodiscard]] std::string_view goal_word(CampaignGoal goal);

/// In the order of the file's numbers. Customers of the global hold-out are in no campaign's comparison: they are left
/// out of every campaign.
enum class CustomerGroup : std::int32_t { treated, control, global_control };
inline constexpr std::int32_t customer_group_count = 3;

/// "treated", "control", "global_control".
[[nodiscard]] std::string_view group_word(CustomerGroup group);

/// What a campaign is, without its customers.
struct CampaignTerms {
  std::string campaign;  ///< its name, part of the keyed hash
  CampaignGoal goal = CampaignGoal::revenue;
  std::int64_t start_microseconds = 0;    ///< since 1970, UTC; outcomes count from then on
  std::int64_t horizon_seconds = 0;       ///< for so long
  std::int64_t created_microseconds = 0;  ///< when the assignment was fixed
  std::int64_t hold_out_millionths = 0;   ///< of each stratum
  std::int64_t global_hold_out_millionths = 0;
  std::string key_id;    ///< of the key of the hash (Pseudonyms::key_id)
  std::string settings;  ///< what the campaign's file says, `[section] name = value` a line, sorted; empty: not known

  /// Outcomes before this moment count.
  [[nodiscard]] std::int64_t end_microseconds() const { return start_microseconds + horizon_seconds * millionths; }
};

/// One entry an offer in each.
struct CampaignOffers {
  static constexpr std::int64_t unlimited = -1;
  std::vector<std::string> names;       ///< each once
  std::vector<std::string> categories;  ///< empty: the offer is a category of its own
  std::vector<std::string> channels;
  std::vector<std::int64_t> cost_millionths;    ///< of a contact
  std::vector<std::int64_t> margin_millionths;  ///< if it is taken up
  std::vector<Index> capacity;                  ///< customers at most, or unlimited

  [[nodiscard]] std::size_t size() const { return names.size(); }
};

/// Offers of customers, as rows of a sparse matrix: columns ascend in each row. Each entry is intended, sent, or both.
struct OfferLines {
  std::vector<Index> offsets{0};  ///< a customer more, local, from 0
  std::vector<std::int32_t> offers;
  std::vector<std::int64_t> value_millionths;  ///< what is expected of it
  std::vector<std::int32_t> intended;          ///< 1: the final prices alone choose it, of treated and controls alike
  std::vector<std::int32_t> sent;              ///< 1: the customer gets it; treated ones alone
};

/// This rank's eligible customers, in the order of the dataset's users; all but `ids`, the vectors of one entry a
/// customer and `lines` is the same on every rank.
struct CampaignAssignment {
  CampaignTerms terms;
  CampaignOffers offers;
  std::vector<std::string> strata;    ///< names
  std::vector<std::string> segments;  ///< names; none without segments
  IdRows ids;
  std::vector<CustomerGroup> groups;
  std::vector<std::int32_t> stratum_of;                  ///< a place in `strata`
  std::vector<std::int32_t> segment_of;                  ///< a place in `segments`, or -1
  std::vector<std::int64_t> past_money_millionths;       ///< of the last horizon before the start
  std::vector<std::int64_t> predicted_value_millionths;  ///< of the intended offers
  OfferLines lines;
};

}  // namespace rankwise
