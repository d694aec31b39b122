#include "jobs/campaign/uplift_matches.hpp"

#include <fmt/format.h>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "distributed/comm/key_exchange.hpp"
#include "kernels/base/error.hpp"
#include "kernels/process/small_file.hpp"
#include "kernels/text/text_encoding.hpp"

namespace rankwise {

namespace {

/// A segment without a name is "segment 3" in a report, and "3" in a campaign.
std::string name_in_campaign(const std::string& name) {
  constexpr std::string_view begin = "segment ";
  const bool is_number = name.starts_with(begin) && name.size() > begin.size() &&
                         name.find_first_not_of("0123456789", begin.size()) == std::string::npos;
  return is_number ? name.substr(begin.size()) : name;
}

/// Segments of now by those of then.
std::map<std::string, std::string> matches_on_root(const std::string& path) {
  std::map<std::string, std::string> now_of;
  try {
    const auto report = nlohmann::json::parse(read_small_file(path));
    const auto text_of = [](const nlohmann::json& name) {
      return name_in_campaign(decoded_text(name.get<std::string>()));
    };
    for (const nlohmann::json& match : report.at("changes").at("matches")) {
      if (!match.at("before").is_null()) now_of[text_of(match.at("before"))] = text_of(match.at("segment"));
    }
  } catch (const nlohmann::json::exception& error) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: has no matches of segments; expected the report (JSON) of segments "
                            "--against: {}",
                            path, error.what()));
  }
  return now_of;
}

}  // namespace

Index match_uplifts(const Communicator& comm, const std::string& path, UpliftTable& table) {
  std::vector<std::string> then;
  std::vector<std::string> now;
  agree_on(comm, [&] {
    if (!comm.is_root()) return;
    for (const auto& [before, segment] : matches_on_root(path)) {
      then.push_back(before);
      now.push_back(segment);
    }
  });
  broadcast_texts(comm, then);
  broadcast_texts(comm, now);
  std::map<std::string, std::string> now_of;
  for (std::size_t place = 0; place < then.size(); ++place) now_of[then[place]] = now[place];
  Index unmatched = 0;
  for (std::string& segment : table.segments) {
    if (segment == uplift_of_all || segment == uplift_of_none) continue;
    const auto found = now_of.find(segment);
    unmatched += found == now_of.end() ? 1 : 0;
    segment = found == now_of.end() ? std::string() : found->second;
  }
  return unmatched;
}

}  // namespace rankwise
