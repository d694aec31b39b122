#pragma once
// Conditions as people write them: country = DE and (price > 0 or not coupon is missing).

#include <string_view>

#include "io/conditions/condition.hpp"

namespace rankwise {

/// Columns that a condition may name, at most.
inline constexpr int most_condition_columns = 16;

/// The grammar, words in any case:
///
///     condition  = all { "or" all }
///     all        = one { "and" one }
///     one        = "not" one | "(" condition ")" | column test
///     test       = relation value | [ "not" ] "in" "(" literal { "," literal } ")" | "is" [ "not" ] "missing"
///     relation   = "=" | "!=" | "<" | "<=" | ">" | ">="
///     value      = literal | "column in double quotes"
///     literal    = word | 'text in single quotes'
///     column     = word | "name in double quotes"
///
/// A quote inside quotes is doubled. A word that is a number is one; a text in quotes never is. Throws Error(usage)
/// that names the option.
[[nodiscard]] RowCondition parse_condition(std::string_view option, std::string_view text);

}  // namespace rankwise
