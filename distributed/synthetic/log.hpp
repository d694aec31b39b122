#pragma once
// The rows of a planted log, user by user: a pure function of the shape and the user's number, so that the log is the
// same however users are spread over ranks and threads.

#include <cstdint>
#include <string_view>
#include <vector>

#include "distributed/synthetic/catalogue.hpp"
#include "distributed/synthetic/shape.hpp"

namespace rankwise {

/// What a row is. Dirt is added to the clean log and takes nothing away, but for wrong ratings, which replace clean
/// ones: without it the log is the clean one.
enum class SyntheticDirt : std::uint8_t {
  none,
  duplicate,     ///< a clean row once more, exactly
  repeat,        ///< its user and item again at a later time, with another quantity or rating
  missing_user,  ///< its content again without a user
  cancellation,  ///< purchases only: its quantity taken back, negative, at a later time
  zero_price,    ///< purchases only: its user and item again at a later time, for nothing
  broken,        ///< a line that cannot be read: a word for a number, or too few fields (only by --broken-lines)
  outlier,       ///< its user and item again at a later time, with 10,000 times the value (only by --outlier-rows)
  wrong_rating,  ///< ratings only: a clean row with a rating at the other end of the scale (only by --wrong-ratings)
  bot            ///< a row of a bot (only by --bots)
};

/// "exact-repeat", "repeat", "missing-user", "cancellation", "zero-price", "unreadable", "outlier",
/// "wrong-rating", "bot"; empty of clean rows.
[[nodiscard]] std::string_view dirt_name(SyntheticDirt dirt);

/// Of each bot, on one day, if the catalogue has so many.
inline constexpr Index most_bot_items = 400;

struct SyntheticRow {
  Index user = 0;
  Index item = 0;
  std::int64_t value = 0;        ///< quantity or rating
  std::int64_t price_cents = 0;  ///< of one piece; 0 in a log of ratings
  std::int64_t timestamp = 0;    ///< seconds since 1970-01-01 UTC
  SyntheticDirt dirt = SyntheticDirt::none;
  friend bool operator==(const SyntheticRow&, const SyntheticRow&) = default;
};

/// Of a drawn row, as team_size() counts them.
inline constexpr double synthetic_row_operations = 100;

/// What is planted in one user.
struct SyntheticUser {
  int segment = 0;
  Index clean_rows = 0;
  std::vector<double> own_taste;  ///< user_spread times a vector of unit variance per sqrt(factors)
  std::vector<float> factors;     ///< segment's taste + own taste
};

/// Clean rows hold no (user, item) pair twice. The number of rows is 1 + log-normal, cut at shape.largest_row(); items
/// are successive choices without replacement with weights a_i exp(signal (<t_s, y_i> + clamp(<own, y_i>))). Rows of a
/// user fall on a few visits between the user's first day and the end of the log, more in high season and at the end of
/// the week.
class SyntheticLog {
 public:
  /// Throws Error(usage) where the shape is out of range.
  explicit SyntheticLog(const SyntheticShape& shape);

  [[nodiscard]] const SyntheticShape& shape() const { return shape_; }
  [[nodiscard]] const SyntheticCatalogue& catalogue() const { return catalogue_; }
  [[nodiscard]] SyntheticUser user(Index user) const;
  /// What the probability that the user chooses the item first is proportional to.
  [[nodiscard]] double choice_weight(const SyntheticUser& planted, Index item) const;
  /// The distinct items of the user's clean rows, in order of choice.
  [[nodiscard]] std::vector<Index> items(Index user) const { return choose_items(user, this->user(user)); }
  /// The user's clean and dirty rows by ascending time; rows of one time keep their order of choice.
  [[nodiscard]] std::vector<SyntheticRow> rows(Index user) const;
  /// The rows of bot number `bot`, from 0, whose number as a user follows those of the users.
  [[nodiscard]] std::vector<SyntheticRow> bot_rows(Index bot) const;

 private:
  [[nodiscard]] std::vector<Index> choose_items(Index user, const SyntheticUser& planted) const;
  [[nodiscard]] std::vector<Index> race_items(Index user, const SyntheticUser& planted) const;
  [[nodiscard]] double own_exponent(const SyntheticUser& planted, Index item) const;
  void set_times(Index user, const SyntheticUser& planted, std::vector<SyntheticRow>& rows) const;
  void set_values(Index user, const SyntheticUser& planted, std::vector<SyntheticRow>& rows) const;
  void add_dirt(Index user, std::vector<SyntheticRow>& rows) const;
  void add_outliers(Index user, std::size_t clean, std::vector<SyntheticRow>& rows) const;
  void set_wrong_ratings(Index user, std::size_t clean, std::vector<SyntheticRow>& rows) const;

  SyntheticShape shape_;
  SyntheticCatalogue catalogue_;
  double activity_location_;  // mean of the logarithm of (rows - 1)
  double own_bound_;          // of the exponent that a user's own taste adds
};

}  // namespace rankwise
