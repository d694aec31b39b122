// Replays kept inputs through a fuzzer's entry point, without libFuzzer: replay FILE|FOLDER ...
// Prints each name first, so that the last one printed is the culprit.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/resource.h>
#include <vector>

#include "tests/fuzz/harness.hpp"

namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

/// An allocation by a size that a file claims fails, as it does under the fuzzer. The address sanitizer has a limit of
/// its own and needs the address space.
void limit_memory() {
  if (sanitized) return;
  constexpr rlim_t most_bytes = rlim_t{2} << 30;
  const rlimit limit{most_bytes, most_bytes};
  rankwise::fuzz::require(setrlimit(RLIMIT_DATA, &limit) == 0, "memory can be limited");
}

std::vector<std::filesystem::path> inputs_in(const std::filesystem::path& place) {
  if (!std::filesystem::is_directory(place)) return {place};
  std::vector<std::filesystem::path> inputs;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(place)) {
    if (entry.is_regular_file()) inputs.push_back(entry.path());
  }
  std::ranges::sort(inputs);
  return inputs;
}

}  // namespace

#ifdef __SANITIZE_ADDRESS__
extern "C" const char* __asan_default_options() {
  return "max_allocation_size_mb=512:allocator_may_return_null=1";
}
#endif

int main(int argc, char** argv) {
  LLVMFuzzerInitialize(&argc, &argv);
  limit_memory();
  int replayed = 0;
  for (int a = 1; a < argc; ++a) {
    for (const std::filesystem::path& path : inputs_in(argv[a])) {
      std::printf("%s\n", path.c_str());
      std::fflush(stdout);
      std::ifstream file(path, std::ios::binary);
      const std::vector<char> bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
      rankwise::fuzz::require(file.good() || file.eof(), "the input can be read");
      LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
      ++replayed;
    }
  }
  std::printf("%d inputs\n", replayed);
  return replayed > 0 ? 0 : 1;
}
