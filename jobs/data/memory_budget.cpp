#include "jobs/data/memory_budget.hpp"

#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <new>

#include "jobs/options/file_option.hpp"
#include "jobs/options/unit_options.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/scratch_memory.hpp"
#include "kernels/text/units.hpp"

namespace rankwise {

namespace {

std::string scratch_folder(const MemoryBudget& budget, const std::string& output) {
  if (!budget.scratch.empty()) return budget.scratch;
  const char* const temporary = std::getenv("TMPDIR");
  if (temporary != nullptr && *temporary != '\0') return temporary;
  const std::filesystem::path folder = std::filesystem::path(output).parent_path();
  return folder.empty() ? "." : folder.string();
}

void tell(JobContext& context, Index budget_bytes, const ScratchMemory::Figures& mine) {
  const Communicator& comm = context.comm;
  const Index most_private = comm.max(static_cast<Index>(mine.most_private_bytes));
  const Index most_scratch = comm.max(static_cast<Index>(mine.most_scratch_bytes));
  const Index all_scratch = comm.sum(static_cast<Index>(mine.most_scratch_bytes));
  context.report.line(fmt::format("memory: {} of the budget's {} at most on a rank, and {} in scratch files",
                                  bytes_text(static_cast<double>(most_private)),
                                  bytes_text(static_cast<double>(budget_bytes)),
                                  bytes_text(static_cast<double>(most_scratch))));
  if (most_private > budget_bytes) {
    context.report.warning(
        fmt::format("a rank took {} of memory, more than --memory-budget {}: long ids and small arrays have no other "
                    "place; expected a larger budget, or more ranks",
                    bytes_text(static_cast<double>(most_private)), bytes_text(static_cast<double>(budget_bytes))));
  }
  context.report.event("memory_budget", {{"budget_bytes", budget_bytes},
                                         {"private_peak_bytes", most_private},
                                         {"scratch_peak_bytes", most_scratch},
                                         {"scratch_peak_bytes_of_ranks", all_scratch}});
}

/// The root's refusal, or that of the lowest rank with one; empty if there is none. Collective.
std::string any_refusal(const Communicator& comm, const std::string& mine) {
  try {
    agree_on(comm, [&] {
      if (!mine.empty()) throw Error(ExitCode::io_error, mine);
    });
  } catch (const AgreedError& error) {
    return error.what();
  }
  return {};
}

}  // namespace

void add_memory_options(boost::program_options::options_description& options, MemoryBudget& budget) {
  namespace po = boost::program_options;
  auto add = options.add_options();
  add("memory-budget", po::value<std::string>()->value_name("BYTES")->notifier(bytes_of("memory-budget", budget.bytes)),
      "memory of each rank, as in 4GiB: large arrays beyond it are in scratch files; the dataset has the same bytes");
  add("scratch", written_folder(&budget.scratch, {}),
      "folder for scratch files, on a local disk of each node; without it $TMPDIR, or else where the output goes");
}

void require_sense(const MemoryBudget& budget) {
  if (budget.bytes == 0 && !budget.scratch.empty()) {
    throw Error(ExitCode::usage, "--scratch needs --memory-budget, such as 4GiB");
  }
}

void within_budget(JobContext& context, const MemoryBudget& budget, const std::string& output,
                   const std::function<void()>& body) {
  const Communicator& comm = context.comm;
  agree_on(comm, [&] { require_sense(budget); });
  if (budget.bytes == 0) return body();
  const auto scratch = agree_on(comm, [&] {
    return std::make_unique<ScratchMemory>(scratch_folder(budget, output), static_cast<std::size_t>(budget.bytes));
  });
  if (comm.max(scratch->is_in_memory() ? 1 : 0) > 0) {
    context.report.warning(fmt::format("--scratch {}: its files are kept in memory there (tmpfs); expected a disk",
                                       scratch_folder(budget, output)));
  }
  try {
    body();
  } catch (const AgreedError& error) {
    if (error.code() != ExitCode::internal) throw;
    const std::string refusal = any_refusal(comm, scratch->refusal());
    if (refusal.empty()) throw;
    throw AgreedError(ExitCode::io_error, refusal);
  } catch (const std::bad_alloc&) {
    if (scratch->refusal().empty()) throw;
    throw Error(ExitCode::io_error, scratch->refusal());
  }
  tell(context, budget.bytes, scratch->figures());
}

}  // namespace rankwise
