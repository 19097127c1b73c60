#include "core/route/as_path.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/base/hash.hpp"

namespace isthmus {
namespace {

struct Brackets {
  char open;
  char close;
  char separator;
};

/// How `bgpdump` writes a segment; a plain sequence has no brackets.
Brackets brackets_of(SegmentType type) {
  switch (type) {
    case SegmentType::Set:
      return {'{', '}', ','};
    case SegmentType::ConfedSequence:
      return {'(', ')', ' '};
    case SegmentType::ConfedSet:
      return {'[', ']', ','};
    case SegmentType::Sequence:
      break;
  }
  return {'\0', '\0', ' '};
}

std::optional<SegmentType> type_opened_by(char bracket) {
  switch (bracket) {
    case '{':
      return SegmentType::Set;
    case '(':
      return SegmentType::ConfedSequence;
    case '[':
      return SegmentType::ConfedSet;
    default:
      return std::nullopt;
  }
}

void append_number(std::string& text, std::uint32_t value) {
  std::array<char, 12> digits{};
  const char* end = std::to_chars(digits.begin(), digits.end(), value).ptr;
  text.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

bool append_asns(AsPath& path, std::string_view list, char separator) {
  while (!list.empty()) {
    const auto end = std::min(list.find(separator), list.size());
    const auto asn = Asn::parse(list.substr(0, end));
    if (!asn) {
      return false;
    }
    path.push_back(*asn);
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return true;
}

}  // namespace

void AsPath::clear() {
  asns_.clear();
  segments_.clear();
}

void AsPath::append(SegmentType type, std::span<const Asn> asns) {
  begin_segment(type);
  asns_.insert(asns_.end(), asns.begin(), asns.end());
  segments_.back().count = static_cast<std::uint32_t>(asns.size());
}

void AsPath::begin_segment(SegmentType type) {
  segments_.push_back({type, static_cast<std::uint32_t>(asns_.size()), 0});
}

void AsPath::push_back(Asn asn) {
  if (segments_.empty()) {
    begin_segment(SegmentType::Sequence);
  }
  asns_.push_back(asn);
  ++segments_.back().count;
}

std::optional<Asn> AsPath::origin() const {
  if (segments_.empty() || segments_.back().count == 0) {
    return std::nullopt;
  }
  const SegmentType last = segments_.back().type;
  const bool is_set = last == SegmentType::Set || last == SegmentType::ConfedSet;
  return is_set ? std::nullopt : std::optional{asns_.back()};
}

void AsPath::append_to(std::string& text) const {
  bool first = true;
  for (const Segment& segment : segments_) {
    if (!first) {
      text += ' ';
    }
    first = false;
    const Brackets brackets = brackets_of(segment.type);
    if (brackets.open != '\0') {
      text += brackets.open;
    }
    bool first_asn = true;
    for (const Asn asn : asns(segment)) {
      if (!first_asn) {
        text += brackets.separator;
      }
      first_asn = false;
      append_number(text, asn.value);
    }
    if (brackets.close != '\0') {
      text += brackets.close;
    }
  }
}

std::string AsPath::to_string() const {
  std::string text;
  append_to(text);
  return text;
}

std::optional<AsPath> AsPath::parse(std::string_view text) {
  AsPath path;
  while (!text.empty()) {
    if (text.front() == ' ') {
      text.remove_prefix(1);
      continue;
    }
    if (const auto type = type_opened_by(text.front())) {
      const Brackets brackets = brackets_of(*type);
      const auto close = text.find(brackets.close);
      if (close == std::string_view::npos) {
        return std::nullopt;
      }
      path.begin_segment(*type);
      if (!append_asns(path, text.substr(1, close - 1), brackets.separator)) {
        return std::nullopt;
      }
      text.remove_prefix(close + 1);
      continue;
    }
    const auto asn = Asn::parse(text.substr(0, text.find(' ')));
    if (!asn) {
      return std::nullopt;
    }
    if (path.segments_.empty() || path.segments_.back().type != SegmentType::Sequence) {
      path.begin_segment(SegmentType::Sequence);
    }
    path.push_back(*asn);
    text.remove_prefix(std::min(text.find(' '), text.size()));
  }
  return path;
}

std::uint64_t hash_value(const AsPath& path) {
  std::uint64_t value = path.segments().size();
  for (const AsPath::Segment& segment : path.segments()) {
    value = combine(value, static_cast<std::uint64_t>(segment.type) << 32 | segment.count);
  }
  for (const Asn asn : path.asns()) {
    value = combine(value, asn.value);
  }
  return value;
}

}  // namespace isthmus
