#!/usr/bin/env bash
# launch_mpi.sh RANKS PROGRAM [ARGUMENT ...]: mpirun as these tests need it: as root in containers, more ranks than cores,
# ranks that yield while they wait.
set -euo pipefail
ranks=$1
shift
# Inside a batch job or another launch it starts ranks here all the same.
unset ${!SLURM_@} ${!PMI_@} ${!PMIX_@} ${!OMPI_COMM_@}
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
# Only what launches: plugins that look for displays and devices, transports to other nodes and collectives that are never
# chosen here would be loaded by each rank for nothing.
export HWLOC_PLUGINS_PATH=/nonexistent
exec mpirun --oversubscribe --bind-to none --mca mpi_yield_when_idle 1 --mca btl self,vader --mca btl_vader_single_copy_mechanism none \
  --mca coll ^adapt,han,inter,monitoring,sync \
  -x OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}" -n "$ranks" "$@"
