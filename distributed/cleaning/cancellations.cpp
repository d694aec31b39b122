#include "distributed/cleaning/cancellations.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

namespace rankwise {

namespace {

/// Matches the cancellations of one user and item after another.
class Matcher {
 public:
  Matcher(RuleLog& log, Unmatched unmatched)
      : log_(log),
        unmatched_(unmatched),
        is_gone_(log.events.events.size(), 0),
        is_unmatched_(log.events.events.size(), 0) {}

  void match(std::size_t begin, std::size_t end);
  /// Drops what is gone.
  CancellationCounts finish();

 private:
  [[nodiscard]] double amount(std::size_t row) const {
    return log_.quantities.empty() ? log_.events.events[row].value : log_.quantities[row];
  }
  /// Leaves `amount` of the row's amount, and its value in proportion.
  void leave(std::size_t row, double amount);
  void match_one(std::size_t cancellation, std::vector<std::size_t>& purchases);

  RuleLog& log_;
  Unmatched unmatched_;
  CancellationCounts counts_;
  std::vector<char> is_gone_;
  std::vector<char> is_unmatched_;
  std::vector<std::size_t> reduced_;  // purchases that lost a part
};

void Matcher::leave(std::size_t row, double amount) {
  Event& event = log_.events.events[row];
  if (log_.quantities.empty()) {
    event.value = amount;
    return;
  }
  event.value *= amount / log_.quantities[row];
  log_.quantities[row] = amount;
}

/// `purchases`: those that are not later, of which something is left, the nearest last.
void Matcher::match_one(std::size_t cancellation, std::vector<std::size_t>& purchases) {
  ++counts_.cancellations;
  const double wanted = -amount(cancellation);
  double open = wanted;
  while (open > 0 && !purchases.empty()) {
    const std::size_t purchase = purchases.back();
    const double has = amount(purchase);
    // Products of prices: what is left within their rounding errors is nothing.
    const double rounding = 1e-9 * std::max(has, open);
    if (has <= open + rounding) {
      is_gone_[purchase] = 1;
      ++counts_.purchases_gone;
      purchases.pop_back();
      open = open - has <= rounding ? 0 : open - has;
    } else {
      leave(purchase, has - open);
      reduced_.push_back(purchase);
      open = 0;
    }
  }
  if (open == 0) {
    ++counts_.matched;
    is_gone_[cancellation] = 1;
    return;
  }
  ++(open < wanted ? counts_.partly_matched : counts_.unmatched);
  if (unmatched_ == Unmatched::drop) {
    is_unmatched_[cancellation] = 1;
    return;
  }
  ++counts_.kept;
  if (open < wanted) leave(cancellation, -open);
}

void Matcher::match(std::size_t begin, std::size_t end) {
  const auto is_cancellation = [&](std::size_t row) { return amount(row) < 0; };
  std::vector<std::size_t> rows(end - begin);
  std::iota(rows.begin(), rows.end(), begin);
  if (std::ranges::none_of(rows, is_cancellation)) return;
  // At one time purchases come first: they are not later. If rows are of orders, those of one time are by what they
  // say, so that which order is taken back does not depend on the order of the input.
  const bool ordered = !log_.orders.empty();
  const auto order = [&](std::size_t row) {
    const Event& event = log_.events.events[row];
    return std::tuple(event.time_microseconds, log_.events.timed && is_cancellation(row),
                      ordered ? log_.orders[row] : 0, ordered ? amount(row) : 0, ordered ? event.value : 0, row);
  };
  std::ranges::sort(rows, [&](std::size_t a, std::size_t b) { return order(a) < order(b); });
  std::vector<std::size_t> purchases;
  for (const std::size_t row : rows) {
    if (is_cancellation(row)) {
      match_one(row, purchases);
    } else if (amount(row) > 0) {
      purchases.push_back(row);
    }
  }
}

CancellationCounts Matcher::finish() {
  std::ranges::sort(reduced_);
  reduced_.erase(std::unique(reduced_.begin(), reduced_.end()), reduced_.end());
  counts_.purchases_less =
      std::ranges::count_if(reduced_, [&](std::size_t purchase) { return is_gone_[purchase] == 0; });
  std::vector<char> is_left_unmatched;
  for (std::size_t row = 0; row < is_gone_.size(); ++row) {
    if (is_gone_[row] == 0) is_left_unmatched.push_back(is_unmatched_[row]);
  }
  log_.drop(RowRule::cancellations, is_gone_);
  log_.drop(RowRule::unmatched_cancellations, is_left_unmatched);
  return counts_;
}

}  // namespace

CancellationCounts match_cancellations(RuleLog& log, Unmatched unmatched) {
  Matcher matcher(log, unmatched);
  for (Index u = 0; u < log.events.users.size(); ++u) {
    for_each_pair(std::as_const(log.events).of(u), [&](std::span<const Event> pair) {
      const auto begin = static_cast<std::size_t>(pair.data() - log.events.events.data());
      matcher.match(begin, begin + pair.size());
    });
  }
  return matcher.finish();
}

}  // namespace rankwise
