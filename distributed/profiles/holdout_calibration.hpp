#pragma once
// Whether a model of purchases comes true: fitted to the past of a day, compared with what followed.

#include <array>
#include <cstdint>
#include <span>

#include "distributed/comm/communicator.hpp"
#include "distributed/profiles/customer_history.hpp"
#include "distributed/profiles/lifetime_models.hpp"

namespace rankwise {

/// Customers with so many repeats before the day; the last group has all with more, too.
inline constexpr std::size_t calibration_groups = 8;

struct CalibrationGroup {
  Index customers = 0;
  double predicted = 0;  ///< purchases that followed, mean over customers; NaN of an empty group
  double actual = 0;
};

struct HoldoutCalibration {
  std::array<CalibrationGroup, calibration_groups> groups{};  ///< by repeats, from 0
  CalibrationGroup all;
  double model_error = 0;     ///< mean absolute error over customers
  double baseline_error = 0;  ///< of who predicts that each goes on as before: repeats / weeks observed
};

/// `until_then` are histories until the end of `then_day`, `until_now` those of the same users until the end of
/// `now_day`. `model` was fitted to the first ones. Purchases are days with a purchase. Sums are order-free. Collective
/// over comm.
[[nodiscard]] HoldoutCalibration calibrate_on_holdout(const Communicator& comm, const BgNbd& model,
                                                      std::span<const CustomerHistory> until_then,
                                                      std::span<const CustomerHistory> until_now, std::int64_t then_day,
                                                      std::int64_t now_day);

}  // namespace rankwise
