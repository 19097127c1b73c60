// Probes and feeds: what the verdicts rest on.
import { board, health, labelsVariable, number, row, timeSeries, words } from '../panels.mjs';

const PROBE = 'probe=~"$probe"';
const FEED = 'collector=~"$collector"';

export function sourcesBoard() {
  return board('isthmus-sources', 'Isthmus / Probes and feeds', 'Whether those who look are there, in time and telling the truth. A blind source lowers confidence; it never makes an event.')
    .withVariable(labelsVariable('probe', 'Probe', 'isthmus_probe_up'))
    .withVariable(labelsVariable('collector', 'Feed', 'isthmus_bgp_feed_up'))
    .withRow(row('Probes'))
    .withPanel(number({
      title: 'Probes connected', description: 'Probes that are connected.', unit: 'short', width: 6, thresholds: [[null, 'red'], [1, 'green']],
      queries: [{ expr: `sum(isthmus_probe_up{${PROBE}}) or vector(0)`, instant: true }] }))
    .withPanel(number({
      title: 'Probes away', description: 'Probes that are enrolled and not connected.', unit: 'short', width: 6, thresholds: [[null, 'green'], [1, 'orange']],
      queries: [{ expr: `count(isthmus_probe_up{${PROBE}} == 0) or vector(0)`, instant: true }] }))
    .withPanel(number({
      title: 'Oldest last result', description: 'Time since the probe that has been silent longest sent a result.', unit: 's', width: 6, thresholds: [[null, 'green'], [300, 'orange'], [1800, 'red']],
      queries: [{ expr: `max(time() - isthmus_probe_last_result_timestamp_seconds{${PROBE}})`, instant: true }] }))
    .withPanel(number({
      title: 'Next certificate to expire', description: 'Probes renew theirs after two thirds of its time.', unit: 's', width: 6, thresholds: [[null, 'red'], [86400, 'orange'], [604800, 'green']],
      queries: [{ expr: `min(isthmus_probe_certificate_expiry_timestamp_seconds{${PROBE}} > 0) - time()`, instant: true }] }))
    .withPanel(health({
      title: 'Probes', description: 'Whether each probe was connected.', mappings: words([0, 'away', 'red'], [1, 'up', 'green']),
      queries: [{ expr: `isthmus_probe_up{${PROBE}}`, legend: '{{probe}} (AS{{group_asn}})' }] }))
    .withPanel(timeSeries({
      title: 'Traceroutes', description: 'Traceroutes a second by what became of them.', unit: 'ops', min: 0,
      queries: [{ expr: `sum by (result) (rate(isthmus_probe_traceroutes_total{${PROBE}}[$__rate_interval]))`, legend: '{{result}}' }] }))
    .withPanel(timeSeries({
      title: 'Clocks', description: 'How far the clock of a probe goes before the collector\'s. Past five seconds the time of receipt is used.', unit: 's',
      queries: [{ expr: `isthmus_probe_clock_offset_seconds{${PROBE}}`, legend: '{{probe}}' }] }))
    .withRow(row('Feeds'))
    .withPanel(health({
      title: 'Feeds', description: 'Whether each feed delivered; one that is away or blind is down.', mappings: words([0, 'blind', 'red'], [1, 'up', 'green']),
      queries: [{ expr: `isthmus_bgp_feed_up{${FEED}}`, legend: '{{collector}} ({{kind}})' }] }))
    .withPanel(timeSeries({
      title: 'Lag', description: 'How far a feed is behind the routers.', unit: 's', min: 0,
      queries: [{ expr: `isthmus_bgp_feed_lag_seconds{${FEED}}`, legend: '{{collector}}' }] }))
    .withPanel(timeSeries({
      title: 'Route elements', description: 'Announcements and withdrawals a second.', unit: 'ops', min: 0,
      queries: [{ expr: `sum by (collector) (rate(isthmus_bgp_updates_total{${FEED}}[$__rate_interval]))`, legend: '{{collector}}' }] }))
    .withPanel(timeSeries({
      title: 'Peers', description: 'BGP peers of each feed by state.', unit: 'short', min: 0,
      queries: [{ expr: `isthmus_bgp_peers{${FEED}}`, legend: '{{collector}} {{state}}' }] }))
    .withPanel(timeSeries({
      title: 'Gaps and what was skipped', description: 'Times at which messages may have been missed, and messages that could not be used.', unit: 'short', min: 0,
      queries: [{ expr: `sum by (collector) (increase(isthmus_bgp_gaps_total{${FEED}}[$__rate_interval]))`, legend: '{{collector}} gaps' },
        { expr: `sum by (collector, reason) (increase(isthmus_bgp_skipped_total{${FEED}}[$__rate_interval]))`, legend: '{{collector}} {{reason}}' }] }))
    .withRow(row('Label tables'))
    .withPanel(timeSeries({
      title: 'Age of label tables', description: 'Tables that are older than a week name hops wrongly.', unit: 's', min: 0,
      queries: [{ expr: 'isthmus_ip2as_age_seconds', legend: '{{source}}' }] }))
    .withPanel(timeSeries({
      title: 'Entries of label tables', description: 'A table that shrinks was read in part.', unit: 'short', min: 0,
      queries: [{ expr: 'isthmus_ip2as_prefixes', legend: '{{source}}' }] }));
}
