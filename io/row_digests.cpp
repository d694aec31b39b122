#include "io/row_digests.hpp"

#include <algorithm>
#include <bit>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace rankwise {

static_assert(std::endian::native == std::endian::little, "digests are over the file's little-endian bytes");

namespace {

constexpr Index chunk_bytes = Index{1} << 20;

}  // namespace

struct RowDigests::Stream {
  XXH3_state_t state;
  Stream() { XXH3_INITSTATE(&state); }
};

Index digest_chunk_rows(Index row_bytes) {
  return std::max<Index>(1, chunk_bytes / std::max<Index>(1, row_bytes));
}

std::uint64_t digest_of(const void* bytes, std::size_t size) {
  return XXH3_64bits(bytes, size);
}

RowDigests::RowDigests(RowRange mine, Index row_bytes)
    : mine_(mine),
      row_bytes_(row_bytes),
      chunk_rows_(digest_chunk_rows(row_bytes)),
      next_row_(mine.begin),
      open_(std::make_unique<Stream>()) {}
RowDigests::~RowDigests() = default;

void RowDigests::close_chunk() {
  if (is_open_) digests_.push_back(XXH3_64bits_digest(&open_->state));
  is_open_ = false;
}

void RowDigests::add(const void* values, Index rows) {
  const char* from = static_cast<const char*>(values);
  while (rows > 0) {
    if (next_row_ % chunk_rows_ == 0) {
      close_chunk();
      XXH3_64bits_reset(&open_->state);
      is_open_ = true;
    }
    const Index taken = std::min(rows, chunk_rows_ - next_row_ % chunk_rows_);
    const Index bytes = taken * row_bytes_;
    if (is_open_) {
      XXH3_64bits_update(&open_->state, from, static_cast<std::size_t>(bytes));
    } else {
      foreign_.insert(foreign_.end(), from, from + bytes);
    }
    from += bytes;
    rows -= taken;
    next_row_ += taken;
  }
}

std::vector<std::uint64_t> RowDigests::finish(const Communicator& comm) {
  // 1. Rows of chunks that began on an earlier rank go there.
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
  if (!rest.values.empty()) XXH3_64bits_update(&open_->state, rest.values.data(), rest.values.size());
  close_chunk();

  // 2. Chunks belong to ranks in order, as rows do.
  return comm.all_gather_varied(std::span<const std::uint64_t>(digests_)).values;
}

}  // namespace rankwise
