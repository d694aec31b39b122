#include "io/sparse/order_file.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <functional>
#include <span>
#include <vector>

#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

const std::string user_offsets_name = orders_name + "/user_indptr";
const std::string times_name = orders_name + "/time";
const std::string amounts_name = orders_name + "/amount";
const std::string parts_name = orders_name + "/part";

void require_rows(const Hdf5Reader& file, const std::string& name, Hdf5Kind kind, Index rows, const char* of_what) {
  const Index found = file.shape(name, kind, 1).rows();
  if (found == rows) return;
  refuse_object(file, name, fmt::format("holds {} numbers, expected {} for {}", found, rows, of_what));
}

/// Each user's orders, as the file counts them.
std::vector<Index> read_user_offsets(const Hdf5Reader& file, const OrderShape& shape, RowRange users) {
  std::vector<Index> offsets = file.read_rows<Index>(user_offsets_name, {users.begin, users.end + 1});
  const bool begins = users.begin > 0 || offsets.front() == 0;
  const bool ends = users.end < shape.users || offsets.back() == shape.lines.rows;
  if (!begins || !ends || offsets.front() < 0 || offsets.back() > shape.lines.rows) {
    refuse_object(file, user_offsets_name,
                  fmt::format("does not go from 0 to the {} orders that there are", shape.lines.rows));
  }
  const auto fall = std::ranges::adjacent_find(offsets, std::ranges::greater());
  if (fall != offsets.end()) {
    refuse_object(file, user_offsets_name, fmt::format("falls after row {}", users.begin + (fall - offsets.begin())));
  }
  return offsets;
}

std::vector<LinePart> read_parts(const Hdf5Reader& file, RowRange lines) {
  std::vector<LinePart> parts;
  parts.reserve(static_cast<std::size_t>(lines.size()));
  for (const std::int32_t part : file.read_rows<std::int32_t>(parts_name, lines)) {
    if (part < 0 || part >= line_part_count) {
      refuse_object(file, parts_name,
                    fmt::format("line {} is of part {}, expected a number from 0 to {}",
                                lines.begin + std::ssize(parts), part, line_part_count - 1));
    }
    parts.push_back(static_cast<LinePart>(part));
  }
  return parts;
}

void check_amounts(const Hdf5Reader& file, const Orders& orders) {
  for (Index o = 0; o < orders.size(); ++o) {
    const auto order = static_cast<std::size_t>(o);
    if (orders.lines.offsets[order] == orders.lines.offsets[order + 1]) {
      refuse_object(file, orders_name, fmt::format("order {} has no line", orders.lines.rows.begin + o));
    }
    double sum = 0;
    for (Index line = orders.lines.offsets[order]; line < orders.lines.offsets[order + 1]; ++line) {
      sum += orders.lines.values[static_cast<std::size_t>(line)];
    }
    if (orders.amounts[order] == sum) continue;
    refuse_object(file, amounts_name,
                  fmt::format("order {} has {}, but its lines add up to {}", orders.lines.rows.begin + o,
                              orders.amounts[order], sum));
  }
}

void check_times(const Hdf5Reader& file, const Orders& orders) {
  if (!orders.times_seconds) return;
  for (std::size_t u = 0; u + 1 < orders.offsets.size(); ++u) {
    const auto of_user = std::span(*orders.times_seconds)
                             .subspan(static_cast<std::size_t>(orders.offsets[u]),
                                      static_cast<std::size_t>(orders.offsets[u + 1] - orders.offsets[u]));
    if (std::ranges::is_sorted(of_user)) continue;
    refuse_object(file, times_name,
                  fmt::format("the orders of user {} do not ascend", orders.users.begin + static_cast<Index>(u)));
  }
}

}  // namespace

Index order_bytes(const Communicator& comm, const Orders& orders) {
  const Index order_bytes =
      static_cast<Index>(sizeof(double)) + (orders.times_seconds ? static_cast<Index>(sizeof(std::int64_t)) : Index{0});
  return sparse_bytes(comm, orders.lines) + comm.sum(orders.lines.entries()) * static_cast<Index>(sizeof(LinePart)) +
         orders.lines.total_rows * order_bytes + (orders.total_users + 1) * static_cast<Index>(sizeof(Index));
}

void write_orders(const Communicator& comm, Hdf5Writer& file, const Orders& orders) {
  write_sparse(comm, file, orders_name, orders.lines);
  const Index first = orders.lines.rows.begin;
  const bool is_last = comm.rank() == comm.size() - 1;
  const RowRange offsets{orders.users.begin, orders.users.end + (is_last ? 1 : 0)};
  file.write_filled_rows<Index>(user_offsets_name, orders.total_users + 1, offsets, [&](RowRange piece, Index* out) {
    const Index* local = orders.offsets.data() + (piece.begin - offsets.begin);
    std::transform(local, local + piece.size(), out, [&](Index offset) { return first + offset; });
  });
  if (orders.times_seconds) {
    file.write_rows(times_name, orders.lines.total_rows, orders.lines.rows,
                    std::span<const std::int64_t>(*orders.times_seconds));
  }
  file.write_rows(amounts_name, orders.lines.total_rows, orders.lines.rows, std::span<const double>(orders.amounts));
  const Index entries = orders.lines.entries();
  const Index first_line = comm.exclusive_sum(entries);
  file.write_filled_rows<std::int32_t>(
      parts_name, comm.sum(entries), {first_line, first_line + entries}, [&](RowRange piece, std::int32_t* out) {
        const LinePart* local = orders.parts.data() + (piece.begin - first_line);
        std::transform(local, local + piece.size(), out, [](LinePart part) { return static_cast<std::int32_t>(part); });
      });
}

OrderShape order_shape(const Hdf5Reader& file, Index users, Index items) {
  OrderShape shape{.lines = sparse_shape(file, orders_name), .users = users, .timed = file.has(times_name)};
  if (shape.lines.columns != items) {
    refuse_object(file, orders_name,
                  fmt::format("has {} columns, expected {} from the ids of items", shape.lines.columns, items));
  }
  require_rows(file, user_offsets_name, Hdf5Kind::integer, users + 1, "the users and an end");
  require_rows(file, amounts_name, Hdf5Kind::floating, shape.lines.rows, "the orders");
  if (shape.timed) require_rows(file, times_name, Hdf5Kind::integer, shape.lines.rows, "the orders");
  require_rows(file, parts_name, Hdf5Kind::integer, shape.lines.entries, "the lines");
  return shape;
}

Orders read_orders(const Hdf5Reader& file, const OrderShape& shape, RowRange users) {
  Orders orders;
  orders.users = users;
  orders.total_users = shape.users;
  orders.offsets = read_user_offsets(file, shape, users);
  const RowRange mine{orders.offsets.front(), orders.offsets.back()};
  for (Index& offset : orders.offsets) offset -= mine.begin;
  if (shape.timed) orders.times_seconds = file.read_rows<std::int64_t>(times_name, mine);
  orders.amounts = file.read_rows<double>(amounts_name, mine);
  orders.lines = read_repeating_rows(file, orders_name, shape.lines, mine);
  const Index first_line = read_sparse_offsets(file, orders_name, shape.lines, {mine.begin, mine.begin}).front();
  orders.parts = read_parts(file, {first_line, first_line + orders.lines.entries()});
  check_times(file, orders);
  check_amounts(file, orders);
  return orders;
}

}  // namespace rankwise
