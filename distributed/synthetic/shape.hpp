#pragma once
// The shape of a planted log: how many users, items and interactions, and how they are spread.

#include <cstdint>
#include <string_view>

#include "kernels/base/types.hpp"

namespace rankwise {

enum class SyntheticKind { purchases, ratings };
enum class SyntheticIds { integers, strings };

/// Everything that a planted log depends on. Two equal shapes give the same log, byte for byte.
struct SyntheticShape {
  SyntheticKind kind = SyntheticKind::purchases;
  SyntheticIds ids = SyntheticIds::integers;
  std::uint64_t seed = 0;

  Index users = 20'000;
  Index items = 5'000;
  double interactions = 1'200'000;  ///< expected number of clean rows; every user has at least one

  double activity_spread = 1.1;  ///< sigma of the log-normal number of rows of a user
  double zipf_exponent = 1.0;    ///< item of popularity rank r (from 1) has weight (r + zipf_flattening)^-zipf_exponent
  double zipf_flattening = 20;   ///< Mandelbrot's shift: flattens the head
  int segments = 12;             ///< groups of users of one taste
  int factors = 16;              ///< length of the planted taste vectors
  int categories = 40;           ///< groups of items of one season and price level
  double signal = 2.5;           ///< strength of taste against popularity; 0: popularity alone
  double user_spread = 0.4;      ///< a user's own taste relative to its segment's
  double basket_size = 3;        ///< rows per visit, on average

  std::int64_t start = 1'672'531'200;  ///< seconds since 1970-01-01 UTC, a midnight
  Index days = 730;

  double dirt = 0;           ///< expected number of added dirty rows per clean row, over all kinds of dirt
  double broken_lines = 0;   ///< expected number of added unreadable lines per clean row
  double outlier_rows = 0;   ///< expected number of added rows with a value far from all others per clean row
  double wrong_ratings = 0;  ///< expected share of clean ratings that are replaced by one at the other end
  Index bots = 0;            ///< users beyond `users` who have many items on one day

  /// Rows that one user may have: half of the catalogue, so that rows without repetition stay cheap to draw.
  [[nodiscard]] Index largest_row() const { return (items + 1) / 2; }
  /// The shape with `scale` times the users, items and interactions, at least 1 of each.
  [[nodiscard]] SyntheticShape scaled(double scale) const;
  /// Throws Error(usage) that names the option which is out of range.
  void validate() const;
};

/// A preset by name: none (the defaults above), movielens-20m (20 million ratings of 138,000 users x 27,000 items),
/// shop (8 million purchases of 1,000,000 users x 100,000 items, half of the users with 3 rows or fewer). Throws
/// Error(usage).
[[nodiscard]] SyntheticShape synthetic_preset(std::string_view name);

}  // namespace rankwise
