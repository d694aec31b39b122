#pragma once
// Options that say which scheduler runs work, and what it is to ask for.

#include <boost/program_options.hpp>
#include <functional>
#include <string_view>
#include <vector>

#include "jobs/run/report.hpp"
#include "jobs/sweep/state/settings.hpp"

namespace rankwise {

/// As the value of an option of Slurm's: nothing is asked for, whatever an earlier command asked for.
inline constexpr std::string_view no_request = "none";

/// Options as changes to settings that earlier commands may have left; what is not given changes nothing.
class SettingChanges {
 public:
  using Change = std::function<void(RunSettings&)>;

  /// `changes` gets what is given and outlives the options.
  explicit SettingChanges(std::vector<Change>& changes) : changes_(changes) {}

  /// An option's value that `apply` puts into the settings, or refuses with Error(usage).
  template <class Value>
  [[nodiscard]] boost::program_options::typed_value<Value>* to(
      void (*apply)(RunSettings&, const Value&),
      boost::program_options::typed_value<Value>* option = boost::program_options::value<Value>()) const {
    return option->notifier([&changes = changes_, apply](const Value& value) {
      RunSettings trial;
      apply(trial, value);  // what does not fit is told at once
      changes.emplace_back([apply, value](RunSettings& settings) { apply(settings, value); });
    });
  }

 private:
  std::vector<Change>& changes_;
};

/// Tells which of the environment's variables for sbatch say where this program's jobs go, since no option does, and
/// warns of those without effect, if there are any.
void tell_sbatch_variables(const slurm::BatchRequest& batch, Report& report);

/// Adds --lock; `changes` outlives the description.
void describe_locking(boost::program_options::options_description& description,
                      std::vector<SettingChanges::Change>& changes);

/// Adds --scheduler, --cores, --signal and what only Slurm understands; `changes` outlives the description.
void describe_scheduler(boost::program_options::options_description& description,
                        std::vector<SettingChanges::Change>& changes);

}  // namespace rankwise
