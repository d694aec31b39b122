#pragma once
// The life of MPI in this process.

namespace rankwise {

/// Whether mpirun, srun or the like started this process as the first of its ranks, or nothing did. Needs no MPI.
[[nodiscard]] bool is_first_of_launch();

/// MPI_Init_thread (funneled: only the main thread speaks MPI) at birth, MPI_Finalize at death. One per process, in
/// main.
class Environment {
 public:
  Environment(int& argc, char**& argv);
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  /// Ends every rank at once with `exit_code`; for failures that the other ranks do not know of.
  [[noreturn]] static void abort(int exit_code);

  /// The same from any thread, also where MPI is not there (yet): a rank alone just ends.
  [[noreturn]] static void abort_from_any_thread(int exit_code);
};

}  // namespace rankwise
