#include "distributed/splits/fold_rule.hpp"

#include <algorithm>
#include <span>

#include "distributed/splits/holdout.hpp"
#include "kernels/base/philox.hpp"

namespace rankwise {

namespace {

/// How many of the bounds are not above the value.
template <class Value>
std::int32_t passed_bounds(const std::vector<Value>& bounds, Value value) {
  return static_cast<std::int32_t>(std::ranges::upper_bound(bounds, value) - bounds.begin());
}

std::int32_t fold_of_draw(double uniform, Index count) {
  return static_cast<std::int32_t>(uniform * static_cast<double>(count));
}

/// The fold of each interaction of a matrix by user, of which `fold_of(user, entry)` says it.
template <class FoldOf>
std::vector<std::int32_t> folds_by(const SparseRows& matrix, const FoldOf& fold_of) {
  std::vector<std::int32_t> folds;
  folds.reserve(matrix.columns.size());
  for (Index user = 0; user < matrix.rows.size(); ++user) {
    for (Index entry = matrix.offsets[at(user)]; entry < matrix.offsets[at(user) + 1]; ++entry) {
      folds.push_back(fold_of(user, at(entry)));
    }
  }
  return folds;
}

/// By draws. Collective.
std::vector<std::int32_t> drawn_folds(const Communicator& comm, const FoldRule& rule, std::uint64_t seed,
                                      const Dataset& dataset) {
  const SparseRows& matrix = dataset.interactions;
  const EventKeys keys = event_keys(comm, dataset.users, dataset.items);
  if (rule.origin == FoldOrigin::users) {
    const RandomStream users(seed, RandomPurpose::prepared_fold_users);
    return folds_by(matrix, [&](Index user, std::size_t) {
      return fold_of_draw(users.uniform(static_cast<Index>(keys.users[at(user)]), 0), rule.count);
    });
  }
  return folds_by(matrix, [&](Index user, std::size_t entry) {
    const std::uint64_t item = keys.items[at(matrix.columns[entry])];
    return fold_of_draw(pair_draw(seed, RandomPurpose::prepared_fold_pairs, keys.users[at(user)], item), rule.count);
  });
}

}  // namespace

Index FoldRule::folds() const {
  if (origin == FoldOrigin::times) return std::ssize(cuts_seconds) + 1;
  return origin == FoldOrigin::bands ? std::ssize(bounds) + 1 : count;
}

void assign_folds(const Communicator& comm, const FoldRule& rule, std::uint64_t seed, Dataset& dataset) {
  SparseRows& matrix = dataset.interactions;
  switch (rule.origin) {
    case FoldOrigin::column:
      return;
    case FoldOrigin::interactions:
    case FoldOrigin::users:
      matrix.folds = drawn_folds(comm, rule, seed, dataset);
      break;
    case FoldOrigin::times:
      matrix.folds = folds_by(matrix, [&](Index, std::size_t entry) {
        return passed_bounds(rule.cuts_seconds, (*matrix.times_seconds)[entry]);
      });
      break;
    case FoldOrigin::bands:
      matrix.folds = folds_by(matrix, [&](Index, std::size_t entry) {
        return passed_bounds(rule.bounds, static_cast<double>(matrix.values[entry]));
      });
      break;
  }
  dataset.fold_origin = rule.origin;
}

std::vector<Index> count_folds(const Communicator& comm, const SparseRows& interactions, Index folds) {
  std::vector<Index> counts(at(folds), 0);
  for (const std::int32_t fold : *interactions.folds) ++counts[at(fold)];
  comm.all_reduce_sum(std::span(counts));
  return counts;
}

}  // namespace rankwise
