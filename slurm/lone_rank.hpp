#pragma once
// How a rank that no launcher starts finds its MPI.

#include <array>
#include <string_view>

namespace rankwise::slurm {

/// Such a rank starts twice as fast when it needs no daemon of Open MPI's, and does not die with one that is told to
/// end. All such ranks of a host would have one session folder, which the first to end takes away from the others: they
/// do without.
inline constexpr std::array<std::string_view, 3> lone_rank_environment{
    "OMPI_MCA_ess_singleton_isolated=1", "OMPI_MCA_orte_create_session_dirs=0", "OMPI_MCA_sharedfp=^sm"};

}  // namespace rankwise::slurm
