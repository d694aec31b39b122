#pragma once
// The file of propensities: how likely each customer buys, or for how much, and the model that says so.
//
//   /users/ids
//   /users/table    a dataframe: `probability` or `expected_money`, and `out_of_fold` (1: the model that says it has
//   not
//                   seen the customer's outcome; 0: that of all rows); both are missing of users without a purchase
//   /model/terms    a dataframe with a row for each term: `coefficient`, `standard_error`, `column`, `level`, `mean`,
//                   `deviation`
//
// Attributes of the root: Provenance (`dataset-digest` is that of the profile whose customers these are),
// `analysis-day` of that profile, and `outcomes-until`, the last day of the outcomes that the model has learned, if
// they have times.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/id_rows.hpp"
#include "io/dataset/provenance.hpp"
#include "io/hdf5/input_check.hpp"
#include "io/hdf5/reader.hpp"
#include "io/profile/profile_file.hpp"
#include "io/tables/table_file.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

inline constexpr const char* propensity_kind = "propensity";
inline const std::string term_table_name = "/model/terms";
inline constexpr const char* outcomes_until_attribute = "outcomes-until";

/// A term of the model, for people; numbers are NaN if the term does not have them.
struct ModelTerm {
  std::string name;  ///< different for each
  std::string column;
  std::string level;
  double coefficient = 0;
  double standard_error = 0;
  double mean = 0;
  double deviation = 0;
};

/// `scores` are the customers with their columns; `outcomes_until`: "2024-05-31", or empty. Provenance::kind is set
/// here. Collective over comm; throws AgreedError (cannot_create, io_error).
void write_propensity(const Communicator& comm, const std::string& path, const Profile& scores,
                      const std::vector<ModelTerm>& terms, const std::string& outcomes_until,
                      const Provenance& provenance, int deflate_level);

/// Such a file opened for reading. Construction is collective over comm; throws AgreedError (no_input, bad_data,
/// io_error) that names the file. What the tables do is not collective.
class PropensityReader {
 public:
  PropensityReader(const Communicator& comm, const std::string& path, InputCheck check = InputCheck::digests);

  [[nodiscard]] const Provenance& provenance() const { return provenance_; }
  [[nodiscard]] Index users() const { return scores_->rows(); }
  [[nodiscard]] const TableReader& scores() const { return *scores_; }
  [[nodiscard]] const TableReader& terms() const { return *terms_; }
  /// Collective over comm.
  [[nodiscard]] IdRows user_ids(RowRange rows) const;
  /// Names of terms, as ids. Collective over comm.
  [[nodiscard]] IdRows term_names(RowRange rows) const;

 private:
  const Communicator* comm_;
  std::unique_ptr<Hdf5Reader> file_;
  Provenance provenance_;
  std::optional<TableReader> scores_ = {};
  std::optional<TableReader> terms_ = {};
};

}  // namespace rankwise
