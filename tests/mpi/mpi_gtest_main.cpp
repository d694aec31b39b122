// GoogleTest under MPI: every rank runs every test; only rank 0 prints, unless another rank fails; the exit code is
// agreed.

#include <gtest/gtest.h>
#include <memory>

#include "distributed/comm/communicator.hpp"
#include "distributed/comm/environment.hpp"

namespace {

/// Prints failures of ranks other than 0, which have no other printer.
class FailurePrinter : public testing::EmptyTestEventListener {
 public:
  explicit FailurePrinter(int rank) : rank_(rank) {}
  void OnTestPartResult(const testing::TestPartResult& result) override {
    if (result.failed()) {
      fprintf(stderr, "rank %d: %s:%d: %s\n", rank_, result.file_name() ? result.file_name() : "?",
              result.line_number(), result.summary());
    }
  }

 private:
  int rank_;
};

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  // An exception ends all ranks, with its text: the others would wait in a collective until the time limit of the test.
  GTEST_FLAG_SET(catch_exceptions, false);
  const rankwise::Environment environment(argc, argv);
  const rankwise::Communicator comm = rankwise::Communicator::world();
  if (!comm.is_root()) {
    auto& listeners = testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
    listeners.Append(std::make_unique<FailurePrinter>(comm.rank()).release());
  }
  return comm.max(RUN_ALL_TESTS());
}
