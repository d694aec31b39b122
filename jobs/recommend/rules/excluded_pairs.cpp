#include "jobs/recommend/rules/excluded_pairs.hpp"

#include <algorithm>
#include <utility>

namespace rankwise {

namespace {

/// The root's texts on every rank. Collective.
std::vector<std::string> broadcast_texts(const Communicator& comm, const std::vector<std::string>& texts) {
  std::string joined;
  std::vector<Index> sizes;
  for (const std::string& text : texts) {
    joined += text;
    sizes.push_back(std::ssize(text));
  }
  comm.broadcast(joined);
  comm.broadcast(sizes);
  std::vector<std::string> all;
  std::size_t begin = 0;
  for (const Index size : sizes) {
    all.push_back(joined.substr(begin, static_cast<std::size_t>(size)));
    begin += static_cast<std::size_t>(size);
  }
  return all;
}

}  // namespace

ExcludedPairs::ExcludedPairs(const Communicator& comm, const PairList& list, std::vector<Index> rows) {
  // The root numbers users in the order of the list, and sorts the pairs: the others receive them as they are.
  std::vector<std::string> names;
  std::vector<std::pair<Index, Index>> pairs;  // user's number, item
  if (comm.is_root()) {
    std::unordered_map<std::string, Index> numbers;
    for (std::size_t p = 0; p < list.users.size(); ++p) {
      const auto [user, is_new] = numbers.try_emplace(list.users[p], std::ssize(names));
      if (is_new) names.push_back(list.users[p]);
      if (rows[p] >= 0) pairs.emplace_back(user->second, rows[p]);
    }
    std::ranges::sort(pairs);
    pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
  }
  names = broadcast_texts(comm, names);
  std::vector<Index> owners;
  for (const auto& [user, item] : pairs) {
    owners.push_back(user);
    items_.push_back(item);
  }
  comm.broadcast(owners);
  comm.broadcast(items_);
  auto begin = owners.begin();
  for (Index number = 0; number < std::ssize(names); ++number) {
    const auto end = std::upper_bound(begin, owners.end(), number);
    users_.emplace(std::move(names[static_cast<std::size_t>(number)]),
                   User{number, begin - owners.begin(), end - owners.begin()});
    begin = end;
  }
}

std::span<const Index> ExcludedPairs::of(const std::string& user) const {
  const auto found = users_.find(user);
  if (found == users_.end()) return {};
  return std::span(items_).subspan(static_cast<std::size_t>(found->second.begin),
                                   static_cast<std::size_t>(found->second.end - found->second.begin));
}

std::vector<std::string> ExcludedPairs::unknown_users(const Communicator& comm, std::span<const Ids> known) const {
  std::vector<std::int64_t> is_found(users_.size());
  for (const Ids& ids : known) {
    for (Index i = 0; i < id_count(ids); ++i) {
      const auto found = users_.find(id_text(ids, i));
      if (found != users_.end()) is_found[static_cast<std::size_t>(found->second.number)] = 1;
    }
  }
  comm.all_reduce_max(std::span<std::int64_t>(is_found));
  std::vector<std::string> unknown;
  for (const auto& [id, user] : users_) {
    if (is_found[static_cast<std::size_t>(user.number)] == 0) unknown.push_back(id);
  }
  std::ranges::sort(unknown, {}, [this](const std::string& id) { return users_.at(id).number; });
  return unknown;
}

}  // namespace rankwise
