#include "collector/feed/trace_source.hpp"

#include <algorithm>
#include <utility>

#include "collector/feed/trace_format.hpp"

namespace isthmus::collector {
namespace {

constexpr std::size_t kHeadBytes = 512;
constexpr std::size_t kErrorsKept = 10;

/// Cuts an input into records and reads each.
class FormattedSource final : public TraceSource {
 public:
  FormattedSource(std::unique_ptr<Input> input, std::string head,
                  std::unique_ptr<TraceFormat> format)
      : input_{std::move(input)},
        buffer_{std::move(head)},
        format_{std::move(format)} {
    account_.total = buffer_.size();
  }

  const Traceroute* next() override;
  [[nodiscard]] const ByteAccount& account() const override { return account_; }
  [[nodiscard]] Input::Progress progress() const override { return input_->progress(); }

 private:
  bool refill();
  void complain(const std::string& error);
  void end_with(std::string_view reason);

  std::unique_ptr<Input> input_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::uint64_t offset_ = 0;  ///< of `at_` in the input
  bool last_ = false;
  std::unique_ptr<TraceFormat> format_;
  Traceroute trace_;
  ByteAccount account_;
};

void FormattedSource::complain(const std::string& error) {
  if (account_.first_errors.size() < kErrorsKept) {
    account_.first_errors.push_back(Error{error}.within("offset " + std::to_string(offset_)));
  }
}

bool FormattedSource::refill() {
  if (last_) {
    return false;
  }
  buffer_.erase(0, at_);
  at_ = 0;
  const auto chunk = input_->next();
  if (!chunk) {
    complain(chunk.error().message);
    last_ = true;
  } else if (chunk->empty()) {
    last_ = true;
  } else {
    buffer_ += as_text(*chunk);
    account_.total += chunk->size();
  }
  return true;
}

void FormattedSource::end_with(std::string_view reason) {
  const std::size_t rest = buffer_.size() - at_;
  account_.skipped[std::string{reason}] += rest;
  at_ = buffer_.size();
  // The rest is counted as well, so that the sums are those of the file.
  while (refill()) {
    account_.skipped[std::string{reason}] += buffer_.size() - at_;
    at_ = buffer_.size();
  }
}

const Traceroute* FormattedSource::next() {
  for (;;) {
    const std::string_view rest = std::string_view{buffer_}.substr(at_);
    const std::size_t size = format_->record_size(rest, last_);
    if (size == 0 && rest.size() > kLongestTraceRecord) {
      complain("a record is longer than 16 MiB: reading stops here");
      end_with("too_long");
      return nullptr;
    }
    if (size == 0) {
      if (refill()) {
        continue;
      }
      account_.left_over += buffer_.size() - at_;
      at_ = buffer_.size();
      return nullptr;
    }
    TraceRecord record = format_->read(rest.substr(0, size));
    ++account_.records;
    if (!record.error.empty()) {
      complain(record.error);
    }
    (record.skipped.empty() ? account_.decoded : account_.skipped[std::string{record.skipped}]) +=
        size;
    at_ += size;
    offset_ += size;
    if (record.trace) {
      ++account_.elements;
      trace_ = std::move(*record.trace);
      return &trace_;
    }
  }
}

}  // namespace

std::optional<TraceFormatKind> recognise_traces(std::string_view head) {
  constexpr std::string_view kWarts = "\x12\x05";
  if (head.starts_with(kWarts)) {
    return TraceFormatKind::Warts;
  }
  // MRT begins with a time, which may look like any letter; but it has zeros behind.
  const bool text = std::none_of(head.begin(), head.end(), [](char each) {
    const auto code = static_cast<unsigned char>(each);
    return code < 0x20 && each != '\t' && each != '\r' && each != '\n';
  });
  const std::size_t first = head.find_first_not_of(" \t\r\n");
  if (!text || first == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view begin = head.substr(first);
  const std::size_t inner = begin.find_first_not_of(" \t\r\n", 1);
  const bool list = begin.front() == '[' && inner != std::string_view::npos && begin[inner] == '{';
  if (begin.front() == '{' || list) {
    return TraceFormatKind::Json;
  }
  if (begin.starts_with("traceroute") || begin.front() == '#') {
    return TraceFormatKind::Text;
  }
  return std::nullopt;
}

Result<std::unique_ptr<TraceSource>> read_traces(std::unique_ptr<Input> input,
                                                 const std::string& name,
                                                 const TraceFileOptions& options) {
  std::string head;
  while (head.size() < kHeadBytes) {
    const auto chunk = input->next();
    if (!chunk) {
      return unexpected{chunk.error().within(name)};
    }
    if (chunk->empty()) {
      break;
    }
    head += as_text(*chunk);
  }
  const auto kind = recognise_traces(std::string_view{head}.substr(0, kHeadBytes));
  if (!kind) {
    return fail(name +
                ": holds no traceroutes: expected RIPE Atlas or scamper JSON, warts, or the output "
                "of traceroute");
  }
  auto format = *kind == TraceFormatKind::Json    ? make_json_format(options)
                : *kind == TraceFormatKind::Warts ? make_warts_format(options)
                                                  : make_text_format(options);
  return std::make_unique<FormattedSource>(std::move(input), std::move(head), std::move(format));
}

Result<std::unique_ptr<TraceSource>> open_traces(const std::string& path,
                                                 const TraceFileOptions& options) {
  auto input = open_input(path);
  if (!input) {
    return unexpected{input.error().within(path)};
  }
  return read_traces(std::move(*input), path, options);
}

Result<bool> holds_traces(const std::string& path) {
  auto input = open_input(path);
  if (!input) {
    return unexpected{input.error().within(path)};
  }
  const auto chunk = (*input)->next();
  if (!chunk) {
    return unexpected{chunk.error().within(path)};
  }
  return recognise_traces(as_text(chunk->first(std::min(chunk->size(), kHeadBytes)))).has_value();
}

}  // namespace isthmus::collector
