#include "io/dataset/remembered_rows.hpp"

#include <algorithm>

namespace rankwise {

const SparseRows& RememberedRows::rows(DatasetPart part, RowRange range, std::span<const Index> without,
                                       const Read& read) {
  std::vector<Answer>& answers = answers_[static_cast<std::size_t>(part)];
  const auto known = std::ranges::find_if(answers, [&](const Answer& answer) {
    return answer.range == range && std::ranges::equal(answer.without, without);
  });
  if (known != answers.end()) return known->rows;
  if (answers.size() == most_answers) answers.erase(answers.begin());  // before more is read
  answers.push_back({range, {without.begin(), without.end()}, read()});
  return answers.back().rows;
}

}  // namespace rankwise
