#include "kernels/process/cpu_quota.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

#include "tests/temporary_folder.hpp"

namespace rankwise {
namespace {

namespace fs = std::filesystem;

constexpr const char* mounts_of_two = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";

/// A made-up root of a file system.
class CpuQuota : public testing::Test {
 protected:
  void put(const std::string& path, const std::string& text) const {
    fs::create_directories(fs::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }
  [[nodiscard]] std::optional<int> quota() const { return cpu_quota(root_); }

  TemporaryFolder folder_;
  std::string root_ = folder_.path;
};

TEST_F(CpuQuota, WithoutGroupsOrLimitsThereIsNone) {
  EXPECT_EQ(quota(), std::nullopt);
  put("/proc/self/mountinfo", mounts_of_two);
  put("/proc/self/cgroup", "0::/a\n");
  EXPECT_EQ(quota(), std::nullopt);
  put("/sys/fs/cgroup/a/cpu.max", "max 100000\n");
  EXPECT_EQ(quota(), std::nullopt);
  put("/sys/fs/cgroup/a/cpu.max", "words\n");
  EXPECT_EQ(quota(), std::nullopt);
}

TEST_F(CpuQuota, VersionTwoTakesTheSmallestOnTheWay) {
  put("/proc/self/mountinfo", std::string("22 1 8:1 / / rw - ext4 /dev/sda1 rw\n") + mounts_of_two);
  put("/proc/self/cgroup", "0::/a/b/c\n");
  put("/sys/fs/cgroup/a/cpu.max", "800000 100000\n");
  put("/sys/fs/cgroup/a/b/cpu.max", "350000 100000\n");
  put("/sys/fs/cgroup/a/b/c/cpu.max", "max 100000\n");
  put("/sys/fs/cgroup/other/cpu.max", "100000 100000\n");
  EXPECT_EQ(quota(), 4);  // 3.5, rounded up
  put("/sys/fs/cgroup/a/b/cpu.max", "400000 200000\n");
  EXPECT_EQ(quota(), 2);
  put("/sys/fs/cgroup/a/b/c/cpu.max", "5000 100000\n");
  EXPECT_EQ(quota(), 1);
}

TEST_F(CpuQuota, VersionOneHasQuotaAndPeriodInFilesOfTheirOwn) {
  put("/proc/self/mountinfo",
      "40 30 0:33 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
      "41 30 0:34 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n");
  put("/proc/self/cgroup", "5:memory:/m\n4:cpu,cpuacct:/a/b\n0::/a\n");
  put("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "-1\n");
  put("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota(), std::nullopt);
  put("/sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us", "250000\n");
  put("/sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota(), 3);
}

TEST_F(CpuQuota, InAContainerTheMountPointIsTheGroup) {
  // The host's path of the group, of which the container sees only the end.
  put("/proc/self/mountinfo", "41 30 0:34 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n");
  put("/proc/self/cgroup", "4:cpu:/docker/abc\n");
  put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000\n");
  put("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota(), 2);
  put("/proc/self/cgroup", "4:cpu:/docker/abc/inner\n");
  put("/sys/fs/cgroup/cpu/inner/cpu.cfs_quota_us", "100000\n");
  put("/sys/fs/cgroup/cpu/inner/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota(), 1);
  put("/proc/self/cgroup", "4:cpu:/elsewhere\n");
  EXPECT_EQ(quota(), 2);
}

}  // namespace
}  // namespace rankwise
