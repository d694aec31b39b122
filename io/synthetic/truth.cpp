#include "io/synthetic/truth.hpp"

#include <algorithm>
#include <vector>

#include "distributed/rows/partition.hpp"
#include "io/dataset/id_file.hpp"
#include "io/dataset/provenance_attributes.hpp"
#include "io/hdf5/writer.hpp"
#include "io/synthetic/text.hpp"
#include "kernels/base/matrix.hpp"

namespace rankwise {

namespace {

/// A dataset of one number per row.
template <class Value, class ValueOf>
void write_column(Hdf5Writer& file, const std::string& name, Index total_rows, RowRange mine, const ValueOf& value_of) {
  file.write_filled_rows<Value>(name, total_rows, mine, [&](RowRange rows, Value* out) {
    for (Index row = rows.begin; row < rows.end; ++row) *out++ = static_cast<Value>(value_of(row));
  });
}

void write_items(const Communicator& comm, Hdf5Writer& file, const SyntheticLog& log, RowRange mine) {
  const SyntheticShape& shape = log.shape();
  const SyntheticCatalogue& catalogue = log.catalogue();
  file.create_group("/items");
  write_ids(comm, file, "/items/ids",
            {.rows = mine, .total_rows = shape.items, .ids = synthetic_item_ids(shape, mine)});
  Matrix factors(mine.size(), shape.factors);
  for (Index r = 0; r < mine.size(); ++r) std::ranges::copy(catalogue.item_factors(mine.begin + r), factors.row(r));
  file.write_matrix("/items/factors", shape.items, mine, factors.view());
  write_column<double>(file, "/items/popularity", shape.items, mine, [&](Index i) { return catalogue.popularity(i); });
  write_column<std::int32_t>(file, "/items/categories", shape.items, mine,
                             [&](Index i) { return catalogue.category(i); });
  write_column<std::int64_t>(file, "/items/price_cents", shape.items, mine,
                             [&](Index i) { return catalogue.price_cents(i); });
}

void write_users(const Communicator& comm, Hdf5Writer& file, const SyntheticLog& log, RowRange mine) {
  const SyntheticShape& shape = log.shape();
  file.create_group("/users");
  write_ids(comm, file, "/users/ids",
            {.rows = mine, .total_rows = shape.users, .ids = synthetic_user_ids(shape, mine)});
  Matrix factors(mine.size(), shape.factors);
  std::vector<std::int32_t> segments;
  for (Index r = 0; r < mine.size(); ++r) {
    const SyntheticUser user = log.user(mine.begin + r);
    std::ranges::copy(user.factors, factors.row(r));
    segments.push_back(user.segment);
  }
  file.write_matrix("/users/factors", shape.users, mine, factors.view());
  file.write_rows<std::int32_t>("/users/segments", shape.users, mine, segments);
}

void write_segments(Hdf5Writer& file, const SyntheticLog& log, RowRange mine) {
  const SyntheticShape& shape = log.shape();
  file.create_group("/segments");
  Matrix factors(mine.size(), shape.factors);
  for (Index r = 0; r < mine.size(); ++r) {
    std::ranges::copy(log.catalogue().segment_factors(static_cast<int>(mine.begin + r)), factors.row(r));
  }
  file.write_matrix("/segments/factors", shape.segments, mine, factors.view());
}

}  // namespace

void write_synthetic_truth(const Communicator& comm, const std::string& path, const SyntheticLog& log,
                           const Provenance& provenance) {
  constexpr Index bytes_beside_factors = 32;  // of a row: id, segment or popularity, category and price
  const SyntheticShape& shape = log.shape();
  const auto mine = [&](Index rows) { return Partition::by_count(rows, comm.size()).range(comm.rank()); };
  const Index bytes_per_row = bytes_beside_factors + 4 * Index{shape.factors};
  Hdf5Writer file(comm, path, (shape.users + shape.items + shape.segments) * bytes_per_row);
  write_provenance(file, provenance);
  file.write_attribute("/", "signal", shape.signal);
  write_users(comm, file, log, mine(shape.users));
  write_items(comm, file, log, mine(shape.items));
  write_segments(file, log, mine(shape.segments));
  file.commit();
}

}  // namespace rankwise
