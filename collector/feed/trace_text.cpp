#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "collector/feed/trace_format.hpp"

namespace isthmus::collector {
namespace {

std::vector<std::string_view> words_of(std::string_view line) {
  constexpr std::string_view kBlanks = " \t\r";
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t begin = line.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) {
      return words;
    }
    const std::size_t end = std::min(line.find_first_of(kBlanks, begin), line.size());
    words.push_back(line.substr(begin, end - begin));
    line.remove_prefix(end);
  }
}

template <typename T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional{value}
                                                                  : std::nullopt;
}

/// "192.0.2.1" or "(192.0.2.1)", with a comma behind.
std::optional<IpAddress> parse_address(std::string_view word) {
  if (word.ends_with(',')) {
    word.remove_suffix(1);
  }
  if (word.starts_with('(') && word.ends_with(')')) {
    word = word.substr(1, word.size() - 2);
  }
  return IpAddress::parse(word);
}

bool is_heading(std::string_view line) {
  return line.starts_with("traceroute to ") || line.starts_with("traceroute6 to ") ||
         line.starts_with("## to ");
}

std::optional<ReplyKind> parse_mark(std::string_view word) {
  return word == "!H"                             ? std::optional{ReplyKind::HostUnreachable}
         : word == "!N"                           ? std::optional{ReplyKind::NetUnreachable}
         : word == "!X" || word == "!A"           ? std::optional{ReplyKind::AdminProhibited}
         : word.size() > 1 && word.front() == '!' ? std::optional{ReplyKind::OtherUnreachable}
                                                  : std::nullopt;
}

/// Reads the lines of one trace.
class TextTrace {
 public:
  explicit TextTrace(Traceroute& trace) : trace_{trace} {}

  /// Whether the line could be read.
  bool read(std::string_view line);

 private:
  void read_word(std::string_view word);
  void add_reply(double milliseconds);

  Traceroute& trace_;
  Hop* hop_ = nullptr;
  std::optional<IpAddress> address_;
};

void TextTrace::add_reply(double milliseconds) {
  Reply reply;
  reply.address = *address_;
  // The text does not say what came back: from the destination it is its last word.
  reply.kind = reply.address == trace_.destination ? ReplyKind::EchoReply : ReplyKind::TimeExceeded;
  reply.rtt = Duration{std::llround(milliseconds * 1000)};
  reply.attempt = hop_->sent;
  hop_->sent = static_cast<std::uint8_t>(std::min(hop_->sent + 1, 255));
  hop_->replies.push_back(std::move(reply));
}

void TextTrace::read_word(std::string_view word) {
  constexpr double kLongest = 600'000;  // ten minutes
  if (word == "*") {
    hop_->sent = static_cast<std::uint8_t>(std::min(hop_->sent + 1, 255));
  } else if (const auto address = parse_address(word)) {
    address_ = address;
  } else if (const auto rtt = parse_number<double>(word);
             rtt && address_ && *rtt >= 0 && *rtt < kLongest) {
    add_reply(*rtt);
  } else if (const auto mark = parse_mark(word); mark && !hop_->replies.empty()) {
    hop_->replies.back().kind = *mark;
  }
  // Anything else is a name, a unit or an AS.
}

bool TextTrace::read(std::string_view line) {
  std::vector<std::string_view> words = words_of(line);
  if (words.empty()) {
    return true;
  }
  if (const auto ttl = parse_number<unsigned>(words.front())) {
    if (*ttl == 0 || *ttl > 255 || (hop_ != nullptr && *ttl <= hop_->ttl) || words.size() < 2) {
      return false;
    }
    hop_ = &hop_at(trace_, static_cast<std::uint8_t>(*ttl));
    address_.reset();
    words.erase(words.begin());
  } else if (hop_ == nullptr) {
    return false;
  }
  for (const std::string_view word : words) {
    read_word(word);
  }
  return true;
}

/// What traceroute prints; between the traces comments, of which `# time: 2025-12-08T00:00:00Z` and
/// `# vantage: NAME ADDRESS ASN` speak of the traces behind them.
class TextTraces final : public TraceFormat {
 public:
  explicit TextTraces(const TraceFileOptions& options) : options_{options} {}

  std::size_t record_size(std::string_view rest, bool last) override;
  TraceRecord read(std::string_view record) override;

 private:
  void read_comment(std::string_view line);
  TraceRecord read_trace(std::string_view heading, std::string_view lines);

  TraceFileOptions options_;
};

/// A heading with its lines, or one line before any heading.
std::size_t TextTraces::record_size(std::string_view rest, bool last) {
  const std::size_t first = rest.find('\n');
  if (first == std::string_view::npos) {
    return last ? rest.size() : 0;
  }
  if (!is_heading(rest)) {
    return first + 1;
  }
  std::size_t at = first + 1;
  while (at < rest.size()) {
    const std::string_view line = rest.substr(at);
    if (line.front() == '#' || is_heading(line)) {
      return at;
    }
    const std::size_t end = line.find('\n');
    if (end == std::string_view::npos) {
      break;
    }
    at += end + 1;
  }
  return last ? rest.size() : 0;
}

void TextTraces::read_comment(std::string_view line) {
  const auto words = words_of(line);
  if (words.size() == 3 && words[1] == "time:") {
    if (const auto time = parse_utc(words[2])) {
      options_.time = time;
    }
  }
  if (words.size() == 5 && words[1] == "vantage:") {
    const auto address = IpAddress::parse(words[3]);
    const auto asn = Asn::parse(words[4]);
    if (address && asn) {
      options_.vantage = {Plane::Data, std::string{words[2]}, *address, *asn};
    }
  }
}

TraceRecord TextTraces::read_trace(std::string_view heading, std::string_view lines) {
  Traceroute trace;
  std::optional<IpAddress> destination;
  for (const std::string_view word : words_of(heading)) {
    if (destination = parse_address(word); destination) {
      break;
    }
  }
  // "traceroute to 192.0.2.1 (192.0.2.1), 30 hops max" and "traceroute to name (192.0.2.1), ..."
  if (!destination) {
    return bad_record("the heading of a traceroute names no address of its destination");
  }
  if (!options_.time) {
    return {std::nullopt, kNoTime,
            "plain text does not say when it was measured: put a line \"# time: "
            "2025-12-08T00:00:00Z\" before it"};
  }
  trace.destination = *destination;
  trace.start = trace.end = *options_.time;
  complete_vantage(trace.vantage, options_);
  trace.source = trace.vantage.address;
  TextTrace reader{trace};
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    if (!reader.read(lines.substr(0, end))) {
      return bad_record("a line of a traceroute is none: expected a TTL above the one before");
    }
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  const bool reached =
      !trace.hops.empty() &&
      std::any_of(trace.hops.back().replies.begin(), trace.hops.back().replies.end(),
                  [&](const Reply& reply) { return reply.address == trace.destination; });
  trace.stop = reached ? StopReason::Completed : StopReason::HopLimit;
  return {std::move(trace), {}, {}};
}

TraceRecord TextTraces::read(std::string_view record) {
  const std::size_t end = std::min(record.find('\n'), record.size());
  const std::string_view line = record.substr(0, end);
  if (is_heading(line)) {
    return read_trace(line, record.substr(std::min(end + 1, record.size())));
  }
  if (line.starts_with('#')) {
    read_comment(line);
    return {};
  }
  if (words_of(line).empty()) {
    return {};
  }
  return bad_record("a line that belongs to no traceroute");
}

}  // namespace

std::unique_ptr<TraceFormat> make_text_format(const TraceFileOptions& options) {
  return std::make_unique<TextTraces>(options);
}

}  // namespace isthmus::collector
