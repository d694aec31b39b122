#include "jobs/sweep/plan/item_points.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <memory>
#include <string>
#include <vector>

#include "jobs/itemcf/itemcf.hpp"
#include "jobs/options/options.hpp"
#include "jobs/sweep/plan/swept_options.hpp"

namespace rankwise {

ItemcfOptions item_options(const SearchPoint& point) {
  const auto options = std::make_shared<ItemcfOptions>();
  Job job = itemcf_job();
  job.describe = [options](auto& description) { return describe_itemcf_job(description, options); };
  JobOptions parsed(job);
  parsed.parse_command_line(with_named_files(SweptJob::itemcf, point_arguments(SweptJob::itemcf, point)));
  parsed.resolve(1);
  return *options;
}

SearchPoint effective_item_point(SearchPoint point) {
  for (const IdleOption& idle : idle_options(item_options(point))) {
    std::erase_if(point, [&idle](const Assignment& assignment) { return assignment.name == idle.name; });
  }
  return point;
}

}  // namespace rankwise
