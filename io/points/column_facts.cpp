#include "io/points/column_facts.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <span>

namespace rankwise {

namespace {

/// A bad field on its way to the other ranks.
struct SentReason {
  Index column;
  Index line;  ///< of the file
  Index size;
  std::array<char, 160> text;
};

SentReason sent(Index column, Index line, const std::string& reason) {
  SentReason made{column, line, 0, {}};
  made.size = std::min(std::ssize(reason), std::ssize(made.text));
  std::copy_n(reason.begin(), made.size, made.text.begin());
  return made;
}

}  // namespace

std::vector<ColumnVerdict> agree_on_columns(const Communicator& comm, const std::vector<ColumnFacts>& facts,
                                            Index lines_before) {
  std::vector<SentReason> mine;
  std::vector<Index> fractions(facts.size());
  for (std::size_t c = 0; c < facts.size(); ++c) {
    fractions[c] = facts[c].has_fractions ? 1 : 0;
    if (facts[c].first_bad_line == 0) continue;
    mine.push_back(sent(static_cast<Index>(c), lines_before + facts[c].first_bad_line, facts[c].reason));
  }
  comm.all_reduce_max(std::span<Index>(fractions));
  std::vector<ColumnVerdict> verdicts(facts.size());
  for (std::size_t c = 0; c < facts.size(); ++c) verdicts[c].has_fractions = fractions[c] > 0;
  // Ranks hold the lines in their order: the first that a column has is the earliest.
  for (const SentReason& found : comm.all_gather_varied(std::span<const SentReason>(mine)).values) {
    std::string& reason = verdicts[static_cast<std::size_t>(found.column)].reason;
    if (!reason.empty()) continue;
    reason = fmt::format("line {}: {}", found.line,
                         std::string_view(found.text.data(), static_cast<std::size_t>(found.size)));
  }
  return verdicts;
}

std::vector<float> keep_columns(const std::vector<float>& values, Index columns, const std::vector<Index>& kept) {
  std::vector<float> result;
  if (columns == 0) return result;
  const Index rows = std::ssize(values) / columns;
  result.reserve(static_cast<std::size_t>(rows) * kept.size());
  for (Index r = 0; r < rows; ++r) {
    for (const Index c : kept) result.push_back(values[static_cast<std::size_t>(r * columns + c)]);
  }
  return result;
}

}  // namespace rankwise
