// Rows written by all ranks into one HDF5 file and read back on each, whatever the sizes, pieces and file contents.

#include <cmath>
#include <gtest/gtest.h>
#include <numeric>

#include "io/hdf5/reader.hpp"
#include "io/hdf5/verify_digests.hpp"
#include "io/hdf5/writer.hpp"
#include "tests/io/damage.hpp"
#include "tests/io/sample_files.hpp"
#include "tests/io/shared_folder.hpp"

namespace rankwise {
namespace {

class Hdf5Test : public testing::Test {
 protected:
  /// Runs `make` on the root with a fresh file; all ranks wait for it.
  template <class Make>
  std::string made(const std::string& name, Make&& make) const {
    const std::string path = folder_.file(name);
    if (comm_.is_root()) make(OpenFile(path, OpenFile::Mode::fresh));
    comm_.barrier();
    return path;
  }
  [[nodiscard]] std::string written(const std::string& name, Index rows, Index piece_bytes) const;

  Communicator comm_ = Communicator::world();
  SharedFolder folder_{comm_};
};

std::int64_t integer_at(Index row) {
  return row * row * 1000003 - 17;
}

std::string text_at(Index row) {
  return row % 4 == 0 ? "" : std::string(static_cast<std::size_t>(row % 9), 't') + std::to_string(row) + "é";
}

/// A file of every kind of dataset, `rows` long, handed over in pieces of `piece_bytes`.
std::string Hdf5Test::written(const std::string& name, Index rows, Index piece_bytes) const {
  const RowRange mine = sample_range(comm_, rows);
  std::vector<std::int64_t> integers;
  std::vector<std::string> texts;
  Matrix matrix(mine.size(), 17);
  for (Index r = mine.begin; r < mine.end; ++r) {
    integers.push_back(integer_at(r));
    texts.push_back(text_at(r));
    for (Index c = 0; c < matrix.columns(); ++c) matrix.row(r - mine.begin)[c] = sample_factor(r, c);
  }
  Hdf5Writer file(comm_, folder_.file(name), rows * 100, {.piece_bytes = piece_bytes});
  file.create_group("/group");
  file.write_attribute("/group", "text", std::string_view("grün"));
  file.write_attribute("/group", "integer", std::int64_t{-5});
  file.write_attribute("/group", "unsigned", ~std::uint64_t{0});
  file.write_attribute("/group", "number", 0.1);
  file.write_attribute("/group", "extents", std::vector<std::int64_t>{3, 4});
  file.write_attribute("/", "long", std::string(5000, 'l'));
  file.write_rows("/group/integers", rows, mine, std::span<const std::int64_t>(integers));
  file.write_filled_rows<std::int32_t>("/narrow", rows, mine, [](RowRange piece, std::int32_t* out) {
    for (Index r = piece.begin; r < piece.end; ++r) *out++ = static_cast<std::int32_t>(r);
  });
  file.write_matrix("/group/matrix", rows, mine, matrix.view());
  file.write_strings("/texts", rows, mine, texts);
  file.commit();
  return folder_.file(name);
}

TEST_F(Hdf5Test, RowsComeBackOnAnyRank) {
  for (const Index rows : {0, 1, 2, 5, 97, 1000}) {
    const Hdf5Reader file(written("rows.h5", rows, Index{1} << 20));
    for (const RowRange range : {RowRange{0, rows}, RowRange{rows / 3, rows}, RowRange{rows / 2, rows / 2}}) {
      const std::vector<std::int64_t> integers = file.read_rows<std::int64_t>("/group/integers", range);
      const std::vector<std::int64_t> widened = file.read_rows<std::int64_t>("/narrow", range);
      const std::vector<std::string> texts = file.read_strings("/texts", range);
      Matrix matrix(range.size(), 17);
      file.read_matrix("/group/matrix", range, matrix.view());
      EXPECT_EQ(static_cast<Index>(integers.size()), range.size());
      EXPECT_EQ(static_cast<Index>(texts.size()), range.size());
      for (Index r = 0; r < range.size(); ++r) {
        const auto at = static_cast<std::size_t>(r);
        EXPECT_EQ(integers[at], integer_at(range.begin + r));
        EXPECT_EQ(widened[at], range.begin + r);
        EXPECT_EQ(texts[at], text_at(range.begin + r));
        for (Index c = 0; c < matrix.stride(); ++c) {
          EXPECT_EQ(matrix.row(r)[c], c < 17 ? sample_factor(range.begin + r, c) : 0);
        }
      }
    }
    EXPECT_EQ(file.read_text("/group", "text"), "grün");
    EXPECT_EQ(file.read_integer("/group", "integer"), -5);
    EXPECT_EQ(file.read_unsigned("/group", "unsigned"), ~std::uint64_t{0});
    EXPECT_EQ(file.read_number("/group", "number"), 0.1);
    EXPECT_EQ(file.read_integers("/group", "extents"), (std::vector<std::int64_t>{3, 4}));
    EXPECT_EQ(file.read_text("/", "long"), std::string(5000, 'l'));
    EXPECT_TRUE(file.has_attribute("/group", "text"));
    EXPECT_FALSE(file.has_attribute("/group", "nothing"));
    comm_.barrier();  // before the next round writes the same name
  }
}

TEST_F(Hdf5Test, PiecesDoNotChangeTheFile) {
  const std::string whole = file_content(written("whole.h5", 97, Index{1} << 20));
  EXPECT_GT(whole.size(), 97U * 17 * 4);
  for (const Index piece_bytes : {1, 64, 1000}) {
    EXPECT_TRUE(file_content(written("pieces.h5", 97, piece_bytes)) == whole) << piece_bytes;
  }
}

TEST_F(Hdf5Test, PackedRowsAreTheSameRows) {
  // Several chunks, whose rows any rank may have; their places depend on no rank.
  constexpr Index rows = 300'001;
  const RowRange mine = sample_range(comm_, rows);
  const auto write = [&](const std::string& name, const Communicator& comm, RowRange range, Hdf5WriterOptions options) {
    Matrix matrix(range.size(), 3);
    std::vector<std::string> texts;
    for (Index r = range.begin; r < range.end; ++r) {
      for (Index c = 0; c < 3; ++c) matrix.row(r - range.begin)[c] = sample_factor(r, c);
      texts.push_back(text_at(r));
    }
    Hdf5Writer file(comm, folder_.file(name), rows * 30, options);
    file.create_group("/group");
    file.write_filled_rows<std::int64_t>("/group/integers", rows, range, [](RowRange piece, std::int64_t* out) {
      for (Index r = piece.begin; r < piece.end; ++r) *out++ = integer_at(r);
    });
    file.write_matrix("/matrix", rows, range, matrix.view());
    file.write_strings("/texts", rows, range, texts);
    file.write_attribute("/matrix", "note", std::string_view("packed"));
    file.commit();
    return folder_.file(name);
  };
  const std::string plain = write("plain.h5", comm_, mine, {});
  const std::string packed = write("packed.h5", comm_, mine, {.piece_bytes = 1 << 20, .deflate_level = 5});
  verify_digests(comm_, packed);
  EXPECT_LT(file_content(packed).size(), file_content(plain).size());
  if (comm_.is_root()) {
    const Communicator alone = Communicator::single();
    const std::string by_one = write("one.h5", alone, {0, rows}, {.deflate_level = 5});
    EXPECT_TRUE(file_content(by_one) == file_content(packed));
  }
  const Hdf5Reader one(plain);
  const Hdf5Reader other(packed);
  for (const std::string name : {"/group/integers", "/matrix", "/texts"}) {
    std::string bytes(static_cast<std::size_t>(rows * one.shape(name).row_bytes()), '\0');
    std::string same(bytes.size(), '\0');
    one.read_bytes(name, {0, rows}, bytes);
    other.read_bytes(name, {0, rows}, same);
    EXPECT_TRUE(bytes == same) << name;
  }
  comm_.barrier();
}

TEST_F(Hdf5Test, RanksThatDisagreeOnTheRowsAreStopped) {
  const std::string error = error_of([&] {
    Hdf5Writer file(comm_, folder_.file("gap.h5"), 0);
    const std::vector<float> values{1, 2};
    file.write_rows("/gap", 2 * comm_.size() + 1, {2 * comm_.rank(), 2 * comm_.rank() + 2}, std::span(values));
  });
  EXPECT_EQ(error.substr(0, 14), "70: /gap: rank") << error;
  comm_.barrier();
  EXPECT_TRUE(folder_.names().empty());
}

TEST_F(Hdf5Test, ATextWithNulIsRefusedByAll) {
  const std::string error = error_of([&] {
    Hdf5Writer file(comm_, folder_.file("nul.h5"), 0);
    const bool last = comm_.rank() == comm_.size() - 1;
    const std::vector<std::string> values{last ? std::string("a\0b", 3) : "fine"};
    file.write_strings("/texts", comm_.size(), {comm_.rank(), comm_.rank() + 1}, values);
  });
  EXPECT_EQ(error, "65: " + folder_.file("nul.h5") + ": /texts: the text of row " + std::to_string(comm_.size() - 1) +
                       " holds a NUL character");
}

TEST_F(Hdf5Test, FilesThatAreNoHdf5AreNamed) {
  const std::string text = folder_.file("text");
  const std::string empty = folder_.file("empty");
  const std::string cut = folder_.file("cut");
  const std::string whole = written("whole.h5", 97, Index{1} << 20);
  if (comm_.is_root()) {
    std::ofstream(text) << std::string(10000, 'x');
    std::ofstream{empty};
    std::ofstream(cut, std::ios::binary) << file_content(whole).substr(0, 3000);
  }
  comm_.barrier();
  const auto error = [](const std::string& path) { return error_of([&] { const Hdf5Reader file(path); }); };
  EXPECT_EQ(error(folder_.file("missing")),
            "66: " + folder_.file("missing") + ": cannot open: No such file or directory");
  EXPECT_EQ(error(folder_.file("")), "66: " + folder_.file("") + ": is not a regular file");
  EXPECT_EQ(error("/dev/null"), "66: /dev/null: is not a regular file");
  for (const std::string& path : {text, empty, cut}) {
    const std::string found = error(path);
    EXPECT_EQ(found.substr(0, found.find("file:")), "65: " + path + ": is not a sound HDF5 ") << found;
    EXPECT_EQ(found.find('\n'), std::string::npos);
  }
}

TEST_F(Hdf5Test, EveryLostByteIsAnErrorOrHarmless) {
  const std::string whole = file_content(written("whole.h5", 5, Index{1} << 20));
  if (comm_.is_root()) {
    for (std::size_t bytes = 0; bytes < whole.size(); bytes += 97) {
      const std::string cut = folder_.file("cut.h5");
      std::ofstream(cut, std::ios::binary) << whole.substr(0, bytes);
      EXPECT_EQ(error_of([&] { const Hdf5Reader file(cut); }).substr(0, 3), "65:") << bytes;
    }
  }
}

TEST_F(Hdf5Test, HostileDatasetsAreRefused) {
  const std::string path = made("hostile.h5", [&](const OpenFile& file) {
    const hsize_t chunk = 16;
    const hid_t chunked = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(chunked, 1, &chunk);
    file.add("/unwritten_chunks", H5T_NATIVE_INT64, {hsize_t{1} << 50}, chunked);
    file.add("/unwritten", H5T_NATIVE_INT64, {hsize_t{1} << 50}, H5P_DEFAULT);
    file.add("/overflowing", H5T_NATIVE_INT64, {hsize_t{1} << 62, hsize_t{1} << 62}, H5P_DEFAULT);
    H5Pset_filter(chunked, 32000, H5Z_FLAG_OPTIONAL, 0, nullptr);
    file.add("/foreign_filter", H5T_NATIVE_INT64, {16}, chunked);
    const hid_t elsewhere = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_external(elsewhere, "/etc/passwd", 0, 64);
    file.add("/external_storage", H5T_NATIVE_INT64, {8}, elsewhere);
    const hid_t virtually = H5Pcreate(H5P_DATASET_CREATE);
    const hsize_t extent = 8;
    const hid_t space = H5Screate_simple(1, &extent, nullptr);
    H5Pset_virtual(virtually, space, "/etc/passwd", "/x", space);
    file.add("/virtual", H5T_NATIVE_INT64, {8}, virtually);
    H5Lcreate_soft("/unwritten", file.get(), "/soft", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_external("/tmp/other.h5", "/x", file.get(), "/external", H5P_DEFAULT, H5P_DEFAULT);
    const hid_t varying = H5Tcopy(H5T_C_S1);
    H5Tset_size(varying, H5T_VARIABLE);
    file.add("/varying", varying, {3}, H5P_DEFAULT);
    file.add("/scalar", H5T_NATIVE_INT64, {}, H5P_DEFAULT);
    file.add("/matrix", H5T_NATIVE_INT64, {2, 2}, H5P_DEFAULT);
    const hid_t compound = H5Tcreate(H5T_COMPOUND, 8);
    H5Tinsert(compound, "member", 0, H5T_NATIVE_INT64);
    file.add("/compound", compound, {1}, H5P_DEFAULT);
    file.add("/floats", H5T_NATIVE_FLOAT, {3}, H5P_DEFAULT);
    H5Gclose(H5Gcreate2(file.get(), "/group", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    file.replace("/floats", H5T_NATIVE_FLOAT, {3});
    file.replace("/matrix", H5T_NATIVE_INT64, {2, 2});
    file.replace("/scalar", H5T_NATIVE_INT64, {1});
  });
  const Hdf5Reader file(path);
  const auto error = [&](const std::string& name) {
    return error_of([&] { static_cast<void>(file.read_rows<std::int64_t>(name, {0, 1})); });
  };
  const std::string start = "65: " + path + ": ";
  const std::string enough = " bytes of data, of which the file does not hold enough";
  EXPECT_EQ(error("/unwritten_chunks"), start + "/unwritten_chunks claims 9007199254740992" + enough);
  EXPECT_EQ(error("/unwritten"), start + "/unwritten claims 9007199254740992" + enough);
  EXPECT_EQ(error("/foreign_filter"), start + "/foreign_filter needs filter 32000, which is not one of HDF5's own");
  EXPECT_EQ(error("/external_storage"), start + "/external_storage is stored in another file, which is refused");
  EXPECT_EQ(error("/virtual"), start + "/virtual is a virtual dataset, which is refused");
  EXPECT_EQ(error("/soft"), start + "/soft is a soft or external link, which is refused");
  EXPECT_EQ(error("/external"), start + "/external is a soft or external link, which is refused");
  EXPECT_EQ(error("/external/x"), start + "/external is a soft or external link, which is refused");
  EXPECT_EQ(error("/varying"), start + "/varying claims 48" + enough);
  EXPECT_EQ(error("/matrix"), start + "/matrix has 2 dimensions, expected 1");
  EXPECT_EQ(error("/floats"), start + "/floats holds floating-point numbers, expected integers");
  EXPECT_EQ(error("/group"), start + "/group is not a dataset");
  EXPECT_EQ(error("/nothing"), start + "/nothing is missing");
  EXPECT_EQ(error("/no/thing"), start + "/no/thing is missing");
  EXPECT_EQ(error("/floats/thing"), start + "/floats is not a group");
  EXPECT_NE(error("/overflowing"), "");
  EXPECT_EQ(error("/compound"), start + "/compound holds values of type compound, expected numbers or strings");
  EXPECT_EQ(error_of([&] {
              static_cast<void>(file.read_rows<float>("/floats", {2, 4}));
            }),
            start + "/floats has 3 rows, but rows 2 to 4 are needed");
  EXPECT_EQ(error_of([&] {
              static_cast<void>(file.read_rows<float>("/floats", {-1, 2}));
            }),
            start + "/floats has 3 rows, but rows -1 to 2 are needed");
  EXPECT_EQ(error("/scalar"), "");
}

TEST_F(Hdf5Test, HostileAttributesAreRefused) {
  const std::string path = made("attributes.h5", [&](const OpenFile& file) {
    file.set_attribute<double>("/", "number", {1.5});
    file.set_attribute<std::int64_t>("/", "many", std::vector<std::int64_t>(100));
    file.set_attribute<std::int64_t>("/", "two", {1, 2});
    file.set_text("/", "text", "word");
  });
  const Hdf5Reader file(path);
  const std::string start = "65: " + path + ": attribute ";
  EXPECT_EQ(error_of([&] { static_cast<void>(file.read_integer("/", "number")); }),
            start + "number of / is not of the expected type");
  EXPECT_EQ(error_of([&] { static_cast<void>(file.read_text("/", "number")); }),
            start + "number of / is not of the expected type");
  EXPECT_EQ(error_of([&] { static_cast<void>(file.read_integers("/", "many")); }),
            start + "many of / holds 100 values");
  EXPECT_EQ(error_of([&] { static_cast<void>(file.read_integer("/", "two")); }),
            start + "two of / holds 2 values, expected one");
  EXPECT_EQ(error_of([&] { static_cast<void>(file.read_integer("/", "nothing")); }), start + "nothing of / is missing");
  EXPECT_EQ(file.read_text("/", "text"), "word");
}

TEST_F(Hdf5Test, ADamagedChunkStopsEveryRank) {
  std::int64_t offset = 0;
  const std::string path = made("chunks.h5", [&](const OpenFile& file) {
    const hsize_t chunk = 10;
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(creation, 1, &chunk);
    H5Pset_shuffle(creation);
    H5Pset_deflate(creation, 3);
    H5Pset_fletcher32(creation);
    file.add("/data", H5T_NATIVE_INT64, {100}, creation);
    const hid_t set = H5Dopen2(file.get(), "/data", H5P_DEFAULT);
    std::vector<std::int64_t> values(100);
    std::iota(values.begin(), values.end(), 0);
    EXPECT_GE(H5Dwrite(set, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0);
    hsize_t first = 0;
    hsize_t bytes = 0;
    unsigned mask = 0;
    haddr_t address = 0;
    EXPECT_GE(H5Dflush(set), 0);
    EXPECT_GE(H5Dget_chunk_info(set, H5Dget_space(set), 9, &first, &mask, &address, &bytes), 0);
    offset = static_cast<std::int64_t>(address + bytes / 2);
  });
  const RowRange mine = sample_range(comm_, 100);
  const auto read = [&] {
    const Hdf5Reader file(path);
    return file.read_rows<std::int64_t>("/data", mine);
  };
  const std::vector<std::int64_t> sound = agree_on(comm_, read);
  EXPECT_EQ(static_cast<Index>(sound.size()), mine.size());
  EXPECT_EQ(std::accumulate(sound.begin(), sound.end(), Index{0}), (mine.begin + mine.end - 1) * mine.size() / 2);
  if (comm_.is_root()) flip_bit(path, offset);
  comm_.barrier();
  const std::string error = error_of([&] { static_cast<void>(agree_on(comm_, read)); });
  EXPECT_EQ(error.substr(0, error.find("read:")), "65: " + path + ": /data cannot be ") << error;
}

}  // namespace
}  // namespace rankwise
