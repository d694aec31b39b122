#include "io/text/record_reader.hpp"

#include <fmt/format.h>
#include <optional>

#include "kernels/base/error.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

Dialect dialect_of(TextFormat format) {
  switch (format) {
    case TextFormat::tsv:
      return Dialect::tab;
    case TextFormat::movielens:
      return Dialect::double_colon;
    case TextFormat::matrix_market:
      return Dialect::blanks;
    case TextFormat::automatic:
    case TextFormat::json_lines:
    case TextFormat::csv:
      break;
  }
  return Dialect::quoted;
}

const std::vector<std::string_view>* RecordReader::next() {
  while (true) {
    line_ = lines_.lines() + 1;
    const std::optional<std::string_view> line = lines_.next();
    if (!line) return nullptr;
    if (line->empty() || trimmed(*line).empty()) continue;
    text_ = *line;
    return json_ ? &json_->split(*line) : &split_whole(*line);
  }
}

const std::vector<std::string_view>& RecordReader::split_whole(std::string_view record) {
  const std::vector<std::string_view>& fields = splitter_.split(record);
  while (const std::optional<std::size_t> quote = splitter_.open_quote()) {
    const auto complete = static_cast<Index>(fields.size());
    const bool too_many = most_fields_ > 0 && complete >= most_fields_;
    const std::optional<std::string_view> grown = too_many ? std::nullopt : lines_.grow_past_quote(*quote);
    if (!grown) {
      throw Error(ExitCode::bad_data, fmt::format("field {} opens a quote that is not closed", complete + 1));
    }
    text_ = *grown;
    splitter_.split(*grown);
  }
  return fields;
}

}  // namespace rankwise
