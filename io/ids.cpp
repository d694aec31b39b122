#include "io/ids.hpp"

#include <type_traits>

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

}  // namespace rankwise
