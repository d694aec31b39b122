// Names of segments that people give.

#include <set>

#include "jobs/segments/measures/name_table.hpp"
#include "kernels/text/utf8.hpp"
#include "tests/fuzz/harness.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rankwise;
  const fuzz::InputFile file(fuzz::text_of(data, size));
  fuzz::read_or_refuse([&] {
    std::set<std::string> names;
    for (const auto& [segment, name] : read_segment_names(fuzz::single_rank(), file.path())) {
      fuzz::require(!name.empty() && is_utf8(name), "each segment has a name that can be printed");
      fuzz::require(!is_reserved_name(name), "no segment is called as what is no segment");
      fuzz::require(names.insert(name).second, "no two segments have one name");
    }
  });
  return 0;
}
