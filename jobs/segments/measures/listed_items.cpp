#include "jobs/segments/measures/listed_items.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "distributed/rows/partition.hpp"
#include "io/dataset/id_file.hpp"
#include "io/dataset/provenance_attributes.hpp"
#include "io/hdf5/file_digests.hpp"
#include "io/hdf5/reader.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

constexpr const char* users_name = "/users/ids";
constexpr const char* offsets_name = "/recommendations/indptr";
constexpr const char* items_name = "/recommendations/items";

}  // namespace

ListedItems read_listed_items(const Communicator& comm, const std::string& path, InputCheck check) {
  const Hdf5Reader file = open_checked(path, check);
  (void)read_provenance(file, "recommendations");
  const Index users = id_rows(file, users_name);
  const Index entries = id_rows(file, items_name);
  const RowRange mine = Partition::by_count(users, comm.size()).range(comm.rank());
  ListedItems lists{
      read_ids(file, users_name, mine), {}, file.read_rows<Index>(offsets_name, {mine.begin, mine.end + 1})};
  const std::vector<Index>& offsets = lists.offsets;
  if (offsets.front() < 0 || offsets.back() > entries || !std::is_sorted(offsets.begin(), offsets.end()))
    throw Error(ExitCode::bad_data,
                fmt::format("{}: {}: expected ascending places in {}", path, offsets_name, items_name));
  lists.items = read_ids(file, items_name, {offsets.front(), offsets.back()});
  const Index first = offsets.front();
  for (Index& offset : lists.offsets) offset -= first;
  return lists;
}

}  // namespace rankwise
