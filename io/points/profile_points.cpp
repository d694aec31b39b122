#include "io/points/profile_points.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>
#include <string_view>
#include <vector>

#include "distributed/rows/partition.hpp"
#include "io/hdf5/file_digests.hpp"
#include "io/profile/profile_file.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

namespace {

const std::string orders_column = "orders";

/// Columns of numbers whose names begin so.
std::vector<std::string> number_columns(const TableReader& table, std::string_view begin = {}) {
  std::vector<std::string> names;
  for (const TableColumnInfo& column : table.columns()) {
    if (column.type == ColumnType::number && column.name.starts_with(begin)) names.push_back(column.name);
  }
  return names;
}

/// "recency_days,factor_*" as names, each once; a star at the end stands for any rest.
std::vector<std::string> chosen_names(const TableReader& table, const std::string& text) {
  std::vector<std::string> names;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string piece = text.substr(begin, end - begin);
    begin = end + 1;
    std::vector<std::string> found{piece};
    if (piece.ends_with('*')) found = number_columns(table, std::string_view(piece).substr(0, piece.size() - 1));
    if (found.empty())
      throw Error(ExitCode::bad_data, fmt::format("--columns: no column of numbers fits {}", shown(piece)));
    for (std::string& name : found) {
      if (std::ranges::count(names, name) > 0)
        throw Error(ExitCode::usage, fmt::format("--columns: {} is chosen twice", shown(name)));
      names.push_back(std::move(name));
    }
  }
  return names;
}

bool has_orders(const TableReader& table) {
  return std::ranges::any_of(table.columns(), [](const TableColumnInfo& column) {
    return column.name == orders_column && column.type == ColumnType::number;
  });
}

/// Whether each of these users has an order; all, if the profile does not know.
std::vector<bool> customers_of(const TableReader& table, RowRange rows) {
  std::vector<bool> are(static_cast<std::size_t>(rows.size()), true);
  if (!has_orders(table)) return are;
  const Numbers orders = table.numbers(orders_column, rows);
  for (std::size_t r = 0; r < are.size(); ++r) are[r] = orders[r] > 0;
  return are;
}

void require_range(const std::string& path, const std::string& name, const Numbers& values, RowRange rows) {
  constexpr double largest = std::numeric_limits<float>::max();
  const auto bad = std::ranges::find_if(values, [](double value) { return std::abs(value) > largest; });
  if (bad == values.end()) return;
  throw Error(ExitCode::bad_data, fmt::format("{}: {}: row {} is {}, beyond 32-bit floating point", path, shown(name),
                                              rows.begin + (bad - values.begin()), *bad));
}

/// Columns of this rank's users, and what they miss.
struct ReadColumns {
  std::vector<std::string> names;
  std::vector<Numbers> values;
  std::vector<Index> missing;  ///< of this rank's customers
};

ReadColumns read_columns(const TableReader& table, const PointSource& source, RowRange rows,
                         const std::vector<bool>& customers) {
  ReadColumns read;
  read.names = source.columns.empty() ? number_columns(table) : chosen_names(table, source.columns);
  for (const std::string& name : read.names) {
    Numbers values = table.numbers(name, rows);
    require_range(source.path, name, values, rows);
    Index missing = 0;
    for (std::size_t r = 0; r < values.size(); ++r) missing += customers[r] && std::isnan(values[r]) ? 1 : 0;
    read.missing.push_back(missing);
    read.values.push_back(std::move(values));
  }
  return read;
}

/// Takes out the columns that miss a value, of any rank's customers; says which. Collective.
void leave_incomplete_out(const Communicator& comm, ReadColumns& read, PointSet& set, const std::string& path) {
  std::vector<Index> missing = read.missing;
  comm.all_reduce_sum(std::span<Index>(missing));
  std::vector<std::string> left_out;
  std::size_t kept = 0;
  for (std::size_t c = 0; c < read.names.size(); ++c) {
    if (missing[c] > 0) {
      left_out.push_back(fmt::format("{} ({})", shown(read.names[c]), counted(missing[c], "customer")));
      continue;
    }
    if (kept != c) {
      read.names[kept] = std::move(read.names[c]);
      read.values[kept] = std::move(read.values[c]);
    }
    ++kept;
  }
  read.names.resize(kept);
  read.values.resize(kept);
  if (!left_out.empty()) {
    set.warnings.push_back(
        fmt::format("{}: columns without a value for some customers are left out: {}; --columns "
                    "chooses them, and leaves out these customers",
                    path, fmt::join(left_out, ", ")));
  }
  if (kept == 0)
    throw AgreedError(ExitCode::bad_data, fmt::format("{}: no column has a number for each customer", path));
}

}  // namespace

PointSet read_profile_points(const Communicator& comm, const PointSource& source) {
  const ProfileReader file(comm, source.path, source.check);
  if (file.users() == 0) throw AgreedError(ExitCode::bad_data, fmt::format("{}: holds no rows", source.path));
  PointSet set;
  if (source.check == InputCheck::digests && !file.compares())
    set.warnings.push_back(fmt::format("{}: {}", source.path, no_digests_text));

  // 1. Columns.
  const RowRange mine = Partition::by_count(file.users(), comm.size()).range(comm.rank());
  const std::vector<bool> customers = agree_on(comm, [&] { return customers_of(file.table(), mine); });
  ReadColumns read = agree_on(comm, [&] { return read_columns(file.table(), source, mine, customers); });
  if (source.columns.empty()) leave_incomplete_out(comm, read, set, source.path);

  // 2. Rows.
  set.points.count = file.users();
  set.points.mine = mine;
  set.points.dimensions = std::ssize(read.names);
  Matrix rows(mine.size(), set.points.dimensions);
  std::vector<Index> without;
  for (Index r = 0; r < mine.size(); ++r) {
    const auto place = static_cast<std::size_t>(r);
    bool is_point = customers[place];
    for (std::size_t c = 0; c < read.values.size(); ++c) {
      const double value = read.values[c][place];
      is_point = is_point && !std::isnan(value);
      rows.row(r)[c] = std::isnan(value) ? 0.0F : static_cast<float>(value);
    }
    if (!is_point) without.push_back(r);
  }
  set.points.rows = std::move(rows);
  set.ids = file.user_ids(mine);
  set.dimensions = std::move(read.names);
  set.dataset_digest = file.provenance().dataset_digest;
  set.origin = {.format = PointFormat::profile, .has_ids = true};
  set.note = fmt::format("{}: a profile, {} users x {} columns", source.path, set.points.count, set.points.dimensions);
  set.without_values = leave_out(comm, set, without);
  return set;
}

}  // namespace rankwise
