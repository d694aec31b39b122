#pragma once
// The assignment of a campaign: who is in which group, and who is offered what.
//
//   /users/ids                                 eligible customers, in the order of the dataset's users
//   /users/group (int32)                       0 treated, 1 control of this campaign, 2 global control
//   /users/stratum (int32)                     a row of /strata/names
//   /users/segment (int32)                     a row of /segments/names, or -1
//   /users/past_money_millionths (int64)       of the last horizon before the start
//   /users/predicted_value_millionths (int64)  of the intended offers
//   /users/offers/indptr (int64)  /users/offers/offer (int32)  /users/offers/value_millionths (int64)
//   /users/offers/intended (int32)  /users/offers/sent (int32)    CSR: one entry for each that is intended or sent
//   /offers/names  /offers/categories  /offers/channels
//   /offers/cost_millionths  /offers/margin_millionths  /offers/capacity (int64; -1: unlimited)
//   /strata/names  /segments/names
//
// Attributes of the root: Provenance (`dataset-digest` is that of the dataset), `campaign`, `goal`, `key-id`,
// `settings`, and as int64 `start` and `created` (microseconds since 1970), `horizon_seconds`, `hold_out_millionths`,
// `global_hold_out_millionths`.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "distributed/campaign/assignment.hpp"
#include "distributed/comm/communicator.hpp"
#include "io/dataset/provenance.hpp"
#include "io/hdf5/input_check.hpp"
#include "io/hdf5/reader.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

inline constexpr const char* assignment_kind = "assignment";

/// Provenance::kind is set here. The same bytes on any number of ranks. Collective over comm; throws AgreedError
/// (cannot_create, io_error).
void write_assignment(const Communicator& comm, const std::string& path, const CampaignAssignment& assignment,
                      const Provenance& provenance, int deflate_level = 0);

/// Such a file opened for reading. Construction and reads are collective over comm and throw AgreedError (no_input,
/// bad_data, io_error) that names the file.
class AssignmentReader {
 public:
  AssignmentReader(const Communicator& comm, const std::string& path, InputCheck check = InputCheck::digests);

  /// Whether what is read is compared with digests.
  [[nodiscard]] bool compares() const { return file_->compares(); }
  [[nodiscard]] const Provenance& provenance() const { return provenance_; }
  /// Eligible customers.
  [[nodiscard]] Index users() const { return users_; }
  [[nodiscard]] const CampaignTerms& terms() const { return terms_; }
  [[nodiscard]] const CampaignOffers& offers() const { return offers_; }
  [[nodiscard]] const std::vector<std::string>& strata() const { return strata_; }
  [[nodiscard]] const std::vector<std::string>& segments() const { return segments_; }
  [[nodiscard]] IdRows user_ids(RowRange rows) const;
  /// All of these customers, each rank with rows of its own, validated: numbers of groups, strata, segments and offers
  /// in range, offers of a customer ascending, nothing sent to controls, predicted values the sums of those intended.
  [[nodiscard]] CampaignAssignment read(RowRange rows) const;

 private:
  const Communicator* comm_;
  std::unique_ptr<Hdf5Reader> file_;
  Provenance provenance_;
  Index users_ = 0;
  Index entries_ = 0;
  CampaignTerms terms_;
  CampaignOffers offers_;
  std::vector<std::string> strata_;
  std::vector<std::string> segments_;
};

}  // namespace rankwise
