#include "io/campaign/contact_list.hpp"

#include <fmt/format.h>

#include "io/campaign/table_columns.hpp"
#include "io/log/columns.hpp"
#include "io/text/small_table.hpp"
#include "io/text/text_probe.hpp"
#include "io/text/time_text.hpp"

namespace rankwise {

namespace {

ContactList contacts_on_root(const std::string& path) {
  ContactList contacts;
  read_small_table(path, [&](RecordReader& reader) {
    const std::vector<std::string> header = first_fields(reader);
    const std::size_t user = table_column(header, is_common_user_name, "user");
    const std::size_t time = table_column(header, "time");
    const TimeReader times(TimeForm::by_look, "");
    for_each_record(reader, header.size(), [&](const std::vector<std::string_view>& fields) {
      contacts.users.emplace_back(fields[user]);
      contacts.times_microseconds.push_back(times.read(fields[time]));
    });
  });
  return contacts;
}

}  // namespace

ContactList read_contacts(const Communicator& comm, const std::string& path) {
  return read_table_on_root(comm, path, contacts_on_root);
}

}  // namespace rankwise
