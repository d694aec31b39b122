#include "io/point_text.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/field_text.hpp"
#include "io/finite_rows.hpp"
#include "io/id_column.hpp"
#include "io/point_columns.hpp"
#include "io/record_reader.hpp"
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
  PartSpan span;
  TextFailure failure;
};

/// One record becomes one row. Errors have no place but the column.
class PointParser {
 public:
  explicit PointParser(const PointLayout& layout) : layout_(layout) {}

  void append(const std::vector<std::string_view>& fields, LocalRows& local) {
    check_field_count(fields, layout_.text.fields);
    const auto field = [&](int column) { return fields[static_cast<std::size_t>(column)]; };
    for (const int column : layout_.dimensions) {
      const std::optional<double> number = number_of(field(column), layout_.text.decimal);
      if (!number || !is_finite_float(*number)) refuse(column, field(column), expected_number(number));
      local.values.push_back(static_cast<float>(*number));
    }
    if (layout_.weight >= 0) {
      const std::optional<double> weight = number_of(field(layout_.weight), layout_.text.decimal);
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
};

/// Reads this rank's records, from `begin` on where known; stops at its first failure. No collective call.
LocalRows read_local(const Communicator& comm, const std::string& path, const PointLayout& layout, Index begin) {
  LocalRows local;
  std::optional<RecordReader> records;
  Index lines_skipped = 0;
  try {
    std::optional<LineReader> lines = open_part(comm, path, layout.text, 0, begin);
    if (!lines) return local;
    lines_skipped = lines->lines();
    records.emplace(std::move(*lines), layout.text);
    local.span.begin = records->offset();
    PointParser parser(layout);
    while (const std::vector<std::string_view>* const fields = records->next()) parser.append(*fields, local);
    local.lines = records->lines() - lines_skipped;
    local.span.end = records->offset();
  } catch (const Error& error) {
    const bool whole_file = !records || error.code() == ExitCode::no_input;
    local.failure = {0, whole_file ? 0 : records->line() - lines_skipped, error};
  } catch (const std::bad_alloc&) {
    local.failure = {0, 0, Error(ExitCode::internal, "out of memory while reading")};
  }
  return local;
}

/// Reads until every rank's records begin where those of the rank before it end. Collective over comm.
LocalRows read_agreed(const Communicator& comm, const std::string& path, const PointLayout& layout) {
  std::vector<Index> begins{PartSpan::unknown};
  LocalRows local = read_local(comm, path, layout, begins.front());
  while (true) {
    const WrongBegins wrong = correct_begins(comm, {&layout.text}, {local.span}, begins);
    if (!wrong.any) return local;
    if (wrong.mine) local = read_local(comm, path, layout, begins.front());
  }
}

/// Ids of all ranks are integers when all of them are 0 or more, else text.
IdRows id_rows_of(const Communicator& comm, IdColumn ids, RowRange rows, Index total_rows) {
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
  std::string text = fmt::format("{}{}, {} column{}", layout_text(layout.text),
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
  LocalRows local = read_agreed(comm, source.path, layout);
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
