#pragma once
// Customers of equal history as one: what models of lifetime value are fitted to.

#include <compare>
#include <cstdint>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/profiles/customer_history.hpp"
#include "kernels/lifetime/bg_nbd.hpp"
#include "kernels/lifetime/gamma_gamma.hpp"

namespace rankwise {

/// The unit of time of all models.
inline constexpr double days_of_week = 7;

/// A customer's purchases in whole days: several on one day are one.
struct DayHistory {
  std::int32_t repeats = 0;        ///< days with a purchase, but the first
  std::int32_t last_days = 0;      ///< from the first to the last of them
  std::int32_t observed_days = 0;  ///< from the first of them to the analysis date

  friend auto operator<=>(const DayHistory&, const DayHistory&) = default;
};

/// Of a customer whose first purchase is not after `at_day`.
[[nodiscard]] DayHistory day_history(const CustomerHistory& history, std::int64_t at_day);

/// In weeks.
[[nodiscard]] PurchaseHistory purchase_history(const DayHistory& days);

/// Whether the mean value of the customer's repeat purchases says something: there are some, and they are worth
/// something.
[[nodiscard]] bool has_repeat_value(const CustomerHistory& history);

/// The histories of all ranks' customers, ascending, each once: on the root; none elsewhere. The same for any ranks.
/// Collective over comm.
[[nodiscard]] std::vector<PurchaseCell> purchase_cells(const Communicator& comm,
                                                       std::span<const CustomerHistory> histories, std::int64_t at_day);

/// Likewise of customers with repeat purchases of some value: ascending by repeats, then totals.
[[nodiscard]] std::vector<SpendCell> spend_cells(const Communicator& comm, std::span<const CustomerHistory> histories);

}  // namespace rankwise
