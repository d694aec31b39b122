#include "jobs/recommend/list_files.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <span>
#include <vector>

#include "distributed/rows/select_rows.hpp"
#include "io/dataset/id_file.hpp"
#include "io/dataset/provenance_attributes.hpp"
#include "io/hdf5/writer.hpp"
#include "io/text/csv_field.hpp"

namespace rankwise {

namespace {

constexpr std::array source_words{"model", "popular"};  // by ListSource

/// Of each entry, what its user's list was made from.
std::vector<std::string> entry_sources(const Lists& lists) {
  std::vector<std::string> sources;
  sources.reserve(lists.items.size());
  for (std::size_t u = 0; u < lists.sources.size(); ++u) {
    const auto items = static_cast<std::size_t>(lists.offsets[u + 1] - lists.offsets[u]);
    sources.insert(sources.end(), items, source_words[static_cast<std::size_t>(lists.sources[u])]);
  }
  return sources;
}

}  // namespace

std::string csv_text(const Lists& lists, const Ids& item_ids) {
  fmt::memory_buffer text;
  for (std::size_t u = 0; u + 1 < lists.offsets.size(); ++u) {
    const std::string user = csv_field(id_text(lists.users, static_cast<Index>(u)));
    const char* source = source_words[static_cast<std::size_t>(lists.sources[u])];
    for (Index e = lists.offsets[u]; e < lists.offsets[u + 1]; ++e) {
      const auto entry = static_cast<std::size_t>(e);
      fmt::format_to(std::back_inserter(text), "{},{},{},{},{}\n", user, e - lists.offsets[u] + 1,
                     csv_field(id_text(item_ids, lists.items[entry])), lists.scores[entry], source);
    }
  }
  return fmt::to_string(text);
}

void write_lists(const Communicator& comm, const std::string& path, const Lists& lists, const Served& served,
                 const Ids& item_ids, const Provenance& provenance, int deflate_level) {
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
  Hdf5Writer file(comm, path,
                  id_bytes(comm, user_rows) + id_bytes(comm, item_rows) +
                      served.recommendations * score_and_source_bytes + served.users * 8,
                  {.deflate_level = deflate_level});
  write_provenance(file, provenance);
  file.create_group("/users");
  write_ids(comm, file, "/users/ids", user_rows);
  file.create_group("/recommendations");
  file.write_rows("/recommendations/indptr", served.users + 1, my_offsets, std::span<const Index>(offsets));
  write_ids(comm, file, "/recommendations/items", item_rows);
  file.write_rows("/recommendations/scores", served.recommendations, my_entries, std::span<const float>(lists.scores));
  file.write_strings("/recommendations/source", served.recommendations, my_entries, entry_sources(lists));
  file.commit();
}

}  // namespace rankwise
