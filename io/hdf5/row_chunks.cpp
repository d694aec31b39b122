#include "io/hdf5/row_chunks.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace rankwise {

Index rows_per_chunk(Index row_bytes) {
  constexpr Index chunk_bytes = Index{1} << 20;
  return std::max<Index>(1, chunk_bytes / std::max<Index>(1, row_bytes));
}

RowChunks::RowChunks(RowRange mine, Index row_bytes, std::function<void(std::string_view)> take)
    : mine_(mine),
      row_bytes_(row_bytes),
      chunk_rows_(rows_per_chunk(row_bytes)),
      next_row_(mine.begin),
      take_(std::move(take)) {}

void RowChunks::take_open() {
  if (!open_.empty()) take_(open_);
  open_.clear();
}

void RowChunks::add(const void* values, Index rows) {
  const char* from = static_cast<const char*>(values);
  while (rows > 0) {
    const Index place = next_row_ % chunk_rows_;
    const Index taken = std::min(rows, chunk_rows_ - place);
    const std::string_view bytes(from, static_cast<std::size_t>(taken * row_bytes_));
    if (place == 0) take_open();
    if (taken == chunk_rows_) {
      take_(bytes);
    } else if (place == 0 || !open_.empty()) {
      open_ += bytes;
    } else {
      foreign_ += bytes;
    }
    from += bytes.size();
    rows -= taken;
    next_row_ += taken;
  }
}

void RowChunks::finish(const Communicator& comm) {
  const std::vector<Index> sizes = comm.all_gather(mine_.size());
  std::vector<Index> counts(sizes.size());
  if (!foreign_.empty()) {
    const Index first_row = mine_.begin / chunk_rows_ * chunk_rows_;
    Index end = 0;
    std::size_t owner = 0;
    while ((end += sizes[owner]) <= first_row) ++owner;
    counts[owner] = static_cast<Index>(foreign_.size());
  }
  const Exchanged<char> rest = comm.exchange(std::span<const char>(foreign_), counts);
  open_.append(rest.values.data(), rest.values.size());
  take_open();
}

}  // namespace rankwise
