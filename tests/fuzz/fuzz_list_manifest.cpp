// Manifests of lists in several files: whatever they say, no other file is taken for one of these lists.

#include "jobs/recommend/files/file_family.hpp"
#include "jobs/recommend/files/list_manifest.hpp"
#include "tests/fuzz/harness.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rankwise;
  const fuzz::InputFile file(fuzz::text_of(data, size));
  fuzz::read_or_refuse([&] {
    const FileFamily family("lists.csv");
    for (const std::string& name : files_of_manifest(file.path())) {
      if (family.has(name)) fuzz::require(name.find('/') == std::string::npos, "names have no folder");
    }
  });
  return 0;
}
