#include "jobs/recommend/split_lists.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <limits>
#include <system_error>

#include "io/files/commit.hpp"
#include "io/files/file_identity.hpp"
#include "jobs/options/file_clashes.hpp"
#include "jobs/run/text_output.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

/// Behind all segments.
constexpr std::int32_t segment_of_none = std::numeric_limits<std::int32_t>::max();

std::string name_of(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

/// Throws Error(usage) if the event log is a file that is written: its name was free when the options were checked.
void require_own_log(const std::string& log_json, const std::vector<std::string>& written) {
  if (log_json.empty()) return;
  const FileRole role(FileUse::written, {}, {});
  std::vector<NamedFile> files{{"--log-json", log_json, role}};
  for (const std::string& path : written) files.push_back({"a file of --output", path, role});
  require_distinct_files(files);
}

/// Those of earlier runs that the new files do not replace. Throws Error(cannot_create) if no manifest names one.
std::vector<std::string> stale_files(const FileFamily& family, const std::vector<std::string>& paths) {
  const std::vector<std::string> named = files_of_manifest(family.manifest());
  std::vector<std::string> stale;
  std::error_code ignored;
  for (const std::string& path : family.existing()) {
    if (std::ranges::find(paths, path) != paths.end()) continue;
    if (std::ranges::find(named, name_of(path)) == named.end()) {
      throw Error(
          ExitCode::cannot_create,
          fmt::format("{}: is named like a file of these lists, and {}; remove it, or choose another --output", path,
                      std::filesystem::exists(family.manifest(), ignored)
                          ? family.manifest() + " does not name it"
                          : family.manifest() + " does not exist, as after a run that was stopped"));
    }
    stale.push_back(path);
  }
  return stale;
}

/// Throws Error(io_error).
void remove_file(const std::string& path) {
  std::error_code error;
  std::filesystem::remove(path, error);
  if (error) throw Error(ExitCode::io_error, fmt::format("{}: cannot be removed: {}", path, error.message()));
}

}  // namespace

SplitLists::SplitLists(const RecommendOptions& options, const ListFormat& format, JobContext& context,
                       const Audience& audience, const ListText& lines, Index users)
    : options_(options),
      context_(context),
      audience_(audience),
      lines_(lines),
      family_(options.output),
      split_(options.files.split()),
      shards_(Partition::by_count(users, context.comm.size())) {
  const Communicator& comm = context.comm;
  if (split_ == FileSplit::shards) {
    for (int shard = 0; shard < comm.size(); ++shard) files_.push_back({name_of(family_.shard(shard, comm.size()))});
  } else {
    for (const std::int32_t segment : audience.served_segments()) {
      files_.push_back({name_of(family_.segment(segment)), segment});
    }
    if (audience.serves_others()) files_.push_back({name_of(family_.segment(std::nullopt))});
  }
  if (std::ssize(files_) > most_list_files) {
    throw AgreedError(ExitCode::usage, fmt::format("{} would write {} files; expected at most {}",
                                                   split_ == FileSplit::shards ? "--shards" : "--split-by-segment",
                                                   files_.size(), most_list_files));
  }
  agree_on(comm, [&] {
    if (!comm.is_root()) return;
    stale_ = stale_files(family_, paths());
    require_own_log(context.common.log_json, paths());
  });
  sink_.emplace(comm, paths(), format.packing);
  sink_->append(std::vector<std::string>(files_.size(), comm.is_root() ? lines.header() : ""));
}

std::vector<std::string> SplitLists::paths() const {
  std::vector<std::string> paths;
  for (const ListedFile& file : files_) paths.push_back(family_.path_of(file.name));
  return paths;
}

std::size_t SplitLists::file_of(const Lists& lists, std::size_t user) const {
  if (split_ == FileSplit::shards) {
    return lists.rows[user] < 0 ? files_.size() - 1 : static_cast<std::size_t>(shards_.owner(lists.rows[user]));
  }
  const std::int32_t segment = lists.segments[user];
  if (segment == no_segment) return files_.size() - 1;
  const auto file = std::ranges::lower_bound(
      files_, segment, {}, [](const ListedFile& each) { return each.segment.value_or(segment_of_none); });
  return static_cast<std::size_t>(file - files_.begin());
}

void SplitLists::append(const Lists& lists) {
  std::vector<std::vector<Index>> users(files_.size());
  for (std::size_t user = 0; user < lists.sources.size(); ++user) {
    const std::size_t file = file_of(lists, user);
    users[file].push_back(static_cast<Index>(user));
    ++files_[file].users;
    files_[file].rows += lists.offsets[user + 1] - lists.offsets[user];
  }
  std::vector<std::string> texts;
  for (const std::vector<Index>& some : users) texts.push_back(some.empty() ? "" : lines_.text(lists, some));
  sink_->append(texts);
}

void SplitLists::commit(const std::vector<BlendPart>& models, std::uint64_t dataset_digest) {
  const Communicator& comm = context_.comm;
  const std::vector<SplitSink::Written> written = sink_->finish();
  for (std::size_t f = 0; f < files_.size(); ++f) {
    files_[f].users = comm.sum(files_[f].users);
    files_[f].rows = comm.sum(files_[f].rows);
    files_[f].bytes = written[f].bytes;
    files_[f].digest = written[f].digest;
  }
  ListManifest manifest{.provenance = context_.provenance(list_files_kind, dataset_digest),
                        .split = split_,
                        .models = models,
                        .segments_file = {},
                        .files = files_};
  if (const UserSegments* const segments = audience_.segments()) {
    manifest.segments_file = name_of(segments->path());
    manifest.segments_digest = segments->digest();
  }
  sink_->put_in_place([&] {
    remove_file(follow_links(family_.manifest()));
    std::ranges::for_each(stale_, remove_file);
  });
  write_text_in_rank_order(comm, family_.manifest(), comm.is_root() ? manifest_json(manifest) : "");
  if (comm.is_root() && !stale_.empty()) {
    context_.report.line(fmt::format("removed {} of an earlier run that {} named", counted(std::ssize(stale_), "file"),
                                     family_.manifest()));
  }
}

}  // namespace rankwise
