#include "jobs/recommend/list_files.hpp"

#include <span>
#include <string>
#include <vector>

#include "distributed/rows/select_rows.hpp"
#include "distributed/tables/select_values.hpp"
#include "io/dataset/id_file.hpp"
#include "io/dataset/provenance_attributes.hpp"
#include "io/hdf5/writer.hpp"
#include "io/tables/table_file.hpp"
#include "jobs/recommend/list_text.hpp"

namespace rankwise {

namespace {

/// Of each entry, what its user's list was made from.
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

void write_lists(const Communicator& comm, const std::string& path, const Lists& lists, const Served& served,
                 const Ids& item_ids, std::span<const TableColumn> columns, const Provenance& provenance,
                 const BlendOrigin& blend, int deflate_level) {
  const bool is_last = comm.rank() == comm.size() - 1;
  const Index users = id_count(lists.users);
  const Index entries = lists.offsets.back();
  const Index first_user = comm.exclusive_sum(users);
  const Index first_entry = comm.exclusive_sum(entries);
  const RowRange my_entries{first_entry, first_entry + entries};
  const IdRows user_rows{{first_user, first_user + users}, served.users, lists.users};
  const IdRows item_rows{my_entries, served.recommendations, select_rows(item_ids, lists.items)};
  // The last rank with a share also writes the closing offset.
  std::vector<Index> offsets(lists.offsets.begin(), lists.offsets.end() - 1);
  for (Index& offset : offsets) offset += first_entry;
  if (is_last) offsets.push_back(served.recommendations);
  const RowRange my_offsets{first_user, first_user + users + (is_last ? 1 : 0)};

  constexpr Index score_and_source_bytes = 4 + 7;
  const bool probabilities = comm.max(std::ssize(lists.probabilities)) > 0;
  const Table table = entry_table(my_entries, served.recommendations, lists, columns);
  Hdf5Writer file(comm, path,
                  id_bytes(comm, user_rows) + id_bytes(comm, item_rows) +
                      (columns.empty() ? 0 : table_bytes(comm, table, item_rows)) +
                      served.recommendations * (score_and_source_bytes + (probabilities ? 8 : 0)) + served.users * 8,
                  {.deflate_level = deflate_level});
  write_provenance(file, provenance);
  write_blend_origin(file, blend);
  file.create_group("/users");
  write_ids(comm, file, "/users/ids", user_rows);
  file.create_group("/recommendations");
  file.write_rows("/recommendations/indptr", served.users + 1, my_offsets, std::span<const Index>(offsets));
  write_ids(comm, file, "/recommendations/items", item_rows);
  file.write_rows("/recommendations/scores", served.recommendations, my_entries, std::span<const float>(lists.scores));
  file.write_strings("/recommendations/source", served.recommendations, my_entries, entry_sources(lists));
  if (probabilities) {
    file.write_rows("/recommendations/probability", served.recommendations, my_entries,
                    std::span<const double>(lists.probabilities));
  }
  if (!columns.empty()) write_table(comm, file, "/recommendations/table", table, item_rows);
  file.commit();
}

}  // namespace rankwise
