#include "distributed/ranking/explanation.hpp"

#include <algorithm>

namespace rankwise {

std::vector<Reason> reasons(std::vector<ScoreTerm> terms, Index count) {
  std::erase_if(terms, [](const ScoreTerm& term) { return !(term.value > 0); });
  double sum = 0;
  for (const ScoreTerm& term : terms) sum += term.value;
  std::ranges::sort(terms, [](const ScoreTerm& a, const ScoreTerm& b) {
    return a.value != b.value ? a.value > b.value : a.item < b.item;
  });
  terms.resize(std::min(terms.size(), static_cast<std::size_t>(count)));
  std::vector<Reason> found;
  for (const ScoreTerm& term : terms) {
    found.push_back({term.item, static_cast<float>(term.value), static_cast<float>(term.value / sum)});
  }
  return found;
}

}  // namespace rankwise
