#pragma once
// How many threads a parallel region gets.

namespace rankwise {

/// Threads for work of about `operations` multiplications, or numbers read, out of `most` threads: one if the work is
/// small, since it is finished before a team has woken up, else all. Never some of them: libgomp ends the threads that
/// a smaller team leaves out, and has to start them again for the next one. No choice changes a bit of a result.
[[nodiscard]] int team_size(double operations, int most);

/// Out of all threads that this rank may use.
[[nodiscard]] int team_size(double operations);

}  // namespace rankwise
