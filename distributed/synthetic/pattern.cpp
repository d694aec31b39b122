#include "distributed/synthetic/pattern.hpp"

#include <algorithm>

#include "distributed/threads/team_size.hpp"

namespace rankwise {

namespace {

constexpr Index block_rows = 4096;

}  // namespace

SyntheticPattern::SyntheticPattern(const SyntheticLog& log)
    : user_sizes_(at(log.shape().users)),
      item_sizes_(at(log.shape().items)),
      blocks_(at((log.shape().users + block_rows - 1) / block_rows)) {
  const int threads = team_size(log.shape().interactions * synthetic_row_operations);
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    const Index begin = static_cast<Index>(b) * block_rows;
    const Index end = std::min(begin + block_rows, log.shape().users);
    for (Index user = begin; user < end; ++user) {
      std::vector<Index> items = log.items(user);
      std::ranges::sort(items);
      user_sizes_[at(user)] = static_cast<Index>(items.size());
      for (const Index item : items) blocks_[b].push_back(static_cast<LocalIndex>(item));
    }
    blocks_[b].shrink_to_fit();
  }
  for (const auto& columns : blocks_) {
    for (const LocalIndex item : columns) ++item_sizes_[static_cast<std::size_t>(item)];
  }
  leave_out_absent_items();
}

void SyntheticPattern::leave_out_absent_items() {
  std::vector<LocalIndex> number(item_sizes_.size());
  LocalIndex next = 0;
  for (std::size_t item = 0; item < item_sizes_.size(); ++item) {
    number[item] = next;
    if (item_sizes_[item] > 0) ++next;
  }
  for (auto& columns : blocks_) {
    for (LocalIndex& item : columns) item = number[static_cast<std::size_t>(item)];
  }
  std::erase(item_sizes_, 0);
}

void SyntheticPattern::for_each_block(const std::function<void(const PatternRows&)>& visit) const {
  std::vector<Index> offsets;
  std::vector<Index> columns;
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    const std::size_t begin = b * at(block_rows);
    const std::size_t end = std::min(begin + at(block_rows), user_sizes_.size());
    offsets.assign(1, 0);
    for (std::size_t user = begin; user < end; ++user) offsets.push_back(offsets.back() + user_sizes_[user]);
    columns.assign(blocks_[b].begin(), blocks_[b].end());
    visit({static_cast<Index>(begin), offsets, columns});
  }
}

}  // namespace rankwise
