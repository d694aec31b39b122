#include "jobs/campaign/assignment_lists.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <system_error>
#include <utility>

#include "io/dataset/id_file.hpp"
#include "io/dataset/provenance_attributes.hpp"
#include "io/files/commit.hpp"
#include "io/hdf5/writer.hpp"
#include "io/tables/table_file.hpp"
#include "jobs/campaign/list_lines.hpp"
#include "jobs/campaign/list_names.hpp"
#include "jobs/recommend/files/list_manifest.hpp"
#include "jobs/recommend/files/split_sink.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

constexpr const char* lists_kind = "campaign-lists";
constexpr Index lines_at_once = 1 << 16;

ListFormat format_of(const AssignmentListOptions& options) {
  return list_format({.format = options.format, .columns = {}}, options.path);
}

std::string name_of(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

/// Entries that are sent, and of all who must get nothing those that were intended, or one without an offer; in the
/// order of customers.
std::vector<ListEntry> listed_entries(const CampaignAssignment& assignment) {
  std::vector<ListEntry> entries;
  for (std::size_t c = 0; c < assignment.groups.size(); ++c) {
    const bool is_held = assignment.groups[c] != CustomerGroup::treated;
    const std::size_t before = entries.size();
    for (auto e = static_cast<std::size_t>(assignment.lines.offsets[c]);
         e < static_cast<std::size_t>(assignment.lines.offsets[c + 1]); ++e) {
      if (assignment.lines.sent[e] != 0 || (is_held && assignment.lines.intended[e] != 0))
        entries.push_back({static_cast<Index>(c), e});
    }
    if (is_held && entries.size() == before) entries.push_back({static_cast<Index>(c), ListEntry::no_offer});
  }
  return entries;
}

/// Files of text, the controls' first.
class TextLists {
 public:
  TextLists(const CampaignRun& run, const std::string& path) : run_(run), names_(path) {
    add_file(names_.controls(), std::nullopt);
    const CampaignAssignment& assignment = run.proposal.assignment;
    for (std::int32_t segment = 0; segment <= std::ssize(assignment.segments); ++segment) {
      const std::int32_t number = segment < std::ssize(assignment.segments) ? segment : -1;
      for (const std::string& channel : assignment.offers.channels) {
        const auto [place, is_new] = file_of_.try_emplace({number, channel}, paths_.size());
        if (!is_new) continue;
        const std::string file = names_.of(number, channel);
        if (std::ranges::find(paths_, file) != paths_.end()) {
          throw Error(ExitCode::usage,
                      fmt::format("the lists of two channels would both be {}; expected channels whose "
                                  "names differ in letters and digits",
                                  file));
        }
        add_file(file, number < 0 ? std::nullopt : std::optional(number));
      }
    }
    if (std::ssize(paths_) <= most_list_files) return;
    throw Error(ExitCode::usage,
                fmt::format("--lists would write {} files; expected at most {}", paths_.size(), most_list_files));
  }

  [[nodiscard]] const ListNames& names() const { return names_; }
  [[nodiscard]] const std::vector<std::string>& paths() const { return paths_; }
  [[nodiscard]] std::vector<ListedFile>& files() { return files_; }
  [[nodiscard]] std::size_t file_of(const ListEntry& entry) const {
    const CampaignAssignment& assignment = run_.proposal.assignment;
    const auto customer = static_cast<std::size_t>(entry.customer);
    if (assignment.groups[customer] != CustomerGroup::treated) return 0;
    const auto offer = static_cast<std::size_t>(assignment.lines.offers[entry.entry]);
    return file_of_.at({assignment.segment_of[customer], assignment.offers.channels[offer]});
  }
  /// Files of earlier runs that the new ones do not replace. Throws Error(cannot_create) if no manifest names one.
  [[nodiscard]] std::vector<std::string> stale() const {
    const std::vector<std::string> known = files_of_manifest(names_.manifest());
    std::vector<std::string> stale;
    for (const std::string& path : names_.existing()) {
      if (std::ranges::find(paths_, path) != paths_.end()) continue;
      if (std::ranges::find(known, name_of(path)) == known.end()) {
        throw Error(ExitCode::cannot_create,
                    fmt::format("{}: is named like a file of these lists, and no manifest names "
                                "it; remove it, or choose another --lists",
                                path));
      }
      stale.push_back(path);
    }
    return stale;
  }

 private:
  void add_file(const std::string& path, std::optional<std::int32_t> segment) {
    paths_.push_back(path);
    files_.push_back({.name = name_of(path), .segment = segment});
  }

  const CampaignRun& run_;
  ListNames names_;
  std::vector<std::string> paths_;
  std::vector<ListedFile> files_;
  std::map<std::pair<std::int32_t, std::string>, std::size_t> file_of_;
};

/// Throws Error(io_error).
void remove_file(const std::string& path) {
  std::error_code error;
  std::filesystem::remove(path, error);
  if (error) throw Error(ExitCode::io_error, fmt::format("{}: cannot be removed: {}", path, error.message()));
}

/// Rank after rank, so that lines are in the order of customers.
void append_lines(const Communicator& comm, const std::vector<ListEntry>& entries, const ListLines& lines,
                  TextLists& lists, SplitSink& sink) {
  std::vector<Index> last_customer(lists.files().size(), -1);
  for (int rank = 0; rank < comm.size(); ++rank) {
    const Index mine = rank == comm.rank() ? std::ssize(entries) : 0;
    const Index all = comm.max(mine);
    for (Index begin = 0; begin < all; begin += lines_at_once) {
      std::vector<std::string> texts(lists.files().size());
      for (Index e = std::min(begin, mine); e < std::min(begin + lines_at_once, mine); ++e) {
        const ListEntry& entry = entries[static_cast<std::size_t>(e)];
        const std::size_t file = lists.file_of(entry);
        texts[file] += lines.line(entry);
        ++lists.files()[file].rows;
        if (last_customer[file] != entry.customer) ++lists.files()[file].users;
        last_customer[file] = entry.customer;
      }
      sink.append(texts);
    }
  }
}

void write_text_lists(JobContext& context, const AssignmentListOptions& options, const CampaignRun& run,
                      const std::string& segments_path, const ListLines& lines) {
  const Communicator& comm = context.comm;
  TextLists lists = agree_on(comm, [&] { return TextLists(run, options.path); });
  const std::vector<std::string> stale =
      agree_on(comm, [&] { return comm.is_root() ? lists.stale() : std::vector<std::string>(); });
  SplitSink sink(comm, lists.paths(), format_of(options).packing);
  sink.append(std::vector<std::string>(lists.paths().size(), comm.is_root() ? lines.header() : ""));
  append_lines(comm, listed_entries(run.proposal.assignment), lines, lists, sink);
  const std::vector<SplitSink::Written> written = sink.finish();
  Index rows = 0;
  for (std::size_t f = 0; f < written.size(); ++f) {
    ListedFile& file = lists.files()[f];
    file.users = comm.sum(file.users);
    file.rows = comm.sum(file.rows);
    file.bytes = written[f].bytes;
    file.digest = written[f].digest;
    rows += f == 0 ? 0 : file.rows;
  }
  ListManifest manifest{
      .provenance = context.provenance("list-files", run.customers.dataset->provenance().dataset_digest),
      .split = FileSplit::segments,
      .models = {},
      .segments_file = segments_path.empty() ? std::string() : name_of(segments_path),
      .files = lists.files()};
  sink.put_in_place([&] {
    remove_file(lists.names().manifest());
    std::ranges::for_each(stale, remove_file);
  });
  write_text_in_rank_order(comm, lists.names().manifest(), comm.is_root() ? manifest_json(manifest) : "");
  context.report.line(fmt::format("wrote {}: {} in {}, and {} who must get nothing", lists.names().manifest(),
                                  counted(rows, "offer"), counted(std::ssize(written) - 1, "file"),
                                  counted(lists.files().front().users, "customer")));
}

void write_table_of_lists(JobContext& context, const AssignmentListOptions& options, const CampaignRun& run,
                          const ListLines& lines) {
  const Communicator& comm = context.comm;
  const std::vector<ListEntry> entries = listed_entries(run.proposal.assignment);
  const Index mine = std::ssize(entries);
  const Index first = comm.exclusive_sum(mine);
  Texts users;
  for (const ListEntry& entry : entries) users.push_back(id_text(run.proposal.assignment.ids.ids, entry.customer));
  const IdRows ids{{first, first + mine}, comm.sum(mine), std::move(users)};
  const Table table{ids.rows, ids.total_rows, lines.columns(entries)};
  Hdf5Writer file(comm, options.path, id_bytes(comm, ids) + table_bytes(comm, table, ids));
  Provenance provenance = context.provenance(lists_kind, run.customers.dataset->provenance().dataset_digest);
  write_provenance(file, provenance);
  file.create_group("/users");
  write_ids(comm, file, "/users/ids", ids);
  write_table(comm, file, "/users/table", table, ids);
  file.commit();
  context.report.line(fmt::format("wrote {}: {}", options.path, counted(ids.total_rows, "line")));
}

}  // namespace

void require_sense(const AssignmentListOptions& options) {
  if (options.path.empty()) {
    if (options.explain) throw Error(ExitCode::usage, "--explain has a meaning only with --lists");
    if (!options.format.empty()) throw Error(ExitCode::usage, "--format has a meaning only with --lists");
    return;
  }
  static_cast<void>(format_of(options));
}

void check_lists(const Communicator& comm, const AssignmentListOptions& options) {
  if (!options.path.empty()) check_output(comm, options.path);
}

void require_list_names(const Communicator& comm, const AssignmentListOptions& options, const CampaignRun& run) {
  if (options.path.empty() || format_of(options).layout == ListLayout::hdf5) return;
  agree_on(comm, [&] {
    const TextLists lists(run, options.path);
    if (comm.is_root()) static_cast<void>(lists.stale());
  });
}

void write_assignment_lists(JobContext& context, const AssignmentListOptions& options, const CampaignRun& run,
                            const std::string& segments_path) {
  if (options.path.empty()) return;
  const auto timer = context.report.phase("lists");
  const ListFormat format = format_of(options);
  const ListLines lines(run, format, options.explain ? ListLines::Reasons::all : ListLines::Reasons::none);
  if (format.layout == ListLayout::hdf5) {
    write_table_of_lists(context, options, run, lines);
  } else {
    write_text_lists(context, options, run, segments_path, lines);
  }
}

}  // namespace rankwise
