#pragma once
// Names that people give to segments.

#include <map>
#include <string>
#include <string_view>

#include "distributed/comm/communicator.hpp"

namespace rankwise {

/// By what a segment is called without a name: the number of its cluster, or its value of the column.
using SegmentNames = std::map<std::string, std::string, std::less<>>;

/// What reports call customers that are in no single segment; no segment may have such a name.
inline constexpr std::string_view no_segment_name = "(no segment)";
inline constexpr std::string_view small_segments_name = "(small segments)";
[[nodiscard]] bool is_reserved_name(std::string_view name);

/// From a delimited file whose header has the columns `segment` and `name`; others are passed over. Nothing for an
/// empty path. The root reads, every rank receives all. Collective over comm; throws AgreedError (no_input; bad_data,
/// with the line: a segment twice, a name twice, no name, a reserved one, one that is not UTF-8).
[[nodiscard]] SegmentNames read_segment_names(const Communicator& comm, const std::string& path);

}  // namespace rankwise
