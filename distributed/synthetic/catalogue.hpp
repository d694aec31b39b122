#pragma once
// What a planted log knows before its first user: items with tastes, popularity, prices and seasons; segments of users.

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/synthetic/shape.hpp"

namespace rankwise {

/// A user of segment s chooses item i with probability proportional to a_i exp(signal <t_s, y_i>), where t_s is the
/// segment's unit taste vector and y_i the item's vector of length sqrt(factors). The a_i are fitted so that over all
/// segments item i is chosen with its Zipf-Mandelbrot popularity, whatever the signal.
///
/// Holds segments x items doubles, the same on every rank; a pure function of the shape.
class SyntheticCatalogue {
 public:
  explicit SyntheticCatalogue(const SyntheticShape& shape);

  /// Share of all choices that fall on item i; sums to 1.
  [[nodiscard]] double popularity(Index item) const { return popularity_[at(item)]; }
  [[nodiscard]] std::span<const float> item_factors(Index item) const { return row(item_factors_, item); }
  [[nodiscard]] std::span<const float> segment_factors(int segment) const { return row(segment_factors_, segment); }
  [[nodiscard]] int category(Index item) const { return category_[at(item)]; }
  [[nodiscard]] std::int64_t price_cents(Index item) const { return price_cents_[at(item)]; }
  /// What every user's rating of the item has in common.
  [[nodiscard]] double rating_bias(Index item) const { return rating_bias_[at(item)]; }

  /// The segment at quantile `u` in [0, 1) of the users.
  [[nodiscard]] int segment_at(double u) const;
  /// The item at quantile `u` in [0, 1) of the segment's choices; constant time on average.
  [[nodiscard]] Index item_at(int segment, double u) const;
  /// Probability that a choice of the segment falls on the item.
  [[nodiscard]] double choice_probability(int segment, Index item) const;
  /// How much the segment buys of the item's category on day `day` (since 1970-01-01), in (0, 1]; 1 at the height of
  /// the category's season.
  [[nodiscard]] double season(int segment, Index item, Index day) const;

 private:
  static std::size_t at(Index i) { return static_cast<std::size_t>(i); }
  [[nodiscard]] std::span<const float> row(const std::vector<float>& matrix, Index r) const {
    return std::span(matrix).subspan(at(r) * factors_, factors_);
  }
  void draw_segments(const SyntheticShape& shape);
  void draw_items(const SyntheticShape& shape);
  void tabulate_choices(const SyntheticShape& shape);

  std::size_t factors_;
  Index items_;
  std::vector<double> popularity_;
  std::vector<float> item_factors_;
  std::vector<int> category_;
  std::vector<std::int64_t> price_cents_;
  std::vector<double> rating_bias_;
  std::vector<double> season_peak_;  // per category, day of the year
  std::vector<float> segment_factors_;
  std::vector<double> season_strength_;   // per segment
  std::vector<double> segment_quantile_;  // upper end of each segment's share of the users
  std::vector<double> cumulative_;        // segments x items: upper end of each item's share of the segment's choices
  std::vector<std::uint32_t> guide_;      // segments x items: first item whose cumulative share exceeds b / items
};

/// Demand of the whole shop on a day (since 1970-01-01), in (0, 1]: a weekly rhythm times a yearly one.
[[nodiscard]] double synthetic_demand(Index day);

}  // namespace rankwise
