#include "jobs/lists/list_files.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "distributed/rows/select_rows.hpp"
#include "distributed/tables/select_values.hpp"
#include "io/dataset/id_file.hpp"
#include "io/dataset/provenance_attributes.hpp"
#include "io/hdf5/writer.hpp"
#include "io/tables/table_file.hpp"
#include "jobs/lists/list_text.hpp"

namespace rankwise {

namespace {

/// Of each entry, what its list was made from.
std::vector<std::string> entry_sources(const Lists& lists) {
  std::vector<std::string> sources;
  sources.reserve(lists.items.size());
  for (std::size_t u = 0; u < lists.sources.size(); ++u) {
    const auto items = static_cast<std::size_t>(lists.offsets[u + 1] - lists.offsets[u]);
    sources.insert(sources.end(), items, std::string(source_word(lists.sources[u])));
  }
  return sources;
}

/// Of each entry, what the table says of its item.
Table entry_table(RowRange entries, Index total, const Lists& lists, std::span<const TableColumn> columns) {
  Table table{entries, total, {}};
  for (const TableColumn& column : columns) {
    table.columns.push_back({column.name, select_values(column.values, lists.items)});
  }
  return table;
}

}  // namespace

void write_lists(const Communicator& comm, const std::string& path, const Lists& lists, const ListFileParts& parts) {
  const ListWords& words = list_words(parts.kind);
  const std::string group(words.group);
  const bool is_last = comm.rank() == comm.size() - 1;
  const Index owners = id_count(lists.owners);
  const Index entries = lists.offsets.back();
  const Index all_owners = comm.sum(owners);
  const Index all_entries = comm.sum(entries);
  const Index first_owner = comm.exclusive_sum(owners);
  const Index first_entry = comm.exclusive_sum(entries);
  const RowRange my_entries{first_entry, first_entry + entries};
  const IdRows owner_rows{{first_owner, first_owner + owners}, all_owners, lists.owners};
  const IdRows item_rows{my_entries, all_entries, select_rows(parts.item_ids, lists.items)};
  // The last rank with a share also writes the closing offset.
  std::vector<Index> offsets(lists.offsets.begin(), lists.offsets.end() - 1);
  for (Index& offset : offsets) offset += first_entry;
  if (is_last) offsets.push_back(all_entries);
  const RowRange my_offsets{first_owner, first_owner + owners + (is_last ? 1 : 0)};

  Index longest_source = 0;
  for (const ListSource source : lists.sources)
    longest_source = std::max(longest_source, std::ssize(source_word(source)));
  const Index score_and_source_bytes = 4 + comm.max(longest_source);
  const bool probabilities = comm.max(std::ssize(lists.probabilities)) > 0;
  const Table table = entry_table(my_entries, all_entries, lists, parts.columns);
  Hdf5Writer file(comm, path,
                  id_bytes(comm, owner_rows) + id_bytes(comm, item_rows) +
                      (parts.columns.empty() ? 0 : table_bytes(comm, table, item_rows)) +
                      all_entries * (score_and_source_bytes + (probabilities ? 8 : 0)) +
                      all_owners * (parts.has_segment_column ? 12 : 8),
                  {.deflate_level = parts.deflate_level});
  write_provenance(file, parts.provenance);
  write_blend_origin(file, parts.blend);
  if (!parts.segments.file.empty()) {
    file.write_attribute("/", "segments-file", std::string_view(parts.segments.file));
    file.write_attribute("/", "segments-digest", std::string_view(fmt::format("{:016x}", parts.segments.digest)));
  }
  file.create_group(std::string(words.owners_group));
  write_ids(comm, file, fmt::format("{}/ids", words.owners_group), owner_rows);
  if (parts.has_segment_column) {
    file.write_rows(fmt::format("{}/segment", words.owners_group), all_owners, owner_rows.rows,
                    std::span<const std::int32_t>(lists.segments));
  }
  file.create_group(group);
  file.write_rows(group + "/indptr", all_owners + 1, my_offsets, std::span<const Index>(offsets));
  write_ids(comm, file, fmt::format("{}/{}", group, words.entries), item_rows);
  file.write_rows(group + "/scores", all_entries, my_entries, std::span<const float>(lists.scores));
  if (has_sources(parts.kind)) {
    file.write_strings(group + "/source", all_entries, my_entries, entry_sources(lists));
  }
  if (probabilities) {
    file.write_rows(group + "/probability", all_entries, my_entries, std::span<const double>(lists.probabilities));
  }
  if (!parts.columns.empty()) write_table(comm, file, group + "/table", table, item_rows);
  file.commit();
}

}  // namespace rankwise
