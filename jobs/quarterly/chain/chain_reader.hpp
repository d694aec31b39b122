#pragma once
// A chain's steps in the making: one after the other, each with what those before it write.

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/options/section_options.hpp"
#include "jobs/quarterly/chain/chain.hpp"

namespace rankwise {

struct SweepPlanOptions;

/// What a campaign brought.
struct MeasuredUplift {
  std::string table;
  std::string assignment;  ///< which it was measured of
};

/// A model that the chain trains.
struct ChainModel {
  std::string job;           ///< "als" or "itemcf", also of a sweep
  std::string path;          ///< of the model that is measured, or of the one that serves, once that is read
  std::string step;          ///< that trains it
  bool ranks_alone = false;  ///< it is known to predict no ratings
  bool is_of_part = false;   ///< trained on the training part
  std::string suffix;        ///< of its steps after the training: "-itemcf" of the second model, else empty
  ServingChoice choice;      ///< of a gate; empty: there is none

  [[nodiscard]] bool is_second() const { return !suffix.empty(); }
  /// "evaluate", or "evaluate itemcf" of the second model.
  [[nodiscard]] std::string section(const std::string& name) const { return is_second() ? name + " " + job : name; }
  /// "final.h5", or "items-final.h5" of the second model.
  [[nodiscard]] std::string file(const std::string& name) const { return is_second() ? "items-" + name : name; }
};

/// Reads step after step into the chain; what one writes is what the next ones read, unless their sections say
/// otherwise. Throws Error(usage) that names file and line or section.
class ChainReader {
 public:
  ChainReader(Chain& chain, std::vector<ConfigSection> sections);

  void read();

 private:
  // What all steps share.
  [[nodiscard]] std::string in_folder(const std::string& name) const;
  [[nodiscard]] const ConfigSection* find(const std::string& name) const;
  [[nodiscard]] static bool has_entry(const ConfigSection& section, std::string_view name);
  [[noreturn]] void refuse(const ConfigSection& section, const std::string& reason) const;
  [[noreturn]] void refuse(const ConfigSection& section, const ConfigEntry& entry, const std::string& reason) const;
  /// Another step, whose one command is `job` with the section's options.
  ChainStep& add_step(const std::string& name, const Job& job, const SectionCommand& command);
  /// Files that options of the command name.
  static void take_files(ChainStep& step, const SectionCommand& command,
                         std::initializer_list<std::string_view> outputs);
  /// Wires a folder of checkpoints, unless the section names its own.
  [[nodiscard]] NamedValues checkpoint_options(const ConfigSection& section, const std::string& step) const;
  [[nodiscard]] std::string checkpoint_folder(const std::string& step) const;
  [[nodiscard]] bool has_checkpoints_of(const SectionCommand& command, const std::string& folder) const;
  /// A step that the chain has.
  [[nodiscard]] const ChainStep* step_named(std::string_view name) const;
  /// The section with paths in the place of words for what the chain makes, such as input = profile.
  [[nodiscard]] ConfigSection with_paths(const ConfigSection& section) const;
  [[nodiscard]] std::string path_of_word(const ConfigSection& section, const ConfigEntry& entry) const;

  /// The last step, which reads what all others write.
  void add_page();
  /// Products that no step writes or reads are none.
  void hand_on();

  // From logs to models (training_steps.cpp).
  void read_prepare(const ConfigSection& section);
  void read_sweep(const ConfigSection& section);
  void require_chains_own_sweep(const ConfigSection& section) const;
  void read_refit(const ConfigSection& swept, const SweepPlanOptions& options);
  void warm_start_als();
  void read_als(const ConfigSection& section);
  void read_itemcf(const ConfigSection& section);
  void read_final(ChainModel& model);
  ChainStep& add_final_training(const ConfigSection& own, const ChainModel& model);
  ChainStep& add_final_refit(const ConfigSection& own, const ChainModel& model);
  void add_serving(const ChainModel& model);
  [[nodiscard]] std::string final_path(const ChainModel& model) const { return in_folder(model.file("final.h5")); }

  // Whether models are good enough (measuring_steps.cpp).
  void read_evaluate(const ConfigSection& section, const ChainModel& model);
  void read_gate(ChainModel& model);
  [[nodiscard]] std::string older_model(const ChainModel& model) const;
  [[nodiscard]] ConfigSection gate_section(const ChainModel& model) const;
  void require_heldout(const ConfigSection& section, const std::string& data) const;
  void require_ranking_metrics(const ConfigSection& section, const ChainModel& model) const;

  // What is made with the models that serve (serving_steps.cpp).
  void read_profile(const ConfigSection& section);
  void read_kmeans(const ConfigSection& section, const std::string& side);
  void read_recommend(const ConfigSection& section);
  void require_one_file(const ConfigSection& section, const SectionCommand& command) const;
  void read_measure(const std::string& assignment);
  void wire_uplift(const ConfigSection& section, NamedValues& wired);
  [[nodiscard]] std::string measure_step_name(const std::string& campaign) const;
  void read_campaign(const ConfigSection& section);
  void read_segments(const ConfigSection& section);
  [[nodiscard]] const ChainModel& chosen_model(const ConfigSection& section, const std::string& wanted) const;

  Chain& chain_;
  std::vector<ConfigSection> sections_;
  QuarterFiles& products_;          // of the chain, as the steps so far have them
  std::string clustered_points_;    // of which the chain's clusters of users are
  std::vector<ChainModel> models_;  // at most factors and items, in this order; one without a step if none is trained
  std::map<std::string, MeasuredUplift> uplifts_;  // by campaign: what was measured of it
  std::string uplift_matches_;                     // report of segments against last quarter's clusters; or empty
  bool holds_out_ = true;                          // or may do so, where no step of the chain prepares
  bool holds_out_last_ = true;  // what is held out is known to be later than the rest, or nothing is known
};

}  // namespace rankwise
