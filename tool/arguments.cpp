#include "tool/arguments.hpp"

#include <filesystem>

#include <CLI/CLI.hpp>

namespace isthmus::tool {
namespace {

Result<Asn> parse_asn(const std::string& option, const std::string& text) {
  if (const std::optional<Asn> asn = Asn::parse(text)) {
    return *asn;
  }
  return fail(option + " " + text + ": is no AS number; write AS4837 or 4837");
}

Result<void> parse_asns(const std::string& option, const std::vector<std::string>& texts,
                        std::vector<Asn>& asns) {
  for (const std::string& text : texts) {
    const Result<Asn> asn = parse_asn(option, text);
    if (!asn) {
      return unexpected{asn.error()};
    }
    asns.push_back(*asn);
  }
  return {};
}

Result<Prefix> parse_prefix(const std::string& text) {
  if (const std::optional<Prefix> prefix = Prefix::parse(text)) {
    return *prefix;
  }
  return fail("--prefix " + text +
              ": is no prefix; write 175.45.176.0/24, with all bits behind the length zero");
}

Result<std::optional<TimePoint>> parse_moment(const std::string& option, const std::string& text) {
  if (text.empty()) {
    return std::optional<TimePoint>{};
  }
  if (const std::optional<TimePoint> time = parse_utc(text)) {
    return time;
  }
  return fail(option + " " + text + ": is no time; write 2017-10-01T09:07:51Z");
}

}  // namespace

void TargetArguments::add_to(CLI::App& command) {
  command.add_option("--target", target, "The AS whose upstreams are watched, as AS131279");
  command
      .add_option("--prefix", prefixes,
                  "A prefix of the target to watch; may be repeated. Without it, all that the "
                  "target originates")
      ->take_all()
      ->allow_extra_args(false);
  command
      .add_option("--known-upstream", known_upstreams,
                  "An upstream that is no news; may be repeated. Without it the first 24 hours are "
                  "spent learning")
      ->take_all()
      ->allow_extra_args(false);
  command
      .add_option("--sibling", siblings,
                  "An AS of the same organisation, which is no upstream; may be repeated")
      ->take_all()
      ->allow_extra_args(false);
}

Result<collector::Target> parse_target(const TargetArguments& arguments) {
  collector::Target target;
  const Result<Asn> origin = parse_asn("--target", arguments.target);
  if (!origin) {
    return unexpected{origin.error()};
  }
  target.name = origin->to_string();
  target.origins = {*origin};
  for (const std::string& text : arguments.prefixes) {
    const Result<Prefix> prefix = parse_prefix(text);
    if (!prefix) {
      return unexpected{prefix.error()};
    }
    target.prefixes.push_back(*prefix);
  }
  if (const auto parsed =
          parse_asns("--known-upstream", arguments.known_upstreams, target.known_upstreams);
      !parsed) {
    return unexpected{parsed.error()};
  }
  if (const auto parsed = parse_asns("--sibling", arguments.siblings, target.siblings); !parsed) {
    return unexpected{parsed.error()};
  }
  return target;
}

void HistoryArguments::add_to(CLI::App& command, bool with_filters) {
  command.add_option("--history", folder, "The folder that `replay --history` wrote")
      ->envname("ISTHMUS_HISTORY")
      ->required();
  if (!with_filters) {
    return;
  }
  command.add_option("--target", target, "Only of this target, by its name");
  command.add_option("--prefix", prefix, "Only of this prefix and its more specifics");
  command.add_option("--upstream", upstream, "Only of this upstream, as AS20485");
  command.add_option("--from", from, "From this time on, as 2017-10-01T09:00:00Z");
  command.add_option("--until", until, "Before this time");
  command.add_option("--limit", limit, "At most so many")->check([](const std::string& text) {
    const bool good = !text.empty() && text.front() != '0' &&
                      text.find_first_not_of("0123456789") == std::string::npos;
    return good ? std::string{} : text + ": write a whole number from 1 on";
  });
}

Result<collector::HistoryFilter> parse_filter(const HistoryArguments& arguments) {
  collector::HistoryFilter filter;
  if (!arguments.target.empty()) {
    filter.target = arguments.target;
  }
  if (!arguments.prefix.empty()) {
    const Result<Prefix> prefix = parse_prefix(arguments.prefix);
    if (!prefix) {
      return unexpected{prefix.error()};
    }
    filter.prefix = *prefix;
  }
  if (!arguments.upstream.empty()) {
    const Result<Asn> asn = parse_asn("--upstream", arguments.upstream);
    if (!asn) {
      return unexpected{asn.error()};
    }
    filter.upstream = *asn;
  }
  const auto from = parse_moment("--from", arguments.from);
  const auto until = parse_moment("--until", arguments.until);
  if (!from || !until) {
    return unexpected{from ? until.error() : from.error()};
  }
  filter.from = *from;
  filter.until = *until;
  if (arguments.limit > 0) {
    filter.limit = arguments.limit;
  }
  return filter;
}

Result<std::unique_ptr<collector::History>> open_existing_history(const std::string& folder) {
  std::error_code code;
  if (!std::filesystem::exists(std::filesystem::path{folder} / "catalog.db", code)) {
    return fail(folder + ": holds no history (no catalog.db); `isthmusctl replay --history " +
                folder + " ...` makes one");
  }
  return collector::open_sqlite_history_to_read(folder);
}

}  // namespace isthmus::tool
