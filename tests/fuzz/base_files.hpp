#pragma once
// Small sound files of every kind, for fuzzers to begin with.

#include <array>

#include "tests/fuzz/harness.hpp"
#include "tests/io/campaign/sample_assignment.hpp"
#include "tests/io/clustering/sample_clustering.hpp"
#include "tests/io/evaluation/sample_user_metrics.hpp"
#include "tests/io/model/sample_checkpoint.hpp"
#include "tests/io/model/sample_item_model.hpp"
#include "tests/io/profile/sample_profile.hpp"
#include "tests/io/profile/sample_propensity.hpp"
#include "tests/io/sample_files.hpp"
#include "tests/io/tables/sample_tables.hpp"

namespace rankwise::fuzz {

struct BaseFile {
  const char* kind;
  const char* name;
  void (*write)(const std::string& path);
};

/// What the checkpoints hold.
inline constexpr SampleSize checkpoint_size{.users = 3, .items = 2};
inline constexpr Index checkpoint_width = 2;

inline const std::array<BaseFile, 17> base_files{{
    {"dataset", "integers.h5",
     [](const std::string& path) {
       const Communicator& comm = single_rank();
       write_dataset(comm, path, sample_dataset(comm, {.users = 5, .items = 4}, SampleIds::integers),
                     sample_provenance());
     }},
    {"dataset", "orders.h5",
     [](const std::string& path) {
       const Communicator& comm = single_rank();
       write_dataset(comm, path,
                     ordered_dataset(comm, {.users = 5, .items = 4, .heldout_users = 3}, SampleIds::strings),
                     sample_provenance());
     }},
    {"dataset", "heldout_users.h5",
     [](const std::string& path) {
       const Communicator& comm = single_rank();
       write_dataset(comm, path, sample_dataset(comm, {.users = 6, .items = 5, .heldout_users = 3}, SampleIds::strings),
                     sample_provenance());
     }},
    {"dataset", "tables.h5",
     [](const std::string& path) {
       const SampleSize size{.users = 4, .items = 3, .heldout_users = 2};
       write_dataset_with_tables(single_rank(), path, sample_dataset(single_rank(), size, SampleIds::strings));
     }},
    {"model", "integers.h5",
     [](const std::string& path) {
       const Communicator& comm = single_rank();
       write_model(comm, path, sample_model(comm, {.users = 3, .items = 2}, SampleIds::integers, 2, false),
                   sample_provenance());
     }},
    {"model", "biases.h5",
     [](const std::string& path) {
       const Communicator& comm = single_rank();
       write_model(comm, path, sample_model(comm, {.users = 2, .items = 3}, SampleIds::strings, 3, true),
                   sample_provenance());
     }},
    {"item-model", "strings.h5",
     [](const std::string& path) {
       write_item_model(single_rank(), path, sample_item_model(single_rank(), 5, SampleIds::strings),
                        sample_provenance());
     }},
    {"clustering", "plain.h5",
     [](const std::string& path) {
       write_clustering(single_rank(), path, plain_clustering(single_rank(), 5), sample_provenance());
     }},
    {"clustering", "rich.h5",
     [](const std::string& path) {
       write_clustering(single_rank(), path, rich_clustering(single_rank(), 4), sample_provenance());
     }},
    {"checkpoint", "begun.h5",
     [](const std::string& path) {
       write_sample_checkpoint(single_rank(), path, checkpoint_size, checkpoint_width, {});
     }},
    {"checkpoint", "half.h5",
     [](const std::string& path) {
       write_sample_checkpoint(single_rank(), path, checkpoint_size, checkpoint_width, sample_progress());
     }},
    {"dataset", "marked.h5",
     [](const std::string& path) {
       const Communicator& comm = single_rank();
       write_dataset(comm, path, marked_dataset(comm, {.users = 8, .items = 7}, SampleIds::integers),
                     sample_provenance());
     }},
    {"dataset", "split.h5",
     [](const std::string& path) {
       const Communicator& comm = single_rank();
       const MergeRules rules{.duplicates = DuplicatePolicy::sum, .min_total = 0.25};
       write_dataset(comm, path, split_dataset(comm, {.users = 8, .items = 7}, SampleIds::integers, rules),
                     sample_provenance());
     }},
    {user_metrics_kind, "users.h5",
     [](const std::string& path) {
       write_user_metrics(single_rank(), path, sample_user_metrics(single_rank(), 5, SampleIds::strings),
                          sample_provenance());
     }},
    {assignment_kind, "assignment.h5",
     [](const std::string& path) {
       write_assignment(single_rank(), path, sample_assignment(single_rank(), 9, SampleIds::strings),
                        sample_provenance());
     }},
    {profile_kind, "profile.h5",
     [](const std::string& path) {
       write_profile(single_rank(), path, sample_profile(single_rank(), 6, SampleIds::strings), sample_provenance(), 0);
     }},
    {propensity_kind, "scores.h5",
     [](const std::string& path) {
       write_propensity(single_rank(), path, sample_scores(single_rank(), 6, SampleIds::strings), sample_terms(3),
                        "2024-05-31", sample_provenance(), 0);
     }},
}};

}  // namespace rankwise::fuzz
