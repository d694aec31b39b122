#include "jobs/dataset_shelf.hpp"

namespace rankwise {

std::shared_ptr<const DatasetReader> DatasetShelf::open(const Communicator& comm, const std::string& path,
                                                        const std::optional<Fold>& fold) {
  if (kept_ && path == path_ && fold == fold_) return kept_;
  kept_ = nullptr;  // before the next one takes its memory
  auto opened = std::make_shared<DatasetReader>(comm, path, fold);
  opened->remember_rows();
  path_ = path;
  fold_ = fold;
  kept_ = std::move(opened);
  return kept_;
}

std::shared_ptr<const DatasetReader> open_dataset(const JobContext& context, const std::string& path,
                                                  const std::optional<Fold>& fold) {
  if (context.shelf != nullptr) return context.shelf->open(context.comm, path, fold);
  return std::make_shared<DatasetReader>(context.comm, path, fold);
}

}  // namespace rankwise
