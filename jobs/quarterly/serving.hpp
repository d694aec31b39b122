#pragma once
// Which model serves: the new one, or last quarter's if the gate holds the new one back.

#include <string>

#include "distributed/comm/communicator.hpp"
#include "jobs/evaluate/evaluation.hpp"
#include "jobs/quarterly/chain/chain.hpp"

namespace rankwise {

/// What evaluate has written of its gate. Throws Error (no_input, io_error, bad_data).
[[nodiscard]] GateVerdict read_verdict(const std::string& path);

/// One line: what serves and the numbers that decided it; empty if the new model passed.
[[nodiscard]] std::string held_back_text(const GateVerdict& verdict);

/// Makes last quarter's model, as it is, the model that serves, if the gate says so; else the measured one, if the step
/// does not train that itself. Returns whether the step has nothing more to do. Collective over comm; throws
/// AgreedError.
[[nodiscard]] bool serve_chosen_model(const Communicator& comm, const ChainStep& step);

}  // namespace rankwise
