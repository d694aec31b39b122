#pragma once
// JSON as files and standard output get it.

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace rankwise {

inline constexpr int one_line = -1;

/// `json` as text that every reader of JSON takes, its names and texts as encoded_text(), since names of files, which
/// are among them, may be any bytes. `indent`: spaces of each level, or one_line.
[[nodiscard]] std::string json_text(const nlohmann::ordered_json& json, int indent);
/// The same in ASCII alone, in one line.
[[nodiscard]] std::string ascii_json_text(const nlohmann::ordered_json& json);

/// A number as JSON has it, which has neither NaN, as a metric without a definition is, nor infinity: then null.
[[nodiscard]] nlohmann::ordered_json number_or_null(double value);

}  // namespace rankwise
