#pragma once
// What each trial of a sweep takes, by the model of `rankwise plan`.

#include "distributed/planning/epoch_model.hpp"
#include "io/hdf5/input_check.hpp"
#include "jobs/sweep/plan/plan.hpp"

namespace rankwise {

/// Predicts what each trial of `als` takes, from the dataset; leaves others as they are. Throws Error.
void predict_trials(SweepPlan& plan, const NetworkRate& network, double calibration_seconds, int cores_per_node,
                    InputCheck check);

}  // namespace rankwise
