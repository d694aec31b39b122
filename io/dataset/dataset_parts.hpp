#pragma once
// What the parts of a dataset are called in its file (io/dataset/dataset.hpp).

#include <string>

#include "distributed/log/dataset.hpp"

namespace rankwise {

inline const std::string user_ids_name = "/users/ids";
inline const std::string item_ids_name = "/items/ids";
inline const std::string pseudonyms_name = "pseudonyms";              // attributes of the root
inline const std::string pseudonym_key_id_name = "pseudonym-key-id";  //
inline const std::string heldout_user_ids_name = "/heldout/users/ids";
inline const std::string user_table_name = "/users/table";
inline const std::string item_table_name = "/items/table";
inline const std::string heldout_user_table_name = "/heldout/users/table";

/// The group of a part in the file.
[[nodiscard]] const char* group_name(DatasetPart part);
/// Of the log rows on pairs of a matrix of the training part.
[[nodiscard]] const char* log_rows_name(DatasetPart part);

/// Whether files of format-version 1 may have the part, too.
[[nodiscard]] bool is_in_every_format(DatasetPart part);

}  // namespace rankwise
