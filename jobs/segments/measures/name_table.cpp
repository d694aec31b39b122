#include "jobs/segments/measures/name_table.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <string_view>
#include <vector>

#include "distributed/comm/key_exchange.hpp"
#include "io/text/record_reader.hpp"
#include "io/text/small_table.hpp"
#include "io/text/text_probe.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/shown_text.hpp"
#include "kernels/text/utf8.hpp"

namespace rankwise {

namespace {

std::size_t column_of(const std::vector<std::string>& header, std::string_view name) {
  const auto found = std::ranges::find(header, name);
  if (found == header.end())
    throw Error(ExitCode::bad_data, fmt::format("has no column {}; expected a header with segment and name", name));
  return static_cast<std::size_t>(found - header.begin());
}

/// Segments and names in turn.
void read_records(RecordReader& reader, std::vector<std::string>& pairs) {
  const std::vector<std::string> header = first_fields(reader);
  const std::size_t segment = column_of(header, "segment");
  const std::size_t name = column_of(header, "name");
  std::set<std::string, std::less<>> segments;
  std::set<std::string, std::less<>> names;
  while (const std::vector<std::string_view>* const fields = reader.next()) {
    if (fields->size() != header.size()) {
      throw Error(ExitCode::bad_data, fmt::format("has {}, expected {} as in the header",
                                                  counted(std::ssize(*fields), "field"), header.size()));
    }
    const std::string one(trimmed((*fields)[segment]));
    const std::string text(trimmed((*fields)[name]));
    if (text.empty()) throw Error(ExitCode::bad_data, "has no name; expected one for the segment");
    if (!is_utf8(text))
      throw Error(ExitCode::bad_data, fmt::format("the name {} is not UTF-8; expected UTF-8 text", shown(text)));
    if (is_reserved_name(text)) {
      throw Error(ExitCode::bad_data,
                  fmt::format("the name {} has a meaning of its own in reports; expected another one", shown(text)));
    }
    if (!segments.insert(one).second)
      throw Error(ExitCode::bad_data, fmt::format("segment {} has a name already", shown(one)));
    if (!names.insert(text).second)
      throw Error(ExitCode::bad_data, fmt::format("the name {} is of another segment, too", shown(text)));
    pairs.insert(pairs.end(), {one, text});
  }
}

std::vector<std::string> read_on_root(const std::string& path) {
  std::vector<std::string> pairs;
  read_small_table(path, [&](RecordReader& reader) { read_records(reader, pairs); });
  return pairs;
}

}  // namespace

bool is_reserved_name(std::string_view name) {
  return name == no_segment_name || name == small_segments_name || name == "(all)" || name == "(new)" ||
         name == "(lost)";
}

SegmentNames read_segment_names(const Communicator& comm, const std::string& path) {
  if (path.empty()) return {};
  std::vector<std::string> pairs = agree_on(comm, [&] {
    try {
      return comm.is_root() ? read_on_root(path) : std::vector<std::string>();
    } catch (const Error& error) {
      throw Error(error.code(), fmt::format("{}: {}", path, error.what()));
    }
  });
  broadcast_texts(comm, pairs);
  SegmentNames names;
  for (std::size_t place = 0; place + 1 < pairs.size(); place += 2) names[pairs[place]] = pairs[place + 1];
  return names;
}

}  // namespace rankwise
