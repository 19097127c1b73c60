#include "collector/feed/rtr_session.hpp"

#include <algorithm>

namespace isthmus::collector {
namespace {

/// PDU types (RFC 8210 section 5).
enum Pdu : std::uint8_t {
  kSerialNotify = 0,
  kSerialQuery = 1,
  kResetQuery = 2,
  kCacheResponse = 3,
  kIpv4Prefix = 4,
  kIpv6Prefix = 6,
  kEndOfData = 7,
  kCacheReset = 8,
  kRouterKey = 9,
  kErrorReport = 10,
};

/// Error codes (section 12).
enum Code : std::uint16_t { kNoData = 2, kUnsupportedVersion = 4 };

constexpr std::size_t kHeader = 8;
/// A cache that does not answer within this is taken for dead.
constexpr Duration kAnswerLimit = std::chrono::minutes{2};

Duration seconds_between(std::uint32_t value, std::uint32_t least, std::uint32_t most) {
  return std::chrono::seconds{std::clamp(value, least, most)};
}

}  // namespace

void RtrSession::break_off(std::string why) {
  state_ = State::Broken;
  reason_ = std::move(why);
  account_.note("rtr", account_.total, reason_);
}

void RtrSession::connected(TimePoint now) {
  buffer_.clear();
  reason_.clear();
  query(now);
}

void RtrSession::disconnected() {
  account_.left_over += buffer_.size();
  buffer_.clear();
  pending_.clear();
  if (state_ != State::Broken) {
    state_ = State::Disconnected;
  }
}

void RtrSession::query(TimePoint now) {
  ByteWriter out;
  out.u8(version_);
  out.u8(has_session_ ? kSerialQuery : kResetQuery);
  out.u16(has_session_ ? session_ : 0);
  out.u32(has_session_ ? kHeader + 4 : kHeader);
  if (has_session_) {
    out.u32(serial_);
  }
  asked_ = now;
  state_ = State::Asking;
  send_(out.view());
}

void RtrSession::tick(TimePoint now) {
  if (updated_ && table_ && now - *updated_ >= expire_) {
    // Section 6: data older than this must not be used.
    table_.reset();
    vrps_.clear();
    has_session_ = false;
  }
  if (state_ == State::Synchronised && now - asked_ >= refresh_) {
    query(now);
  } else if ((state_ == State::Asking || state_ == State::Receiving) &&
             now - asked_ >= kAnswerLimit) {
    break_off("the cache did not answer within two minutes");
  }
}

ByteAccount RtrSession::account() const {
  ByteAccount account = account_;
  account.left_over += buffer_.size();
  return account;
}

void RtrSession::receive(Bytes bytes, TimePoint now) {
  account_.total += bytes.size();
  if (state_ == State::Broken || state_ == State::Disconnected) {
    account_.skipped["not_connected"] += bytes.size();
    return;
  }
  buffer_.append(as_text(bytes));
  std::size_t done = 0;
  while (state_ != State::Broken && buffer_.size() - done >= kHeader) {
    const Bytes rest = as_bytes(buffer_).subspan(done);
    ByteReader reader{rest};
    const std::uint8_t version = reader.u8();
    const std::uint8_t type = reader.u8();
    const std::uint16_t field = reader.u16();
    const std::size_t length = reader.u32();
    if (version > 2 || length < kHeader || length > kMaxPdu) {
      break_off("what the cache sends is no RTR: is this the right port?");
      break;
    }
    if (rest.size() < length) {
      break;
    }
    const Bytes pdu = rest.first(length);
    account_.decoded += length;
    ++account_.records;
    done += length;
    handle(version, type, field, pdu.subspan(kHeader), pdu, now);
  }
  buffer_.erase(0, done);
  if (state_ == State::Broken) {
    account_.skipped["not_rtr"] += buffer_.size();
    buffer_.clear();
  }
}

void RtrSession::handle(std::uint8_t version, std::uint8_t type, std::uint16_t field, Bytes body,
                        Bytes pdu, TimePoint now) {
  const auto skip = [&](const char* reason) {
    account_.decoded -= pdu.size();
    account_.skipped[reason] += pdu.size();
  };
  if (type == kErrorReport) {
    cache_error(field, body, now);
    return;
  }
  if (version != version_) {
    if (version < version_ && state_ == State::Asking) {
      version_ = version;  // section 7: the cache answers in the version that it knows
    } else {
      break_off("the cache changed the version of the protocol within the session");
      return;
    }
  }
  switch (type) {
    case kSerialNotify:
      if (state_ == State::Synchronised && body.size() == 4) {
        query(now);
      }
      break;
    case kCacheResponse:
      if (state_ != State::Asking) {
        break_off("the cache answered without a question");
        break;
      }
      is_reset_ = !has_session_;
      if (has_session_ && field != session_) {
        // Another session: its serial numbers mean something else (section 5.1).
        has_session_ = false;
        query(now);
        break;
      }
      session_ = field;
      pending_.clear();
      state_ = State::Receiving;
      break;
    case kIpv4Prefix:
      take_prefix(body, Family::Ipv4);
      break;
    case kIpv6Prefix:
      take_prefix(body, Family::Ipv6);
      break;
    case kEndOfData:
      end_of_data(field, body, now);
      break;
    case kCacheReset:
      has_session_ = false;
      query(now);
      break;
    case kRouterKey:
      skip("router_key");  // BGPsec is not what we validate
      break;
    default:
      skip("unknown_type");
  }
}

void RtrSession::take_prefix(Bytes body, Family family) {
  ByteReader reader{body};
  const std::uint8_t flags = reader.u8();
  const std::uint8_t length = reader.u8();
  const std::uint8_t max_length = reader.u8();
  reader.skip(1);
  const Bytes address = reader.take(address_octets(family));
  const Asn asn{reader.u32()};
  if (!reader.ok() || !reader.empty() || length > address_bits(family) ||
      max_length > address_bits(family) || max_length < length) {
    break_off("the cache sent a prefix that is malformed");
    return;
  }
  if (state_ != State::Receiving) {
    break_off("the cache sent a prefix outside of an answer");
    return;
  }
  if (pending_.size() >= kMaxVrps) {
    break_off("the cache sends more prefixes than there can be");
    return;
  }
  const Prefix prefix = Prefix::covering(IpAddress::from_bytes(family, address), length);
  pending_.emplace_back((flags & 1) != 0, Vrp{prefix, max_length, asn});
}

void RtrSession::end_of_data(std::uint16_t session, Bytes body, TimePoint now) {
  if (state_ != State::Receiving || session != session_ || body.size() < 4) {
    break_off("the cache ended an answer that it did not give");
    return;
  }
  ByteReader reader{body};
  serial_ = reader.u32();
  if (version_ >= 1 && reader.size() == 12) {
    // The bounds of section 6.
    refresh_ = seconds_between(reader.u32(), 1, 86400);
    retry_ = seconds_between(reader.u32(), 1, 7200);
    expire_ = seconds_between(reader.u32(), 600, 172800);
  }
  if (is_reset_) {
    vrps_.clear();
  }
  for (const auto& [announced, vrp] : pending_) {
    const bool changed = announced ? vrps_.insert(vrp).second : vrps_.erase(vrp) > 0;
    oddities_ += changed ? 0U : 1U;
  }
  account_.elements += pending_.size();
  pending_.clear();
  pending_.shrink_to_fit();
  has_session_ = true;
  updated_ = now;
  state_ = State::Synchronised;
  table_ = std::make_shared<const VrpTable>(std::vector<Vrp>{vrps_.begin(), vrps_.end()});
}

void RtrSession::cache_error(std::uint16_t code, Bytes body, TimePoint now) {
  ByteReader reader{body};
  reader.skip(reader.u32());
  const Bytes text = reader.take(reader.u32());
  if (code == kUnsupportedVersion && version_ > 0 && state_ == State::Asking) {
    --version_;
    query(now);
    return;
  }
  if (code == kNoData && state_ == State::Asking) {
    // The cache is not ready: what we have stays in use until it expires.
    break_off("the cache has no data yet");
    return;
  }
  std::string why = "the cache reports error " + std::to_string(code);
  if (reader.ok() && !text.empty()) {
    why += ": " + std::string{as_text(text.first(std::min<std::size_t>(text.size(), 200)))};
  }
  break_off(std::move(why));
}

}  // namespace isthmus::collector
