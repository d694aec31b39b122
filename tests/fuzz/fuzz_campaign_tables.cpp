// Tables of campaigns: groups of customers, and planted responses to offers.

#include "io/campaign/group_table.hpp"
#include "io/synthetic/response_table.hpp"
#include "tests/fuzz/harness.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rankwise;
  const fuzz::InputFile file(fuzz::text_of(data, size));
  fuzz::read_or_refuse([&] {
    const GroupTable table = read_group_table(file.path());
    fuzz::require(table.users.size() == table.groups.size(), "each user has a group");
    fuzz::require(table.segments.empty() || table.segments.size() == table.users.size(), "each user has a segment");
    fuzz::require(table.begins.empty() || table.begins.size() == table.users.size(), "each user has a time");
  });
  fuzz::read_or_refuse([&] {
    for (const PlantedResponse& response : read_responses(fuzz::single_rank(), file.path())) {
      fuzz::require(response.extra_orders >= 0 && response.extra_orders <= most_extra_orders, "orders are in range");
      fuzz::require(response.amount_cents >= 0, "amounts are not negative");
    }
  });
  return 0;
}
