#include "jobs/recommend/whom/audience.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>
#include <span>

#include "distributed/rows/values_at_rows.hpp"
#include "io/log/id_list.hpp"
#include "jobs/recommend/whom/user_condition.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

/// The users to serve, as a file lists them, and what is said of it. Collective.
WantedIds read_list(JobContext& context, const std::string& path) {
  WantedIds wanted = path.empty() ? WantedIds() : WantedIds(read_user_list(context.comm, path), path);
  tell_reading(context.report, wanted, "--users");
  return wanted;
}

/// Throws AgreedError(usage).
void require_known(const std::vector<std::int32_t>& chosen, const UserSegments& segments) {
  if (chosen.empty() || chosen.back() < segments.count()) return;
  throw AgreedError(ExitCode::usage,
                    fmt::format("--segment {}: {} has {}; expected numbers from 0 to {}", chosen.back(),
                                segments.path(), counted(segments.count(), "segment"), segments.count() - 1));
}

}  // namespace

Audience::Audience(JobContext& context, const WhomOptions& options, const UserHistories& users,
                   const std::string& data_path)
    : comm_(context.comm),
      histories_(users),
      list_(read_list(context, options.users)),
      users_(Partition::by_count(users.dataset().users(), comm_.size())) {
  if (!options.where_users.empty()) {
    fulfil_ = users_that_fulfil(context, options.where_users, users, data_path);
  }
  if (options.segments.empty()) return;
  segments_.emplace(context, options.segments, users.dataset(), data_path);
  segments_of_new_ = segments_->of_ids(users.new_ids());
  if (!options.segment.empty()) chosen_ = parse_segments(options.segment);
  require_known(chosen_, *segments_);
}

std::vector<std::int32_t> Audience::segments_of(RowRange users) const {
  const Index old = users_.rows();
  std::vector<std::int32_t> segments = segments_->of_rows({std::min(users.begin, old), std::min(users.end, old)});
  for (Index user = std::max(users.begin, old); user < users.end; ++user) {
    segments.push_back(segments_of_new_[static_cast<std::size_t>(user - old)]);
  }
  return segments;
}

std::vector<std::int32_t> Audience::fulfilling(RowRange users) const {
  std::vector<Index> old;
  for (Index user = users.begin; user < std::min(users.end, users_.rows()); ++user) old.push_back(user);
  std::vector<std::int32_t> fulfil = values_at_rows(comm_, std::span<const Index>(old), users_.range(comm_.rank()),
                                                    std::span<const std::int32_t>(*fulfil_), 0);
  fulfil.resize(static_cast<std::size_t>(users.size()));
  return fulfil;
}

std::vector<std::int32_t> Audience::served_segments() const {
  if (!segments_ || !chosen_.empty()) return chosen_;
  std::vector<std::int32_t> all(static_cast<std::size_t>(segments_->count()));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

bool Audience::is_chosen(std::int32_t segment) const {
  return chosen_.empty() || std::ranges::binary_search(chosen_, segment);
}

SelectedUsers Audience::select(Index first, const Partition& rows, const Ids& ids) {
  const RowRange range = rows.range(comm_.rank());
  const RowRange mine{first + range.begin, first + range.end};
  const std::vector<std::int32_t> segments = segments_ ? segments_of(mine) : std::vector<std::int32_t>();
  const std::vector<std::int32_t> fulfil = fulfil_ ? fulfilling(mine) : std::vector<std::int32_t>();
  SelectedUsers selected;
  selected.first = mine.begin;
  for (const Index row : list_.select(ids)) {
    const auto place = static_cast<std::size_t>(row);
    const std::int32_t segment = segments_ ? segments[place] : no_segment;
    if ((fulfil_ && fulfil[place] == 0) || !is_chosen(segment)) {
      ++left_out_;
      if (histories_.has_log(mine.begin + row)) ++left_out_of_log_;
      continue;
    }
    selected.rows.push_back(row);
    if (segments_) selected.segments.push_back(segment);
  }
  return selected;
}

UnknownSelection Audience::select_unknown(const std::vector<std::string>& unknown) const {
  if (!segments_) return {unknown, {}};
  const std::vector<std::int32_t> segments = segments_->of_ids(unknown);
  UnknownSelection selected;
  for (std::size_t place = 0; place < unknown.size(); ++place) {
    if (!is_chosen(segments[place])) continue;
    selected.ids.push_back(unknown[place]);
    selected.segments.push_back(segments[place]);
  }
  return selected;
}

}  // namespace rankwise
