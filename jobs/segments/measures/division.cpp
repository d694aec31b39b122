#include "jobs/segments/measures/division.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>
#include <map>
#include <string_view>
#include <utility>
#include <variant>

#include "distributed/rows/id_matching.hpp"
#include "distributed/rows/partition.hpp"
#include "distributed/rows/values_at_rows.hpp"
#include "io/clustering/clustering.hpp"
#include "jobs/run/compared_input.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

namespace {

/// Throws AgreedError(bad_data) if a name is of two segments, or reserved. `path`: the file of the segments.
void require_different_names(const Division& division, const std::string& path) {
  std::map<std::string_view, std::string_view> key_of;
  for (std::size_t place = 0; place < division.keys.size(); ++place) {
    const auto [other, is_new] = key_of.emplace(division.names[place], division.keys[place]);
    if (is_new && !is_reserved_name(division.names[place])) continue;
    const std::string problem =
        is_new ? fmt::format("the segment {} has a name with a meaning of its own in reports", shown(other->second))
               : fmt::format("the segments {} and {} have the same name {}", shown(other->second),
                             shown(division.keys[place]), shown(other->first));
    throw AgreedError(ExitCode::bad_data, fmt::format("{}: {}; expected a name for each by --names", path, problem));
  }
}

/// Names that people gave; a warning if some are of no segment.
void give_names(const JobContext& context, const SegmentNames& names, const std::string& prefix,
                const std::string& path, Division& division) {
  Index used = 0;
  for (const std::string& key : division.keys) {
    const auto given = names.find(key);
    used += given == names.end() ? 0 : 1;
    division.names.push_back(given == names.end() ? prefix + key : given->second);
  }
  if (const Index unused = std::ssize(names) - used; unused > 0) {
    context.report.warning(
        fmt::format("{} {} of segments that are not there", counted(unused, "name"), verb(unused, "is", "are")));
  }
  require_different_names(division, path);
}

}  // namespace

Division read_clusters(const JobContext& context, const std::string& path, const SegmentNames& names) {
  const Communicator& comm = context.comm;
  const ClusteringReader file(comm, path, context.common.input_check);
  warn_if_not_compared(context, file, path);
  if (file.origin() && (!file.origin()->has_ids || file.origin()->side == RowSide::items)) {
    throw AgreedError(ExitCode::bad_data, fmt::format("{}: is a clustering of {}; expected one of users with ids", path,
                                                      file.origin()->has_ids ? "items" : "rows without ids"));
  }
  ClusteredRows rows = file.clustered_rows(Partition::by_count(file.rows(), comm.size()).range(comm.rank()));
  Division division{std::move(rows.ids), std::move(rows.assignments), std::move(rows.distances), {}, {}};
  for (Index cluster = 0; cluster < file.clusters(); ++cluster) division.keys.push_back(std::to_string(cluster));
  give_names(context, names, "segment ", path, division);
  return division;
}

Division divide_by_column(const JobContext& context, const UserTable& users, const std::string& path,
                          const std::string& column, const SegmentNames& names) {
  const TableColumn* const found = users.table.find(column);
  const auto* const categories = found == nullptr ? nullptr : std::get_if<Categories>(&found->values);
  if (categories == nullptr) {
    std::vector<std::string_view> known;
    for (const TableColumn& each : users.table.columns) {
      if (each.type() == ColumnType::category) known.push_back(each.name);
    }
    throw AgreedError(
        ExitCode::bad_data,
        fmt::format("{}: --segment-column {}: {}; expected a column of categories of the table of users: {}", path,
                    column, found == nullptr ? "there is no such column" : "its type is another",
                    known.empty() ? "it has none" : fmt::format("{}", fmt::join(known, ", "))));
  }
  Division division{users.ids, categories->codes, {}, categories->categories, {}};
  give_names(context, names, "", path, division);
  return division;
}

DividedRows divide(const Communicator& comm, const Division& division, const IdRows& ids) {
  const std::vector<Index> rows = find_rows_by_id(comm, ids, division.ids);
  DividedRows divided;
  divided.found = comm.sum(std::ranges::count_if(rows, [](Index row) { return row >= 0; }));
  divided.segments = values_at_rows<std::int32_t>(comm, rows, division.ids.rows, division.segments, -1);
  if (comm.max(std::ssize(division.distances)) > 0) {
    divided.distances = values_at_rows<float>(comm, rows, division.ids.rows, division.distances,
                                              std::numeric_limits<float>::quiet_NaN());
  }
  return divided;
}

}  // namespace rankwise
