// Arrays that ranks write together, on any number of ranks: as our own reader finds them, and nothing half-written.

#include <algorithm>
#include <cstdint>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "io/arrays/faiss_index.hpp"
#include "io/arrays/id_array.hpp"
#include "io/arrays/npy_folder.hpp"
#include "io/arrays/npz_writer.hpp"
#include "io/arrays/shared_array.hpp"
#include "io/matrices/npz_file.hpp"
#include "tests/io/shared_folder.hpp"

namespace rankwise {
namespace {

class ArraysTest : public testing::Test {
 protected:
  /// Row r has the value r / 2, given in blocks of three rows.
  [[nodiscard]] SharedArray halves(Index rows) const {
    const RowRange mine = rows_of_rank(comm_, rows);
    return {.name = "halves",
            .type = "<f4",
            .shape = {rows},
            .row_bytes = sizeof(float),
            .mine = mine,
            .give = [this, mine](const TakeBytes& take) {
              for_row_blocks(comm_, mine, 3, [&](RowRange block) {
                std::vector<float> values;
                for (Index row = block.begin; row < block.end; ++row) values.push_back(static_cast<float>(row) / 2);
                take(bytes_of(std::span<const float>(values)));
              });
            }};
  }
  [[nodiscard]] SharedArray ids(const std::vector<std::string>& texts) const {
    return id_array(
        comm_, "ids", std::ssize(texts),
        [&texts](RowRange rows) -> Ids {
          return std::vector<std::string>(texts.begin() + rows.begin, texts.begin() + rows.end);
        },
        "model.h5");
  }

  Communicator comm_ = Communicator::world();
  SharedFolder folder_{comm_};
};

TEST_F(ArraysTest, OurReaderFindsWhatIsInAnNpz) {
  for (const Index rows : {0, 1, 2, 10, 1000}) {
    const double mean = 3.25;
    const std::vector<SharedArray> arrays{
        halves(rows), root_array(comm_, "mean", "<f8", {}, 8, std::string(bytes_of(std::span<const double>(&mean, 1)))),
        root_array(comm_, "format", "|S3", {}, 3, "csc")};
    const std::string path = folder_.file("arrays.npz");
    write_npz(comm_, path, arrays);
    const NpzFile file(path);
    EXPECT_EQ(file.size("halves"), rows);
    const std::vector<double> values = file.numbers("halves", {0, rows});
    for (Index row = 0; row < rows; ++row) {
      EXPECT_EQ(values[static_cast<std::size_t>(row)], static_cast<double>(row) / 2);
    }
    EXPECT_EQ(file.text("format"), "csc");
    EXPECT_FALSE(file.has("ids"));
    comm_.barrier();
  }
}

TEST_F(ArraysTest, HeadersAreThoseOfNumpy) {
  SharedArray array{.name = "x", .type = "<f4", .shape = {3, 40}, .row_bytes = 160, .mine = {0, 0}, .give = {}};
  const std::string header = npy_header(array);
  EXPECT_EQ(header.size() % 64, 0U);
  EXPECT_TRUE(header.starts_with(std::string("\x93NUMPY\x01\x00\x76\x00", 10)));
  EXPECT_EQ(header.find("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 40), }"), 10U);
  EXPECT_EQ(header.back(), '\n');
  array.shape = {7};
  EXPECT_NE(npy_header(array).find("'shape': (7,), }"), std::string::npos);
  array.shape = {};
  EXPECT_NE(npy_header(array).find("'shape': (), }"), std::string::npos);
}

TEST_F(ArraysTest, TextsAreAsWideAsTheLongestOfAllRanks) {
  const std::vector<std::string> texts{"a", "", "K\xc3\xa4se", "\xf0\x9f\xab\x96", "bread"};
  const SharedArray array = ids(texts);
  EXPECT_EQ(array.type, "<U5");
  EXPECT_EQ(array.bytes(), 5 * 5 * 4);
  write_npy_folder(comm_, folder_.file("arrays"), std::vector<SharedArray>{array});
  const std::string content = file_content(folder_.file("arrays/ids.npy"));
  const auto code = [&](std::size_t text, std::size_t sign) {
    std::uint32_t value = 0;
    std::copy_n(content.end() - 100 + static_cast<std::ptrdiff_t>(text * 20 + sign * 4), 4,
                reinterpret_cast<char*>(&value));
    return value;
  };
  EXPECT_EQ(code(0, 0), std::uint32_t{'a'});
  EXPECT_EQ(code(0, 1), 0U);
  EXPECT_EQ(code(1, 0), 0U);
  EXPECT_EQ(code(2, 1), 0xe4U);
  EXPECT_EQ(code(2, 3), std::uint32_t{'e'});
  EXPECT_EQ(code(3, 0), 0x1fad6U);
  EXPECT_EQ(code(4, 4), std::uint32_t{'d'});
}

TEST_F(ArraysTest, IdsThatAreNoUtf8AreRefusedOnAllRanks) {
  std::vector<std::string> texts(20, "id");
  texts.back() = "\xff";
  EXPECT_EQ(error_of([&] { static_cast<void>(ids(texts)); }),
            "65: model.h5: an id is not UTF-8; expected ids in UTF-8");
}

TEST_F(ArraysTest, NothingIsLeftOfAFileWhoseArrayFails) {
  SharedArray array = halves(10);
  array.give = [this](const TakeBytes& take) {
    take("some");
    agree_on(comm_, [&] {
      if (comm_.rank() == comm_.size() - 1) throw Error(ExitCode::io_error, "model.h5: cannot be read");
    });
  };
  const std::vector<SharedArray> arrays{halves(4), array};
  EXPECT_EQ(error_of([&] { write_npz(comm_, folder_.file("arrays.npz"), arrays); }), "74: model.h5: cannot be read");
  EXPECT_EQ(error_of([&] { write_npy_folder(comm_, folder_.file("."), arrays); }), "74: model.h5: cannot be read");
  comm_.barrier();
  EXPECT_EQ(folder_.names(), std::vector<std::string>{});
  comm_.barrier();
}

TEST_F(ArraysTest, AnIndexHasItsVectorsAndLabels) {
  SharedArray vectors = halves(12);
  vectors.shape = {12, 1};
  const SharedArray labels = root_array(comm_, "labels", "<i8", {12}, 8, std::string(96, '\1'));
  write_faiss_index(comm_, folder_.file("index.faiss"), vectors, labels);
  const std::string content = file_content(folder_.file("index.faiss"));
  EXPECT_EQ(content.size(), 2U * 37 + 8 + 48 + 8 + 96);
  EXPECT_TRUE(content.starts_with("IxMp"));
  EXPECT_EQ(content.find("IxFI"), 37U);
  EXPECT_TRUE(content.ends_with(std::string(96, '\1')));
}

}  // namespace
}  // namespace rankwise
