#include "jobs/quarterly/quarter_page.hpp"

#include <nlohmann/json.hpp>

#include "io/page/report_page.hpp"
#include "jobs/quarterly/quarter_numbers.hpp"
#include "kernels/process/small_file.hpp"

namespace rankwise {

extern const std::string_view quarter_report_page;  // jobs/quarterly/quarter_page.html

void write_quarter_page(const Communicator& comm, const Chain& chain, const ChainStep& step) {
  agree_on(comm, [&] {
    if (!comm.is_root()) return;
    constexpr int indent = 2;
    const std::string json = quarter_numbers(chain, valid_records(chain)).dump(indent) + "\n";
    for (const std::string& path : step.outputs)
      replace_file(path, path.ends_with(".json") ? json : report_page(quarter_report_page, json));
  });
}

}  // namespace rankwise
