#include "jobs/run/dataset_shelf.hpp"

#include "jobs/run/compared_input.hpp"

namespace rankwise {

std::shared_ptr<const DatasetReader> DatasetShelf::open(const Communicator& comm, const std::string& path,
                                                        const std::optional<Fold>& fold, TrainedOn trained_on,
                                                        InputCheck check) {
  if (kept_ && path == path_ && fold == fold_ && trained_on == trained_on_) return kept_;
  kept_ = nullptr;  // before the next one takes its memory
  auto opened = std::make_shared<DatasetReader>(comm, path, fold, trained_on, check);
  opened->remember_rows();
  path_ = path;
  fold_ = fold;
  trained_on_ = trained_on;
  kept_ = std::move(opened);
  return kept_;
}

std::shared_ptr<const DatasetReader> open_dataset(const JobContext& context, const std::string& path,
                                                  const std::optional<Fold>& fold, TrainedOn trained_on) {
  const InputCheck check = context.common.input_check;
  const auto opened = context.shelf != nullptr
                          ? context.shelf->open(context.comm, path, fold, trained_on, check)
                          : std::make_shared<const DatasetReader>(context.comm, path, fold, trained_on, check);
  warn_if_not_compared(context, *opened, path);
  return opened;
}

}  // namespace rankwise
