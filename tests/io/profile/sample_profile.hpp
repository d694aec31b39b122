#pragma once
// A profile whose content is a pure function of global row numbers, cut over any ranks.

#include "io/profile/profile_file.hpp"
#include "tests/io/sample_files.hpp"
#include "tests/io/tables/sample_tables.hpp"

namespace rankwise {

/// A column of each type, and `orders`, of which every fifth user has none.
inline Profile sample_profile(const Communicator& comm, Index users, SampleIds kind) {
  Profile profile{.ids = sample_ids(sample_range(comm, users), users, kind, "user "),
                  .table = {},
                  .definitions = {"größer", "of a product", "of a book", "orders of the user"},
                  .analysis_day = "1997-09-30"};
  profile.table = sample_table(profile.ids);
  Numbers orders;
  for (Index user = profile.ids.rows.begin; user < profile.ids.rows.end; ++user)
    orders.push_back(static_cast<double>(user % 5));
  profile.table.columns.push_back({"orders", std::move(orders)});
  return profile;
}

}  // namespace rankwise
