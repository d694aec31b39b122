#pragma once
// The file of metrics of every user.
//
//   /users/ids
//   /metrics/NAME (float64, one value per user; NaN: the user has none)    attribute `definition`
//
// Attributes of the root: Provenance (`dataset-digest` is that of the dataset that was evaluated on) and
// `model-digest`; of several models those of io/dataset/blend_attributes.hpp.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/id_rows.hpp"
#include "io/dataset/blend_attributes.hpp"
#include "io/dataset/provenance.hpp"
#include "io/hdf5/input_check.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

inline constexpr const char* user_metrics_kind = "user-metrics";

/// One metric of this rank's users.
struct UserMetric {
  std::string name;            ///< "ndcg@100", the same on every rank; not empty, without "/"
  std::string definition;      ///< the formula, for people; the same on every rank
  std::vector<double> values;  ///< finite, or NaN where the user has none
};

struct UserMetrics {
  IdRows ids;                       ///< of users, each once
  std::vector<UserMetric> metrics;  ///< names differ
  std::uint64_t model_digest =
      0;                   ///< metadata digest of the model that was evaluated; 0 if it holds none, and of a blend
  BlendOrigin blend = {};  ///< of several models
};

/// Provenance::kind is set here. Collective over comm; written under a temporary name and committed; throws AgreedError
/// (cannot_create, io_error; internal for parts that differ in size, or a name that is no dataset's).
void write_user_metrics(const Communicator& comm, const std::string& path, const UserMetrics& metrics,
                        const Provenance& provenance);

/// Such a file opened for reading; construction and reads are collective over comm and throw AgreedError (no_input,
/// bad_data).
class UserMetricsReader {
 public:
  UserMetricsReader(const Communicator& comm, const std::string& path, InputCheck check = InputCheck::digests);
  ~UserMetricsReader();
  UserMetricsReader(UserMetricsReader&&) noexcept;
  UserMetricsReader& operator=(UserMetricsReader&&) noexcept;

  [[nodiscard]] const Provenance& provenance() const;
  [[nodiscard]] std::uint64_t model_digest() const;
  [[nodiscard]] Index users() const;
  /// Names of the metrics, by their bytes.
  [[nodiscard]] const std::vector<std::string>& names() const;
  [[nodiscard]] IdRows user_ids(RowRange rows) const;
  /// Of the metric names()[metric], the same on every rank: its definition and the values of `rows`.
  [[nodiscard]] UserMetric metric(std::size_t metric, RowRange rows) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rankwise
