// Damage of every kind and place: a bit, a byte, a cut. Whatever happens to a file is noticed, or changes nothing that
// can be read from it.

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <random>

#include "io/hdf5/describe_file.hpp"
#include "io/hdf5/metadata_digest.hpp"
#include "io/hdf5/reader.hpp"
#include "io/hdf5/row_digests.hpp"
#include "io/hdf5/verify_digests.hpp"
#include "tests/io/damage.hpp"
#include "tests/io/model/sample_checkpoint.hpp"
#include "tests/io/sample_of_each_kind.hpp"

namespace rankwise {
namespace {

class DamagedFileTest : public testing::Test {
 protected:
  Communicator comm_ = Communicator::world();
  SharedFolder folder_{comm_};
};

void write_bytes(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

/// All that can be read: rows of every dataset as bytes, and a digest of everything else.
std::vector<std::string> readable_content(const std::string& path) {
  const FileDescription description = describe_file(path);
  const Hdf5Reader file(path);
  std::vector<std::string> content{fmt::format("{:x}", metadata_digest(description.objects, {}))};
  for (const FileObject& object : description.objects) {
    if (object.kind != FileObject::Kind::dataset) continue;
    const Hdf5Shape shape = file.shape(object.path);
    std::string& bytes = content.emplace_back();
    bytes.resize(static_cast<std::size_t>(shape.rows() * shape.row_bytes()));
    file.read_bytes(object.path, {0, shape.rows()}, bytes);
  }
  return content;
}

/// Flips per file: as many as every 17th byte takes, or more where the environment says so (scripts/faults.sh).
Index flips_of(std::size_t bytes) {
  const char* const wanted = std::getenv("RANKWISE_FAULT_FLIPS");
  return std::max<Index>(static_cast<Index>(bytes / 17), wanted != nullptr ? std::atol(wanted) : 0);
}

/// Each rank damages copies of its own, a share of all places.
TEST_F(DamagedFileTest, EveryFlippedBitIsNoticedOrChangesNothing) {
  const Communicator alone = Communicator::single();
  const std::string copy = folder_.file(fmt::format("copy{}.h5", comm_.rank()));
  std::vector<std::string> paths = sample_of_each_kind(comm_, folder_);
  paths.push_back(folder_.file("checkpoint.h5"));
  write_sample_checkpoint(comm_, paths.back(), sample_size, 5, sample_progress());
  for (const std::string& path : paths) {
    const std::string whole = file_content(path);
    const std::vector<std::string> expected = readable_content(path);
    std::mt19937 random(static_cast<unsigned>(comm_.rank()));
    Index noticed = 0;
    Index tried = 0;
    for (Index flip = comm_.rank(); flip < flips_of(whole.size()); flip += comm_.size()) {
      const std::size_t at = static_cast<std::size_t>(flip) * 17 % whole.size();
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << (random() % 8)));
      write_bytes(copy, damaged);
      ++tried;
      if (!error_of([&] { verify_digests(alone, copy); }).empty()) {
        ++noticed;
      } else {
        EXPECT_TRUE(readable_content(copy) == expected) << path << " at " << at;
      }
    }
    EXPECT_GT(noticed, tried / 4) << path;  // the rest is padding
    const Index all_tried = comm_.sum(tried);
    const Index all_noticed = comm_.sum(noticed);
    if (comm_.is_root()) {
      fmt::print("{}: {} flipped bits, {} noticed, the others change nothing that is read\n",
                 path.substr(path.rfind('/') + 1), all_tried, all_noticed);
    }
  }
}

TEST_F(DamagedFileTest, EveryByteOfRowsAndTablesIsCovered) {
  const Communicator alone = Communicator::single();
  const std::string copy = folder_.file(fmt::format("copy{}.h5", comm_.rank()));
  for (const std::string& path : sample_of_each_kind(comm_, folder_)) {
    const std::string whole = file_content(path);
    for (const FileObject& object : describe_file(path).objects) {
      if (object.kind != FileObject::Kind::dataset || object.stored_bytes == 0) continue;
      write_bytes(copy, whole);
      const std::int64_t begin = offset_of(copy, object.path);
      const bool is_table = object.path.starts_with(digests_group);
      for (Index at = comm_.rank(); at < object.stored_bytes; at += comm_.size() * (is_table ? 1 : 5)) {
        flip_bit(copy, begin + at);
        const std::string error = error_of([&] { verify_digests(alone, copy); });
        const std::string named = is_table ? "attributes, shapes or /digests are" : object.path + ": rows [";
        EXPECT_TRUE(error.starts_with("65: " + copy + ": " + named)) << object.path << " at " << at << ": " << error;
        flip_bit(copy, begin + at);
      }
      EXPECT_EQ(error_of([&] { verify_digests(alone, copy); }), "");
    }
  }
}

TEST_F(DamagedFileTest, EveryCutIsNoticed) {
  const Communicator alone = Communicator::single();
  const std::string copy = folder_.file(fmt::format("copy{}.h5", comm_.rank()));
  std::vector<std::string> paths = sample_of_each_kind(comm_, folder_);
  paths.push_back(long_file(comm_, folder_));
  paths.push_back(folder_.file("checkpoint.h5"));
  write_sample_checkpoint(comm_, paths.back(), {.users = 9000, .items = 3000}, 5, sample_progress());
  for (const std::string& path : paths) {
    const std::string whole = file_content(path);
    std::vector<std::size_t> sizes{whole.size() - 1};
    for (std::size_t size = 0; size < whole.size(); size += 4096) sizes.push_back(size);
    for (std::size_t s = static_cast<std::size_t>(comm_.rank()); s < sizes.size();
         s += static_cast<std::size_t>(comm_.size())) {
      write_bytes(copy, whole.substr(0, sizes[s]));
      EXPECT_EQ(error_of([&] { verify_digests(alone, copy); }).substr(0, 3), "65:") << path << " of " << sizes[s];
    }
  }
}

}  // namespace
}  // namespace rankwise
