#pragma once
// Values of a table's rows, wherever these are.

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/comm/key_exchange.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Who holds which rows of a table whose ranges ascend by rank.
class RowHolders {
 public:
  /// Collective over comm.
  RowHolders(const Communicator& comm, RowRange mine);
  [[nodiscard]] int holder(Index row) const;

 private:
  std::vector<Index> ends_;
};

/// For each of `rows`, global rows of a table, its value there; `absent` for rows below 0. `values` are those of this
/// rank's rows `mine`. Collective over comm.
template <class Value>
[[nodiscard]] std::vector<Value> values_at_rows(const Communicator& comm, std::span<const Index> rows, RowRange mine,
                                                std::span<const Value> values, Value absent) {
  struct Question {
    Index row;
    Index place;
  };
  const RowHolders holders(comm, mine);
  std::vector<Question> questions;
  for (std::size_t place = 0; place < rows.size(); ++place) {
    if (rows[place] >= 0) questions.push_back({rows[place], static_cast<Index>(place)});
  }
  std::vector<Index> counts;
  questions = sorted_by_owner(
      std::span<const Question>(questions), comm.size(),
      [&](const Question& question) { return holders.holder(question.row); }, counts);
  std::vector<Index> asked(questions.size());
  std::ranges::transform(questions, asked.begin(), &Question::row);
  const Exchanged<Index> received = comm.exchange(std::span<const Index>(asked), counts);
  std::vector<Value> answers(received.values.size());
  std::ranges::transform(received.values, answers.begin(),
                         [&](Index row) { return values[static_cast<std::size_t>(row - mine.begin)]; });
  const std::vector<Value> answered = comm.exchange(std::span<const Value>(answers), received.counts).values;
  std::vector<Value> result(rows.size(), absent);
  for (std::size_t q = 0; q < questions.size(); ++q) result[static_cast<std::size_t>(questions[q].place)] = answered[q];
  return result;
}

}  // namespace rankwise
