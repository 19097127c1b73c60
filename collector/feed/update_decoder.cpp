#include "collector/feed/update_decoder.hpp"

#include "collector/feed/bgp_update.hpp"
#include "collector/feed/route_source.hpp"

namespace isthmus::collector {

void UpdateDecoder::start(Bytes body, const Form& form, RecordLog& log) {
  clear();
  form_ = form;
  end_of_rib_.reset();
  const std::optional<UpdateFields> fields = split_update(body);
  if (!fields) {
    log.skip_rest("malformed_record", "the lengths within an UPDATE do not fit");
    return;
  }
  const DecodedAttributes& decoded =
      decoder_.decode(fields->attributes, form.width, AttributeDecoder::Form::Update, detail_);
  find_end_of_rib(body, decoded);
  if (decoded.discarded > 0) {
    log.skip("discarded_attribute", decoded.discarded, "an optional attribute is malformed");
  }
  const bool announces = !fields->nlri.empty() || decoded.reach;
  std::string_view malformed = decoded.malformed;
  if (announces && malformed.empty() &&
      ((!decoded.has_as_path && !form.path_is_optional) || !decoded.has_origin) &&
      (!fields->nlri.empty() || !decoded.reach->nlri.empty())) {
    malformed = "an UPDATE announces routes without AS_PATH or ORIGIN";
  }
  if (!malformed.empty()) {
    log.skip("treat_as_withdraw", fields->attributes.size(), malformed);
  }
  const RouteKind announce = malformed.empty() ? RouteKind::Announce : RouteKind::Withdraw;
  Group group;
  group.add_path = form.add_path_v4;
  group.nlri = fields->withdrawn;
  add_group(group, log);
  if (decoded.unreach) {
    add_mp_group(*decoded.unreach, RouteKind::Withdraw, log);
  }
  group.kind = announce;
  group.nlri = fields->nlri;
  group.next_hop = decoded.attributes.next_hop;
  add_group(group, log);
  if (decoded.reach) {
    add_mp_group(*decoded.reach, announce, log);
  }
}

void UpdateDecoder::find_end_of_rib(Bytes body, const DecodedAttributes& decoded) {
  constexpr std::size_t kEmptyUpdate = 4;
  constexpr std::size_t kShort = 6;  // flags, code, length, AFI, SAFI
  if (body.size() == kEmptyUpdate) {
    end_of_rib_ = Family::Ipv4;
  } else if (decoded.unreach && decoded.unreach->nlri.empty() && decoded.unreach->safi == 1 &&
             body.size() <= kEmptyUpdate + kShort + 1) {
    if (decoded.unreach->afi == 1 || decoded.unreach->afi == 2) {
      end_of_rib_ = static_cast<Family>(decoded.unreach->afi);
    }
  }
}

void UpdateDecoder::add_mp_group(const MpNlri& mp, RouteKind kind, RecordLog& log) {
  if (mp.afi < 1 || mp.afi > 2 || mp.safi < 1 || mp.safi > 3) {
    log.skip(kOtherFamily, mp.nlri.size(), {});
    return;
  }
  Group group;
  group.kind = kind;
  group.family = mp.afi == 2 ? Family::Ipv6 : Family::Ipv4;
  group.safi = mp.safi;
  group.add_path = group.family == Family::Ipv4 ? form_.add_path_v4 : form_.add_path_v6;
  group.nlri = mp.nlri;
  group.next_hop = mp.next_hop;
  add_group(group, log);
}

void UpdateDecoder::add_group(const Group& group, RecordLog& log) {
  if (group.nlri.empty()) {
    return;
  }
  const NlriCheck check = check_nlri(group.nlri, group.family, group.add_path);
  if (check.usable < group.nlri.size()) {
    log.skip("malformed_nlri", group.nlri.size() - check.usable, "prefixes are malformed");
  }
  if (check.usable == 0) {
    return;
  }
  Group& added = groups_[group_count_++];
  added = group;
  added.nlri = group.nlri.first(check.usable);
  if (check.add_path && !group.add_path) {
    added.add_path = true;
    log.skip(kMislabelledAddPath, 0, {});
  }
}

bool UpdateDecoder::advance() {
  for (; group_ < group_count_; ++group_) {
    Group& group = groups_[group_];
    ByteReader reader{group.nlri};
    while (!reader.empty()) {
      const std::optional<Nlri> nlri = next_nlri(reader, group.family, group.add_path);
      if (!nlri) {
        break;  // check_nlri has read the field before
      }
      if (wanted_ && !wanted_(nlri->prefix)) {
        continue;
      }
      group.nlri = reader.rest();
      element_.kind = group.kind;
      element_.safi = group.safi;
      element_.add_path = group.add_path;
      element_.prefix = nlri->prefix;
      element_.path_id = nlri->path_id;
      element_.attributes = nullptr;
      if (group.kind == RouteKind::Announce) {
        const RouteAttributes& attributes = decoder_.result().attributes;
        if (attributes.next_hop != group.next_hop) {
          decoder_.change_result().attributes.next_hop = group.next_hop;
        }
        element_.attributes = &attributes;
      }
      return true;
    }
  }
  return false;
}

}  // namespace isthmus::collector
