#include "distributed/log/content_digest.hpp"

#include <fmt/format.h>
#include <span>
#include <string>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "distributed/log/duplicates.hpp"

namespace rankwise {

namespace {

/// Digest of one row: its number, columns and values, and its marks.
template <class Value>
std::uint64_t row_digest(XXH3_state_t& state, const CsrRows<Value>& matrix, Index local_row) {
  const auto begin = static_cast<std::size_t>(matrix.offsets[static_cast<std::size_t>(local_row)]);
  const std::size_t size = static_cast<std::size_t>(matrix.offsets[static_cast<std::size_t>(local_row) + 1]) - begin;
  const Index row = matrix.rows.begin + local_row;
  const auto add = [&](const auto& all) {
    const auto some = std::span(all).subspan(begin, size);
    XXH3_64bits_update(&state, some.data(), some.size_bytes());
  };
  XXH3_64bits_reset(&state);
  XXH3_64bits_update(&state, &row, sizeof row);
  add(matrix.columns);
  add(matrix.values);
  if (matrix.times_seconds) add(*matrix.times_seconds);
  if (matrix.folds) add(*matrix.folds);
  return XXH3_64bits_digest(&state);
}

template <class Value>
std::uint64_t sum_of_rows(const CsrRows<Value>& matrix) {
  XXH3_state_t state;
  XXH3_INITSTATE(&state);
  std::uint64_t sum = 0;
  for (Index r = 0; r < matrix.rows.size(); ++r) sum += row_digest(state, matrix, r);
  return sum;
}

template <class Value>
std::uint64_t sum_of_entries(const CsrRows<Value>& matrix, RowsAre side) {
  struct Entry {
    Index user;
    Index item;
    std::int64_t time;
    std::int64_t fold;
    double value;
  };
  std::uint64_t sum = 0;
  for (Index r = 0; r < matrix.rows.size(); ++r) {
    const Index row = matrix.rows.begin + r;
    const auto end = static_cast<std::size_t>(matrix.offsets[static_cast<std::size_t>(r) + 1]);
    for (auto e = static_cast<std::size_t>(matrix.offsets[static_cast<std::size_t>(r)]); e < end; ++e) {
      const Index column = matrix.columns[e];
      const Entry entry{.user = side == RowsAre::users ? row : column,
                        .item = side == RowsAre::users ? column : row,
                        .time = matrix.times_seconds ? (*matrix.times_seconds)[e] : 0,
                        .fold = matrix.folds ? (*matrix.folds)[e] : 0,
                        .value = static_cast<double>(matrix.values[e])};
      sum += XXH3_64bits(&entry, sizeof entry);
    }
  }
  return sum;
}

}  // namespace

std::uint64_t sum_of_row_digests(const SparseRows& rows) {
  return sum_of_rows(rows);
}

std::uint64_t sum_of_row_digests(const LogRows& rows) {
  return sum_of_rows(rows);
}

std::uint64_t sum_of_entry_digests(const SparseRows& rows, RowsAre side) {
  return sum_of_entries(rows, side);
}

std::uint64_t sum_of_entry_digests(const LogRows& rows, RowsAre side) {
  return sum_of_entries(rows, side);
}

std::uint64_t rules_digest(const MergeRules& rules) {
  std::string text = fmt::format("{} {}", duplicates_name(rules.duplicates), repeats_name(rules.repeats));
  if (rules.min_total) text += fmt::format(" {}", *rules.min_total);
  return XXH3_64bits(text.data(), text.size());
}

std::uint64_t sum_of_order_digests(const Orders& orders) {
  XXH3_state_t state;
  XXH3_INITSTATE(&state);
  std::uint64_t sum = 0;
  for (Index u = 0; u < orders.users.size(); ++u) {
    for (auto o = static_cast<std::size_t>(orders.offsets[static_cast<std::size_t>(u)]);
         o < static_cast<std::size_t>(orders.offsets[static_cast<std::size_t>(u) + 1]); ++o) {
      struct {
        Index order;
        Index user;
        std::int64_t time;
        double amount;
      } const order{.order = orders.lines.rows.begin + static_cast<Index>(o),
                    .user = orders.users.begin + u,
                    .time = orders.times_seconds ? (*orders.times_seconds)[o] : 0,
                    .amount = orders.amounts[o]};
      const auto begin = static_cast<std::size_t>(orders.lines.offsets[o]);
      const std::size_t size = static_cast<std::size_t>(orders.lines.offsets[o + 1]) - begin;
      const auto add = [&](const auto& all) {
        const auto some = std::span(all).subspan(begin, size);
        XXH3_64bits_update(&state, some.data(), some.size_bytes());
      };
      XXH3_64bits_reset(&state);
      XXH3_64bits_update(&state, &order, sizeof order);
      add(orders.lines.columns);
      add(orders.lines.values);
      add(orders.parts);
      sum += XXH3_64bits_digest(&state);
    }
  }
  return sum;
}

std::uint64_t orders_digest(std::uint64_t sum) {
  return XXH3_64bits(&sum, sizeof sum);
}

std::uint64_t content_digest(const Communicator& comm, const SparseRows& matrix) {
  return comm.sum(sum_of_rows(matrix));
}

std::uint64_t validation_digest(const ValidationSums& sums) {
  return XXH3_64bits(&sums, sizeof sums);
}

std::uint64_t content_digest(const Communicator& comm, const Dataset& dataset) {
  std::uint64_t digest = content_digest(comm, dataset.interactions);
  if (const auto& validation = dataset.validation) {
    const auto sum = [&](const auto& sides) { return sides ? content_digest(comm, sides->by_user) : std::uint64_t{0}; };
    digest += validation_digest({.interactions = content_digest(comm, validation->interactions.by_user),
                                 .given = sum(validation->given),
                                 .repeated = sum(validation->repeated)});
  }
  if (dataset.orders) digest += orders_digest(comm.sum(sum_of_order_digests(*dataset.orders)));
  if (!dataset.log_rows) return digest;
  return digest + comm.sum(sum_of_rows(dataset.log_rows->by_user)) + rules_digest(dataset.rules);
}

}  // namespace rankwise
