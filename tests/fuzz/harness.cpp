#include "tests/fuzz/harness.hpp"

#include <array>
#include <csignal>
#include <fcntl.h>
#include <unistd.h>

#include "distributed/comm/environment.hpp"

namespace rankwise::fuzz {

namespace {

/// MPI and its communicator for the life of the process.
struct SingleRank {
  explicit SingleRank(int argc = 0, char** argv = nullptr) : environment(argc, argv), comm(Communicator::single()) {}
  Environment environment;
  Communicator comm;
};

}  // namespace

const Communicator& single_rank() {
  static const SingleRank rank;
  return rank.comm;
}

void show_refusal(const char* reason) {
  if (std::getenv("RANKWISE_FUZZ_SHOW") != nullptr) std::fprintf(stderr, "refused: %s\n", reason);
}

InputFile::InputFile(std::string_view content) {
  const char* const folder = std::getenv("RANKWISE_FUZZ_FOLDER");
  path_ = std::string(folder != nullptr ? folder : "/tmp") + "/rankwise-fuzz-XXXXXX";
  const int descriptor = mkostemp(path_.data(), O_CLOEXEC);
  require(descriptor >= 0, "a temporary file can be made");
  const ssize_t written = write(descriptor, content.data(), content.size());
  require(written == static_cast<ssize_t>(content.size()), "a temporary file can be written");
  close(descriptor);
}

InputFile::~InputFile() {
  unlink(path_.c_str());
}

}  // namespace rankwise::fuzz

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  // One process without a launcher and without helpers.
  constexpr int keep_what_is_set = 0;
  setenv("OMPI_MCA_ess_singleton_isolated", "1", keep_what_is_set);
  setenv("OMPI_MCA_sharedfp", "^sm", keep_what_is_set);  // wants a folder that such a process does not have
  constexpr std::array signals{SIGABRT, SIGBUS, SIGFPE, SIGSEGV};
  std::array<struct sigaction, signals.size()> before{};
  for (std::size_t s = 0; s < signals.size(); ++s) sigaction(signals[s], nullptr, &before[s]);
  static_cast<void>(rankwise::fuzz::single_rank());
  // Open MPI's handlers would end the process before the fuzzer has kept the input.
  for (std::size_t s = 0; s < signals.size(); ++s) sigaction(signals[s], &before[s], nullptr);
  return 0;
}
