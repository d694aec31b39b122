#include "jobs/evaluate/heldout_users.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sstream>

namespace rankwise {

namespace {

/// The lines of a configuration that another one does not have, as one text.
std::string settings_beside(const std::string& configuration, const std::string& other) {
  const auto lines_of = [](const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream rest(text);
    for (std::string line; std::getline(rest, line);) lines.push_back(line);
    return lines;
  };
  const std::vector<std::string> others = lines_of(other);
  std::vector<std::string> own = lines_of(configuration);
  std::erase_if(own, [&](const std::string& line) { return std::ranges::find(others, line) != others.end(); });
  return fmt::format("{}", fmt::join(own, ", "));
}

/// How the dataset of a model's training differs from another one, as far as the model knows.
std::string difference(const DatasetReader& dataset, const std::string& data_path, const ModelReader& model) {
  const std::string& trained = model.dataset_configuration();
  const std::string& given = dataset.provenance().configuration;
  const std::string of_model = settings_beside(trained, given);
  const std::string of_data = settings_beside(given, trained);
  const auto in_brackets = [](const std::string& settings) {
    return settings.empty() ? std::string() : fmt::format(" ({})", settings);
  };
  std::string text =
      fmt::format("{} users and {} items{}, and {} has {} and {}{}", model.users(), model.items(),
                  in_brackets(of_model), data_path, dataset.users(), dataset.items(), in_brackets(of_data));
  if (!trained.empty() && of_model.empty() && of_data.empty())
    text += ", prepared with the same options from other rows";
  return text;
}

}  // namespace

void require_same_dataset(const DatasetReader& dataset, const std::string& data_path, const ModelReader& model,
                          const std::string& model_path) {
  const Index users = model.trained_on() == TrainedOn::all ? dataset.all_users() : dataset.training_users();
  if (model.provenance().dataset_digest == dataset.provenance().dataset_digest && model.users() == users &&
      model.items() == dataset.items()) {
    return;
  }
  throw AgreedError(
      ExitCode::bad_data,
      fmt::format("{} was trained on another dataset than {}: its own has {} (digests {:016x} and {:016x})", model_path,
                  data_path, difference(dataset, data_path, model), model.provenance().dataset_digest,
                  dataset.provenance().dataset_digest));
}

bool is_chosen_by_heldout(const DatasetReader& dataset, const ModelReader& model) {
  return model.best_epoch() && model.trained_on() == TrainedOn::training && !model.trained_fold() &&
         !dataset.has(DatasetPart::validation);
}

HeldoutRows read_heldout_rows(const Communicator& comm, const DatasetReader& dataset, const Partition& partition) {
  const RowRange mine = partition.range(comm.rank());
  const bool are_new = dataset.has(DatasetPart::given);
  return {partition, dataset.read(DatasetPart::heldout, mine),
          are_new ? dataset.read(DatasetPart::given, mine) : dataset.read_known(mine)};
}

}  // namespace rankwise
