#include "jobs/recommend/group_lists.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <utility>

#include "distributed/itemcf/entry_weights.hpp"
#include "distributed/ranking/boosted_vectors.hpp"
#include "distributed/ranking/score_offsets.hpp"
#include "distributed/rows/select_rows.hpp"
#include "kernels/base/fixed_point_sum.hpp"

namespace rankwise {

namespace {

/// The segments that are served, by their places in the order of their numbers; what their members have.
class Groups {
 public:
  explicit Groups(const GroupChoice& choice)
      : choice_(choice), segments_(choice.audience.served_segments()), members_(segments_.size()) {
    if (choice.seen == SegmentSeen::exclude) has_.resize(segments_.size() * words());
  }

  [[nodiscard]] std::size_t count() const { return segments_.size(); }
  /// Nothing for users without a segment.
  [[nodiscard]] std::optional<std::size_t> place(std::int32_t segment) const {
    if (segment == no_segment) return std::nullopt;
    return static_cast<std::size_t>(std::ranges::lower_bound(segments_, segment) - segments_.begin());
  }
  /// Adds a member with these items of the model.
  void add(std::size_t place, std::span<const Index> items) {
    ++members_[place];
    if (has_.empty()) return;
    for (const Index item : items) has_[place * words() + at(item) / 64] |= std::uint64_t{1} << (item % 64);
  }
  /// After all members of this rank. Collective.
  void sum(const Communicator& comm) {
    comm.all_reduce_sum(std::span<Index>(members_));
    comm.all_reduce_or(std::span<std::uint64_t>(has_));
    for (std::size_t p = 0; p < segments_.size(); ++p) {
      if (members_[p] >= choice_.least_members) listed_.push_back(p);
    }
  }
  [[nodiscard]] Index members(std::size_t place) const { return members_[place]; }
  /// Places of those with enough members.
  [[nodiscard]] const std::vector<std::size_t>& listed() const { return listed_; }
  [[nodiscard]] std::int32_t number(std::size_t place) const { return segments_[place]; }

  /// What the lists of these segments leave out.
  [[nodiscard]] SparseRows left_out(std::span<const std::size_t> places) const {
    SparseRows rows{.rows = {0, std::ssize(places)},
                    .total_rows = std::ssize(places),
                    .column_count = choice_.inputs.rule.catalogue.items(),
                    .columns = {},
                    .values = {}};
    for (const std::size_t place : places) {
      for (Index item = 0; item < rows.column_count && !has_.empty(); ++item) {
        const std::uint64_t word = has_[place * words() + at(item) / 64];
        if ((word >> (item % 64) & 1) != 0) rows.columns.push_back(item);
      }
      rows.offsets.push_back(std::ssize(rows.columns));
    }
    rows.values.resize(rows.columns.size());
    return rows;
  }

 private:
  [[nodiscard]] std::size_t words() const { return (at(choice_.inputs.rule.catalogue.items()) + 63) / 64; }

  const GroupChoice& choice_;
  std::vector<std::int32_t> segments_;
  std::vector<Index> members_;
  std::vector<std::uint64_t> has_;  // of each segment a bit for each item; empty: nobody asks
  std::vector<std::size_t> listed_;
};

/// Sums of members' values in fixed point: of each segment so many columns.
class GroupSums {
 public:
  GroupSums(std::size_t groups, Index columns) : columns_(columns), sums_(groups * at(columns)) {}

  /// `largest`: of any value of a member of each segment, so that no segment's values are rounded by another's;
  /// `members`: of all segments. All the same on every rank.
  void choose_scales(std::span<const double> largest, Index members) {
    for (const double each : largest) scales_.push_back(FixedPointScale::for_terms(each, members));
  }
  void add(std::size_t group, Index column, double value) {
    sums_[group * at(columns_) + at(column)] += scales_[group].to_fixed(value);
  }
  /// Collective.
  void sum(const Communicator& comm) { comm.all_reduce_sum(std::span<std::int64_t>(sums_)); }
  [[nodiscard]] float mean(std::size_t group, Index column, Index members) const {
    return static_cast<float>(scales_[group].from_fixed(sums_[group * at(columns_) + at(column)]) /
                              static_cast<double>(members));
  }

 private:
  Index columns_;
  std::vector<std::int64_t> sums_;
  std::vector<FixedPointScale> scales_;  // of each segment
};

/// Calls visit(first, rows) for all users, some at a time. Collective.
template <class Visit>
void for_each_round(const Communicator& comm, const GroupChoice& choice, const Visit& visit) {
  const Index users = choice.users.users();
  const Index round = choice.users_at_a_time * comm.size();
  for (Index first = 0; first < users; first += round) {
    visit(first, Partition::by_count(std::min(round, users - first), comm.size()));
  }
}

/// Raises the largest magnitude of a segment to that of this value, if it is larger; to infinity if it is none.
void raise(double& largest, double value) {
  const double size = std::fabs(value);
  largest = std::isfinite(size) ? std::max(largest, size) : HUGE_VAL;
}

/// Of each segment over all ranks. Throws AgreedError(bad_data) if one is not finite. Collective.
void agree_on_largest(const Communicator& comm, const std::string& model, std::vector<double>& largest) {
  comm.all_reduce_max(std::span<double>(largest));
  if (std::ranges::all_of(largest, [](double each) { return std::isfinite(each); })) return;
  throw AgreedError(ExitCode::bad_data, model + ": a user's factors are not finite; segments have no mean");
}

/// The list of each segment of `places`, by find(places among them, count).
struct FoundGroups {
  std::vector<std::size_t> places;
  SparseRows left_out;
  std::vector<float> offsets;  ///< of each, added to its scores
};

/// This rank's share of the segments with a list.
FoundGroups share_of(const Communicator& comm, const Groups& groups) {
  const RowRange mine = Partition::by_count(std::ssize(groups.listed()), comm.size()).range(comm.rank());
  FoundGroups found{{groups.listed().begin() + mine.begin, groups.listed().begin() + mine.end}, {}, {}};
  found.left_out = groups.left_out(found.places);
  found.offsets.resize(found.places.size());
  return found;
}

/// Collective.
GroupLists lists_of(const Communicator& comm, const ListInputs& inputs, const Groups& groups, const FoundGroups& mine,
                    ListSource source, const FindItems& find) {
  std::vector<List> found =
      fill_lists(comm, inputs, std::ssize(mine.places), find, [&](Index place, const ScoredItem& last) {
        return inputs.min_score && last.score + mine.offsets[at(place)] < *inputs.min_score;
      });
  GroupLists result;
  PopularLists popular(inputs);
  std::vector<std::int64_t> ids;
  for (std::size_t p = 0; p < mine.places.size(); ++p) {
    const std::int32_t number = groups.number(mine.places[p]);
    ids.push_back(number);
    result.lists.rows.push_back(-1);
    result.lists.segments.push_back(number);
    if (found[p].items.empty()) {
      result.lists.append(popular.list(number, row_columns(mine.left_out, static_cast<Index>(p))), 0);
    } else {
      found[p].source = source;
      cut_by_score(inputs, mine.offsets[p], found[p]);
      result.lists.append(found[p], mine.offsets[p]);
    }
  }
  result.lists.owners = std::move(ids);
  result.segments = std::ssize(groups.listed());
  result.small = static_cast<Index>(groups.count()) - result.segments;
  for (const std::size_t place : groups.listed()) result.members += groups.members(place);
  require_finite(comm, inputs.model_path, "segment", result.lists);
  return result;
}

/// Of lists of segments, which leave out nothing but what `Groups::left_out` says.
ListInputs group_inputs(const ListInputs& inputs) {
  ListInputs own = {.model_path = inputs.model_path,
                    .rule = {inputs.rule.catalogue, SeenItems::exclude},
                    .top = inputs.top,
                    .training = nullptr,
                    .seen = SeenItems::exclude,
                    .pairs = inputs.pairs,
                    .boosts = inputs.boosts,
                    .quota = inputs.quota,
                    .min_score = inputs.min_score,
                    .popular_in = inputs.popular_in};
  return own;
}

/// A member as a round finds it.
struct Member {
  Index row = 0;  // in the round, of this rank
  std::size_t group = 0;
};

/// Those that `is_known` among the selected of a round.
template <class IsKnown>
std::vector<Member> members_of(const Groups& groups, const SelectedUsers& selected, const IsKnown& is_known) {
  std::vector<Member> members;
  for (std::size_t place = 0; place < selected.rows.size(); ++place) {
    const std::optional<std::size_t> group = groups.place(selected.segments[place]);
    if (group && is_known(selected.rows[place])) members.push_back({selected.rows[place], *group});
  }
  return members;
}

/// Scoring vectors of members, with what is added to their scores as the last column.
Matrix member_vectors(const Objective& objective, const Matrix& factors, std::span<const Member> members) {
  std::vector<Index> rows;
  for (const Member& member : members) rows.push_back(member.row);
  Matrix vectors = select_rows(factors.view(), rows);
  const std::vector<float> offsets = score_offsets(objective, vectors.view());
  make_scoring_vectors(objective, vectors);
  Matrix extended(vectors.rows(), vectors.columns() + 1);
  for (Index row = 0; row < vectors.rows(); ++row) {
    std::ranges::copy(vectors.view().row_span(row), extended.row(row));
    extended.row(row)[vectors.columns()] = offsets[at(row)];
  }
  return extended;
}

/// What an entry of each member's history weighs: visit(group, item, weight).
template <class Visit>
void for_each_weight(const SparseRows& histories, EntryWeighting weighting, std::span<const Member> members,
                     const Visit& visit) {
  for (const Member& member : members) {
    for (Index e = histories.offsets[at(member.row)]; e < histories.offsets[at(member.row) + 1]; ++e) {
      visit(member.group, histories.columns[at(e)], entry_weight(weighting, histories.values[at(e)]));
    }
  }
}

}  // namespace

GroupLists mean_lists(const Communicator& comm, const GroupChoice& choice, const FactorLists& model) {
  const Objective& objective = model.model.objective();

  // 1. Members and their largest value.
  Groups groups(choice);
  std::vector<std::vector<Member>> rounds;
  std::vector<double> largest(groups.count());
  Index width = 0;
  for_each_round(comm, choice, [&](Index first, const Partition& rows) {
    const UserRows users = model.users.read(first, rows);
    width = users.factors.columns();
    rounds.push_back(members_of(groups, choice.audience.select(first, rows, users.ids),
                                [&](Index row) { return users.basis[at(row)] == UserBasis::entries; }));
    for (const Member& member : rounds.back()) groups.add(member.group, row_columns(users.histories, member.row));
    const Matrix vectors = member_vectors(objective, users.factors, rounds.back());
    for (Index row = 0; row < vectors.rows(); ++row) {
      for (const float value : vectors.view().row_span(row)) {
        raise(largest[rounds.back()[at(row)].group], static_cast<double>(value));
      }
    }
  });
  groups.sum(comm);
  agree_on_largest(comm, choice.inputs.model_path, largest);
  width = comm.max(width);

  // 2. Their means.
  GroupSums sums(groups.count(), width + 1);
  sums.choose_scales(largest, choice.users.users());
  std::size_t round = 0;
  for_each_round(comm, choice, [&](Index first, const Partition& rows) {
    const std::vector<Member>& members = rounds[round++];
    const UserRows users = model.users.read(first, rows);
    const Matrix vectors = member_vectors(objective, users.factors, members);
    for (Index row = 0; row < vectors.rows(); ++row) {
      for (Index column = 0; column <= width; ++column) {
        sums.add(members[at(row)].group, column, static_cast<double>(vectors.row(row)[column]));
      }
    }
  });
  sums.sum(comm);

  // 3. Lists of this rank's segments.
  const ListInputs inputs = group_inputs(choice.inputs);
  FoundGroups mine = share_of(comm, groups);
  Matrix vectors(std::ssize(mine.places), width);
  for (std::size_t p = 0; p < mine.places.size(); ++p) {
    const std::size_t place = mine.places[p];
    for (Index column = 0; column < width; ++column) {
      vectors.row(static_cast<Index>(p))[column] = sums.mean(place, column, groups.members(place));
    }
    mine.offsets[p] = sums.mean(place, width, groups.members(place));
  }
  if (!inputs.boosts.empty()) vectors = boosted_users(vectors.view());
  return lists_of(
      comm, inputs, groups, mine, ListSource::segment_mean, [&](std::span<const Index> places, Index count) {
        const TopItems top = rank_items(inputs.rule, model.items, select_rows(vectors.view(), places).view(),
                                        select_rows(mine.left_out, places), count);
        std::vector<std::vector<ScoredItem>> found;
        for (Index place = 0; place < std::ssize(places); ++place) found.push_back(top.sorted(place));
        return found;
      });
}

GroupLists mean_lists(const Communicator& comm, const GroupChoice& choice, const ItemLists& model) {
  const EntryWeighting weighting = model.scorer.weighting;
  const Index items = choice.inputs.rule.catalogue.items();

  // 1. Members and the largest weight.
  Groups groups(choice);
  std::vector<std::vector<Member>> rounds;
  std::vector<double> largest(groups.count());
  for_each_round(comm, choice, [&](Index first, const Partition& rows) {
    const RowRange range = rows.range(comm.rank());
    const RowRange users{first + range.begin, first + range.end};
    const SparseRows histories = choice.users.read(users);
    require_weighable(comm, histories, weighting);
    rounds.push_back(members_of(groups, choice.audience.select(first, rows, choice.users.ids(users)),
                                [&](Index row) { return choice.known.knows(row_columns(histories, row)); }));
    for (const Member& member : rounds.back()) groups.add(member.group, row_columns(histories, member.row));
    for_each_weight(histories, weighting, rounds.back(),
                    [&](std::size_t group, Index, double weight) { raise(largest[group], weight); });
  });
  groups.sum(comm);
  agree_on_largest(comm, choice.inputs.model_path, largest);

  // 2. Mean histories.
  GroupSums sums(groups.count(), items);
  sums.choose_scales(largest, choice.users.users());
  std::size_t round = 0;
  for_each_round(comm, choice, [&](Index first, const Partition& rows) {
    const RowRange range = rows.range(comm.rank());
    const SparseRows histories = choice.users.read({first + range.begin, first + range.end});
    for_each_weight(histories, weighting, rounds[round++],
                    [&](std::size_t group, Index item, double weight) { sums.add(group, item, weight); });
  });
  sums.sum(comm);

  // 3. Lists of this rank's segments.
  const ListInputs inputs = group_inputs(choice.inputs);
  const FoundGroups mine = share_of(comm, groups);
  SparseRows means{.rows = {0, std::ssize(mine.places)},
                   .total_rows = std::ssize(mine.places),
                   .column_count = items,
                   .columns = {},
                   .values = {}};
  for (const std::size_t place : mine.places) {
    for (Index item = 0; item < items; ++item) {
      const float mean = sums.mean(place, item, groups.members(place));
      if (mean == 0) continue;
      means.columns.push_back(item);
      means.values.push_back(mean);
    }
    means.offsets.push_back(std::ssize(means.columns));
  }
  const ItemScorer scorer{model.scorer.weights, EntryWeighting::value};  // the means are weights
  return lists_of(comm, inputs, groups, mine, ListSource::segment_mean,
                  [&](std::span<const Index> places, Index count) {
                    return item_lists(scorer, inputs.rule, means, mine.left_out, places, count, inputs.boosts);
                  });
}

GroupLists voted_lists(const Communicator& comm, const GroupChoice& choice,
                       const std::function<Lists(Index first, const Partition& rows)>& make) {
  const Index items = choice.inputs.rule.catalogue.items();
  Groups groups(choice);
  std::vector<Index> votes(groups.count() * at(items));
  for_each_round(comm, choice, [&](Index first, const Partition& rows) {
    const Lists lists = make(first, rows);
    const RowRange range = rows.range(comm.rank());
    const RowRange users{first + range.begin, first + range.end};
    const SparseRows histories =
        choice.seen == SegmentSeen::exclude ? choice.in_model_items(choice.users.read(users)) : SparseRows();
    for (std::size_t user = 0; user < lists.sources.size(); ++user) {
      const bool votes_here = lists.sources[user] == ListSource::model || lists.sources[user] == ListSource::log;
      const std::optional<std::size_t> group = groups.place(lists.segments[user]);
      if (!votes_here || !group) continue;
      groups.add(*group, choice.seen == SegmentSeen::exclude ? row_columns(histories, lists.rows[user] - users.begin)
                                                             : std::span<const Index>());
      for (Index entry = lists.offsets[user]; entry < lists.offsets[user + 1]; ++entry) {
        ++votes[*group * at(items) + at(lists.items[at(entry)])];
      }
    }
  });
  groups.sum(comm);
  comm.all_reduce_sum(std::span<Index>(votes));

  ListInputs inputs = group_inputs(choice.inputs);
  inputs.boosts = {};
  inputs.min_score = std::nullopt;
  const FoundGroups mine = share_of(comm, groups);
  return lists_of(
      comm, inputs, groups, mine, ListSource::segment_votes, [&](std::span<const Index> places, Index count) {
        std::vector<std::vector<ScoredItem>> found;
        for (const Index place : places) {
          const std::span<const Index> of_group =
              std::span<const Index>(votes).subspan(mine.places[at(place)] * at(items), at(items));
          const std::span<const Index> left_out = row_columns(mine.left_out, place);
          std::vector<Index> order;
          for (Index item = 0; item < items; ++item) {
            if (of_group[at(item)] > 0 && inputs.rule.allows(item, left_out)) order.push_back(item);
          }
          std::ranges::stable_sort(order, [&](Index a, Index b) { return of_group[at(a)] > of_group[at(b)]; });
          order.resize(std::min(order.size(), at(count)));
          std::vector<ScoredItem>& list = found.emplace_back();
          for (const Index item : order) list.push_back({static_cast<float>(of_group[at(item)]), item});
        }
        return found;
      });
}

}  // namespace rankwise
