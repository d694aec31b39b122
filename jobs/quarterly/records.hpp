#pragma once
// What a chain's steps have done: DIR/steps/STEP.json, written by a step once all of its files are.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "jobs/quarterly/chain/chain.hpp"

namespace rankwise {

/// A file as it was written: whole where its size and either its time or its digest are still these.
struct WrittenFile {
  std::uint64_t bytes = 0;
  std::int64_t modified_nanoseconds = 0;  ///< since 1970
  std::string digest;                     ///< XXH3-64 of its bytes
};

/// What the last run of a step took.
struct StepCost {
  double seconds = 0;
  std::int64_t ranks = 1;
  std::int64_t threads = 1;            ///< of a rank
  std::int64_t peak_memory_bytes = 0;  ///< of all ranks; 0: not known
};

struct StepRecord {
  std::string version;                         ///< of the program
  std::string configuration;                   ///< ChainStep::configuration
  std::map<std::string, std::string> inputs;   ///< by path: digests of what steps wrote, sizes and times of other files
  std::map<std::string, WrittenFile> outputs;  ///< by path
  std::optional<StepCost> cost;                ///< nothing of older records
  std::vector<std::string> warnings;           ///< of the last run
};

/// What the step is made of now: a record without outputs. Nothing where a step that it reads from has no record in
/// `records`, or a file is missing.
[[nodiscard]] std::optional<StepRecord> present_inputs(const Chain& chain, std::size_t place,
                                                       const std::vector<std::optional<StepRecord>>& records);

/// The records of steps that are done, in the chain's order: made by this program with these options from the files
/// that are there now, and with every file that the step wrote still as it was. Throws Error(io_error).
[[nodiscard]] std::vector<std::optional<StepRecord>> valid_records(const Chain& chain);

/// Why what the step wrote is not of this chain as it was submitted: no record, other options, files that have changed,
/// or files of steps before that were written again since. Empty: it is, whatever program made it and whatever became
/// of files from elsewhere. Throws Error(io_error).
[[nodiscard]] std::string unfinished_reason(const Chain& chain, std::size_t place);

/// Adds the step's outputs as they stand to `record` and writes it. Throws Error (io_error, cannot_create).
void write_step_record(const Chain& chain, const ChainStep& step, StepRecord record);

/// Why a step that was done is to be done again, in a few words: which options, inputs, outputs or program are others
/// than in its record. `records` are the valid ones. Throws Error(io_error).
[[nodiscard]] std::string what_changed(const Chain& chain, std::size_t place,
                                       const std::vector<std::optional<StepRecord>>& records);

/// Of a step that is made once and is done: that it is not as options and inputs are now, and what to do. Else empty.
/// `records` are the valid ones. Throws Error(io_error).
[[nodiscard]] std::string made_before(const Chain& chain, std::size_t place,
                                      const std::vector<std::optional<StepRecord>>& records);

/// A text that is the same only for equal versions, configurations and inputs.
[[nodiscard]] std::string identity(const StepRecord& record);

}  // namespace rankwise
