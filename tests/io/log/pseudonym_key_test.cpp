#include "io/log/pseudonym_key.hpp"

#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/io/shared_folder.hpp"

namespace rankwise {
namespace {

class PseudonymKeyTest : public testing::Test {
 protected:
  /// The key in a file of these bytes and this mode, or the code and message of the refusal; the same on every rank.
  std::string key_in(const std::string& bytes, mode_t mode = 0600) {
    const std::string path = folder_.file("key");
    if (comm_.is_root()) {
      std::ofstream(path, std::ios::binary) << bytes;
      chmod(path.c_str(), mode);
    }
    comm_.barrier();
    std::string text = key_of(path);
    comm_.barrier();
    if (comm_.is_root()) unlink(path.c_str());
    return text;
  }

  std::string key_of(const std::string& source) {
    std::string text;
    try {
      text = read_pseudonym_key(comm_, source);
    } catch (const AgreedError& error) {
      text = fmt::format("{}: {}", static_cast<int>(error.code()), error.what());
      if (const auto path = text.find(folder_.file("")); path != std::string::npos) {
        text.erase(path, folder_.file("").size());
      }
    }
    std::string root = text;
    comm_.broadcast(root);
    EXPECT_EQ(text, root);
    return text;
  }

  Communicator comm_ = Communicator::world();
  SharedFolder folder_{comm_};
};

TEST_F(PseudonymKeyTest, IsWhatTheFileHoldsWithoutBlanksAround) {
  EXPECT_EQ(key_in("0123456789abcdef"), "0123456789abcdef");
  EXPECT_EQ(key_in(" \t0123456789 abcdef\r\n\n"), "0123456789 abcdef");
  EXPECT_EQ(key_in("0123456789abcdef", 0400), "0123456789abcdef");
  const std::string bytes("\0\x01\xff 0123456789ab\0\0", 18);
  EXPECT_EQ(key_in(bytes), bytes);
  EXPECT_EQ(key_in(std::string(4096, 'x')), std::string(4096, 'x'));
}

TEST_F(PseudonymKeyTest, IsOfNobodyElse) {
  const std::string key = "0123456789abcdef";
  for (const auto& [mode, text] :
       {std::pair<mode_t, std::string>{0640, "0640"}, {0604, "0604"}, {0620, "0620"}, {0700, "0700"}, {0644, "0644"}}) {
    EXPECT_EQ(key_in(key, mode),
              "2: --pseudonyms key: the mode of the key's file is " + text + "; expected 0600 or stricter (chmod 600)");
  }
}

TEST_F(PseudonymKeyTest, IsNotTooShortOrTooLong) {
  const std::string expected = " bytes without blanks around it; expected 16 to 4096 (openssl rand -hex 32 makes one)";
  EXPECT_EQ(key_in("0123456789abcde\n"), "2: --pseudonyms key: the key has 15" + expected);
  EXPECT_EQ(key_in(""), "2: --pseudonyms key: the key has 0" + expected);
  EXPECT_EQ(key_in(" \n"), "2: --pseudonyms key: the key has 0" + expected);
  EXPECT_EQ(key_in(std::string(4097, 'x')), "2: --pseudonyms key: the key has too many" + expected);
}

TEST_F(PseudonymKeyTest, MayBeInTheEnvironmentOfTheRoot) {
  if (comm_.is_root()) setenv("RANKWISE_TEST_KEY", "0123456789abcdef\n", 1);
  EXPECT_EQ(key_of("env:RANKWISE_TEST_KEY"), "0123456789abcdef");
  if (comm_.is_root()) unsetenv("RANKWISE_TEST_KEY");
  EXPECT_EQ(key_of("env:RANKWISE_TEST_KEY"),
            "66: --pseudonyms env:RANKWISE_TEST_KEY: the environment of the first rank has no variable "
            "RANKWISE_TEST_KEY");
}

TEST_F(PseudonymKeyTest, IsInARegularFile) {
  EXPECT_EQ(key_of(folder_.file("none")), "66: --pseudonyms none: No such file or directory");
  if (comm_.is_root()) mkfifo(folder_.file("pipe").c_str(), 0600);
  comm_.barrier();
  EXPECT_EQ(key_of(folder_.file("pipe")), "2: --pseudonyms pipe: is no regular file; expected a file with a key");
}

}  // namespace
}  // namespace rankwise
