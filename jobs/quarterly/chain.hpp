#pragma once
// A chain of jobs, from logs to recommendations and segments, as one file describes it: a value, the same for whoever
// reads the file.

#include <cstdint>
#include <string>
#include <vector>

#include "jobs/quarterly/settings.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// A job and its arguments, as on a command line.
struct ChainCommand {
  Job job;
  std::vector<std::string> arguments;  ///< "--name=value", or "--name" of a switch
};

/// One step: commands that one launch runs one after the other, the files that they read, and those that they write.
/// All paths are absolute.
struct ChainStep {
  std::string name;  ///< "als", "kmeans-items": of its item, log and record
  std::vector<ChainCommand> commands;
  std::string configuration;         ///< of the commands: what decides their output, beside files
  std::vector<std::string> launch;   ///< options that change no output: --simd avx2
  std::vector<std::string> inputs;   ///< files, also those that steps before write
  std::vector<std::string> outputs;  ///< files
  std::string checkpoints;           ///< a folder that the step needs no longer once it is done; empty: none
  std::string sweep;                 ///< the sweep's folder, of the step that searches; else empty
  std::int64_t cores_of_trial = 0;   ///< of the step that searches
  std::string repeats;               ///< the step whose training this one repeats on everything; else empty
  std::string data;                  ///< als: the dataset
  Index epochs = 0;                  ///< als: at most
  std::vector<std::size_t> after;    ///< places of the steps whose outputs it reads
  slurm::Resources resources;
};

struct Chain {
  std::string file;  ///< that it was read from
  ChainSettings settings;
  std::vector<ChainStep> steps;  ///< each after those that it reads from
  std::string text;              ///< the same chain, with absolute paths: what DIR/quarterly.ini has
};

/// Throws Error(no_input) where a step reads a file that is not there and that no step before writes.
void require_inputs(const Chain& chain);

/// The command as a shell would take it: `rankwise als --data ...`.
[[nodiscard]] std::string command_text(const ChainStep& step, const ChainCommand& command);

}  // namespace rankwise
