#include "distributed/synthetic/shape.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

/// The guide tables of the catalogue hold 32-bit items, and every rank holds segments x items numbers.
constexpr Index most_items = 1 << 30;
constexpr Index most_users = Index{1} << 40;
constexpr Index most_days = 100 * 366;
constexpr std::int64_t last_start = 32'503'680'000;  // the year 3000

template <class Value>
void require(std::string_view option, Value value, Value least, Value most) {
  if (value >= least && value <= most) return;  // false for NaN
  throw Error(ExitCode::usage, fmt::format("--{} must lie between {} and {}, not {}", option, least, most, value));
}

}  // namespace

SyntheticShape SyntheticShape::scaled(double scale) const {
  require("scale", scale, 1e-9, 1e6);
  const auto times = [scale](Index count) {
    return std::max<Index>(1, std::llround(scale * static_cast<double>(count)));
  };
  SyntheticShape shape = *this;
  shape.users = times(users);
  shape.items = times(items);
  shape.interactions = std::max(1.0, scale * interactions);
  return shape;
}

void SyntheticShape::validate() const {
  require<Index>("users", users, 1, most_users);
  require<Index>("items", items, 1, most_items);
  require("segments", segments, 1, 1000);
  require("planted-factors", factors, 1, 1000);
  require("categories", categories, 1, 100'000);
  require("activity-spread", activity_spread, 0.0, 3.0);
  require("zipf", zipf_exponent, 0.0, 5.0);
  require("zipf-flattening", zipf_flattening, 0.0, 1e9);
  require("signal", signal, 0.0, 10.0);
  require("user-spread", user_spread, 0.0, 3.0);
  require("basket-size", basket_size, 1.0, 1000.0);
  require("start", start, std::int64_t{0}, last_start);
  require<Index>("days", days, 1, most_days);
  require("dirt", dirt, 0.0, 1.0);
  require("broken-lines", broken_lines, 0.0, 1.0);
  require("outlier-rows", outlier_rows, 0.0, 1.0);
  require("wrong-ratings", wrong_ratings, 0.0, 1.0);
  if (wrong_ratings > 0 && kind != SyntheticKind::ratings) {
    throw Error(ExitCode::usage, "--wrong-ratings has a meaning only with --kind ratings");
  }
  require<Index>("bots", bots, 0, 100'000);
  const double per_user = interactions / static_cast<double>(users);
  const double most = 1 + static_cast<double>(largest_row() - 1) / 2;
  if (!(per_user >= 1 && per_user <= most)) {
    throw Error(
        ExitCode::usage,
        fmt::format("--interactions must give each of {} users between 1 and {} of {} items on average, not {:.3g}",
                    users, most, items, per_user));
  }
}

SyntheticShape synthetic_preset(std::string_view name) {
  SyntheticShape shape;
  if (name == "none") return shape;
  if (name == "movielens-20m") {
    shape.kind = SyntheticKind::ratings;
    shape.users = 138'000;
    shape.items = 27'000;
    shape.interactions = 20e6;
    shape.activity_spread = 1.125;
    shape.zipf_exponent = 1.35;
    shape.zipf_flattening = 60;
    shape.segments = 20;
    shape.basket_size = 20;
    return shape;
  }
  if (name == "shop") {
    shape.users = 1'000'000;
    shape.items = 100'000;
    shape.interactions = 8e6;
    shape.activity_spread = 1.55;
    shape.segments = 30;
    shape.categories = 200;
    return shape;
  }
  throw Error(ExitCode::usage, fmt::format("unknown --shape {}: none, movielens-20m or shop", name));
}

}  // namespace rankwise
