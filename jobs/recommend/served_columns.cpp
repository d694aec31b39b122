#include "jobs/recommend/served_columns.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string_view>

#include "io/dataset/dataset_tables.hpp"
#include "jobs/lists/list_columns.hpp"

namespace rankwise {

namespace {

constexpr std::string_view segment_source = "segment";

/// Whether the dataset's table of items has a column of that name. Collective.
bool items_have_segment(const JobContext& context, const std::string& path) {
  const DatasetTablesReader tables(context.comm, path, context.common.input_check);
  if (!tables.items()) return false;
  const std::vector<TableColumnInfo>& columns = tables.items()->columns();
  return std::ranges::find(columns, segment_source, &TableColumnInfo::name) != columns.end();
}

/// A segment is of --segments or of the table of items; throws AgreedError(usage) if it is of both or of none.
/// Collective.
void require_one_segment(const JobContext& context, const std::string& path, const Audience& audience) {
  const bool has_segments = audience.segments() != nullptr;
  if (has_segments != items_have_segment(context, path)) return;
  throw AgreedError(ExitCode::usage,
                    has_segments ? fmt::format("--columns: segment is that of --segments and a column of the table of "
                                               "items of {}, too; expected a table where it has another name",
                                               path)
                                 : "--columns segment: expected --segments FILE, which has the users' segments");
}

}  // namespace

ServedColumns read_served_columns(const std::string& text, const JobContext& context, const ItemSpace& space,
                                  const Audience& audience) {
  ServedColumns columns;
  if (text.empty()) return columns;
  std::vector<TableColumns::Kept> of_items = parse_list_columns(text);
  const auto of_users = std::ranges::find(of_items, segment_source, &TableColumns::Kept::source);
  if (of_users != of_items.end()) require_one_segment(context, space.path, audience);
  if (audience.segments() != nullptr && of_users != of_items.end()) {
    columns.segment = of_users->name;
    of_items.erase(of_users);
  }
  columns.of_items = read_list_columns(of_items, context, space);
  return columns;
}

}  // namespace rankwise
