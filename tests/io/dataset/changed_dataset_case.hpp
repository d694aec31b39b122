#pragma once
// A sound dataset file that tests change, and what reading everything then says.

#include <algorithm>
#include <fstream>
#include <gtest/gtest.h>
#include <string>

#include "distributed/comm/communicator.hpp"
#include "io/verify/verify_structure.hpp"
#include "tests/io/damage.hpp"
#include "tests/io/shared_folder.hpp"

namespace rankwise {

class ChangedDatasetCase : public testing::Test {
 protected:
  /// Writes the sound file by `write(path)`, which is collective.
  template <class Write>
  explicit ChangedDatasetCase(const Write& write) {
    write(path_);
    comm_.barrier();
    content_ = file_content(path_);
  }

  /// The text of the error after a change of the sound file, without the file's name. Collective.
  template <class Change>
  [[nodiscard]] std::string error_after(const Change& change) const {
    comm_.barrier();  // nobody reads it any more
    if (comm_.is_root()) {
      std::ofstream(path_, std::ios::binary) << content_;
      change(OpenFile(path_));
    }
    comm_.barrier();
    const std::string error = error_of([&] { verify_structure(comm_, path_, "dataset"); });
    const std::string start = "65: " + path_ + ": ";
    EXPECT_TRUE(error.starts_with(start)) << error;
    EXPECT_EQ(error.find('\n'), std::string::npos) << error;
    return error.substr(std::min(start.size(), error.size()));
  }

  Communicator comm_ = Communicator::world();
  SharedFolder folder_{comm_};
  std::string path_ = folder_.file("dataset.h5");
  std::string content_ = {};  ///< of the sound file
};

}  // namespace rankwise
