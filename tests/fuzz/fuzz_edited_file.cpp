// Sound HDF5 files with anything in the wrong place: the first byte names a base file, the others change it through
// HDF5. Whatever becomes of it, `verify` and the file's own reader are of one mind.

#include <fstream>
#include <sstream>

#include "tests/fuzz/file_targets.hpp"
#include "tests/fuzz/hdf5_edits.hpp"

namespace {

using namespace rankwise;

struct Base {
  std::string kind;
  std::string content;
  std::vector<FileObject> objects;
};

std::vector<Base> read_bases() {
  std::vector<Base> bases;
  for (const fuzz::BaseFile& file : fuzz::base_files) {
    const fuzz::InputFile place("");
    file.write(place.path());
    std::ostringstream content;
    content << std::ifstream(place.path(), std::ios::binary).rdbuf();
    bases.push_back({file.kind, content.str(), describe_file(place.path()).objects});
  }
  return bases;
}

bool read_whole_file(const std::string& path, const std::string& kind) {
  if (kind == "dataset") return fuzz::read_both_ways(path, fuzz::read_dataset_file);
  if (kind == "model") return fuzz::read_both_ways(path, fuzz::read_model_file);
  if (kind == "item-model") return fuzz::read_both_ways(path, fuzz::read_item_model_file);
  if (kind == "checkpoint") return fuzz::read_checkpoint_file(path);
  if (kind == assignment_kind) return fuzz::read_both_ways(path, fuzz::read_assignment_file);
  if (kind == profile_kind) return fuzz::read_both_ways(path, fuzz::read_profile_file);
  if (kind == propensity_kind) return fuzz::read_both_ways(path, fuzz::read_propensity_file);
  if (kind == user_metrics_kind) return fuzz::read_both_ways(path, fuzz::read_user_metrics_file);
  return fuzz::read_both_ways(path, fuzz::read_clustering_file);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<Base> bases = read_bases();
  fuzz::Script script({data, size});
  const Base& base = script.choose(bases);
  const fuzz::InputFile input(base.content);
  const bool looks_closely = script.take() % 16 == 0;  // takes ten times as long
  fuzz::edit_file(input.path(), base.objects, script);
  const bool whole = read_whole_file(input.path(), base.kind);
  const bool sound = fuzz::read_or_refuse([&] { verify_structure(fuzz::single_rank(), input.path(), base.kind); });
  fuzz::require(whole || !sound, "what is verified can be read");
  if (looks_closely) {
    fuzz::verify_any_file(input.path());
    for (const InputCheck check : {InputCheck::digests, InputCheck::none}) fuzz::read_any_file(input.path(), check);
  }
  return 0;
}
