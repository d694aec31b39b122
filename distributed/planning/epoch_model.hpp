#pragma once
// Predicted seconds and bytes of a layout: counted work over rates, counted traffic over a stated network. Pure values.

#include "distributed/exchange/exchange_plan.hpp"
#include "distributed/planning/layout_plan.hpp"
#include "kernels/base/matrix.hpp"

namespace rankwise {

/// What is trained, as far as it costs.
struct AlsCosts {
  Objective objective;
  SolverPlan user_method;
  SolverPlan item_method;
  Index width = 0;  ///< unknowns of a row: factors, and one more with biases
  RowFormat row_format = RowFormat::float32;

  /// Of one row on its way.
  [[nodiscard]] Index travel_row_bytes() const { return travel_bytes(row_format, padded_columns(width)); }
};

/// This machine's seconds over those of the build's table of rates.
struct MachineRatio {
  double users = 1;  ///< of solving user rows
  double items = 1;
};

/// What carries rows from a rank to others, each way at the same time.
struct NetworkRate {
  double latency_seconds = 2e-6;   ///< per message
  double bytes_per_second = 10e9;  ///< of one rank
  /// Part of the time of solving rows in which those that are solved already travel; 0 where processors copy them.
  double overlap = 0;
};

/// Bytes of one factor row in memory: whole lines of 64 bytes.
[[nodiscard]] Index row_bytes(Index width);

/// One half-sweep. Seconds are of the slowest rank, and the mean over ranks.
struct HalfSweepCost {
  double max_compute_seconds = 0;
  double mean_compute_seconds = 0;
  double max_transfer_seconds = 0;  ///< messages, packing, reductions; all of it, hidden or not
  double seconds = 0;               ///< until the slowest rank, counting both, is done
};

struct EpochCost {
  HalfSweepCost users;
  HalfSweepCost items;
  [[nodiscard]] double seconds() const { return users.seconds + items.seconds; }
};

/// Prediction for `threads` per rank. Compute is what one thread would take over the number of threads, but for the
/// eigenbasis, which every rank finds by one thread. The rows that a half-sweep needs travel in portions while the one
/// before solves them: what network.overlap of that time, but for the first portion's, does not cover is added, and
/// never less than the last portion.
[[nodiscard]] EpochCost predict_epoch(const LayoutPlan& layout, const AlsCosts& costs, const MachineRatio& ratio,
                                      const NetworkRate& network, int threads);

/// Peak memory of rank `rank` in bytes, beyond what a process with MPI has from its start, without a memory budget: the
/// larger of reading (one side's columns as read, beside the final form of both) and of sweeping (matrix twice,
/// factors, its part of its node's gathered rows of both sides and, where rows go to the dual, of their rotated copies,
/// packed rows, losses, per-thread systems).
[[nodiscard]] Index rank_memory_bytes(const LayoutPlan& layout, const AlsCosts& costs, int rank, int threads);

}  // namespace rankwise
