#include "jobs/recommend/list_files.hpp"

#include <array>
#include <fmt/compile.h>
#include <fmt/format.h>
#include <iterator>
#include <span>
#include <vector>

#include "distributed/rows/select_rows.hpp"
#include "distributed/threads/team_size.hpp"
#include "io/dataset/id_file.hpp"
#include "io/dataset/provenance_attributes.hpp"
#include "io/hdf5/writer.hpp"
#include "io/text/csv_field.hpp"

namespace rankwise {

namespace {

constexpr std::array<std::string_view, 2> source_words{"model", "popular"};  // by ListSource

/// Of each entry, what its user's list was made from.
std::vector<std::string> entry_sources(const Lists& lists) {
  std::vector<std::string> sources;
  sources.reserve(lists.items.size());
  for (std::size_t u = 0; u < lists.sources.size(); ++u) {
    const auto items = static_cast<std::size_t>(lists.offsets[u + 1] - lists.offsets[u]);
    sources.insert(sources.end(), items, std::string(source_words[static_cast<std::size_t>(lists.sources[u])]));
  }
  return sources;
}

/// What a line costs, in multiplications.
constexpr double operations_per_line = 100;
/// A usual line: `C0012345,17,SKU-000123,0.98765432,model`.
constexpr std::size_t usual_line_bytes = 40;

void append_lines(const Lists& lists, RowRange users, std::span<const std::string> item_fields, std::string& text) {
  const auto entries_before = [&](Index user) { return lists.offsets[static_cast<std::size_t>(user)]; };
  text.reserve(static_cast<std::size_t>(entries_before(users.end) - entries_before(users.begin)) * usual_line_bytes);
  for (Index user = users.begin; user < users.end; ++user) {
    const std::string user_field = csv_field(id_text(lists.users, user)) + ',';
    const std::string_view source =
        source_words[static_cast<std::size_t>(lists.sources[static_cast<std::size_t>(user)])];
    for (Index e = entries_before(user); e < entries_before(user + 1); ++e) {
      const auto entry = static_cast<std::size_t>(e);
      const fmt::format_int rank(e - entries_before(user) + 1);
      text.append(user_field).append(rank.data(), rank.size()) += ',';
      text.append(item_fields[static_cast<std::size_t>(lists.items[entry])]) += ',';
      fmt::format_to(std::back_inserter(text), FMT_COMPILE("{}"), lists.scores[entry]);
      text.append(1, ',').append(source) += '\n';
    }
  }
}

}  // namespace

std::vector<std::string> csv_fields(const Ids& ids) {
  std::vector<std::string> fields;
  const Index count = id_count(ids);
  fields.reserve(static_cast<std::size_t>(count));
  for (Index i = 0; i < count; ++i) fields.push_back(csv_field(id_text(ids, i)));
  return fields;
}

std::string csv_text(const Lists& lists, std::span<const std::string> item_fields) {
  const auto users = static_cast<Index>(lists.sources.size());
  const int threads = team_size(static_cast<double>(lists.offsets.back()) * operations_per_line);
  std::vector<std::string> parts(static_cast<std::size_t>(threads));
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int t = 0; t < threads; ++t) {
    append_lines(lists, {users * t / threads, users * (t + 1) / threads}, item_fields,
                 parts[static_cast<std::size_t>(t)]);
  }
  std::string text = std::move(parts.front());
  for (std::size_t t = 1; t < parts.size(); ++t) text += parts[t];
  return text;
}

void write_lists(const Communicator& comm, const std::string& path, const Lists& lists, const Served& served,
                 const Ids& item_ids, const Provenance& provenance, const BlendOrigin& blend, int deflate_level) {
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
  write_blend_origin(file, blend);
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
