// Tables of campaigns: groups of customers, planted responses to offers, contacts, and measured uplift.

#include "io/campaign/contact_list.hpp"
#include "io/campaign/group_table.hpp"
#include "io/campaign/uplift_table.hpp"
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
  fuzz::read_or_refuse([&] {
    const ContactList contacts = read_contacts(fuzz::single_rank(), file.path());
    fuzz::require(contacts.users.size() == contacts.times_microseconds.size(), "each contact has a time");
  });
  fuzz::read_or_refuse([&] {
    const UpliftTable table = read_uplift(fuzz::single_rank(), file.path());
    fuzz::require(table.segments.size() == table.offers.size() && table.offers.size() == table.margin_millionths.size(),
                  "each row has all values");
  });
  return 0;
}
