#include "jobs/evaluate/fold_check.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "distributed/log/fold.hpp"
#include "io/dataset/dataset.hpp"

namespace rankwise {

namespace {

/// What is found of one fold so far.
struct FoldContent {
  Fold fold;
  bool is_trained = false;
  bool is_validated = false;

  [[nodiscard]] bool is_filled() const { return is_trained && is_validated; }
};

/// Of folds of users: in the user's own fold one interaction is given and one validated, where there are two.
void look_at_user(Index user, Index interactions, FoldContent& content) {
  if (interactions == 0) return;
  const bool is_validated = validates_user(content.fold, user);
  content.is_trained = content.is_trained || !is_validated;
  content.is_validated = content.is_validated || (is_validated && interactions > 1);
}

void look_at_pair(Index user, Index item, FoldContent& content) {
  const bool trains = is_trained(content.fold, user, item);
  content.is_trained = content.is_trained || trains;
  content.is_validated = content.is_validated || !trains;
}

/// Goes through the rows until every fold is found to have something to train on and to validate.
void look_at_rows(const DatasetReader& dataset, std::vector<FoldContent>& contents) {
  constexpr Index rows_at_once = 4096;
  std::vector<FoldContent*> open;
  for (FoldContent& content : contents) open.push_back(&content);
  const auto is_filled = [](const FoldContent* content) { return content->is_filled(); };
  for (Index begin = 0; begin < dataset.users() && !open.empty(); begin += rows_at_once) {
    const RowRange range{begin, std::min(begin + rows_at_once, dataset.users())};
    const SparseRows rows = dataset.read(DatasetPart::interactions, range);
    for (Index r = 0; r < range.size() && !open.empty(); ++r) {
      const auto first = static_cast<std::size_t>(rows.offsets[static_cast<std::size_t>(r)]);
      const auto end = static_cast<std::size_t>(rows.offsets[static_cast<std::size_t>(r) + 1]);
      for (FoldContent* content : open) {
        if (content->fold.kind == FoldKind::users) look_at_user(begin + r, static_cast<Index>(end - first), *content);
      }
      for (std::size_t place = first; place < end && !open.empty(); ++place) {
        for (FoldContent* content : open) {
          if (content->fold.kind == FoldKind::interactions) look_at_pair(begin + r, rows.columns[place], *content);
        }
        std::erase_if(open, is_filled);
      }
    }
  }
}

void require_enough(const DatasetReader& dataset, const std::string& data, const Fold& fold) {
  const bool by_users = fold.kind == FoldKind::users;
  const Index most = by_users ? dataset.users() : dataset.entries(DatasetPart::interactions);
  if (fold.count <= most) return;
  throw AgreedError(ExitCode::usage, fmt::format("--validation: {} folds, and {} has {} {}; expected at most as many",
                                                 fold.count, data, most, by_users ? "users" : "interactions"));
}

void require_filled(const std::string& data, const FoldContent& content) {
  if (content.is_filled()) return;
  const bool by_users = content.fold.kind == FoldKind::users;
  const char* missing = !content.is_trained ? "train on" : "validate";
  throw AgreedError(
      ExitCode::bad_data,
      fmt::format("{}: fold {} has nothing to {}; expected fewer folds{}", data, fold_text(content.fold), missing,
                  by_users ? ", and users with at least two interactions in each" : " or more interactions"));
}

}  // namespace

void require_filled_folds(const Communicator& comm, const std::string& data, const std::vector<std::string>& folds,
                          std::uint64_t seed, InputCheck check) {
  const DatasetReader dataset(comm, data, std::nullopt, TrainedOn::training, check);
  std::vector<FoldContent> contents;
  for (const std::string& text : folds) {
    const auto fold = seeded(parse_fold(text), seed);
    if (!fold || fold->kind == FoldKind::column) continue;  // whose numbers are those that occur
    if (fold->kind == FoldKind::rolling) {  // with numbers that occur, and a dataset that is refused by the first one
      if (text == folds.front()) static_cast<void>(DatasetReader(comm, data, fold, TrainedOn::training, check));
      continue;
    }
    if (fold->kind == FoldKind::temporal || fold->kind == FoldKind::prepared) {
      static_cast<void>(DatasetReader(comm, data, fold, TrainedOn::training, check));
      continue;
    }
    require_enough(dataset, data, *fold);
    contents.push_back({.fold = *fold});
  }
  look_at_rows(dataset, contents);
  for (const FoldContent& content : contents) require_filled(data, content);
}

}  // namespace rankwise
