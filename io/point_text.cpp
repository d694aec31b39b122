#include "io/point_text.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/field_text.hpp"
#include "io/finite_rows.hpp"
#include "io/id_column.hpp"
#include "io/log_probe.hpp"
#include "io/point_columns.hpp"
#include "io/text_part.hpp"

namespace rankwise {

namespace {

/// What this rank has read.
struct LocalRows {
  std::vector<float> values;
  std::vector<float> weights;
  IdColumn ids;
  Index rows = 0;
  Index lines = 0;  ///< data lines, blank ones too
  TextFailure failure;
};

/// One data line becomes one row. Errors have no place but the column.
class PointParser {
 public:
  explicit PointParser(const PointLayout& layout) : layout_(layout), splitter_(dialect_of(layout.text.format)) {}

  void append(std::string_view line, LocalRows& local) {
    const auto& fields = splitter_.split(line);
    check_field_count(fields, layout_.text.fields);
    const auto field = [&](int column) { return fields[static_cast<std::size_t>(column)]; };
    for (const int column : layout_.dimensions) {
      const std::optional<double> number = number_of(field(column));
      if (!number || !is_finite_float(*number)) refuse(column, field(column), expected_number(number));
      local.values.push_back(static_cast<float>(*number));
    }
    if (layout_.weight >= 0) {
      const std::optional<double> weight = number_of(field(layout_.weight));
      if (!weight || !is_weight(*weight)) refuse(layout_.weight, field(layout_.weight), "a finite weight above 0");
      local.weights.push_back(static_cast<float>(*weight));
    }
    if (layout_.id >= 0) {
      if (field(layout_.id).empty()) refuse(layout_.id, field(layout_.id), "an id");
      local.ids.append(field(layout_.id));
    }
    ++local.rows;
  }

 private:
  static const char* expected_number(std::optional<double> found) {
    return found && std::isfinite(*found) ? "a number within the range of 32-bit floating point" : "a finite number";
  }
  [[noreturn]] void refuse(int column, std::string_view field, const char* expected) const {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: {}: expected {}", layout_.column_text(column), shown(field), expected));
  }

  const PointLayout& layout_;
  FieldSplitter splitter_;
};

/// Reads this rank's lines; stops at its first failure. No collective call.
LocalRows read_local(const Communicator& comm, const std::string& path, const PointLayout& layout) {
  LocalRows local;
  Index line_number = 0;  // of the line being read
  try {
    std::optional<LineReader> reader = open_part(comm, path, layout.text, 0);
    if (!reader) return local;
    PointParser parser(layout);
    const Index lines_skipped = reader->lines();
    line_number = 1;
    while (const std::optional<std::string_view> line = reader->next()) {
      local.lines = reader->lines() - lines_skipped;
      if (!trimmed(*line).empty()) parser.append(*line, local);
      line_number = local.lines + 1;
    }
  } catch (const Error& error) {
    local.failure = {0, error.code() == ExitCode::no_input ? 0 : line_number, error};
  } catch (const std::bad_alloc&) {
    local.failure = {0, 0, Error(ExitCode::internal, "out of memory while reading")};
  }
  return local;
}

/// Ids of all ranks are integers when all of them are 0 or more, else text.
IdRows id_rows_of(const Communicator& comm, IdColumn ids, RowRange rows, Index total_rows) {
  const bool negative = std::ranges::any_of(ids.values(), [](std::int64_t id) { return id < 0; });
  if (ids.are_integers() && negative) ids.become_text();
  agree_on_kind(comm, ids);
  if (ids.are_integers()) return {rows, total_rows, ids.values()};
  std::vector<std::string> texts;
  texts.reserve(ids.values().size());
  for (const std::int64_t text : ids.values()) texts.emplace_back(ids.texts().at(text));
  return {rows, total_rows, std::move(texts)};
}

std::vector<std::string> dimension_names(const PointLayout& layout) {
  std::vector<std::string> names;
  if (layout.header.empty()) return names;
  for (const int column : layout.dimensions) names.push_back(layout.header[static_cast<std::size_t>(column)]);
  return names;
}

std::string describe(const PointLayout& layout) {
  constexpr std::size_t most_names = 20;
  const std::size_t count = layout.dimensions.size();
  std::string text =
      fmt::format("{}{}{}, {} column{}", log_format_name(layout.text.format), layout.text.gzip != 0 ? " (gzip)" : "",
                  layout.header.empty() ? " without header" : "", count, count == 1 ? "" : "s");
  std::vector<std::string> names = dimension_names(layout);
  if (names.size() > most_names) {
    names.resize(most_names);
    names.emplace_back("...");
  }
  if (!names.empty()) text += fmt::format(" ({})", fmt::join(names, ", "));
  if (layout.id >= 0) text += fmt::format(", id = {}", layout.column_text(layout.id));
  if (layout.weight >= 0) text += fmt::format(", weight = {}", layout.column_text(layout.weight));
  return text;
}

}  // namespace

PointText read_point_text(const Communicator& comm, const PointSource& source) {
  const PointLayout layout = agree_on(comm, [&] { return probe_points(source); });
  LocalRows local = read_local(comm, source.path, layout);
  agree_on_earliest(comm, {source.path}, {layout.text.lines_before + comm.exclusive_sum(local.lines)}, local.failure);

  PointText text;
  const Index begin = comm.exclusive_sum(local.rows);
  text.rows = {begin, begin + local.rows};
  text.total_rows = comm.sum(local.rows);
  text.columns = std::ssize(layout.dimensions);
  text.values = std::move(local.values);
  text.weights = std::move(local.weights);
  if (layout.id >= 0) text.ids = id_rows_of(comm, std::move(local.ids), text.rows, text.total_rows);
  text.names = dimension_names(layout);
  text.description = describe(layout);
  return text;
}

}  // namespace rankwise
