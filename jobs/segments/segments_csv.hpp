#pragma once
// What `segments` has found, as one table.

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace rankwise {

/// The numbers of the JSON, a line each: `part,segment,attribute,value,measure,number`. Numbers that are not printed
/// are empty.
[[nodiscard]] std::string segments_csv(const nlohmann::ordered_json& json);

}  // namespace rankwise
