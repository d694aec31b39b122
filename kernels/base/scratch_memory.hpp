#pragma once
// Large arrays in files instead of memory, beyond a budget.

#include <cstddef>
#include <optional>
#include <string>

namespace rankwise {

/// While one lives, the arrays of this process that its budget has no room for are files: operator new maps each of
/// them to a file of its own, which has no name and goes with the array, so that the kernel can write its pages out and
/// give the memory to others. What counts against the budget is the process' private memory as RLIMIT_DATA counts it,
/// touched or not. Arrays of 1 MiB and more take three quarters of the budget at most; the rest is for all that is
/// smaller, which has no other place. There may be one at a time; arrays may outlive it.
class ScratchMemory {
 public:
  /// Throws Error: usage, if half of the budget is in use already or the system does not tell what is; cannot_create,
  /// if there can be no file in `folder`. Both name the options --memory-budget and --scratch.
  ScratchMemory(const std::string& folder, std::size_t budget_bytes);
  ~ScratchMemory();
  ScratchMemory(const ScratchMemory&) = delete;
  ScratchMemory& operator=(const ScratchMemory&) = delete;

  struct Figures {
    std::size_t most_private_bytes = 0;  ///< as seen when arrays were made, and now
    std::size_t most_scratch_bytes = 0;  ///< in files at once
  };
  [[nodiscard]] Figures figures() const;
  /// Why an array could not be made, which ended in std::bad_alloc: `folder` has no room. Empty if there was none.
  [[nodiscard]] std::string refusal() const;
  /// Whether files in the folder are kept in memory, so that they bound nothing.
  [[nodiscard]] bool is_in_memory() const;
};

/// For operator new. Nothing: the array is to be made as ever; nullptr: there is no room for it.
[[nodiscard]] std::optional<void*> allocate_scratch(std::size_t bytes, std::size_t alignment) noexcept;
/// For operator delete: whether the array was in a file, which is gone then.
[[nodiscard]] bool free_scratch(void* memory) noexcept;

}  // namespace rankwise
