#pragma once
// `rankwise doctor`: whether this cluster will run us, found out by running.

#include "jobs/run/job.hpp"

namespace rankwise {

[[nodiscard]] Job doctor_job();

}  // namespace rankwise
