// Tables of items and users.

#include "io/tables/table_file.hpp"
#include "io/tables/table_text.hpp"
#include "tests/fuzz/harness.hpp"

namespace {

void read_whole(const rankwise::TableSource& source) {
  using namespace rankwise;
  fuzz::read_or_refuse([&] {
    const ListedTable table = read_table(fuzz::single_rank(), source).table;
    for (const TableColumn& column : table.columns) {
      fuzz::require(can_be_column_name(column.name), "names of columns fit a file");
      fuzz::require(missing_count(column.values) <= std::ssize(table.ids), "no more values are missing than there are");
      if (const auto* words = std::get_if<Categories>(&column.values)) {
        fuzz::require(words->codes.size() == table.ids.size(), "columns are as long as the ids");
        for (const std::int32_t code : words->codes) {
          fuzz::require(code >= Categories::missing && code < std::ssize(words->categories), "codes are categories");
        }
      }
    }
  });
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rankwise;
  const fuzz::InputFile file(fuzz::text_of(data, size));
  TableSource source;
  source.path = file.path();
  read_whole(source);
  source.side = TableSide::users;
  read_whole(source);
  source.columns.id = "1";
  source.columns.kept = {{"word", "2"}, {"number", "3"}};
  source.types = {{"word", ColumnType::category}, {"number", ColumnType::number}};
  read_whole(source);
  return 0;
}
