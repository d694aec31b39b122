#pragma once
// What every fuzzer shares. The property that all of them check: a reader succeeds, or throws rankwise::Error with an
// exit code that blames the input. Anything else ends the process, which is a finding.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "distributed/comm/communicator.hpp"
#include "kernels/base/error.hpp"

namespace rankwise::fuzz {

/// This process alone; MPI starts at the first call.
[[nodiscard]] const Communicator& single_rank();

/// An input as a file in the folder RANKWISE_FUZZ_FOLDER, else /tmp, for readers that open their files themselves. HDF5
/// wants a path that leads somewhere, which that of a memfd does not.
class InputFile {
 public:
  explicit InputFile(std::string_view content);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

[[nodiscard]] inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// What a reader promised does not hold: a finding.
inline void require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

[[nodiscard]] inline bool blames_input(ExitCode code) {
  return code == ExitCode::bad_data || code == ExitCode::usage || code == ExitCode::no_input;
}

/// Prints it where the environment has RANKWISE_FUZZ_SHOW.
void show_refusal(const char* reason);

/// Whether `step` succeeded; it may fail by an Error that blames the input only.
template <class Step>
bool read_or_refuse(Step&& step) {
  try {
    step();
    return true;
  } catch (const Error& error) {
    if (!blames_input(error.code())) std::fprintf(stderr, "exit code %d: ", static_cast<int>(error.code()));
    require(blames_input(error.code()), error.what());
    show_refusal(error.what());
    return false;
  }
}

}  // namespace rankwise::fuzz

/// Calls one reader with one input; what libFuzzer and the replay of kept inputs call.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv);
