#include "jobs/data/prepare_tables.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "distributed/tables/place_rows.hpp"
#include "jobs/options/file_option.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/text_encoding.hpp"

namespace rankwise {

namespace {

namespace po = boost::program_options;

/// "brand: category of 2, price: number, title: text", of so many columns.
std::string columns_text(std::span<const TableColumn> columns) {
  std::string text;
  for (const TableColumn& column : columns) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", printable(column.name), column_type_name(column.type()));
    if (const auto* words = std::get_if<Categories>(&column.values)) {
      text += fmt::format(" of {}", words->categories.size());
    }
  }
  return text;
}

/// The types of all columns in the event, of as many as a person reads in the line.
void tell_types(Report& report, TableSide side, const TableText& read) {
  constexpr std::size_t most_told = 30;
  const std::string lists = printable(fmt::format("{}", fmt::join(read.lists, ", ")));
  if (!lists.empty()) report.line(fmt::format("{} table: keys with lists are left out: {}", side_name(side), lists));
  if (read.forgotten_rows > 0) {
    report.line(
        fmt::format("{} table: {} of users to forget left out", side_name(side), counted(read.forgotten_rows, "row")));
  }
  const ListedTable& table = read.table;
  const std::span<const TableColumn> columns = table.columns;
  const std::size_t told = std::min(columns.size(), most_told);
  std::string text = columns_text(columns.first(told));
  if (told < columns.size()) text += fmt::format(" and {}", counted(std::ssize(columns.subspan(told)), "more column"));
  report.line(fmt::format("{} table: {}, {}", side_name(side), counted(std::ssize(table.ids), "row"), text));
  report.event("table_types", {{"of", std::string(side_name(side))},
                               {"columns", columns_text(columns)},
                               {"lists_left_out", lists},
                               {"forgotten_rows", read.forgotten_rows}});
}

ListedTable read_one(JobContext& context, TableSource source, const MissingValues& missing_values) {
  if (source.path.empty()) return {};
  source.missing_values = missing_values;
  TableText text = read_table(context.comm, source);
  context.report.line(text.note);
  tell_types(context.report, source.side, text);
  return std::move(text.table);
}

void tell_placed(JobContext& context, const TableSource& source, const PlacedRows& placed) {
  const std::string_view side = side_name(source.side);
  const Index left_out = placed.listed - placed.placed;
  context.report.line(fmt::format(
      "{} table: {} of {}s in the dataset, {} of others left out; {} without a row: their "
      "values are missing",
      side, counted(placed.placed, "row"), side, counted(left_out, "row"), counted(placed.ids_without_row, side)));
  context.report.event("table", {{"of", std::string(side)},
                                 {"rows", placed.listed},
                                 {"left_out", left_out},
                                 {"ids_without_row", placed.ids_without_row}});
}

/// One table for each list of ids.
std::vector<Table> place_one(JobContext& context, const TableSource& source, const ListedTable& listed,
                             const std::vector<std::reference_wrapper<const IdRows>>& ids) {
  PlacedRows placed = place_rows(context.comm, listed, ids);
  agree_on(context.comm, [&] {
    if (placed.placed > 0) return;
    throw Error(ExitCode::bad_data,
                fmt::format("{}: none of its {} ids is in the dataset; if another column holds the ids, name it: "
                            "--{}-columns id=NAME",
                            source.path, placed.listed, side_name(source.side)));
  });
  tell_placed(context, source, placed);
  return std::move(placed.tables);
}

}  // namespace

void add_table_options(po::options_description& options, TableOptions& values) {
  const auto add = [&](const char* name, const po::value_semantic* value, const char* text) {
    options.add_options()(name, value, text);
  };
  const auto columns = [](TableSource& source, const char* option) {
    return po::value<std::string>()->value_name("COLUMNS")->notifier(
        [&source, option](const std::string& text) { source.columns = parse_table_columns(option, text); });
  };
  const auto types = [](TableSource& source, const char* option) {
    return po::value<std::string>()->value_name("TYPES")->notifier(
        [&source, option](const std::string& text) { source.types = parse_column_types(option, text); });
  };
  add("items", read_file(&values.items.path),
      "table of items to store in the dataset: csv, tsv or jsonl with a header and one row for each item");
  add("item-columns", columns(values.items, "--item-columns"),
      "columns of --items: id=COLUMN, and which to keep: COLUMN or NAME=COLUMN to store it as NAME; by default the id "
      "has a usual name or 'id', and all others are kept");
  add("item-types", types(values.items, "--item-types"),
      "types of stored columns of --items: NAME=category, NAME=number or NAME=text, separated by commas; by default a "
      "look at all rows decides");
  add("users", read_file(&values.users.path), "table of users to store in the dataset, as --items");
  add("user-columns", columns(values.users, "--user-columns"), "columns of --users, as --item-columns");
  add("user-types", types(values.users, "--user-types"), "types of stored columns of --users, as --item-types");
}

void require_sense(const TableOptions& options) {
  for (const TableSource& source : {options.items, options.users}) {
    if (!source.path.empty()) continue;
    const std::string_view side = side_name(source.side);
    const bool has_columns = !source.columns.id.empty() || !source.columns.kept.empty();
    if (has_columns) throw Error(ExitCode::usage, fmt::format("--{0}-columns needs a table: --{0}s FILE", side));
    if (!source.types.empty())
      throw Error(ExitCode::usage, fmt::format("--{0}-types needs a table: --{0}s FILE", side));
  }
}

ListedTables read_tables(JobContext& context, const TableOptions& options, const MissingValues& missing_values,
                         const std::optional<Pseudonyms>& pseudonyms, const std::optional<IdList>& forget) {
  TableSource users = options.users;
  if (pseudonyms) users.name_of = [&](std::string_view id) { return pseudonyms->of(id); };
  if (forget) {
    for (const ListedId& listed : forget->ids) users.forgotten.insert(listed.id);
  }
  ListedTable items = read_one(context, options.items, missing_values);
  return {std::move(items), read_one(context, users, missing_values)};
}

DatasetTables place_tables(JobContext& context, const TableOptions& options, const ListedTables& listed,
                           const Dataset& dataset) {
  DatasetTables tables;
  if (!options.items.path.empty()) {
    tables.items = std::move(place_one(context, options.items, listed.items, {dataset.items}).front());
  }
  if (options.users.path.empty()) return tables;
  std::vector<std::reference_wrapper<const IdRows>> ids{dataset.users};
  if (dataset.heldout_users) ids.emplace_back(dataset.heldout_users->ids);
  std::vector<Table> users = place_one(context, options.users, listed.users, ids);
  tables.users = std::move(users.front());
  if (dataset.heldout_users) tables.heldout_users = std::move(users.back());
  return tables;
}

}  // namespace rankwise
