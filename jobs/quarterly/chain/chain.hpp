#pragma once
// A chain of jobs, from logs to recommendations and segments, as one file describes it: a value, the same for whoever
// reads the file.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "jobs/quarterly/chain/previous.hpp"
#include "jobs/quarterly/chain/settings.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// A job and its arguments, as on a command line.
struct ChainCommand {
  Job job;
  std::vector<std::string> arguments;  ///< "--name=value", or "--name" of a switch
};

/// Which model serves: the step that makes it asks the verdict of a gate.
struct ServingChoice {
  std::string verdict;   ///< what evaluate wrote; empty: there is no gate
  std::string older;     ///< last quarter's model, which still serves if the new one is held back
  std::string measured;  ///< the model that serves if it is not; empty: the step trains it

  [[nodiscard]] bool is_made() const { return !verdict.empty(); }
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
  std::string verdict;               ///< of a gate: what it writes; a model that is not good enough ends no chain
  bool makes_page = false;           ///< of the quarter, from what all steps before it have written
  ServingChoice choice;              ///< of a step whose first output is the model that serves
  std::string assignment;            ///< of the step that measures a campaign
  bool is_made_once = false;         ///< what it wrote stays, whatever has changed: others have acted upon it
  std::string data;                  ///< als: the dataset, or the one that a campaign is measured on
  Index epochs = 0;                  ///< als: at most
  std::vector<std::size_t> after;    ///< places of the steps whose outputs it reads
  slurm::Resources resources;
};

struct Chain {
  std::string file;  ///< that it was read from
  ChainSettings settings;
  std::vector<std::pair<std::string, std::string>> variables;
  QuarterFiles previous;              ///< last quarter's
  QuarterFiles products;              ///< what the next quarter may read
  std::vector<ChainStep> steps;       ///< each after those that it reads from
  std::string text;                   ///< the same chain, with absolute paths: what DIR/quarterly.ini has
  std::vector<std::string> warnings;  ///< of what is right as a file, and likely not wanted
};

/// Throws Error(no_input) where a step reads a file that is not there and that no step before writes.
void require_inputs(const Chain& chain);

/// The command as a shell would take it: `rankwise als --data ...`.
[[nodiscard]] std::string command_text(const ChainStep& step, const ChainCommand& command);

}  // namespace rankwise
