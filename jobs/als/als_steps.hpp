#pragma once
// Steps that every job which sweeps shares.

#include <span>

#include "distributed/als/half_sweep.hpp"
#include "distributed/als/solver_plan.hpp"
#include "io/model/model.hpp"

namespace rankwise {

/// The loss after an epoch of a half-sweep over users, whose regularizer is given, and one over items.
[[nodiscard]] EpochLoss epoch_loss(const Objective& objective, double user_regularizer, const HalfSweep& of_items,
                                   const AlsFactors& users, const AlsFactors& items);

/// The loss after the epochs of `history` must be finite, and no higher than theirs under an exact solver. Else
/// completes what is on its way to `next`, the side whose half-sweep would follow, and throws AgreedError(internal);
/// losses are the same on every rank.
void require_sound_loss(const EpochLoss& loss, std::span<const EpochLoss> history, const SolverOptions& solver,
                        AlsSide& next);

}  // namespace rankwise
