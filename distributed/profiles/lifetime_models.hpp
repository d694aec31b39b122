#pragma once
// Models of purchases and of their values, fitted to all ranks' customers.

#include <cstdint>
#include <span>

#include "distributed/comm/communicator.hpp"
#include "distributed/profiles/customer_history.hpp"
#include "kernels/lifetime/bg_nbd.hpp"
#include "kernels/lifetime/gamma_gamma.hpp"

namespace rankwise {

/// Times are in weeks.
struct LifetimeModels {
  BgNbdFit purchases;
  GammaGammaFit values;
  Index cells = 0;          ///< different histories
  Index value_cells = 0;    ///< different (repeats, total)
  Index without_value = 0;  ///< customers with repeats that are worth nothing, whom `values` does not know
};

/// Whether predictions can be made of a fit: it has a maximum, if a flat one or one at the border.
[[nodiscard]] bool is_usable(FitState state);

/// Fits both on the root to histories until the end of `at_day`; the same on every rank and for any ranks. Collective
/// over comm.
[[nodiscard]] LifetimeModels fit_lifetime(const Communicator& comm, std::span<const CustomerHistory> histories,
                                          std::int64_t at_day);

}  // namespace rankwise
