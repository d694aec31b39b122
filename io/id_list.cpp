#include "io/id_list.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <span>

#include "io/log_columns.hpp"
#include "io/log_probe.hpp"
#include "io/missing_values.hpp"
#include "io/record_reader.hpp"

namespace rankwise {

namespace {

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

/// All records of a file; none when not all have as many fields as the first.
std::optional<std::vector<Record>> even_records(const std::string& path, const TextLayout& layout) {
  std::vector<Record> records;
  RecordReader reader(LineReader(path, layout.file), layout);
  while (const std::vector<std::string_view>* const views = reader.next()) {
    Record& record = records.emplace_back();
    record.line = reader.line();
    for (const std::string_view view : *views) record.fields.emplace_back(bare(view));
    if (record.fields.size() != records.front().fields.size()) return std::nullopt;
  }
  return records;
}

/// Every line as one field; quotes around it are taken off.
std::vector<Record> whole_lines(const std::string& path, const FileKind& kind) {
  std::vector<Record> records;
  LineReader reader(path, kind);
  FieldSplitter splitter(Dialect::tab);
  while (const std::optional<std::string_view> line = reader.next()) {
    const std::string_view text = bare(*line);
    const auto& fields = splitter.split(text);
    if (!text.empty()) records.push_back({{std::string(fields.size() == 1 ? fields.front() : text)}, reader.lines()});
  }
  return records;
}

/// The column of a header that holds the ids; the end if `fields` are no header.
std::vector<std::string>::const_iterator id_column(const std::vector<std::string>& fields) {
  const auto user = std::ranges::find_if(fields, is_common_user_name);
  return user != fields.end() ? user : std::ranges::find_if(fields, is_plain_id_name);
}

IdList read_on_root(const std::string& path) {
  TextLayout layout;
  layout.file = probe_file(path);
  choose_format(layout, path, LogFormat::csv, {});
  std::optional<std::vector<Record>> records = even_records(path, layout);
  const bool divided = records && records->front().fields.size() > 1;
  if (!records) records = whole_lines(path, layout.file);

  const std::vector<std::string>& first = records->front().fields;
  const auto named = id_column(first);
  const bool header = named != first.end();
  const std::size_t column = header ? static_cast<std::size_t>(named - first.begin()) : 0;
  IdList list;
  list.note = fmt::format("{}: {}, ids = {}", path,
                          divided ? layout_text(layout) : fmt::format("one id a line{}", packing_text(layout.file)),
                          header ? escaped(first[column]) : "column 1");
  const MissingValues missing_values;
  for (std::size_t i = header ? 1 : 0; i < records->size(); ++i) {
    std::string& id = (*records)[i].fields[column];
    if (missing_values.holds(id)) {
      ++list.missing;
    } else {
      list.ids.push_back({std::move(id), (*records)[i].line});
    }
  }
  if (list.ids.empty()) throw Error(ExitCode::bad_data, "lists no user; expected one id a line");
  return list;
}

}  // namespace

IdList read_user_list(const Communicator& comm, const std::string& path) {
  IdList list = agree_on(comm, [&] {
    try {
      return comm.is_root() ? read_on_root(path) : IdList{};
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

}  // namespace rankwise
