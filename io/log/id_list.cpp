#include "io/log/id_list.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <span>

#include "io/log/columns.hpp"
#include "io/text/missing_values.hpp"
#include "io/text/record_reader.hpp"
#include "io/text/text_probe.hpp"
#include "kernels/text/text_encoding.hpp"

namespace rankwise {

namespace {

/// Whose ids a list has.
struct ListedKind {
  std::string_view word;
  bool (*is_common_name)(std::string_view);  ///< of a column of them
};
constexpr ListedKind user_kind{"user", is_common_user_name};
constexpr ListedKind item_kind{"item", is_common_item_name};

/// Without blanks around it: spaces and tabs.
std::string_view bare(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

struct Record {
  std::vector<std::string> fields;
  Index line = 0;
};
using Records = std::vector<Record>;

/// The lines of a file that are not blank, as they are.
Records bare_lines(const std::string& path, const FileKind& kind) {
  Records lines;
  LineReader reader(path, kind);
  while (const std::optional<std::string_view> line = reader.next()) {
    if (const std::string_view text = bare(*line); !text.empty())
      lines.push_back({{std::string(text)}, reader.lines()});
  }
  return lines;
}

/// Takes quotes around whole lines off.
void unquote(Records& lines) {
  FieldSplitter splitter(Dialect::tab);
  for (Record& line : lines) {
    const std::vector<std::string_view>& fields = splitter.split(line.fields.front());
    if (fields.size() == 1) line.fields.front() = std::string(fields.front());
  }
}

/// All records of a file. Throws Error(bad_data) with the line where it cannot be read.
Records all_records(const std::string& path, const TextLayout& layout) {
  Records records;
  RecordReader reader(LineReader(path, layout.file), layout);
  try {
    while (const std::vector<std::string_view>* const views = reader.next()) {
      Record& record = records.emplace_back();
      record.line = reader.line();
      for (const std::string_view view : *views) record.fields.emplace_back(bare(view));
    }
  } catch (const Error& error) {
    reader.check_unchanged();
    throw Error(error.code(), fmt::format("line {}: {}", reader.line(), error.what()));
  }
  return records;
}

bool are_even(const Records& records) {
  return std::ranges::all_of(
      records, [&](const Record& record) { return record.fields.size() == records.front().fields.size(); });
}

/// As all_records; none when it cannot be read or has not the same number of fields everywhere.
std::optional<Records> even_records(const std::string& path, const TextLayout& layout) {
  try {
    Records records = all_records(path, layout);
    return are_even(records) ? std::optional(std::move(records)) : std::nullopt;
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// The column of a header that holds the ids; none if `fields` are no header.
std::optional<std::size_t> id_column(const std::vector<std::string>& fields, const ListedKind& kind) {
  auto named = std::ranges::find_if(fields, kind.is_common_name);
  if (named == fields.end()) named = std::ranges::find_if(fields, is_plain_id_name);
  if (named == fields.end()) return std::nullopt;
  return static_cast<std::size_t>(named - fields.begin());
}

/// Fields of the first line by a layout; one field if it is not of the layout.
std::vector<std::string> fields_of(const std::string& line, const TextLayout& layout) {
  FieldSplitter splitter(Dialect::quoted, layout.delimiter);
  std::vector<std::string> fields;
  try {
    for (const std::string_view field : splitter.split(line)) fields.emplace_back(bare(field));
  } catch (const Error&) {
    fields = {line};
  }
  return fields;
}

/// Records below a header of several columns, which all have as many fields.
Records records_with_header(const std::string& path, const TextLayout& layout) {
  Records records = all_records(path, layout);
  const std::size_t fields = records.front().fields.size();
  for (const Record& record : records) {
    if (record.fields.size() == fields) continue;
    throw Error(ExitCode::bad_data, fmt::format("line {}: has {} fields, expected {} as in the header", record.line,
                                                record.fields.size(), fields));
  }
  return records;
}

/// How ids are written down in a file, and how that is told.
struct ReadList {
  Records records;
  std::string note;
};

/// A comma or the like may be part of the ids, so without a header that is known it divides lines only if these leave
/// no doubt: a tab in every one, or quotes at the beginning of every one.
ReadList read_records(const std::string& path, const ListedKind& kind) {
  TextLayout layout;
  layout.file = probe_file(path);
  choose_format(layout, path, TextFormat::csv, {});
  Records lines = bare_lines(path, layout.file);
  const std::vector<std::string> first = fields_of(lines.front().fields.front(), layout);
  const bool has_header = id_column(first, kind).has_value();
  if (has_header && first.size() > 1) return {records_with_header(path, layout), layout_text(layout)};

  const auto text_of = [](const Record& line) -> const std::string& { return line.fields.front(); };
  const auto holds_tab = [](const std::string& line) { return line.find('\t') != std::string::npos; };
  const auto is_quoted = [](const std::string& line) { return line.starts_with('"'); };
  if (!has_header && std::ranges::all_of(lines, holds_tab, text_of)) {
    layout.format = TextFormat::tsv;
    return {all_records(path, layout), layout_text(layout) + " without header"};
  }
  const std::string one_a_line = fmt::format("one id a line{}", packing_text(layout.file));
  if (std::ranges::any_of(lines, is_quoted, text_of)) {
    if (std::optional<Records> records = even_records(path, layout)) {
      if (records->front().fields.size() == 1) return {std::move(*records), one_a_line};
      if (!has_header && std::ranges::all_of(lines, is_quoted, text_of)) {
        return {std::move(*records), layout_text(layout) + " without header"};
      }
    }
  }
  const bool holds_signs = std::ranges::any_of(
      lines, [](const std::string& line) { return line.find_first_of(",;|\t") != std::string::npos; }, text_of);
  unquote(lines);
  const std::string_view as_it_is = holds_signs && !has_header ? " as it is, without header" : "";
  return {std::move(lines), fmt::format("{}{}", one_a_line, as_it_is)};
}

IdList read_on_root(const std::string& path, const ListedKind& kind) {
  ReadList read = read_records(path, kind);
  const std::vector<std::string>& first = read.records.front().fields;
  const std::optional<std::size_t> named = id_column(first, kind);
  const std::size_t column = named.value_or(0);
  IdList list;
  list.note = fmt::format("{}: {}, ids = {}", path, read.note, named ? printable(first[column]) : "column 1");
  const MissingValues missing_values;
  for (std::size_t i = named ? 1 : 0; i < read.records.size(); ++i) {
    Record& record = read.records[i];
    std::string& id = record.fields[column];
    if (missing_values.holds(id)) {
      ++list.missing;
    } else {
      list.ids.push_back({std::move(id), record.line});
    }
  }
  if (list.ids.empty()) throw Error(ExitCode::bad_data, fmt::format("lists no {}; expected one id a line", kind.word));
  return list;
}

IdList read_list(const Communicator& comm, const std::string& path, const ListedKind& kind) {
  IdList list = agree_on(comm, [&] {
    try {
      return comm.is_root() ? read_on_root(path, kind) : IdList{};
    } catch (const Error& error) {
      throw Error(error.code(), fmt::format("{}: {}", path, error.what()));
    }
  });
  std::string text;
  std::vector<Index> bytes;
  std::vector<Index> lines;
  for (const ListedId& listed : list.ids) {
    text += listed.id;
    bytes.push_back(std::ssize(listed.id));
    lines.push_back(listed.line);
  }
  comm.broadcast(text);
  comm.broadcast(bytes);
  comm.broadcast(lines);
  list.missing = comm.sum(list.missing);
  comm.broadcast(list.note);
  if (comm.is_root()) return list;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    list.ids.push_back({text.substr(begin, static_cast<std::size_t>(bytes[i])), lines[i]});
    begin += static_cast<std::size_t>(bytes[i]);
  }
  return list;
}

}  // namespace

IdList read_user_list(const Communicator& comm, const std::string& path) {
  return read_list(comm, path, user_kind);
}

IdList read_item_list(const Communicator& comm, const std::string& path) {
  return read_list(comm, path, item_kind);
}

}  // namespace rankwise
