#include "jobs/data/log_split.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <span>
#include <utility>

#include "distributed/cleaning/rule_log.hpp"
#include "distributed/log/select_part.hpp"
#include "distributed/rows/redistribute.hpp"
#include "kernels/base/time_units.hpp"

namespace rankwise {

namespace {

/// Rows in even shares.
template <class Rows>
Rows evenly(const Communicator& comm, Rows rows) {
  const Partition partition = Partition::by_count(rows.total_rows, comm.size());
  return redistribute(comm, std::move(rows), partition);
}

/// By user alone; none without entries. Collective.
template <class Rows>
std::optional<BothSides<Rows>> sides_if_any(const Communicator& comm, Rows rows) {
  if (comm.sum(rows.entries()) == 0) return std::nullopt;
  return BothSides<Rows>{evenly(comm, std::move(rows)), {}};
}

/// The users that are not held out whole.
std::vector<Index> training_users(const UserEvents& events, const std::vector<Index>& heldout_users) {
  std::vector<Index> users(static_cast<std::size_t>(events.users.size()));
  std::iota(users.begin(), users.end(), Index{0});
  std::vector<Index> kept;
  std::ranges::set_difference(users, heldout_users, std::back_inserter(kept));
  return kept;
}

/// The matrices of what is trained on, by user. Collective.
void select_training(const Communicator& comm, const UserEvents& events, std::span<const Index> users,
                     const MergeRules& rules, Dataset& dataset) {
  dataset.interactions = evenly(comm, select_part(comm, events, EventPart::training, users, rules));
  dataset.interactions_by_item = {};
  dataset.log_rows = std::nullopt;
  if (events.timed) dataset.log_rows = sides_if_any(comm, select_log_rows(comm, events, users, rules));
}

/// Drops the events of all other parts.
void keep_training(UserEvents& events) {
  std::size_t kept = 0;
  for (Index u = 0; u < events.users.size(); ++u) {
    const std::span<const Event> rows = std::as_const(events).of(u);
    events.offsets[static_cast<std::size_t>(u)] = static_cast<Index>(kept);  // rows is a span already
    for (const Event& row : rows) {
      if (row.part == EventPart::training) events.events[kept++] = row;
    }
  }
  events.offsets.back() = static_cast<Index>(kept);
  events.events.resize(kept);
}

}  // namespace

SplitUnit unit_of(SplitKind kind) {
  if (kind == SplitKind::column) return SplitUnit::marked_rows;
  return kind == SplitKind::leave_last || kind == SplitKind::temporal ? SplitUnit::rows : SplitUnit::pairs;
}

bool divides_rows(SplitKind kind) {
  return unit_of(kind) != SplitUnit::pairs;
}

SplitChoice hold_out(const Communicator& comm, const Split& split, const SplitBasis& basis, UserEvents& events) {
  SplitChoice choice;
  switch (split.kind) {
    case SplitKind::random:
      hold_out_at_random(events, basis.keys, split.fraction, basis.seed);
      break;
    case SplitKind::leave_last:
      hold_out_last(events, basis.keys, split.count, basis.seed);
      break;
    case SplitKind::temporal:
      choice.last_training_seconds = seconds_of(hold_out_after_cut(comm, events, split.fraction));
      break;
    case SplitKind::users:
      choice.users = hold_out_users(events, basis.keys, split.fraction, basis.given_fraction, basis.seed);
      break;
    case SplitKind::items:
      hold_out_items(events, basis.keys, split.fraction, basis.seed);
      break;
    case SplitKind::column:
      hold_out_marked(events, basis.marked, split.mark);
      break;
    case SplitKind::none:
      break;
  }
  return choice;
}

Index count_repeats(const Communicator& comm, const UserEvents& events, const MergeRules& rules) {
  Index repeated = 0;
  for (Index u = 0; u < events.users.size(); ++u) {
    for_each_pair(events.of(u), [&](std::span<const Event> pair) { repeated += is_repeated(pair, rules) ? 1 : 0; });
  }
  return comm.sum(repeated);
}

Dataset select_matrices(const Communicator& comm, const MergeRules& rules, SplitKind kind,
                        const std::vector<Index>& heldout_users, const IndexedLog& log) {
  const std::vector<Index> users = training_users(log.events, heldout_users);
  const auto part = [&](EventPart which, std::span<const Index> rows) {
    return evenly(comm, select_part(comm, log.events, which, rows, rules));
  };
  Dataset dataset;
  dataset.rules = rules;
  dataset.users = evenly(comm, select_ids(comm, log.users, users));
  dataset.items = evenly(comm, log.items);
  select_training(comm, log.events, users, rules, dataset);
  if (kind == SplitKind::users) {
    dataset.heldout = {part(EventPart::heldout, heldout_users), {}};
    dataset.heldout_users = HeldoutUsers{
        evenly(comm, select_ids(comm, log.users, heldout_users)), part(EventPart::given, heldout_users), {}};
  } else if (kind != SplitKind::none) {
    dataset.heldout = {part(EventPart::heldout, users), {}};
  }
  if (divides_rows(kind)) {
    dataset.repeated = sides_if_any(comm, select_repeated(comm, log.events, rules));
  }
  return dataset;
}

void transpose_training(const Communicator& comm, Dataset& dataset) {
  const Partition items = Partition::by_count(dataset.items.total_rows, comm.size());
  const auto both = [&](auto& sides) {
    if (sides) sides->by_item = transpose(comm, sides->by_user, items);
  };
  dataset.interactions_by_item = transpose(comm, dataset.interactions, items);
  both(dataset.log_rows);
  if (!dataset.validation) return;
  ValidationPart& validation = *dataset.validation;
  validation.interactions.by_item = transpose(comm, validation.interactions.by_user, items);
  both(validation.given);
  both(validation.repeated);
}

void transpose_heldout(const Communicator& comm, Dataset& dataset) {
  const Partition items = Partition::by_count(dataset.items.total_rows, comm.size());
  const auto both = [&](auto& sides) {
    if (sides) sides->by_item = transpose(comm, sides->by_user, items);
  };
  both(dataset.heldout);
  both(dataset.repeated);
  if (!dataset.heldout_users) return;
  dataset.heldout_users->given_by_item = transpose(comm, dataset.heldout_users->given, items);
}

ValidationOutcome take_validation(const Communicator& comm, const Split& split, const SplitBasis& basis,
                                  const std::vector<Index>& heldout_users, UserEvents& events, Dataset& dataset,
                                  RejectedRows& rejected) {
  const MergeRules& rules = dataset.rules;

  // 1. The training events, each pair that makes an interaction counted anew. The draws of the held-out part would find
  //    nothing more in them: what it left has high ones.
  constexpr std::uint64_t seed_step = 0xD1B54A32D192ED03ULL;
  keep_training(events);
  const DropWatch watch(events, rejected);
  static_cast<void>(mark_interactions(events, rules, unit_of(split.kind)));
  const Index dropped = watch.finish(events, RowRule::min_total, rejected);
  SplitBasis other = basis;
  other.seed += seed_step;
  const SplitChoice choice = hold_out(comm, split, other, events);
  ValidationOutcome outcome{.last_training_seconds = choice.last_training_seconds,
                            .repeated = count_repeats(comm, events, rules),
                            .refused = {},
                            .rows = count_part_rows(events, all_event_parts, rules, rejected)};
  outcome.rows.refused += dropped;
  if (rules.min_total && divides_rows(split.kind)) {
    const RefusedParts mine = mark_parts(events, rules);
    outcome.refused = {comm.sum(mine.training), comm.sum(mine.heldout)};
  }

  // 2. Its matrices, and those of what remains.
  const std::vector<Index> users = training_users(events, heldout_users);
  const auto part = [&](EventPart which) -> BothSides<SparseRows> {
    return {evenly(comm, select_part(comm, events, which, users, rules)), {}};
  };
  ValidationPart& validation = dataset.validation.emplace(ValidationPart{part(EventPart::heldout), {}, {}});
  if (split.kind == SplitKind::users) validation.given = part(EventPart::given);
  if (divides_rows(split.kind)) {
    validation.repeated = sides_if_any(comm, select_divided(comm, events, users, rules));
  }
  select_training(comm, events, users, rules, dataset);
  return outcome;
}

}  // namespace rankwise
