#include "jobs/recommend/whom/user_segments.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>
#include <span>
#include <utility>

#include "distributed/rows/id_matching.hpp"
#include "distributed/rows/select_rows.hpp"
#include "distributed/rows/values_at_rows.hpp"
#include "jobs/run/compared_input.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

/// Throws AgreedError(bad_data) for clusters of something else than users.
void require_users(const ClusteringReader& file, const std::string& path) {
  const std::optional<RowOrigin>& origin = file.origin();
  if (!origin) return;  // an older version does not say it
  if (origin->side == RowSide::items) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{}: its clusters are of items; --segments expects a clustering of users", path));
  }
  if (!origin->has_ids) {
    throw AgreedError(ExitCode::bad_data, fmt::format("{}: its rows have no ids; --segments expects a clustering of "
                                                      "users with their ids",
                                                      path));
  }
}

}  // namespace

UserSegments::UserSegments(JobContext& context, std::string path, const DatasetReader& dataset,
                           const std::string& data_path)
    : comm_(context.comm), path_(std::move(path)) {
  const ClusteringReader file(comm_, path_, context.common.input_check);
  warn_if_not_compared(context, file, path_);
  require_users(file, path_);
  digest_ = file.content_digest();
  count_ = file.clusters();
  clustered_rows_ = Partition::by_count(file.rows(), comm_.size());
  clustered_ = file.clustered_rows(clustered_rows_.range(comm_.rank()));
  users_ = Partition::by_count(dataset.users(), comm_.size());
  const std::vector<Index> found = find(dataset.user_ids(users_.range(comm_.rank())));
  segments_ = segments_at(found);

  const Index unknown = comm_.sum(static_cast<Index>(std::ranges::count(found, Index{-1})));
  const Index without = comm_.sum(static_cast<Index>(std::ranges::count(segments_, no_segment)));
  if (unknown == dataset.users()) {
    throw AgreedError(ExitCode::bad_data, fmt::format("{}: none of its {} is a user of {}; expected a clustering of "
                                                      "users, as kmeans --rows users writes it",
                                                      path_, counted(file.rows(), "id"), data_path));
  }
  const std::uint64_t digest = file.provenance().dataset_digest;
  const bool is_other = digest != 0 && digest != dataset.provenance().dataset_digest;
  context.report.line(fmt::format("{}: {}{}; {} of {} {} one", path_, counted(count_, "segment"),
                                  is_other ? " that were made of another dataset, users matched by id" : "",
                                  dataset.users() - without, counted(dataset.users(), "user"),
                                  verb(dataset.users() - without, "has", "have")));
  if (unknown > 0) {
    context.report.warning(fmt::format("{} of {} {} not in {} and {} to no segment", counted(unknown, "user"),
                                       data_path, verb(unknown, "is", "are"), path_,
                                       verb(unknown, "belongs", "belong")));
  }
  context.report.event("segments", {{"segments", count_},
                                    {"users", dataset.users()},
                                    {"unknown_users", unknown},
                                    {"users_in_no_segment", without - unknown},
                                    {"other_dataset", Index{is_other ? 1 : 0}}});
}

std::vector<Index> UserSegments::find(const IdRows& ids) const {
  return find_rows_by_id(comm_, ids, clustered_.ids);
}

std::vector<std::int32_t> UserSegments::segments_at(const std::vector<Index>& found) const {
  return values_at_rows(comm_, std::span<const Index>(found), clustered_rows_.range(comm_.rank()),
                        std::span<const std::int32_t>(clustered_.assignments), no_segment);
}

std::vector<std::int32_t> UserSegments::of_rows(RowRange users) const {
  std::vector<Index> rows(static_cast<std::size_t>(users.size()));
  std::iota(rows.begin(), rows.end(), users.begin);
  return values_at_rows(comm_, std::span<const Index>(rows), users_.range(comm_.rank()),
                        std::span<const std::int32_t>(segments_), no_segment);
}

std::vector<std::int32_t> UserSegments::of_ids(const Ids& ids) const {
  const Index count = id_count(ids);
  const RowRange mine = comm_.is_root() ? RowRange{0, count} : RowRange{count, count};
  std::vector<std::int32_t> segments = segments_at(find({mine, count, comm_.is_root() ? ids : select_rows(ids, {})}));
  comm_.broadcast(segments);
  return segments;
}

}  // namespace rankwise
