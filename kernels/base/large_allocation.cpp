// Allocations of many MiB in huge pages. Every access pattern of this program that scatters or gathers, in
// dictionaries, transposition and half-sweeps, otherwise waits for address translation more than for data: indexing a
// log of 8 million rows took 9.1 s of processor time with 4 KiB pages and 2.4 s with 2 MiB pages. Linux gives huge
// pages to those who ask
// ("madvise" is the usual setting), and glibc asks only when told from outside the process.
//
// Replaces the global operator new of every program that links this floor; small requests take malloc as ever. Arrays
// beyond a budget of memory are files (kernels/base/scratch_memory.hpp).

#include "kernels/base/large_allocation.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <optional>

#include "kernels/base/scratch_memory.hpp"

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace {
constexpr std::size_t huge_page_bytes = std::size_t{2} << 20;
constexpr std::size_t large_bytes = 2 * huge_page_bytes;  // rounding up wastes at most a third

void* try_allocate(std::size_t size, std::size_t alignment) {
  if (const std::optional<void*> in_file = rankwise::allocate_scratch(size, alignment)) return *in_file;
  if (size < large_bytes) {
    if (alignment <= alignof(std::max_align_t)) return std::malloc(std::max<std::size_t>(size, 1));
    return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  }
  const std::size_t boundary = std::max(alignment, huge_page_bytes);
  if (size > SIZE_MAX - boundary) return nullptr;
  const std::size_t rounded = (size + boundary - 1) / boundary * boundary;
  void* const memory = std::aligned_alloc(boundary, rounded);
#ifdef __linux__
  if (memory != nullptr) ::madvise(memory, rounded, MADV_HUGEPAGE);  // a wish: without huge pages all still works
#endif
  return memory;
}

void release(void* memory) noexcept {
  if (!rankwise::free_scratch(memory)) std::free(memory);
}

/// std::bad_alloc has no room for it, and what it unwinds to wants to say how much was asked for.
std::atomic<std::size_t> last_refused_bytes{0};

void* allocate(std::size_t size, std::size_t alignment) {
  while (true) {
    if (void* const memory = try_allocate(size, alignment)) return memory;
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) {
      last_refused_bytes = size;
      throw std::bad_alloc();
    }
    handler();
  }
}

/// For callers that know what to do without.
void* allocate_or_null(std::size_t size, std::size_t alignment) noexcept {
  const std::size_t refused_before = last_refused_bytes;
  try {
    return allocate(size, alignment);
  } catch (const std::bad_alloc&) {
    last_refused_bytes = refused_before;
    return nullptr;
  }
}

constexpr std::size_t usual = alignof(std::max_align_t);
}  // namespace

namespace rankwise {

std::size_t refused_bytes() {
  return last_refused_bytes;
}

}  // namespace rankwise

// All forms, so that no allocator but this one's malloc ever meets this one's free.
void* operator new(std::size_t size) {
  return allocate(size, usual);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return allocate_or_null(size, usual);
}
void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return allocate_or_null(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size) {
  return allocate(size, usual);
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return allocate_or_null(size, usual);
}
void* operator new[](std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return allocate_or_null(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept {
  release(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  release(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  release(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  release(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
  release(memory);
}
void operator delete(void* memory, std::align_val_t, const std::nothrow_t&) noexcept {
  release(memory);
}
void operator delete[](void* memory) noexcept {
  release(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  release(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept {
  release(memory);
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
  release(memory);
}
void operator delete[](void* memory, const std::nothrow_t&) noexcept {
  release(memory);
}
void operator delete[](void* memory, std::align_val_t, const std::nothrow_t&) noexcept {
  release(memory);
}
