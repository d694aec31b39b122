#pragma once
// What OpenMP has no call for: how the threads of teams wait, and how large their stacks are. GNU's runtime takes both
// from the environment when the program is loaded, before it is known how many ranks share a node.

#include <cstddef>

namespace rankwise {

/// Threads that wait for work or for each other sleep at once. By default they look for it some milliseconds long,
/// which is faster while each has a processor of its own; else it keeps those from work whom they wait for. What
/// OMP_WAIT_POLICY or GOMP_SPINCOUNT say remains. To be called outside of parallel regions. Without effect if the
/// runtime is not GNU's.
void let_threads_sleep();

/// Of the stack of a team's thread, but for the first's.
[[nodiscard]] std::size_t thread_stack_bytes();

}  // namespace rankwise
