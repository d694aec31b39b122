#include "distributed/log/fold_division.hpp"

#include <limits>

#include "distributed/log/time_cuts.hpp"

namespace rankwise {

std::optional<EntryMark> deciding_mark(FoldKind kind) {
  if (kind == FoldKind::temporal) return EntryMark::time;
  if (kind == FoldKind::column || kind == FoldKind::rolling) return EntryMark::fold;
  return std::nullopt;
}

bool divides_users(const FoldDivision& division) {
  const FoldKind kind = division.fold.kind;
  return kind == FoldKind::users || (kind == FoldKind::column && division.origin == FoldOrigin::users);
}

FoldDivision divide_by(const Communicator& comm, const Fold& fold, FoldOrigin origin, std::vector<std::int64_t> marks) {
  FoldDivision division{.fold = fold, .origin = origin};
  if (fold.kind != FoldKind::temporal) return division;
  const Index interactions = comm.sum(static_cast<Index>(marks.size()));
  const Index parts = fold.count + 1;
  std::vector<Index> before;
  for (Index cut = fold.number + 1; cut <= fold.number + 2; ++cut) {
    before.push_back(interactions / parts * cut + interactions % parts * cut / parts);
  }
  const std::vector<std::int64_t> last = times_reaching(comm, std::move(marks), before);
  division.last_trained_seconds = last[0];
  const bool is_last = fold.number + 1 == fold.count;
  division.last_validated_seconds = is_last ? std::numeric_limits<std::int64_t>::max() : last[1];
  return division;
}

std::vector<Index> distinct_folds(const Communicator& comm, std::span<const std::int64_t> folds) {
  std::vector<std::int32_t> is_there(static_cast<std::size_t>(most_folds), 0);
  for (const std::int64_t fold : folds) is_there[static_cast<std::size_t>(fold)] = 1;
  comm.all_reduce_max(std::span(is_there));
  std::vector<Index> numbers;
  for (Index fold = 0; fold < most_folds; ++fold) {
    if (is_there[static_cast<std::size_t>(fold)] != 0) numbers.push_back(fold);
  }
  return numbers;
}

}  // namespace rankwise
