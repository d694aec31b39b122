#include "jobs/lists/list_text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/compile.h>
#include <fmt/format.h>
#include <iterator>
#include <nlohmann/json.hpp>
#include <numeric>

#include "distributed/threads/team_size.hpp"
#include "io/text/csv_field.hpp"

namespace rankwise {

namespace {

/// What a line costs, in multiplications.
constexpr double operations_per_line = 100;
/// A usual line: `C0012345,17,SKU-000123,0.98765432,model`.
constexpr std::size_t usual_line_bytes = 40;

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

std::string json_text(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string json_id(const Ids& ids, Index row) {
  if (std::holds_alternative<std::vector<std::int64_t>>(ids)) return id_text(ids, row);
  return json_text(id_text(ids, row));
}

/// Empty: of none.
std::string segment_text(std::int32_t segment) {
  return segment == no_segment ? std::string() : fmt::format("{}", segment);
}

std::string json_value(const ColumnValues& values, Index row) {
  const std::string text = value_text(values, row);
  if (text.empty()) return "null";
  return std::holds_alternative<Numbers>(values) ? text : json_text(text);
}

}  // namespace

std::string_view source_word(ListSource source) {
  switch (source) {
    case ListSource::model:
      return "model";
    case ListSource::features:
      return "features";
    case ListSource::log:
      return "log";
    case ListSource::popular:
      return "popular";
    case ListSource::popular_segment:
      return "popular-segment";
    case ListSource::segment_mean:
      return "segment-mean";
    case ListSource::segment_votes:
      break;
  }
  return "segment-votes";
}

ListText::ListText(const ListFormat& format, const Ids& item_ids, const EntryExtras& extras)
    : format_(format),
      words_(list_words(extras.kind)),
      has_sources_(has_sources(extras.kind)),
      separator_(format.layout == ListLayout::tsv ? '\t' : ','),
      segment_name_(extras.segment),
      has_probabilities_(extras.probabilities),
      reasons_(extras.reasons) {
  const std::span<const TableColumn> columns = extras.columns;
  const bool is_json = format.layout == ListLayout::json_lines;
  for (const TableColumn& column : columns) column_names_.push_back(column.name);
  for (const std::string& name : extras.feature_names) features_.push_back(is_json ? json_text(name) : field(name));
  const Index items = id_count(item_ids);
  items_.reserve(static_cast<std::size_t>(items));
  for (Index item = 0; item < items; ++item) {
    items_.push_back(is_json ? json_id(item_ids, item) : field(id_text(item_ids, item)));
    if (columns.empty()) continue;
    std::string& values = values_.emplace_back();
    for (const TableColumn& column : columns) {
      values += is_json ? fmt::format(",{}:{}", json_text(column.name), json_value(column.values, item))
                        : separator_ + value_field(column.values, item);
    }
  }
}

std::string ListText::field(const std::string& text) const {
  const std::string safe = format_.readers == TextReaders::spreadsheets ? spreadsheet_text(text) : text;
  return format_.layout == ListLayout::tsv ? tsv_field(safe) : csv_field(safe);
}

std::string ListText::value_field(const ColumnValues& values, Index item) const {
  const std::string text = value_text(values, item);
  return std::holds_alternative<Numbers>(values) ? text : field(text);
}

std::string ListText::header() const {
  if (format_.layout == ListLayout::json_lines) return {};
  std::string line(format_.readers == TextReaders::spreadsheets ? byte_order_mark : std::string_view());
  const std::array<std::string_view, 4> names{words_.owner, "rank", words_.column, "score"};
  for (const std::string_view name : names) line.append(name) += separator_;
  has_sources_ ? static_cast<void>(line.append("source")) : line.pop_back();
  if (!segment_name_.empty()) line += separator_ + field(segment_name_);
  for (const std::string& name : column_names_) line += separator_ + field(name);
  if (has_probabilities_) line += separator_ + std::string("probability");
  for (Index r = 1; r <= reasons_; ++r) line += fmt::format("{0}because_{1}{0}share_{1}", separator_, r);
  return line + '\n';
}

void ListText::append_rows(const Lists& lists, Index owner, std::string& text) const {
  const std::string owner_field = field(id_text(lists.owners, owner)) + separator_;
  const auto place = static_cast<std::size_t>(owner);
  const std::string segment_field = segment_name_.empty() ? "" : separator_ + segment_text(lists.segments[place]);
  for (Index e = lists.offsets[place]; e < lists.offsets[place + 1]; ++e) {
    const auto entry = static_cast<std::size_t>(e);
    const auto item = static_cast<std::size_t>(lists.items[entry]);
    const fmt::format_int rank(e - lists.offsets[place] + 1);
    text.append(owner_field).append(rank.data(), rank.size()) += separator_;
    text.append(items_[item]) += separator_;
    fmt::format_to(std::back_inserter(text), FMT_COMPILE("{}"), lists.scores[entry]);
    if (has_sources_) text.append(1, separator_).append(source_word(lists.sources[place]));
    text.append(segment_field);
    if (!values_.empty()) text.append(values_[item]);
    if (has_probabilities_) append_probability(lists.probabilities[entry], text);
    if (reasons_ > 0) append_reasons(lists.reasons[entry], text);
    text += '\n';
  }
}

void ListText::append_probability(double probability, std::string& text) const {
  if (format_.layout == ListLayout::json_lines) {
    text += std::isnan(probability) ? R"(,"probability":null)" : fmt::format(R"(,"probability":{})", probability);
  } else {
    text += separator_;
    if (!std::isnan(probability)) text += fmt::format("{}", probability);
  }
}

void ListText::append_reasons(const std::vector<Reason>& reasons, std::string& text) const {
  const bool is_json = format_.layout == ListLayout::json_lines;
  if (is_json) text += R"(,"because":[)";
  for (std::size_t r = 0; r < reasons.size(); ++r) {
    const bool is_item = reasons[r].item >= 0;
    const std::string& name = is_item ? items_[static_cast<std::size_t>(reasons[r].item)]
                                      : features_[static_cast<std::size_t>(~reasons[r].item)];
    if (is_json) {
      text += fmt::format(R"({}{{"{}":{},"term":{},"share":{}}})", r > 0 ? "," : "", is_item ? "item" : "feature", name,
                          reasons[r].term, reasons[r].share);
    } else {
      text += fmt::format("{0}{1}{0}{2}", separator_, name, reasons[r].share);
    }
  }
  if (is_json) {
    text += ']';
  } else {
    text.append(static_cast<std::size_t>(2 * (reasons_ - std::ssize(reasons))), separator_);
  }
}

void ListText::append_object(const Lists& lists, Index owner, std::string& text) const {
  const auto place = static_cast<std::size_t>(owner);
  fmt::format_to(std::back_inserter(text), R"({{"{}":{})", words_.owner, json_id(lists.owners, owner));
  if (has_sources_) fmt::format_to(std::back_inserter(text), R"(,"source":"{}")", source_word(lists.sources[place]));
  if (!segment_name_.empty()) {
    const std::string segment = segment_text(lists.segments[place]);
    text.append(",").append(json_text(segment_name_)).append(":").append(segment.empty() ? "null" : segment);
  }
  fmt::format_to(std::back_inserter(text), R"(,"{}":[)", words_.objects);
  for (Index e = lists.offsets[place]; e < lists.offsets[place + 1]; ++e) {
    const auto entry = static_cast<std::size_t>(e);
    const auto item = static_cast<std::size_t>(lists.items[entry]);
    text.append(e > lists.offsets[place] ? R"(,{")" : R"({")")
        .append(words_.entry)
        .append(R"(":)")
        .append(items_[item]);
    fmt::format_to(std::back_inserter(text), FMT_COMPILE(R"(,"score":{})"), lists.scores[entry]);
    if (!values_.empty()) text.append(values_[item]);
    if (has_probabilities_) append_probability(lists.probabilities[entry], text);
    if (reasons_ > 0) append_reasons(lists.reasons[entry], text);
    text += '}';
  }
  text += "]}\n";
}

void ListText::append_lists(const Lists& lists, std::span<const Index> owners, std::string& text) const {
  Index entries = 0;
  for (const Index owner : owners) {
    const auto place = static_cast<std::size_t>(owner);
    entries += lists.offsets[place + 1] - lists.offsets[place];
  }
  text.reserve(static_cast<std::size_t>(entries) * usual_line_bytes);
  for (const Index owner : owners) {
    if (format_.layout == ListLayout::json_lines) {
      append_object(lists, owner, text);
    } else {
      append_rows(lists, owner, text);
    }
  }
}

std::string ListText::text(const Lists& lists) const {
  std::vector<Index> owners(lists.sources.size());
  std::iota(owners.begin(), owners.end(), Index{0});
  return text(lists, owners);
}

std::string ListText::text(const Lists& lists, std::span<const Index> owners) const {
  const auto share =
      static_cast<double>(owners.size()) / static_cast<double>(std::max<std::size_t>(lists.sources.size(), 1));
  const int threads = team_size(static_cast<double>(lists.offsets.back()) * share * operations_per_line);
  std::vector<std::string> parts(static_cast<std::size_t>(threads));
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int t = 0; t < threads; ++t) {
    const std::size_t begin = owners.size() * static_cast<std::size_t>(t) / static_cast<std::size_t>(threads);
    const std::size_t end = owners.size() * (static_cast<std::size_t>(t) + 1) / static_cast<std::size_t>(threads);
    append_lists(lists, owners.subspan(begin, end - begin), parts[static_cast<std::size_t>(t)]);
  }
  std::string text = std::move(parts.front());
  for (std::size_t t = 1; t < parts.size(); ++t) text += parts[t];
  return text;
}

}  // namespace rankwise
