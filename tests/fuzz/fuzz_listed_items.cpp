// Lists of recommend, as segments reads them.

#include "distributed/rows/ids.hpp"
#include "jobs/segments/measures/listed_items.hpp"
#include "tests/fuzz/file_targets.hpp"

namespace {

bool read_lists(const std::string& path, rankwise::InputCheck check) {
  using namespace rankwise;
  return fuzz::read_or_refuse([&] {
    const ListedItems lists = read_listed_items(fuzz::single_rank(), path, check);
    fuzz::require(std::ssize(lists.offsets) == id_count(lists.users.ids) + 1, "each user has a list");
    fuzz::require(lists.offsets.front() == 0 && std::ranges::is_sorted(lists.offsets), "lists follow each other");
    fuzz::require(lists.offsets.back() == id_count(lists.items.ids), "each place of a list has an item");
  });
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rankwise;
  const fuzz::InputFile input(fuzz::text_of(data, size));
  fuzz::read_both_ways(input.path(), read_lists);
  return 0;
}
