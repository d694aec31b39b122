#pragma once
// Lifetime value in a profile: models, forecasts, and whether they come true.

#include <cstdint>
#include <optional>
#include <span>

#include "distributed/log/orders.hpp"
#include "distributed/profiles/customer_history.hpp"
#include "distributed/profiles/holdout_calibration.hpp"
#include "distributed/profiles/lifetime_models.hpp"
#include "jobs/profile/customer_columns.hpp"
#include "jobs/profile/profile_settings.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

struct CustomerValue {
  LifetimeModels models;
  std::optional<LifetimeModels> models_then = {};      ///< of --calibrate-at
  std::optional<HoldoutCalibration> calibration = {};  ///< if these could be fitted
};

/// Fits both models, and adds p_alive, expected_purchases, expected_value and lifetime_value as far as the fits allow.
/// Collective over context.comm.
[[nodiscard]] CustomerValue value_customers(JobContext& context, const ProfileOptions& options, const Orders& orders,
                                            std::span<const CustomerHistory> histories, std::int64_t at_day,
                                            CustomerColumns& columns);

}  // namespace rankwise
