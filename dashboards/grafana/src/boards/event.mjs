// What stands behind an event: the evidence of one upstream, term by term as far as metrics can tell.
import { TARGET_FAMILY, TARGET, board, labelsVariable, number, row, timeSeries } from '../panels.mjs';

const ONE = `${TARGET_FAMILY}, upstream_asn=~"$upstream_asn"`;

export function eventBoard() {
  return board('isthmus-event', 'Isthmus / Event', 'The evidence for and against an upstream over time. The whole evidence of one event, with witnesses and paths, is on the page of the collector.')
    .withVariable(labelsVariable('target', 'Target', 'isthmus_upstream_evidence_nats'))
    .withVariable(labelsVariable('family', 'Family', 'isthmus_upstream_evidence_nats', { matcher: '{target=~"$target"}' }))
    .withVariable(labelsVariable('upstream_asn', 'Upstream AS', 'isthmus_upstream_evidence_nats', { matcher: '{target=~"$target"}' }))
    .withRow(row('Verdict'))
    .withPanel(number({
      title: 'Confidence', description: 'How sure it is that this AS is an upstream, limited by the rule that decided.', unit: 'percentunit', width: 6,
      thresholds: [[null, 'text'], [0.5, 'yellow'], [0.8, 'green']],
      queries: [{ expr: `max(isthmus_upstream_confidence_ratio{${ONE}})`, instant: true }] }))
    .withPanel(number({
      title: 'Evidence', description: 'The score in nats; with nine an upstream is probable.', unit: 'short', width: 6,
      queries: [{ expr: `max(isthmus_upstream_evidence_nats{${ONE}})`, instant: true }] }))
    .withPanel(number({
      title: 'First seen', description: 'When the upstream was seen first.', unit: 'dateTimeAsIso', width: 6,
      queries: [{ expr: `min(isthmus_upstream_first_seen_timestamp_seconds{${ONE}} > 0) * 1000`, instant: true }] }))
    .withPanel(number({
      title: 'Confirmed', description: 'When the upstream was confirmed last.', unit: 'dateTimeAsIso', width: 6,
      queries: [{ expr: `max(isthmus_upstream_confirmed_timestamp_seconds{${ONE}} > 0) * 1000`, instant: true }] }))
    .withRow(row('Evidence'))
    .withPanel(timeSeries({
      title: 'Evidence over time', description: 'The score in nats. Nine make an upstream probable; groups and planes have caps, so that no single one decides.', unit: 'short',
      queries: [{ expr: `isthmus_upstream_evidence_nats{${ONE}}`, legend: 'AS{{upstream_asn}} IPv{{family}}' }] }))
    .withPanel(timeSeries({
      title: 'Confidence over time', description: 'The confidence that belongs to it.', unit: 'percentunit',
      queries: [{ expr: `isthmus_upstream_confidence_ratio{${ONE}}`, legend: 'AS{{upstream_asn}} IPv{{family}}' }] }))
    .withPanel(timeSeries({
      title: 'Witnesses', description: 'Vantage groups that go over the upstream now, by plane.', unit: 'short', min: 0,
      queries: [{ expr: `isthmus_upstream_vantages{${ONE}}`, legend: 'AS{{upstream_asn}} {{plane}} IPv{{family}}' }] }))
    .withPanel(timeSeries({
      title: 'Counter-evidence', description: 'Vantage groups that go over other upstreams at the same time.', unit: 'short', min: 0,
      queries: [{ expr: `sum by (target, plane, family) (isthmus_upstream_vantages{${TARGET_FAMILY}, upstream_asn!~"$upstream_asn"})`, legend: 'others, {{plane}} IPv{{family}}' }] }))
    .withPanel(timeSeries({
      title: 'Prefixes of the upstream', description: 'Part of the groups that reach each prefix over this upstream.', unit: 'percentunit', width: 24,
      queries: [{ expr: `isthmus_prefix_upstream_share_ratio{${TARGET}, upstream_asn=~"$upstream_asn"}`, legend: '{{prefix}} ({{plane}})' }] }))
    .withPanel(timeSeries({
      title: 'Round-trip time across the gap', description: 'From the last hop of the upstream that answered to the target: it tells upstreams apart even where routers are silent.', unit: 's', min: 0,
      queries: [{ expr: `isthmus_upstream_gap_rtt_seconds{${ONE}}`, legend: 'AS{{upstream_asn}} IPv{{family}}' }] }))
    .withPanel(timeSeries({
      title: 'Held back', description: 'Events that were held back, by reason.', unit: 'short', min: 0,
      queries: [{ expr: `sum by (reason) (increase(isthmus_suppressed_total{${TARGET}}[$__rate_interval]))`, legend: '{{reason}}' }] }));
}
