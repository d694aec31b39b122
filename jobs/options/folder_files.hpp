#pragma once
// What runs keep in folders that users name (docs/FORMATS.md). A path that ends in '/' or '-' stands for all that begin
// so.

#include <string_view>
#include <vector>

namespace rankwise {

/// Of `als` and `kmeans`.
inline const std::vector<std::string_view> checkpoint_folder_files{"newest", "lock", "stop", "epoch-", "step-"};

/// Of denoise.
inline const std::vector<std::string_view> denoise_folder_files{"settings", "lock", "fold-", "whole-", "cleaned-"};

/// Of a sweep.
inline const std::vector<std::string_view> sweep_folder_files{"plan.json",
                                                              "run.json",
                                                              "lock",
                                                              "cancelled",
                                                              "records/",
                                                              "users/",
                                                              "work/",
                                                              "scheduler/",
                                                              "results/summary.json",
                                                              "results/trials.csv",
                                                              "results/report.html",
                                                              "results/winner.ini"};

/// Of a chain, beside what its steps write.
inline const std::vector<std::string_view> chain_folder_files{
    "quarterly.ini", "products.ini", "lock", "cancelled", "steps/", "scheduler/", "checkpoints/"};

}  // namespace rankwise
