#include "distributed/rows/ids.hpp"

#include <type_traits>
#include <utility>

namespace rankwise {

Index id_count(const Ids& ids) {
  return std::visit([](const auto& values) { return static_cast<Index>(values.size()); }, ids);
}

std::string id_text(const Ids& ids, Index index) {
  return std::visit(
      [index](const auto& values) -> std::string {
        const auto& id = values[static_cast<std::size_t>(index)];
        if constexpr (std::is_same_v<std::decay_t<decltype(id)>, std::string>) {
          return id;
        } else {
          return std::to_string(id);
        }
      },
      ids);
}

void append_ids(Ids& ids, const Ids& more) {
  auto* numbers = std::get_if<std::vector<std::int64_t>>(&ids);
  const auto* more_numbers = std::get_if<std::vector<std::int64_t>>(&more);
  if (numbers != nullptr && more_numbers != nullptr) {
    numbers->insert(numbers->end(), more_numbers->begin(), more_numbers->end());
    return;
  }
  auto* own_texts = std::get_if<std::vector<std::string>>(&ids);
  const auto* more_texts = std::get_if<std::vector<std::string>>(&more);
  if (own_texts != nullptr && more_texts != nullptr) {
    own_texts->insert(own_texts->end(), more_texts->begin(), more_texts->end());
    return;
  }
  std::vector<std::string> texts;
  for (const Ids* each : {static_cast<const Ids*>(&ids), &more}) {
    for (Index i = 0; i < id_count(*each); ++i) texts.push_back(id_text(*each, i));
  }
  ids = std::move(texts);
}

}  // namespace rankwise
