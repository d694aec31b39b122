#pragma once
// The section [quarterly] of a chain's file: where its files are, which scheduler runs it, and what each step asks for.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/config/config_entry.hpp"
#include "jobs/sweep/state/settings.hpp"
#include "slurm/work/scheduler.hpp"

namespace rankwise {

/// What is stated of a step's resources.
struct StepNeeds {
  std::optional<std::int64_t> nodes;
  std::optional<std::int64_t> ranks;
  std::optional<std::int64_t> threads_per_rank;
  std::optional<std::int64_t> memory_bytes;  ///< of a node
  std::optional<std::int64_t> time_limit_seconds;
};

struct ChainSettings {
  std::string directory;                   ///< absolute
  std::string previous;                    ///< the folder of last quarter's chain; empty: of none
  bool trains_final = true;                ///< on everything, once the model is measured
  bool warm_starts = true;                 ///< at last quarter's model, if there is one
  bool has_gate = true;                    ///< likewise: the new model serves only if it is not worse
  bool has_page = true;                    ///< of the quarter
  RunSettings run;                         ///< scheduler, cores, signal, locking and batch alone
  std::map<std::string, StepNeeds> needs;  ///< by step; "" of all of them

  /// Of the step; nothing where neither it nor all steps say.
  template <class Value>
  [[nodiscard]] std::optional<Value> need(const std::string& step, std::optional<Value> StepNeeds::*which) const {
    for (const std::string& name : {step, std::string()}) {
      const auto stated = needs.find(name);
      if (stated != needs.end() && stated->second.*which) return stated->second.*which;
    }
    return std::nullopt;
  }
};

/// `scheduler`: in place of what the section says; empty: as it says, else Slurm. Throws Error(usage) that names file
/// and line.
[[nodiscard]] ChainSettings read_chain_settings(const ConfigSection& section, const std::string& file_name,
                                                const std::string& scheduler);

/// Whether the option of [quarterly] may be given several times.
[[nodiscard]] bool setting_may_repeat(const std::string& option);

/// Whether the option of [quarterly] says something to the other scheduler alone.
[[nodiscard]] bool is_without_effect(std::string_view option, SchedulerKind scheduler);

/// Throws Error(usage), with file and line, where the section has such options, or needs of steps that are none of
/// `steps`: those of the chain, as the section names them.
void require_effect(const ConfigSection& section, const std::vector<std::string>& steps, SchedulerKind scheduler,
                    const std::string& file_name);

}  // namespace rankwise
