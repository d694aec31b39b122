#pragma once
// What a run of `demand` is asked for.

#include <string>

#include "kernels/base/types.hpp"
#include "kernels/forecasting/backtest.hpp"

namespace boost::program_options {
class options_description;
}

namespace rankwise {

enum class DemandUnit { quantity, money, orders };

struct DemandOptions {
  std::string data;
  std::string segments;  ///< clustering of users; empty: none
  std::string category;  ///< column of the table of items; empty: none
  bool by_segment = false;
  std::string money;  ///< column of the table of items; empty: values are money
  DemandUnit unit = DemandUnit::money;
  Index period_days = 7;
  Index horizon = 8;
  Index origins = 12;
  double confidence = 0.9;
  Index least_group = 10;
  std::string output;
  std::string report;  ///< page; empty: not wanted

  [[nodiscard]] bool writes_csv() const { return output.ends_with(".csv"); }
  [[nodiscard]] const char* period_word() const { return period_days == 1 ? "day" : "week"; }
  [[nodiscard]] BacktestRule rule() const;
};

/// Adds the options; `options` outlives them.
void describe_demand_options(boost::program_options::options_description& description, DemandOptions& options);

/// Throws Error(usage) if options contradict each other, or would have no effect.
void require_sense(const DemandOptions& options);

}  // namespace rankwise
