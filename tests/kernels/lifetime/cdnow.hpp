#pragma once
// The customers of CDNOW (Fader and Hardie), if the real data is there: a row for each, in weeks and dollars.

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>
#include <zlib.h>

namespace rankwise {

struct CdnowCustomer {
  int repeats = 0;
  double last_time = 0;
  double observed_time = 0;
  double mean_value = 0;  ///< of repeat purchases; 0 without
};

/// cdnow_values.csv.gz: ID,x,t_x,T,zbar; nothing if it is absent.
inline std::optional<std::vector<CdnowCustomer>> read_cdnow() {
  const char* const folder = std::getenv("RANKWISE_DATA");
  const std::filesystem::path source = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
  const std::filesystem::path data =
      folder != nullptr ? std::filesystem::path(folder) : source.parent_path().parent_path() / "shared/data";
  const gzFile file = gzopen((data / "cdnow_values.csv.gz").c_str(), "rb");
  if (file == nullptr) return std::nullopt;
  std::vector<CdnowCustomer> customers;
  char line[256];
  gzgets(file, line, sizeof line);  // the header
  while (gzgets(file, line, sizeof line) != nullptr) {
    CdnowCustomer customer;
    int id = 0;
    if (std::sscanf(line, "%d,%d,%lf,%lf,%lf", &id, &customer.repeats, &customer.last_time, &customer.observed_time,
                    &customer.mean_value) == 5) {
      customers.push_back(customer);
    }
  }
  gzclose(file);
  return customers;
}

}  // namespace rankwise
