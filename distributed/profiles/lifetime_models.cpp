#include "distributed/profiles/lifetime_models.hpp"

#include <algorithm>
#include <vector>

#include "distributed/profiles/purchase_cells.hpp"

namespace rankwise {

bool is_usable(FitState state) {
  return state == FitState::converged || state == FitState::flat || state == FitState::at_border;
}

LifetimeModels fit_lifetime(const Communicator& comm, std::span<const CustomerHistory> histories, std::int64_t at_day) {
  const std::vector<PurchaseCell> purchases = purchase_cells(comm, histories, at_day);
  const std::vector<SpendCell> values = spend_cells(comm, histories);
  std::vector<LifetimeModels> fitted(1);
  if (comm.is_root()) {
    fitted.front() = {fit_bg_nbd(purchases), fit_gamma_gamma(values), std::ssize(purchases), std::ssize(values), 0};
  }
  comm.broadcast(fitted);
  fitted.front().without_value = comm.sum(static_cast<Index>(std::ranges::count_if(
      histories, [](const auto& each) { return each.purchase_days > 1 && !has_repeat_value(each); })));
  return fitted.front();
}

}  // namespace rankwise
