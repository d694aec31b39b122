#include "distributed/kmeans/points_digest.hpp"

#include <span>
#include <string>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace rankwise {

namespace {

/// Digests of rows, one at a time.
class RowHash {
 public:
  RowHash() { XXH3_INITSTATE(&state_); }
  void begin(Index row) {
    XXH3_64bits_reset(&state_);
    add(std::span<const Index>(&row, 1));
  }
  template <class T>
  void add(std::span<const T> values) {
    XXH3_64bits_update(&state_, values.data(), values.size_bytes());
  }
  [[nodiscard]] std::uint64_t digest() const { return XXH3_64bits_digest(&state_); }

 private:
  XXH3_state_t state_;
};

void add_values(RowHash& hash, const Matrix& rows, Index row) {
  hash.add(rows.view().row_span(row));
}

void add_values(RowHash& hash, const CsrBlock& rows, Index row) {
  const CsrRow entries = rows.row(row);
  hash.add(std::span<const LocalIndex>(entries.columns));
  hash.add(std::span<const float>(entries.values));
}

}  // namespace

std::uint64_t points_digest(const Communicator& comm, const Points& points, const Matrix& given_centroids) {
  RowHash hash;
  std::uint64_t sum = 0;
  for (Index r = 0; r < points.mine.size(); ++r) {
    hash.begin(points.mine.begin + r);
    std::visit([&](const auto& rows) { add_values(hash, rows, r); }, points.rows);
    const double weight = points.weight(r);
    hash.add(std::span<const double>(&weight, 1));
    sum += hash.digest();
  }
  if (comm.is_root()) {
    for (Index k = 0; k < given_centroids.rows(); ++k) {
      hash.begin(-1 - k);  // no row's number
      add_values(hash, given_centroids, k);
      sum += hash.digest();
    }
  }
  return comm.sum(sum);
}

std::uint64_t ids_digest(const Communicator& comm, const IdRows& ids) {
  RowHash hash;
  std::uint64_t sum = 0;
  for (Index r = 0; r < ids.rows.size(); ++r) {
    hash.begin(ids.rows.begin + r);
    const std::string text = id_text(ids.ids, r);
    hash.add(std::span<const char>(text));
    sum += hash.digest();
  }
  return comm.sum(sum);
}

}  // namespace rankwise
