#include "collector/feed/mrt_reader.hpp"

#include <regex>
#include <utility>

namespace isthmus::collector {
namespace {

constexpr std::uint16_t kBgp4mpEntry = 2;
constexpr std::uint16_t kBgp4mpSnapshot = 3;
constexpr std::uint8_t kMulticast = 2;

}  // namespace

MrtReader::MrtReader(std::unique_ptr<Input> input, std::string name, const Options& options)
    : records_{std::move(input), std::move(name)},
      log_{records_.account(), records_.name()},
      rib_{options.source, options.detail, options.wanted},
      session_{options.source, options.detail, options.wanted} {}

const MrtElement* MrtReader::next_element() {
  for (;;) {
    const bool found = current_ == Source::Rib       ? rib_.next(element_, log_)
                       : current_ == Source::Session ? session_.next(element_, log_)
                                                     : false;
    if (found) {
      ++records_.account().elements;
      element_.route.sequence = sequence_;
      element_.route.since = element_.originated;
      return &element_;
    }
    log_.end();
    current_ = Source::None;
    const MrtRecord* const record = records_.next();
    if (record == nullptr) {
      return nullptr;
    }
    log_.begin(record->offset, record->size);
    sequence_ = record->time == last_time_ ? sequence_ + 1 : 0;
    last_time_ = record->time;
    const bool bgp4mp = record->type == MrtType::Bgp4mp || record->type == MrtType::Bgp4mpEt;
    if (!carries_bgp(record->type)) {
      log_.skip_rest(kNotBgp, {});
    } else if (bgp4mp && record->subtype == kBgp4mpSnapshot) {
      log_.skip_rest(kNotRoutes, {});
    } else if (record->type == MrtType::Bgp || (bgp4mp && record->subtype != kBgp4mpEntry)) {
      current_ = Source::Session;
      session_.start(*record, log_);
    } else {
      current_ = Source::Rib;
      rib_.start(*record, log_);
    }
  }
}

const Route* MrtReader::next() {
  const MrtElement* element = next_element();
  while (element != nullptr && element->safi == kMulticast && !element->is_state) {
    element = next_element();
  }
  return element == nullptr ? nullptr : &element->route;
}

std::string collector_name(const std::string& path) {
  static const std::regex kPattern{R"((rrc[0-9]{2})|(route-views[0-9]*(\.[a-z0-9-]+)?))"};
  std::smatch match;
  if (std::regex_search(path, match, kPattern)) {
    static const std::regex kNotName{R"(\.(ribs?|updates|bview|mrt|bz2|gz|[0-9]+)$)"};
    return std::regex_replace(match.str(), kNotName, "");
  }
  const std::size_t slash = path.rfind('/');
  const std::string base = slash == std::string::npos ? path : path.substr(slash + 1);
  const std::string name = base.substr(0, base.find('.'));
  // Archives are published under names that say only what is in them. Were the table's peers others
  // than those of the updates, its routes would stand for ever.
  static const std::regex kKind{R"((latest-)?(ribs?|bview|updates))"};
  return std::regex_match(name, kKind) ? "archive" : name;
}

Result<std::unique_ptr<MrtReader>> open_mrt(const std::string& path, MrtReader::Options options) {
  Result<std::unique_ptr<Input>> input = open_input(path);
  if (!input) {
    return unexpected{input.error()};
  }
  if (options.source.empty()) {
    options.source = collector_name(path);
  }
  return std::make_unique<MrtReader>(std::move(*input), path == "-" ? "standard input" : path,
                                     options);
}

}  // namespace isthmus::collector
