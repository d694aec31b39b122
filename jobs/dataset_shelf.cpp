#include "jobs/dataset_shelf.hpp"

namespace rankwise {

std::shared_ptr<const DatasetReader> DatasetShelf::open(const Communicator& comm, const std::string& path,
                                                        const std::optional<Fold>& fold, TrainedOn trained_on) {
  if (kept_ && path == path_ && fold == fold_ && trained_on == trained_on_) return kept_;
  kept_ = nullptr;  // before the next one takes its memory
  auto opened = std::make_shared<DatasetReader>(comm, path, fold, trained_on);
  opened->remember_rows();
  path_ = path;
  fold_ = fold;
  trained_on_ = trained_on;
  kept_ = std::move(opened);
  return kept_;
}

std::shared_ptr<const DatasetReader> open_dataset(const JobContext& context, const std::string& path,
                                                  const std::optional<Fold>& fold, TrainedOn trained_on) {
  if (context.shelf != nullptr) return context.shelf->open(context.comm, path, fold, trained_on);
  return std::make_shared<DatasetReader>(context.comm, path, fold, trained_on);
}

}  // namespace rankwise
