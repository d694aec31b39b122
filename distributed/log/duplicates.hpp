#pragma once
// Several rows of a log on one user and one item become one interaction, in each part of a split.

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "distributed/log/events.hpp"
#include "distributed/log/orders.hpp"

namespace rankwise {

/// sum and mean: ascending by time and value, in double, so that the order of the input does not count; a sum that is
/// no more than rounding errors is 0. last: the latest time, ties and logs without times by the order of the input.
/// max: the largest value. error: none may occur.
enum class DuplicatePolicy { sum, last, max, mean, error };

/// As MergeRules::min_total: values above 0.
inline constexpr double above_zero = std::numeric_limits<double>::denorm_min();

/// Held-out pairs of a split in time that are in training too: they leave the held-out part, or stay.
enum class Repeats { drop, keep };

/// The word for it that options, messages, files and digests have: "sum", ...; "drop" or "keep".
[[nodiscard]] std::string_view duplicates_name(DuplicatePolicy policy);
[[nodiscard]] std::string_view repeats_name(Repeats repeats);
/// Nothing if `name` is none of these words.
[[nodiscard]] std::optional<DuplicatePolicy> duplicates_of(std::string_view name);
[[nodiscard]] std::optional<Repeats> repeats_of(std::string_view name);
/// All words, "sum, last, ...".
[[nodiscard]] std::string duplicates_names();
[[nodiscard]] std::string repeats_names();

/// How the rows of a log become interactions.
struct MergeRules {
  DuplicatePolicy duplicates = DuplicatePolicy::last;
  Repeats repeats = Repeats::drop;
  std::optional<double> min_total = {};  ///< a pair whose merged value is below is no interaction

  [[nodiscard]] bool accept(double merged) const { return !min_total || merged >= *min_total; }
};

/// Puts the rows of each pair into the order in which `policy` takes them: by time, then value; for last they stay in
/// the order of the input. Local.
void order_rows(UserEvents& rows, DuplicatePolicy policy);

/// The value of the interaction that these rows of one pair make. `rows` are in the order of order_rows(), at least
/// one.
[[nodiscard]] double merged_value(std::span<const Event> rows, DuplicatePolicy policy);

struct DuplicateCounts {
  Index repeated = 0;  ///< rows on a pair that an earlier row was on
  Index exact = 0;     ///< of these, rows that say the same as an earlier row: value, time and order too
};

/// A row on a pair that an earlier row was on; positions as in Event. `second` is the largest number where there is
/// none.
struct RepeatedPair {
  std::int64_t second = std::numeric_limits<std::int64_t>::max();
  std::int64_t first = 0;
};

/// The earliest of this rank's rows that repeat a pair.
[[nodiscard]] RepeatedPair earliest_repeat(const UserEvents& rows);

/// The earliest of this rank's rows that puts a pair into another fold than the row before on that pair does.
[[nodiscard]] RepeatedPair earliest_contradiction(const UserEvents& rows);

/// This rank's repeated rows. `lines`: of these rows, ascending by position; none if they are of no orders.
[[nodiscard]] DuplicateCounts count_duplicates(const UserEvents& rows, std::span<const OrderLine> lines = {});

/// The interaction that the rows of one pair make, or those of them in `part`; it has their latest time. Nothing if
/// there are none, or if the rules do not accept their value.
[[nodiscard]] std::optional<Event> merged_pair(std::span<const Event> pair, const MergeRules& rules);
[[nodiscard]] std::optional<Event> merged_part(std::span<const Event> pair, EventPart part, const MergeRules& rules);

/// Whether a pair is held out by a split of rows while training has it too; of such a pair nothing remains held out
/// with Repeats::drop.
[[nodiscard]] bool is_repeated(std::span<const Event> pair, const MergeRules& rules);

/// What a split divides: pairs with all of their rows, rows by their times, or rows in any way.
enum class SplitUnit { pairs, rows, marked_rows };

/// Before a split: sets Event::counts. Of a split of rows a pair counts if the rows of some time span, or any
/// of them if they are marked, make an interaction. Rows that can make none, however they are divided, are dropped.
/// Returns how many pairs do not count. Local.
Index mark_interactions(UserEvents& rows, const MergeRules& rules, SplitUnit unit);

/// How many merged parts of pairs are no interactions.
struct RefusedParts {
  Index training = 0;
  Index heldout = 0;
};

/// After a split of rows: sets Event::counts anew, by part. Local.
RefusedParts mark_parts(UserEvents& rows, const MergeRules& rules);

}  // namespace rankwise
