#include "io/tables/table_text.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <functional>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "io/log/columns.hpp"
#include "io/log/format.hpp"
#include "io/tables/column_types.hpp"
#include "io/tables/table_file.hpp"
#include "io/text/json_record.hpp"
#include "io/text/record_reader.hpp"
#include "io/text/text_probe.hpp"
#include "kernels/text/nearest_name.hpp"
#include "kernels/text/number_text.hpp"
#include "kernels/text/shown_text.hpp"
#include "kernels/text/text_encoding.hpp"
#include "kernels/text/utf8.hpp"

namespace rankwise {

namespace {

/// A column of the file, and its name in the dataset.
struct ChosenColumn {
  std::string name;
  std::size_t field = 0;
};

/// Which fields of a record are what.
struct ChosenColumns {
  std::size_t id = 0;
  std::vector<ChosenColumn> kept;
};

/// A file that is open, as its beginning says.
struct OpenTable {
  TextLayout layout;
  std::vector<std::string> names;  ///< of all fields
  RecordReader records;            ///< behind the header
  std::vector<std::string> lists;  ///< keys of JSON that hold lists in some row: no columns
};

/// If ids are hidden, messages quote nothing: a first row of values may be taken for a header.
Quoting quoting_of(const TableSource& source) {
  return source.name_of ? Quoting::hidden : Quoting::shown;
}

/// Keys of rows, in the order in which they come.
struct TableKeys {
  std::vector<std::string> fields;  ///< without `lists`
  std::vector<std::string> lists;
};

/// Of all rows for which `counts` holds.
TableKeys all_keys(const std::string& path, const TextLayout& layout,
                   const std::function<bool(std::string_view line)>& counts) {
  TableKeys keys;
  LineReader lines(path, layout.file);
  try {
    while (const std::optional<std::string_view> line = lines.next()) {
      if (trimmed(*line).empty() || !counts(*line)) continue;
      add_json_keys(*line, keys.fields);
      add_json_list_keys(*line, keys.lists);
    }
  } catch (const Error& error) {
    lines.check_unchanged();
    throw Error(error.code(), fmt::format("line {}: {}", lines.lines(), error.what()));
  }
  std::erase_if(keys.fields, [&](const std::string& key) { return std::ranges::count(keys.lists, key) > 0; });
  return keys;
}

/// A usual name of ids of this side, or "id".
bool is_usual_id_name(TableSide side, const std::string& name) {
  return is_plain_id_name(name) || (side == TableSide::items ? is_common_item_name(name) : is_common_user_name(name));
}

/// The one column with a usual name of ids.
std::size_t guess_id(const TableSource& source, const std::vector<std::string>& names) {
  const auto is_usual = [&](const std::string& name) { return is_usual_id_name(source.side, name); };
  const auto found = std::ranges::find_if(names, is_usual);
  if (found == names.end()) {
    std::string listed;
    for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), 60); ++i) {
      listed += fmt::format("{}{}", i == 0 ? "; its columns are " : ", ", printable(names[i]));
    }
    if (quoting_of(source) == Quoting::hidden) listed.clear();
    throw Error(ExitCode::usage,
                fmt::format("which column holds the ids? Say --{}-columns id=NAME{}", side_name(source.side), listed));
  }
  const auto other = std::find_if(found + 1, names.end(), is_usual);
  if (other != names.end()) {
    throw Error(ExitCode::usage, fmt::format("both '{}' and '{}' could be the id column: choose with --{}-columns "
                                             "id=NAME",
                                             printable(*found), printable(*other), side_name(source.side)));
  }
  return static_cast<std::size_t>(found - names.begin());
}

/// Place of a column that is named or numbered.
std::size_t find_field(const TableSource& source, const std::string& column, const std::vector<std::string>& names) {
  if (quoting_of(source) == Quoting::hidden && std::ranges::count(names, column) == 0) {
    throw Error(ExitCode::usage, fmt::format("--{}-columns: the file has no column of a name that is asked for. With "
                                             "--pseudonyms columns are chosen by names, and never listed, since the "
                                             "first line may hold ids",
                                             side_name(source.side)));
  }
  return static_cast<std::size_t>(find_column(column, names, static_cast<int>(names.size())));
}

std::size_t find_id(const TableSource& source, const std::vector<std::string>& names) {
  return source.columns.id.empty() ? guess_id(source, names) : find_field(source, source.columns.id, names);
}

/// Keys of the rows that have a say.
TableKeys keys_of(const TableSource& source, const TextLayout& layout) {
  TableKeys keys = all_keys(source.path, layout, [](std::string_view) { return true; });
  if (source.forgotten.empty()) return keys;
  JsonRecord ids({keys.fields[find_id(source, keys.fields)]});
  return all_keys(source.path, layout, [&](std::string_view line) {
    return !source.forgotten.contains(std::string(ids.split(line).front()));
  });
}

OpenTable open_table(const TableSource& source) {
  const std::string& path = source.path;
  TextLayout layout;
  layout.file = probe_file(path);
  choose_format(layout, path, TextFormat::automatic, {});
  if (layout.format == TextFormat::json_lines) {
    TableKeys keys = keys_of(source, layout);
    RecordReader records(LineReader(path, layout.file), layout, keys.fields);
    return {layout, std::move(keys.fields), std::move(records), std::move(keys.lists)};
  }
  if (layout.format != TextFormat::csv && layout.format != TextFormat::tsv) {
    throw Error(ExitCode::bad_data,
                fmt::format("is {}; expected a table as csv, tsv or jsonl", text_format_name(layout.format)));
  }
  std::vector<std::string> names;
  {
    RecordReader header(LineReader(path, layout.file), layout);
    names = first_fields(header);
  }
  layout.fields = static_cast<std::int32_t>(names.size());
  RecordReader records(LineReader(path, layout.file), layout);
  static_cast<void>(records.next());
  return {layout, std::move(names), std::move(records), {}};
}

/// Refuses a first line of values. A header that names the ids may have numbers beside them, such as years.
void require_header(const TableSource& source, const OpenTable& table) {
  if (table.layout.format == TextFormat::json_lines) return;
  const bool names_ids = std::ranges::any_of(table.names, [&](const std::string& name) {
    return source.columns.id.empty() ? is_usual_id_name(source.side, name) : name == source.columns.id;
  });
  if (names_ids) return;
  const auto number =
      std::ranges::find_if(table.names, [&](const std::string& name) { return may_be_number(table.layout, name); });
  if (number == table.names.end()) return;
  throw Error(ExitCode::bad_data, fmt::format("line {}: {} is a number; expected a header that names the columns",
                                              table.records.line(), shown(*number)));
}

void check_name(TableSide side, const std::string& name, std::size_t field) {
  if (can_be_column_name(name)) return;
  throw Error(ExitCode::usage,
              fmt::format("column {} is named {}, which a dataset cannot hold; give it another name or leave it out: "
                          "--{}-columns NAME={},...",
                          field + 1, shown(name), side_name(side), field + 1));
}

ChosenColumns choose_columns(const TableSource& source, const std::vector<std::string>& names) {
  ChosenColumns chosen;
  chosen.id = find_id(source, names);
  for (const auto& [name, column] : source.columns.kept) {
    chosen.kept.push_back({name, find_field(source, column, names)});
  }
  if (source.columns.kept.empty()) {
    for (std::size_t field = 0; field < names.size(); ++field) {
      if (field != chosen.id) chosen.kept.push_back({names[field], field});
    }
  }
  if (chosen.kept.empty()) throw Error(ExitCode::bad_data, "has no column beside the ids");
  if (std::ssize(chosen.kept) > most_table_columns) {
    throw Error(ExitCode::usage, fmt::format("has {} columns, expected at most {}: choose some with --{}-columns",
                                             chosen.kept.size(), most_table_columns, side_name(source.side)));
  }
  std::vector<std::string> kept_names;
  for (const ChosenColumn& column : chosen.kept) {
    check_name(source.side, column.name, column.field);
    if (std::ranges::count(kept_names, column.name) > 0) {
      throw Error(ExitCode::usage, fmt::format("two columns are named '{}': choose by number: --{}-columns NAME={},...",
                                               printable(column.name), side_name(source.side), column.field + 1));
    }
    kept_names.push_back(column.name);
  }
  for (const auto& [name, type] : source.types) {
    if (std::ranges::count(kept_names, name) > 0) continue;
    throw Error(ExitCode::usage, fmt::format("--{}-types: no column '{}' is kept{}", side_name(source.side),
                                             printable(name), nearest_hint(name, kept_names, "")));
  }
  return chosen;
}

/// From now on a file of JSON is read for the chosen keys alone, so that the others may hold anything.
void read_chosen_keys(const TableSource& source, OpenTable& table, ChosenColumns& chosen) {
  if (table.layout.format != TextFormat::json_lines) return;
  std::vector<std::string> keys;
  const auto choose = [&](std::size_t& field) {
    const std::string& key = table.names[field];
    const auto found = std::ranges::find(keys, key);
    field = static_cast<std::size_t>(found - keys.begin());
    if (found == keys.end()) keys.push_back(key);
  };
  choose(chosen.id);
  for (ChosenColumn& column : chosen.kept) choose(column.field);
  table.records = RecordReader(LineReader(source.path, table.layout.file), table.layout, keys);
  table.names = std::move(keys);
}

/// A column of texts takes as much room for each row as for its longest.
constexpr std::ptrdiff_t most_field_bytes = 65'536;

/// Rows as they are read, column by column.
struct ReadRows {
  Texts ids;
  Index forgotten = 0;  ///< passed over
  std::vector<Index> lines;
  std::vector<ColumnFields> columns;
};

void check_text(std::string_view field, const std::string& name) {
  if (is_utf8(field) && field.find('\0') == std::string_view::npos) return;
  throw Error(ExitCode::bad_data, fmt::format("{} is {}; expected UTF-8 without NUL", printable(name), shown(field)));
}

void append_row(const TableSource& source, const ChosenColumns& chosen, const std::vector<std::string>& names,
                const std::vector<std::string_view>& fields, Index line, ReadRows& rows) {
  check_field_count(fields, std::ssize(names));
  const std::string_view id = fields[chosen.id];
  if (source.missing_values.holds(id)) {
    throw Error(ExitCode::bad_data,
                fmt::format("{} is missing; expected an id in each row", printable(names[chosen.id])));
  }
  check_text(id, names[chosen.id]);
  if (source.forgotten.contains(std::string(id))) {
    ++rows.forgotten;
    return;
  }
  rows.ids.emplace_back(id);
  rows.lines.push_back(line);
  for (std::size_t c = 0; c < chosen.kept.size(); ++c) {
    const std::string_view field = fields[chosen.kept[c].field];
    check_text(field, chosen.kept[c].name);
    if (std::ssize(field) > most_field_bytes) {
      throw Error(ExitCode::bad_data, fmt::format("{} holds {} bytes, expected at most {}",
                                                  printable(chosen.kept[c].name), field.size(), most_field_bytes));
    }
    rows.columns[c].fields.emplace_back(source.missing_values.holds(field) ? std::string_view() : field);
  }
}

ReadRows read_rows(const TableSource& source, const ChosenColumns& chosen, OpenTable& table) {
  ReadRows rows;
  const bool is_json = table.layout.format == TextFormat::json_lines;
  const bool may_have_commas = !is_json && table.layout.delimiter != ',';
  for (const ChosenColumn& column : chosen.kept) rows.columns.push_back({column.name, {}, may_have_commas});
  try {
    while (const std::vector<std::string_view>* const fields = table.records.next()) {
      append_row(source, chosen, table.names, *fields, table.records.line(), rows);
    }
  } catch (const Error& error) {
    table.records.check_unchanged();
    throw Error(error.code(), fmt::format("line {}: {}", table.records.line(), error.what()));
  }
  if (rows.ids.empty()) {
    throw Error(ExitCode::bad_data, rows.forgotten > 0 ? "all of its rows are of users to forget; expected some others"
                                                       : "holds a header but no rows");
  }
  return rows;
}

void require_unique_ids(const ReadRows& rows) {
  std::unordered_map<std::string_view, Index> line_of;
  for (std::size_t row = 0; row < rows.ids.size(); ++row) {
    const auto [first, is_new] = line_of.emplace(rows.ids[row], rows.lines[row]);
    if (is_new) continue;
    throw Error(ExitCode::bad_data, fmt::format("line {}: the id {} is on line {} too; expected one row for each id",
                                                rows.lines[row], shown(rows.ids[row]), first->second));
  }
}

/// A file has one sign of decimals: where a number of any column has a point, commas are none. Whether some are.
bool choose_decimals(std::vector<ColumnFields>& columns) {
  const auto has = [](const ColumnFields& column, char sign) {
    return std::ranges::any_of(column.fields, [sign](const std::string& field) {
      return field.find(sign) != std::string::npos && number_of(field, sign).has_value();
    });
  };
  const bool are_points = std::ranges::any_of(columns, [&](const ColumnFields& column) { return has(column, '.'); });
  bool are_commas = false;
  for (ColumnFields& column : columns) {
    column.may_have_decimal_commas = column.may_have_decimal_commas && !are_points && has(column, ',');
    are_commas = are_commas || column.may_have_decimal_commas;
  }
  return are_commas;
}

TableText read_on_root(const TableSource& source) {
  OpenTable file = open_table(source);
  require_header(source, file);
  ChosenColumns chosen = choose_columns(source, file.names);
  if (source.name_of && std::ranges::count(chosen.kept, chosen.id, &ChosenColumn::field) > 0) {
    throw Error(ExitCode::usage, fmt::format("the column of ids is stored as another column too, and the dataset would "
                                             "hold the ids beside their pseudonyms; leave it out of --{}-columns",
                                             side_name(source.side)));
  }
  read_chosen_keys(source, file, chosen);
  ReadRows rows = read_rows(source, chosen, file);
  require_unique_ids(rows);
  TableText text;
  text.lists = std::move(file.lists);
  text.note = fmt::format("{}: {}, id = {}", source.path, layout_text(file.layout), printable(file.names[chosen.id]));
  if (choose_decimals(rows.columns)) text.note += ", decimal commas";
  for (ColumnFields& column : rows.columns) {
    const auto type = source.types.find(column.name);
    text.table.columns.push_back(typed_column(std::move(column), rows.lines,
                                              type == source.types.end() ? std::nullopt : std::optional(type->second)));
  }
  text.forgotten_rows = rows.forgotten;
  text.table.ids = std::move(rows.ids);
  if (!source.name_of) return text;
  for (std::string& id : text.table.ids) id = source.name_of(id);
  return text;
}

}  // namespace

TableText read_table(const Communicator& comm, const TableSource& source) {
  return agree_on(comm, [&] {
    try {
      return comm.is_root() ? read_on_root(source) : TableText{};
    } catch (const Error& error) {
      throw Error(error.code(), fmt::format("{}: {}", source.path, told(error, quoting_of(source)).what()));
    }
  });
}

}  // namespace rankwise
