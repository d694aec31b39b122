#pragma once
// What of a dataset is trained on.

namespace rankwise {

/// Its training part; that and the validation part; or all that it holds.
enum class TrainedOn { training, training_and_validation, all };

}  // namespace rankwise
