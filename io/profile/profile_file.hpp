#pragma once
// The file of a profile: what is known of each customer.
//
//   /users/ids
//   /users/table    a dataframe (io/tables/table_file.hpp); each column has the attribute `definition`
//
// Attributes of the root: Provenance (`dataset-digest` is that of the dataset), and `analysis-day`, if the log has
// times.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/id_rows.hpp"
#include "distributed/tables/table.hpp"
#include "io/dataset/provenance.hpp"
#include "io/hdf5/input_check.hpp"
#include "io/hdf5/reader.hpp"
#include "io/hdf5/writer.hpp"
#include "io/tables/table_file.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

inline constexpr const char* profile_kind = "profile";
inline const std::string profile_ids_name = "/users/ids";
inline const std::string profile_table_name = "/users/table";

struct Profile {
  IdRows ids;
  Table table;                           ///< of these ids
  std::vector<std::string> definitions;  ///< of each column, for people; the same on every rank
  std::string analysis_day;              ///< "1997-09-30"; empty without times
};

/// Provenance::kind is set here. Collective over comm; throws AgreedError (cannot_create, io_error).
void write_profile(const Communicator& comm, const std::string& path, const Profile& profile,
                   const Provenance& provenance, int deflate_level);

/// The ids, the table and the definitions of a file's users, for files that hold more than a profile. Collective over
/// comm; throws likewise.
void write_profile_rows(const Communicator& comm, Hdf5Writer& file, const Profile& profile);

/// `id` and the columns; a missing value is an empty field. Collective over comm; throws likewise.
void write_profile_csv(const Communicator& comm, const std::string& path, const Profile& profile);

/// Such a file opened for reading. Construction is collective over comm; throws AgreedError (no_input, bad_data,
/// io_error) that names the file. What table() does is not collective.
class ProfileReader {
 public:
  ProfileReader(const Communicator& comm, const std::string& path, InputCheck check = InputCheck::digests);

  /// Whether what is read is compared with digests.
  [[nodiscard]] bool compares() const { return file_->compares(); }
  [[nodiscard]] const Provenance& provenance() const { return provenance_; }
  [[nodiscard]] Index users() const { return table_->rows(); }
  [[nodiscard]] const TableReader& table() const { return *table_; }
  /// As in Profile.
  [[nodiscard]] const std::string& analysis_day() const { return analysis_day_; }
  /// Collective over comm.
  [[nodiscard]] IdRows user_ids(RowRange rows) const;

 private:
  const Communicator* comm_;
  std::unique_ptr<Hdf5Reader> file_;
  Provenance provenance_;
  std::string analysis_day_;
  std::optional<TableReader> table_ = {};
};

}  // namespace rankwise
