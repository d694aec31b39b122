#include "jobs/recommend/wanted_users.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>
#include <span>

#include "io/log/id_list.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

WantedUsers::WantedUsers(const Communicator& comm, std::string path) : path_(std::move(path)) {
  if (path_.empty()) return;
  IdList list = read_user_list(comm, path_);
  note_ = std::move(list.note);
  missing_ = list.missing;
  for (ListedId& listed : list.ids) lines_.try_emplace(std::move(listed.id), listed.line);
  found_lines_.resize(static_cast<std::size_t>(list.ids.back().line) + 1);
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
