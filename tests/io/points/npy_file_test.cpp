// .npy files: every type that numpy writes and we read, and headers that nobody should believe.

#include "io/points/npy_file.hpp"

#include <gtest/gtest.h>
#include <vector>

#include "kernels/base/error.hpp"
#include "tests/io/points/npy_bytes.hpp"
#include "tests/io/shared_folder.hpp"
#include "tests/temporary_folder.hpp"

namespace rankwise {
namespace {

class NpyFileTest : public testing::Test {
 protected:
  std::string write(std::string_view content) {
    std::ofstream(path_, std::ios::binary | std::ios::trunc).write(content.data(), std::ssize(content));
    return path_;
  }
  std::vector<double> rows_of(std::string_view content, RowRange rows) {
    const NpyFile file(write(content));
    std::vector<double> values(static_cast<std::size_t>(rows.size() * file.columns()));
    file.read_rows(rows, values);
    return values;
  }
  /// What is wrong, without code and name of the file.
  std::string failure(std::string_view content) {
    const std::string error = error_of([&] { static_cast<void>(NpyFile(write(content))); });
    const std::string prefix = "65: " + path_ + ": ";
    EXPECT_TRUE(error.starts_with(prefix)) << error;
    return error.substr(std::min(error.size(), prefix.size()));
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.path + "/rows.npy";
};

using Values = std::vector<double>;

TEST_F(NpyFileTest, ReadsEveryTypeAndVersion) {
  for (const int version : {1, 2, 3}) {
    const auto rows = [&](std::string_view descr, const std::string& data) {
      return rows_of(npy_bytes(npy_header(descr, "2, 2"), data, version), {0, 2});
    };
    EXPECT_EQ(rows("<f4", bytes_of<float>({1, -2.5, 3, 4})), (Values{1, -2.5, 3, 4}));
    EXPECT_EQ(rows("<f8", bytes_of<double>({1, -2.5, 3, 1e300})), (Values{1, -2.5, 3, 1e300}));
    EXPECT_EQ(rows("|i1", bytes_of<std::int8_t>({1, -2, 3, -128})), (Values{1, -2, 3, -128}));
    EXPECT_EQ(rows("|u1", bytes_of<std::uint8_t>({1, 2, 3, 255})), (Values{1, 2, 3, 255}));
    EXPECT_EQ(rows("<i2", bytes_of<std::int16_t>({1, -2, 3, 4})), (Values{1, -2, 3, 4}));
    EXPECT_EQ(rows("<u2", bytes_of<std::uint16_t>({1, 2, 3, 65535})), (Values{1, 2, 3, 65535}));
    EXPECT_EQ(rows("<i4", bytes_of<std::int32_t>({1, -2, 3, 4})), (Values{1, -2, 3, 4}));
    EXPECT_EQ(rows("<u4", bytes_of<std::uint32_t>({1, 2, 3, 4294967295})), (Values{1, 2, 3, 4294967295}));
    EXPECT_EQ(rows("<i8", bytes_of<std::int64_t>({1, -2, 3, 4})), (Values{1, -2, 3, 4}));
    EXPECT_EQ(rows("<u8", bytes_of<std::uint64_t>({1, 2, 3, 4})), (Values{1, 2, 3, 4}));
  }
}

TEST_F(NpyFileTest, ReadsRowsByTheirOffset) {
  const std::string file = npy_bytes(npy_header("<i2", "3, 2"), bytes_of<std::int16_t>({1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(rows_of(file, {1, 3}), (Values{3, 4, 5, 6}));
  EXPECT_EQ(rows_of(file, {3, 3}), Values{});
}

TEST_F(NpyFileTest, TheOrderOfKeysAndBlanksDoNotMatter) {
  const std::string header = R"({"shape":(1,2),"fortran_order":False,"descr":"<f4"})";
  EXPECT_EQ(rows_of(npy_bytes(header, bytes_of<float>({1, 2})), {0, 1}), (Values{1, 2}));
}

TEST_F(NpyFileTest, OtherArraysAreRefused) {
  const std::string data(64, '\1');
  EXPECT_EQ(failure(npy_bytes(npy_header("<f4", "4, 4", "True"), data)),
            "is in Fortran order, expected C order (numpy.ascontiguousarray)");
  EXPECT_EQ(failure(npy_bytes(npy_header(">f4", "4, 4"), data)),
            "holds big-endian numbers ('>f4'), expected little-endian ones");
  for (const char* type : {"|O", "<f2", "<c8", "|b1", "<U4", "|S4", "|f4", "<M8[ns]", "f4", "=f4", "<f44"}) {
    EXPECT_EQ(failure(npy_bytes(npy_header(type, "4, 4"), data)),
              fmt::format("holds values of type '{}', expected float32, float64 or integers", type));
  }
  EXPECT_EQ(failure(npy_bytes("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (4,), }", data)),
            "holds records, expected float32, float64 or integers");
  EXPECT_EQ(failure(npy_bytes(npy_header("<f4", "16,"), data)), "has 1 dimension, expected 2: rows and columns");
  EXPECT_EQ(failure(npy_bytes(npy_header("<f4", ""), data)), "has 0 dimensions, expected 2: rows and columns");
  EXPECT_EQ(failure(npy_bytes(npy_header("<f4", "2, 2, 4"), data)), "has 3 dimensions, expected 2: rows and columns");
}

TEST_F(NpyFileTest, HostileHeadersAreRefused) {
  const std::string data(64, '\1');
  EXPECT_EQ(failure(npy_bytes(npy_header("<f4", "-4, -4"), data)), "its header claims a size of -4");
  EXPECT_EQ(failure(npy_bytes(npy_header("<f4", "4, 5"), data)),
            "claims 4 x 5 numbers of 4 bytes, but holds 64 bytes of data");
  EXPECT_EQ(failure(npy_bytes(npy_header("<f4", "4, 3"), data)),
            "claims 4 x 3 numbers of 4 bytes, but holds 64 bytes of data");
  EXPECT_EQ(failure(npy_bytes(npy_header("<f4", "0, 3"), data)),
            "claims 0 x 3 numbers of 4 bytes, but holds 64 bytes of data");
  EXPECT_EQ(failure(npy_bytes(npy_header("<f8", "4294967296, 4294967296"), data)),
            "claims 4294967296 x 4294967296 numbers of 8 bytes, but holds 64 bytes of data");
  EXPECT_EQ(failure(npy_bytes(npy_header("<f4", "4611686018427387908, 4"), data)),
            "claims 4611686018427387908 x 4 numbers of 4 bytes, but holds 64 bytes of data")
      << "the product overflows to 16";
  EXPECT_EQ(failure(npy_bytes(npy_header("<f4", "99999999999999999999, 1"), data)),
            "its header claims more than 2^63 rows or columns");
  for (const std::string header :
       {"", "{", "{}", "[]", "{'descr': '<f4'}", "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 4",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4 4), }", "{'descr': '<f4, ",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (4, 4), }", "{'descr': '<f4', 'fortran_order': F",
        "{'descr': '<f4' 'fortran_order': False, 'shape': (4, 4), }", "{'descr': '', 'shape': (4, 4), 'shape': (4, 4)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (x, 4), }", "{'descr': 4, 'shape': (4, 4), }"}) {
    EXPECT_EQ(failure(npy_bytes(header, data)), "its header is not one that numpy writes") << header;
  }
  EXPECT_EQ(failure(npy_bytes("{'colour': 'red'}", data)), "its header has the unknown key 'colour'");
  EXPECT_EQ(failure(npy_bytes(npy_header("<f4", "4, 4"), data, 4)), "has .npy version 4, expected 1, 2 or 3");
  EXPECT_EQ(failure("a,b\n1,2\n"), "is not a .npy file");
  EXPECT_EQ(failure(""), "is not a .npy file");
}

TEST_F(NpyFileTest, CutFilesAreRefused) {
  const std::string whole = npy_bytes(npy_header("<f4", "4, 4"), std::string(64, '\1'));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::string error = failure(whole.substr(0, size));
    EXPECT_TRUE(
        error == "is not a .npy file" || error == "the file ends early" ||
        error == fmt::format("claims 4 x 4 numbers of 4 bytes, but holds {} bytes of data", 64 - (whole.size() - size)))
        << error;
  }
  std::string long_header("\x93NUMPY\x02\x00\xff\xff\xff\x7f", 12);
  EXPECT_EQ(failure(long_header), "claims a header of 2147483647 bytes");
  EXPECT_EQ(failure(std::string("\x93NUMPY\x01\x00\xff\xff{}", 12)), "the file ends early");
}

TEST_F(NpyFileTest, AMissingFileIsNoInput) {
  EXPECT_EQ(error_of([] { static_cast<void>(NpyFile("/no/such.npy")); }),
            "66: /no/such.npy: No such file or directory");
}

}  // namespace
}  // namespace rankwise
