#pragma once
// What a run of `profile` is asked for.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "distributed/profiles/lifetime_forecast.hpp"
#include "kernels/base/types.hpp"

namespace boost::program_options {
class options_description;
}

namespace rankwise {

struct ProfileOptions {
  std::string data;
  std::string output;
  std::string report;                    ///< JSON; empty: not wanted
  std::string page;                      ///< HTML; empty: not wanted
  std::string plot;                      ///< SVG of --calibrate-at; empty: not wanted
  std::string segments;                  ///< file of segment names; empty: the usual ones
  std::string factors;                   ///< model whose factors stand beside; empty: none
  std::string money;                     ///< column of the table of items; empty: values are money
  std::optional<std::int64_t> at_day;    ///< nothing: of the last order
  std::vector<std::string> shares;       ///< columns of the table of items
  Index most_shares = 20;                ///< categories of each
  bool lifetime = false;                 ///< models of lifetime value are fitted
  std::optional<double> horizon_days;    ///< nothing: 90
  std::optional<double> discount;        ///< a year; nothing: 0.1
  std::optional<std::int64_t> then_day;  ///< of --calibrate-at
  int deflate_level = 0;

  [[nodiscard]] bool writes_csv() const;
  [[nodiscard]] ForecastRule forecast() const;
};

/// Adds the options; `options` outlives them.
void describe_profiling(boost::program_options::options_description& description, ProfileOptions& options);

/// Throws Error(usage) where an option would be silently without effect.
void require_sense(const ProfileOptions& options);

}  // namespace rankwise
