#include "jobs/wanted_users.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <numeric>
#include <span>
#include <sstream>

#include "io/field_text.hpp"

namespace rankwise {

namespace {

std::string read_on_root(const Communicator& comm, const std::string& path) {
  std::string text = agree_on(comm, [&] {
    if (!comm.is_root()) return std::string();
    std::ifstream file(path);
    std::string content((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (!file)
      throw Error(ExitCode::no_input,
                  fmt::format("{}: cannot read this list of users: {}", path, std::strerror(errno)));
    return content;
  });
  comm.broadcast(text);
  return text;
}

}  // namespace

WantedUsers::WantedUsers(const Communicator& comm, std::string path) : path_(std::move(path)) {
  if (path_.empty()) return;
  std::istringstream lines(read_on_root(comm, path_));
  Index number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) lines_.try_emplace(line, number);
  }
  if (lines_.empty())
    throw AgreedError(ExitCode::bad_data, fmt::format("{}: lists no user; expected one id a line", path_));
  found_lines_.resize(static_cast<std::size_t>(number) + 1);
}

std::vector<Index> WantedUsers::select(const Ids& ids) {
  std::vector<Index> selected;
  if (path_.empty()) {
    selected.resize(static_cast<std::size_t>(id_count(ids)));
    std::iota(selected.begin(), selected.end(), Index{0});
    return selected;
  }
  for (Index i = 0; i < id_count(ids); ++i) {
    const auto wanted = lines_.find(id_text(ids, i));
    if (wanted == lines_.end()) continue;
    selected.push_back(i);
    found_lines_[static_cast<std::size_t>(wanted->second)] = 1;
  }
  return selected;
}

std::vector<std::string> WantedUsers::unknown(const Communicator& comm) const {
  std::vector<std::int64_t> found = found_lines_;
  comm.all_reduce_max(std::span<std::int64_t>(found));
  std::vector<std::string> ids;
  for (const auto& [id, line] : lines_) {
    if (found[static_cast<std::size_t>(line)] == 0) ids.push_back(id);
  }
  std::ranges::sort(ids, {}, [this](const std::string& id) { return lines_.at(id); });
  return ids;
}

std::string WantedUsers::place_of(const std::string& id) const {
  return fmt::format("{}:{}: {}", path_, lines_.at(id), shown(id));
}

}  // namespace rankwise
