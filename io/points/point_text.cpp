#include "io/points/point_text.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "distributed/rows/id_column.hpp"
#include "io/points/column_facts.hpp"
#include "io/points/point_columns.hpp"
#include "io/text/field_text.hpp"
#include "io/text/record_reader.hpp"
#include "io/text/text_part.hpp"
#include "kernels/base/finite_rows.hpp"
#include "kernels/text/number_text.hpp"
#include "kernels/text/shown_text.hpp"
#include "kernels/text/utf8.hpp"

namespace rankwise {

namespace {

/// What this rank has read.
struct LocalRows {
  std::vector<float> values;
  std::vector<float> weights;
  IdColumn ids;
  std::vector<ColumnFacts> facts;  ///< of the layout's dimensions, and then of the column that is named like ids
  Index rows = 0;
  Index lines = 0;  ///< data lines, blank ones too
  PartSpan span;
  TextFailure failure;
};

/// The column whose name says that it holds the rows' ids, where there is just one; -1 where not.
int column_named_like_ids(const PointLayout& layout) {
  return layout.named_ids.size() == 1 ? layout.named_ids.front() : -1;
}

/// One record becomes one row. Errors have no place but the column. A field that is no number is an error in a
/// chosen column; in any other it is noted, and 0 holds its place.
class PointParser {
 public:
  explicit PointParser(const PointLayout& layout) : layout_(layout), named_id_(column_named_like_ids(layout)) {}

  /// `number` counts this rank's data lines from 1.
  void append(const std::vector<std::string_view>& fields, Index number, LocalRows& local) {
    local.facts.resize(layout_.dimensions.size() + 1);
    check_field_count(fields, layout_.text.fields);
    const auto field = [&](int column) { return fields[static_cast<std::size_t>(column)]; };
    for (std::size_t c = 0; c < layout_.dimensions.size(); ++c) {
      const int column = layout_.dimensions[c];
      const std::optional<double> value = number_of(field(column), layout_.text.decimal);
      const bool is_good = value && is_finite_float(*value);
      if (!is_good && layout_.are_chosen) refuse(column, field(column), expected_number(value));
      local.values.push_back(is_good ? static_cast<float>(*value) : 0.0F);
      if (!is_good) {
        local.facts[c].note_bad(number, refusal(field(column), expected_number(value)));
      } else if (*value != std::trunc(*value)) {
        local.facts[c].has_fractions = true;
      }
    }
    if (layout_.weight >= 0) {
      const std::optional<double> weight = number_of(field(layout_.weight), layout_.text.decimal);
      if (!weight || !is_weight(*weight)) refuse(layout_.weight, field(layout_.weight), "a finite weight above 0");
      local.weights.push_back(static_cast<float>(*weight));
    }
    if (layout_.id >= 0) {
      if (is_blank_text(field(layout_.id))) refuse(layout_.id, field(layout_.id), "an id");
      local.ids.append(field(layout_.id));
    }
    if (named_id_ >= 0) append_named_id(field(named_id_), number, local);
    ++local.rows;
  }

 private:
  /// The user did not ask for these ids: without one, the rows are numbered.
  void append_named_id(std::string_view id, Index number, LocalRows& local) const {
    try {
      if (is_blank_text(id)) throw Error(ExitCode::bad_data, refusal(id, "an id"));
      local.ids.append(id);
    } catch (const Error& error) {
      local.ids.append(std::int64_t{0});
      local.facts.back().note_bad(number, error.what());
    }
  }

  static std::string refusal(std::string_view field, const char* expected) {
    return fmt::format("{}: expected {}", shown(field), expected);
  }
  static const char* expected_number(std::optional<double> found) {
    return found && std::isfinite(*found) ? "a number within the range of 32-bit floating point" : "a finite number";
  }
  [[noreturn]] void refuse(int column, std::string_view field, const char* expected) const {
    throw Error(ExitCode::bad_data, fmt::format("{}: {}", layout_.column_text(column), refusal(field, expected)));
  }

  const PointLayout& layout_;
  int named_id_;
};

/// Reads this rank's records, from `begin` on where known; stops at its first failure. No collective call.
LocalRows read_local(const Communicator& comm, const std::string& path, const PointLayout& layout, Index begin) {
  LocalRows local;
  std::optional<RecordReader> records;
  Index lines_skipped = 0;
  try {
    std::optional<LineReader> lines = open_part({comm.rank(), comm.size()}, path, layout.text, 0, begin);
    if (!lines) return local;
    lines_skipped = lines->lines();
    records.emplace(std::move(*lines), layout.text);
    local.span.begin = records->offset();
    PointParser parser(layout);
    while (const std::vector<std::string_view>* const fields = records->next()) {
      parser.append(*fields, records->line() - lines_skipped, local);
    }
    local.lines = records->lines() - lines_skipped;
    local.span.end = records->offset();
  } catch (const Error& error) {
    local.failure = failure_of(0, records, lines_skipped, error);
  } catch (const std::bad_alloc&) {
    local.failure = {0, 0, Error(ExitCode::internal, "out of memory while reading")};
  }
  return local;
}

/// Reads until every rank's records begin where those of the rank before it end. Collective over comm.
LocalRows read_agreed(const Communicator& comm, const std::string& path, const PointLayout& layout) {
  std::vector<FileBegins> begins(1, FileBegins(1, PartSpan::unknown));
  LocalRows local = read_local(comm, path, layout, PartSpan::unknown);
  while (true) {
    const WrongBegins wrong = correct_begins(comm, {&layout.text}, {FileSpans(1, local.span)}, begins);
    if (!wrong.any) return local;
    if (wrong.mine.front() != 0) local = read_local(comm, path, layout, begins.front().front());
  }
}

/// Ids of all ranks are integers when all of them are 0 or more, else text.
IdRows id_rows_of(const Communicator& comm, IdColumn ids, RowRange rows, Index total_rows) {
  agree_on_kind(comm, ids);
  if (ids.are_integers()) {
    std::vector<std::int64_t> integers;
    integers.reserve(ids.numbers().size());
    for (const std::int32_t number : ids.numbers()) {
      integers.push_back(ids.integers().keys()[static_cast<std::size_t>(number)]);
    }
    return {rows, total_rows, std::move(integers)};
  }
  std::vector<std::string> texts;
  texts.reserve(ids.numbers().size());
  for (const std::int32_t number : ids.numbers()) texts.emplace_back(ids.texts().at(number));
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
  if (layout.id >= 0 && !layout.named_ids.empty()) text += " (by its name)";
  if (layout.weight >= 0) text += fmt::format(", weight = {}", layout.column_text(layout.weight));
  return text;
}

/// Settles by the verdicts which columns are dimensions and which the ids; without choice by the user, `values` loses
/// the other columns. Returns what is left out, and why. The same on every rank; throws AgreedError(bad_data) where
/// nothing is left.
std::vector<std::string> settle(PointLayout& layout, const std::vector<ColumnVerdict>& verdicts,
                                const std::string& path, std::vector<float>& values) {
  std::vector<std::string> left_out;
  // 1. Dimensions: numbers in every row, and no ids.
  std::vector<int> id_like;  // left out because of their names
  std::vector<Index> kept;
  for (std::size_t c = 0; c < layout.dimensions.size(); ++c) {
    const int column = layout.dimensions[c];
    const bool is_named_id = std::ranges::find(layout.named_ids, column) != layout.named_ids.end();
    if (layout.are_chosen || (verdicts[c].reason.empty() && (!is_named_id || verdicts[c].has_fractions))) {
      kept.push_back(static_cast<Index>(c));
    } else if (is_named_id) {
      id_like.push_back(column);
    } else {
      left_out.push_back(fmt::format("{} is left out: {}", layout.column_text(column), verdicts[c].reason));
    }
  }
  // 2. Ids.
  const int named_id = column_named_like_ids(layout);
  const std::string& no_ids = verdicts.back().reason;
  if (named_id >= 0 && no_ids.empty() && (layout.are_chosen || !id_like.empty())) {
    layout.id = named_id;
  } else if (named_id >= 0 && !id_like.empty()) {
    left_out.push_back(fmt::format("{} is left out: its name says ids, but {}", layout.column_text(named_id), no_ids));
  } else {
    for (const int column : id_like) {
      left_out.push_back(
          fmt::format("{} is left out: its name says ids, as those of other columns do; --id-column "
                      "chooses one, --columns makes it a dimension",
                      layout.column_text(column)));
    }
  }
  // 3. What remains.
  if (kept.empty()) {
    left_out.resize(std::min<std::size_t>(left_out.size(), 3));
    throw AgreedError(ExitCode::bad_data, fmt::format("{}: no column holds a number in every row{}{}", path,
                                                      left_out.empty() ? "" : ": ", fmt::join(left_out, "; ")));
  }
  if (kept.size() < layout.dimensions.size()) {
    values = keep_columns(values, std::ssize(layout.dimensions), kept);
    std::vector<int> dimensions;
    for (const Index c : kept) dimensions.push_back(layout.dimensions[static_cast<std::size_t>(c)]);
    layout.dimensions = std::move(dimensions);
  }
  constexpr std::size_t most_told = 20;
  if (left_out.size() > most_told) {
    const std::size_t more = left_out.size() - most_told;
    left_out.resize(most_told);
    left_out.push_back(fmt::format("{} more columns are left out", more));
  }
  for (std::string& text : left_out) text = fmt::format("{}: {}", path, text);
  return left_out;
}

}  // namespace

PointText read_point_text(const Communicator& comm, const PointSource& source) {
  PointLayout layout = agree_on(comm, [&] { return probe_points(source); });
  agree_on_version(comm, source.path, layout.text.file.version);
  LocalRows local = read_agreed(comm, source.path, layout);
  const Index lines_before = layout.text.lines_before + comm.exclusive_sum(local.lines);
  agree_on_earliest(comm, {source.path}, {lines_before}, local.failure);
  local.facts.resize(layout.dimensions.size() + 1);

  PointText text;
  const std::vector<ColumnVerdict> verdicts = agree_on_columns(comm, local.facts, lines_before);
  text.warnings = settle(layout, verdicts, source.path, local.values);
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
