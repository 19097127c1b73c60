#include "core/route/route.hpp"

namespace isthmus {

void RouteAttributes::clear() {
  origin = Origin::Missing;
  as_path.clear();
  next_hop.reset();
  med.reset();
  local_pref.reset();
  atomic_aggregate = false;
  aggregator.reset();
  communities.clear();
  large_communities.clear();
  only_to_customer.reset();
}

}  // namespace isthmus
