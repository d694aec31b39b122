#pragma once
// What a quarter's numbers say, in sentences for people.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace rankwise {

/// `numbers`: as quarter_numbers() has them, but for the sentences.
[[nodiscard]] std::vector<std::string> quarter_sentences(const nlohmann::ordered_json& numbers);

}  // namespace rankwise
