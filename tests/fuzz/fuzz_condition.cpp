// Conditions: the first line is one, the second the fields of a record.

#include <algorithm>
#include <vector>

#include "io/conditions/condition_text.hpp"
#include "io/text/field_text.hpp"
#include "tests/fuzz/harness.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rankwise;
  const std::string_view text = fuzz::text_of(data, size);
  const std::size_t line_end = std::min(text.find('\n'), text.size());
  fuzz::read_or_refuse([&] {
    const RowCondition condition = parse_condition("--where", text.substr(0, line_end));
    const MissingValues missing;
    FieldSplitter splitter(Dialect::tab);
    std::vector<std::string_view> fields = splitter.split(text.substr(std::min(line_end + 1, text.size())));
    std::vector<int> columns;
    for (std::size_t c = 0; c < condition.columns().size(); ++c) columns.push_back(static_cast<int>(c));
    fields.resize(std::max(fields.size(), columns.size()));
    const ConditionRecord record{.fields = fields, .columns = columns, .missing_values = missing};
    fuzz::require(condition.holds(record) == condition.holds(record), "a record fulfils a condition or not");
  });
  return 0;
}
