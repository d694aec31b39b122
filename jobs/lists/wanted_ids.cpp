#include "jobs/lists/wanted_ids.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>
#include <span>

#include "kernels/text/counted.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

WantedIds::WantedIds(IdList list, std::string path)
    : are_all_(false), path_(std::move(path)), note_(std::move(list.note)), missing_(list.missing) {
  found_lines_.resize(static_cast<std::size_t>(list.ids.back().line) + 1);
  for (ListedId& listed : list.ids) lines_.try_emplace(std::move(listed.id), listed.line);
}

std::vector<Index> WantedIds::select(const Ids& ids) {
  std::vector<Index> selected;
  if (are_all_) {
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

std::vector<std::string> WantedIds::unknown(const Communicator& comm) const {
  std::vector<std::int64_t> found = found_lines_;
  comm.all_reduce_max(std::span<std::int64_t>(found));
  std::vector<std::string> ids;
  for (const auto& [id, line] : lines_) {
    if (found[static_cast<std::size_t>(line)] == 0) ids.push_back(id);
  }
  std::ranges::sort(ids, {}, [this](const std::string& id) { return lines_.at(id); });
  return ids;
}

std::string WantedIds::place_of(const std::string& id) const {
  return path_.empty() ? shown(id) : fmt::format("{}:{}: {}", path_, lines_.at(id), shown(id));
}

void tell_reading(Report& report, const WantedIds& wanted, std::string_view option) {
  if (!wanted.note().empty()) report.line(wanted.note());
  const Index missing = wanted.missing();
  if (missing == 0) return;
  report.warning(fmt::format("{} of {} {} no id (it is empty, or a word such as NULL): passed over",
                             counted(missing, "line"), option, verb(missing, "has", "have")));
  report.event("missing_ids", {{"count", missing}});
}

}  // namespace rankwise
