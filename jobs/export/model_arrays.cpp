#include "jobs/export/model_arrays.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <variant>

#include "distributed/als/described_rows.hpp"
#include "distributed/rows/ids.hpp"
#include "io/arrays/id_array.hpp"
#include "kernels/base/matrix.hpp"

namespace rankwise {

namespace {

constexpr Index block_rows = Index{1} << 14;

using ReadMatrix = std::function<Matrix(RowRange)>;
using ReadCounts = std::function<std::vector<Index>(RowRange)>;

/// The columns [begin, end) of rows behind each other.
std::string packed(const Matrix& rows, Index begin, Index end) {
  std::string bytes;
  bytes.reserve(static_cast<std::size_t>(rows.rows() * (end - begin)) * sizeof(float));
  for (Index r = 0; r < rows.rows(); ++r) {
    bytes += bytes_of(std::span<const float>(rows.row(r) + begin, rows.row(r) + end));
  }
  return bytes;
}

SharedArray column_array(const Communicator& comm, std::string name, std::vector<Index> shape, Index first_column,
                         ReadMatrix read) {
  const RowRange mine = rows_of_rank(comm, shape.front());
  const Index columns = shape.size() == 2 ? shape.back() : 1;
  return {.name = std::move(name),
          .type = "<f4",
          .shape = std::move(shape),
          .row_bytes = columns * static_cast<Index>(sizeof(float)),
          .mine = mine,
          .give = [&comm, mine, first_column, columns, read = std::move(read)](const TakeBytes& take) {
            for_row_blocks(comm, mine, block_rows,
                           [&](RowRange rows) { take(packed(read(rows), first_column, first_column + columns)); });
          }};
}

SharedArray count_array(const Communicator& comm, std::string name, Index rows, ReadCounts read) {
  const RowRange mine = rows_of_rank(comm, rows);
  return {.name = std::move(name),
          .type = "<i8",
          .shape = {rows},
          .row_bytes = sizeof(Index),
          .mine = mine,
          .give = [&comm, mine, read = std::move(read)](const TakeBytes& take) {
            for_row_blocks(comm, mine, block_rows, [&](RowRange block) {
              const std::vector<Index> counts = read(block);
              take(bytes_of(std::span<const Index>(counts)));
            });
          }};
}

/// The entries of this rank's columns of the weights: rows `mine` of the model, entries `entries` of all ranks.
SharedArray entry_array(const Communicator& comm, std::string name, std::string type, Index value_bytes, Index total,
                        RowRange entries, RowRange mine, const ItemModelReader& model,
                        std::function<std::string_view(const SparseRows&)> pick) {
  return {.name = std::move(name),
          .type = std::move(type),
          .shape = {total},
          .row_bytes = value_bytes,
          .mine = entries,
          .give = [&comm, &model, mine, pick = std::move(pick)](const TakeBytes& take) {
            for_row_blocks(comm, mine, block_rows, [&](RowRange rows) { take(pick(model.item_weights(rows))); });
          }};
}

/// Where each column's entries end; the root's begin with 0. `first`: entries before this rank's columns.
SharedArray offset_array(const Communicator& comm, Index first, RowRange mine, const ItemModelReader& model) {
  const RowRange offsets{comm.is_root() ? 0 : mine.begin + 1, mine.end + 1};
  return {.name = "indptr",
          .type = "<i8",
          .shape = {model.items() + 1},
          .row_bytes = sizeof(Index),
          .mine = offsets,
          .give = [&comm, &model, first, mine](const TakeBytes& take) {
            Index end = first;
            if (comm.is_root()) take(bytes_of(std::span<const Index>(&end, 1)));
            for_row_blocks(comm, mine, block_rows, [&](RowRange rows) {
              std::vector<Index> ends = model.weight_counts(rows);
              for (Index& each : ends) each = end += each;
              take(bytes_of(std::span<const Index>(ends)));
            });
          }};
}

std::string value_bytes_of(std::span<const Index> values) {
  return std::string(bytes_of(values));
}

}  // namespace

std::vector<SharedArray> factor_arrays(const Communicator& comm, const ModelReader& model, const std::string& path) {
  const Index k = model.factors();
  const ReadMatrix read_users = [&model](RowRange rows) { return model.user_factors(rows); };
  const ReadMatrix read_items = [&model](RowRange rows) { return model.item_factors(rows); };
  std::vector<SharedArray> arrays;
  arrays.push_back(column_array(comm, "users", {model.users(), k}, 0, read_users));
  arrays.push_back(column_array(comm, "items", {model.items(), k}, 0, read_items));
  arrays.push_back(id_array(
      comm, "user_ids", model.users(), [&model](RowRange rows) { return model.user_ids(rows).ids; }, path));
  arrays.push_back(id_array(
      comm, "item_ids", model.items(), [&model](RowRange rows) { return model.item_ids(rows).ids; }, path));
  if (model.has_entry_counts()) {
    arrays.push_back(
        count_array(comm, "user_entries", model.users(), [&model](RowRange rows) { return model.user_entries(rows); }));
    arrays.push_back(
        count_array(comm, "item_entries", model.items(), [&model](RowRange rows) { return model.item_entries(rows); }));
  }
  if (model.objective().biases) {
    arrays.push_back(column_array(comm, "user_biases", {model.users()}, k, read_users));
    arrays.push_back(column_array(comm, "item_biases", {model.items()}, k, read_items));
    const double mean = model.objective().global_mean;
    arrays.push_back(root_array(comm, "global_mean", "<f8", {}, sizeof(double),
                                std::string(bytes_of(std::span<const double>(&mean, 1)))));
  }
  return arrays;
}

std::vector<SharedArray> weight_arrays(const Communicator& comm, const ItemModelReader& model,
                                       const std::string& path) {
  const RowRange mine = rows_of_rank(comm, model.items());
  Index own = 0;
  for_row_blocks(comm, mine, block_rows, [&](RowRange rows) {
    for (const Index count : model.weight_counts(rows)) own += count;
  });
  const Index first = comm.exclusive_sum(own);
  const RowRange entries{first, first + own};
  const Index total = comm.sum(own);
  const std::vector<Index> shape{model.items(), model.items()};
  std::vector<SharedArray> arrays;
  arrays.push_back(entry_array(comm, "data", "<f4", sizeof(float), total, entries, mine, model,
                               [](const SparseRows& rows) { return bytes_of(std::span<const float>(rows.values)); }));
  arrays.push_back(entry_array(comm, "indices", "<i8", sizeof(Index), total, entries, mine, model,
                               [](const SparseRows& rows) { return bytes_of(std::span<const Index>(rows.columns)); }));
  arrays.push_back(offset_array(comm, first, mine, model));
  arrays.push_back(root_array(comm, "shape", "<i8", {2}, sizeof(Index), value_bytes_of(shape)));
  arrays.push_back(root_array(comm, "format", "|S3", {}, 3, "csc"));
  arrays.push_back(id_array(
      comm, "item_ids", model.items(), [&model](RowRange rows) { return model.item_ids(rows).ids; }, path));
  arrays.push_back(
      count_array(comm, "item_entries", model.items(), [&model](RowRange rows) { return model.item_entries(rows); }));
  return arrays;
}

SearchedItems searched_items(const Communicator& comm, const ModelReader& model) {
  const RowRange mine = rows_of_rank(comm, model.items());
  std::vector<Index> known;
  for_row_blocks(comm, mine, block_rows, [&](RowRange rows) {
    const std::vector<Index> entries = model.item_entries(rows);
    std::vector<std::uint8_t> is_described(entries.size());
    if (model.item_features()) is_described = described_rows(model.item_factors(rows).view(), entries);
    for (std::size_t r = 0; r < entries.size(); ++r) {
      if (entries[r] > 0 || is_described[r] != 0) known.push_back(rows.begin + static_cast<Index>(r));
    }
  });
  const Index first = comm.exclusive_sum(std::ssize(known));
  const Index total = comm.sum(std::ssize(known));
  const RowRange entries{first, first + std::ssize(known)};
  const Index columns = model.factors() + (model.objective().biases ? 1 : 0);
  // Calls step(block, row) for each item that is known, after read(block); collective.
  const auto each_known = [&comm, mine, known](const auto& read, const auto& step) {
    std::size_t next = 0;
    for_row_blocks(comm, mine, block_rows, [&](RowRange rows) {
      const auto block = read(rows);
      for (; next < known.size() && known[next] < rows.end; ++next) step(block, known[next] - rows.begin);
    });
  };
  SearchedItems items;
  items.left_out = model.items() - total;
  items.labels_are_ids =
      std::holds_alternative<std::vector<std::int64_t>>(model.item_ids({mine.begin, mine.begin}).ids);
  items.vectors = {.name = "vectors",
                   .type = "<f4",
                   .shape = {total, columns},
                   .row_bytes = columns * static_cast<Index>(sizeof(float)),
                   .mine = entries,
                   .give = [&model, columns, each_known](const TakeBytes& take) {
                     each_known([&](RowRange rows) { return model.item_factors(rows); },
                                [&](const Matrix& block, Index row) {
                                  take(bytes_of(std::span<const float>(block.row(row), block.row(row) + columns)));
                                });
                   }};
  items.labels = {.name = "labels", .type = "<i8", .shape = {total}, .row_bytes = 8, .mine = entries, .give = {}};
  if (!items.labels_are_ids) {
    items.labels.give = [known](const TakeBytes& take) { take(bytes_of(std::span<const Index>(known))); };
    return items;
  }
  items.labels.give = [&model, each_known](const TakeBytes& take) {
    each_known([&](RowRange rows) { return std::get<std::vector<std::int64_t>>(model.item_ids(rows).ids); },
               [&](const std::vector<std::int64_t>& block, Index row) {
                 take(bytes_of(std::span<const std::int64_t>(&block[static_cast<std::size_t>(row)], 1)));
               });
  };
  return items;
}

}  // namespace rankwise
