#pragma once
// What a split lets a model know of the future, and what it holds out of users and items that training does not know
// (Ji, Sun, Zhang and Li, "A critical study on data leakage in recommender system offline evaluation", TOIS 2023).

#include <cstdint>
#include <optional>
#include <span>

#include "distributed/comm/communicator.hpp"
#include "distributed/log/dataset.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// An interaction's time is that of its latest row. What held-out users give for fold-in counts as training.
struct Leakage {
  double after_own_heldout = 0;    ///< share of training later than its user's first held-out interaction
  double after_first_heldout = 0;  ///< share of training later than the first held-out interaction of all
  double future_items = 0;         ///< share of held-out interactions whose item has no earlier row of anyone
  /// Median time between a held-out interaction and its user's latest training that is not later; none without such.
  std::optional<double> median_gap_days;
};

/// The part that a split took off: its figures have names of their own.
enum class SplitPart { heldout, validation };

struct SplitFigures {
  Index heldout_users = 0;  ///< users with held-out interactions
  Index heldout_items = 0;
  Index cold_users = 0;  ///< of these, users without training
  Index cold_items = 0;
  std::optional<Leakage> leakage;  ///< if there are times, and anything is held out
};

/// Of the held-out part, and of the validation part, against the dataset's training part. Of the held-out part of a
/// dataset that is to have a validation part: before that is taken off. `first_seconds`: of each item its earliest row
/// (distributed/log/select_part.hpp). Rows of all matrices are partitioned by count. Collective over comm.
[[nodiscard]] SplitFigures split_figures(const Communicator& comm, const Dataset& dataset,
                                         std::span<const std::int64_t> first_seconds);
[[nodiscard]] SplitFigures validation_figures(const Communicator& comm, const Dataset& dataset,
                                              std::span<const std::int64_t> first_seconds);

}  // namespace rankwise
