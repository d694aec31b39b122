#include "jobs/lists/list_rounds.hpp"

#include <algorithm>

namespace rankwise {

void append_rounds(JobContext& context, const ListRounds& rounds, const MakeLists& make, const ListText& text,
                   TextSink& sink, const std::function<void(const Lists&)>& take) {
  const Index round = rounds.at_a_time * context.comm.size();
  for (Index first = 0; first < rounds.count; first += round) {
    const Lists lists = make(first, Partition::by_count(std::min(round, rounds.count - first), context.comm.size()));
    sink.append(text.text(lists));
    take(lists);
    context.report.bar(rounds.owners, std::min(first + round, rounds.count), rounds.count);
  }
}

}  // namespace rankwise
