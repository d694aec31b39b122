#pragma once
// The names that users and items bear outside the program.

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "kernels/base/types.hpp"

namespace rankwise {

/// Ids in index order: all integers (>= 0), or all UTF-8 strings.
using Ids = std::variant<std::vector<std::int64_t>, std::vector<std::string>>;

[[nodiscard]] Index id_count(const Ids& ids);
/// The id at `index` as text.
[[nodiscard]] std::string id_text(const Ids& ids, Index index);
/// Appends ids, all of which become texts unless both are integers.
void append_ids(Ids& ids, const Ids& more);

}  // namespace rankwise
