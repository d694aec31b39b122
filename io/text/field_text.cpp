#include "io/text/field_text.hpp"

#include <cstring>
#include <fmt/format.h>

#include "kernels/base/error.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

namespace {
bool is_blank(char c) {
  return c == ' ' || c == '\t';
}
}  // namespace

const std::vector<std::string_view>& FieldSplitter::split(std::string_view record) {
  fields_.clear();
  open_quote_.reset();
  switch (dialect_) {
    case Dialect::quoted:
      split_quotable(record, delimiter_);
      break;
    case Dialect::tab:
      split_quotable(record, '\t');
      break;
    case Dialect::double_colon:
      split_at_double_colons(record);
      break;
    case Dialect::blanks:
      split_at_blanks(record);
      break;
  }
  return fields_;
}

void FieldSplitter::split_quotable(std::string_view record, char delimiter) {
  unescaped_.clear();
  const char* const begin = record.data();
  const char* const end = begin + record.size();
  const char* place = begin;
  while (true) {
    if (place != end && *place == '"') {
      const char* quote = place + 1;
      std::size_t doubled = 0;
      while (true) {
        const void* const found =
            quote == end ? nullptr : std::memchr(quote, '"', static_cast<std::size_t>(end - quote));
        quote = found == nullptr ? end : static_cast<const char*>(found);
        if (quote == end || quote + 1 == end || quote[1] != '"') break;
        ++doubled;
        quote += 2;
      }
      const char* after = quote == end ? end : quote + 1;
      if (dialect_ == Dialect::quoted) {
        while (after != end && is_blank(*after) && *after != delimiter) ++after;
      }
      if (quote != end && (after == end || *after == delimiter)) {
        if (doubled > 0 && unescaped_.capacity() < record.size())
          unescaped_.reserve(record.size());  // views stay valid
        fields_.push_back(unquoted({place + 1, static_cast<std::size_t>(quote - place) - 1}, doubled));
        if (after == end) return;
        place = after + 1;
        continue;
      }
      if (dialect_ == Dialect::quoted) {
        if (quote == end) {
          open_quote_ = static_cast<std::size_t>(place - begin);
          return;
        }
        throw Error(ExitCode::bad_data, fmt::format("field {} has text after its closing quote", fields_.size() + 1));
      }
    }
    const void* const found =
        place == end ? nullptr : std::memchr(place, delimiter, static_cast<std::size_t>(end - place));
    const char* const stop = found == nullptr ? end : static_cast<const char*>(found);
    fields_.push_back(trimmed({place, static_cast<std::size_t>(stop - place)}));
    if (found == nullptr) return;
    place = stop + 1;
  }
}

std::string_view FieldSplitter::unquoted(std::string_view body, std::size_t doubled_quotes) {
  if (doubled_quotes == 0) return body;
  const std::size_t begin = unescaped_.size();
  for (std::size_t i = 0; i < body.size(); ++i) {
    unescaped_ += body[i];
    if (body[i] == '"') ++i;
  }
  return std::string_view(unescaped_).substr(begin);
}

void FieldSplitter::split_at_double_colons(std::string_view line) {
  while (true) {
    const auto cut = line.find("::");
    fields_.push_back(trimmed(line.substr(0, cut)));
    if (cut == std::string_view::npos) return;
    line.remove_prefix(cut + 2);
  }
}

void FieldSplitter::split_at_blanks(std::string_view line) {
  std::size_t place = 0;
  while (true) {
    while (place < line.size() && is_blank(line[place])) ++place;
    if (place == line.size()) return;
    const std::size_t begin = place;
    while (place < line.size() && !is_blank(line[place])) ++place;
    fields_.push_back(line.substr(begin, place - begin));
  }
}

void check_field_count(std::span<const std::string_view> fields, Index expected) {
  if (std::ssize(fields) == expected) return;
  throw Error(ExitCode::bad_data,
              fmt::format("has {} field{}, expected {}", fields.size(), fields.size() == 1 ? "" : "s", expected));
}

}  // namespace rankwise
