#include "distributed/log/rejected_rows.hpp"

#include <algorithm>
#include <utility>

#include "distributed/log/input_position.hpp"

namespace rankwise {

namespace {
struct RuleText {
  std::string_view name;
  std::string_view reason;
};

constexpr std::array<RuleText, row_rule_count> texts{{
    {"fields", "the row has another number of fields than the first line"},
    {"where", "the row does not fulfil --where"},
    {"missing-user", "the user field is missing"},
    {"missing-item", "the item field is missing"},
    {"missing-value", "the value field is missing"},
    {"unreadable-value", "the value is no number that can be stored"},
    {"missing-time", "the time field is missing"},
    {"missing-fold", "the fold field is missing"},
    {"missing-split", "the split field is missing"},
    {"missing-order", "the order field is missing"},
    {"missing-event", "the event field is missing"},
    {"unreadable-time", "the time cannot be read"},
    {"period", "the time is before --since, or not before --until"},
    {"event-weight", "the event has weight 0"},
    {"unreadable-fold", "the fold is no small number"},
    {"unreadable-split", "the split is not training, validation or heldout"},
    {"forget", "the user is in the list of --forget"},
    {"min-value", "the value is below --min-value"},
    {"exact-repeats", "an earlier row has the same user, item, value and time"},
    {"cancellations", "the purchase and its cancellation take each other away"},
    {"unmatched-cancellations", "a cancellation without an earlier purchase of this user and item"},
    {"outliers", "the value is outside the bounds of --outliers"},
    {"max-user-count", "the user has more items than --max-user-count"},
    {"max-events-per-day", "the user has a day with more rows than --max-events-per-day"},
    {"max-catalogue-share", "the user has a larger share of all items than --max-catalogue-share"},
    {"max-item-share", "a larger share of all users has the item than --max-item-share"},
    {"transform", "the value is not above the number of --transform binarize"},
    {"min-total", "the rows on this user and item together have a value that --min-total refuses"},
    {"k-core", "the user or the item is rare (--min-user-count, --min-item-count)"},
    {"repeats", "the held-out part leaves out what training has, too (--repeats drop)"},
}};
}  // namespace

std::string_view rule_name(RowRule rule) {
  return texts[at(rule)].name;
}

std::string_view rule_reason(RowRule rule) {
  return texts[at(rule)].reason;
}

void RejectedRows::add(RowRule rule, std::int64_t position) {
  ++counts_[at(rule)];
  first_[at(rule)] = std::min(first_[at(rule)], position);
  if (keep_ == Keep::rows) rows_.push_back({position, rule});
}

void RejectedRows::append(const RejectedRows& other) {
  for (std::size_t r = 0; r < counts_.size(); ++r) {
    counts_[r] += other.counts_[r];
    first_[r] = std::min(first_[r], other.first_[r]);
  }
  rows_.insert(rows_.end(), other.rows_.begin(), other.rows_.end());
}

void RejectedRows::follow(std::span<const Index> lines_before) {
  const auto moved = [&](std::int64_t position) {
    return position + lines_before[static_cast<std::size_t>(InputPosition(position).file())];
  };
  for (std::int64_t& first : first_) {
    if (first != nowhere) first = moved(first);
  }
  for (RejectedRow& row : rows_) row.position = moved(row.position);
}

RejectedRows::Totals RejectedRows::totals(const Communicator& comm) const {
  Totals totals{.counts = counts_, .first = {}};
  comm.all_reduce_sum(std::span<Index>(totals.counts));
  std::array<std::int64_t, row_rule_count> negated{};
  std::ranges::transform(first_, negated.begin(), [](std::int64_t first) { return -first; });
  comm.all_reduce_max(std::span<std::int64_t>(negated));
  std::ranges::transform(negated, totals.first.begin(), [](std::int64_t first) { return -first; });
  return totals;
}

}  // namespace rankwise
