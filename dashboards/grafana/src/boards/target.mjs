// The first board an operator opens: who carries the target, how much, and what changed.
import { TARGET, TARGET_FAMILY, board, heat, labelsVariable, marks, number, row, rows, states, timeSeries, words } from '../panels.mjs';

const STATES = words([1, 'candidate', 'yellow'], [2, 'probable', 'orange'], [3, 'confirmed', 'red'], [4, 'established', 'green'],
  [5, 'suspended', 'purple'], [6, 'withdrawn', 'text']);
/// One number for the state that an upstream is in: the states exclude each other.
const STATE = ['candidate', 'probable', 'confirmed', 'established', 'suspended', 'withdrawn']
  .map((state, index) => `${index + 1} * (isthmus_upstream_state{${TARGET_FAMILY}, state="${state}"} == 1)`)
  .map((each) => `max without (state) (${each})`).join(' or ');

export function targetBoard() {
  const made = board('isthmus-target', 'Isthmus / Target', 'Through which upstreams the Internet reaches a target, how that changed, and how far it can be trusted.')
    .withVariable(labelsVariable('target', 'Target', 'isthmus_target_reachable_ratio'))
    .withVariable(labelsVariable('family', 'Family', 'isthmus_upstream_share_ratio'));
  marks(made, 'New upstream', `increase(isthmus_events_total{${TARGET}, type="upstream_new"}[$__interval]) > 0`, 'red');
  marks(made, 'Upstream gone', `increase(isthmus_events_total{${TARGET}, type=~"upstream_withdrawn|upstream_lost"}[$__interval]) > 0`, 'blue');
  marks(made, 'Prefix moved', `increase(isthmus_events_total{${TARGET}, type="prefix_moved"}[$__interval]) > 0`, 'orange');
  return made
    .withRow(row('Now'))
    .withPanel(number({
      title: 'Upstreams', description: 'Upstreams that are confirmed or established, in the address family where there are most.', unit: 'short', width: 4,
      queries: [{ expr: `max(sum by (target, family) (isthmus_upstream_state{${TARGET_FAMILY}, state=~"confirmed|established"}))`, instant: true }] }))
    .withPanel(number({
      title: 'Suspected', description: 'Upstreams that are candidates or probable: not to be acted on yet.', unit: 'short', width: 4,
      thresholds: [[null, 'green'], [1, 'yellow']],
      queries: [{ expr: `sum(isthmus_upstream_state{${TARGET_FAMILY}, state=~"candidate|probable"})`, instant: true }] }))
    .withPanel(number({
      title: 'Reachable', description: 'The part of the vantage groups that reach the prefix that is reached least, on the plane where it is worse.', unit: 'percentunit', width: 4,
      thresholds: [[null, 'red'], [0.5, 'orange'], [0.9, 'green']],
      queries: [{ expr: `min(isthmus_target_reachable_ratio{${TARGET}})`, instant: true }] }))
    .withPanel(number({
      title: 'Vantage groups', description: 'Groups that say something conclusive of the target. With fewer than three nothing is confirmed.', unit: 'short', width: 4,
      thresholds: [[null, 'red'], [3, 'green']],
      queries: [{ expr: `max(isthmus_target_vantages{${TARGET_FAMILY}, status="conclusive"})`, instant: true }] }))
    .withPanel(number({
      title: 'Planes disagree', description: 'How far packets and routes contradict each other: above one half one of them is wrong, or the traffic is lost.', unit: 'percentunit', width: 4,
      thresholds: [[null, 'green'], [0.2, 'yellow'], [0.5, 'red']],
      queries: [{ expr: `max(isthmus_plane_disagreement_ratio{${TARGET_FAMILY}})`, instant: true }] }))
    .withPanel(number({
      title: 'Judged up to', description: 'The moment up to which the detector has judged. It should be seconds behind now.', unit: 'dateTimeFromNow', width: 4,
      queries: [{ expr: 'max(isthmus_detector_timestamp_seconds) * 1000', instant: true }] }))
    .withRow(row('Upstreams'))
    .withPanel(states({
      title: 'State of each upstream', description: 'An upstream is suspected (candidate, probable), confirmed, established after a week, or withdrawn. While the target is unreachable its clocks stand still (suspended).',
      mappings: STATES, queries: [{ expr: STATE, legend: 'AS{{upstream_asn}} IPv{{family}}' }] }))
    .withPanel(timeSeries({
      title: 'Share of the space, measured', description: 'Part of the target\'s space that vantage groups reach over each upstream, as traceroutes saw it. A share of networks that look, not of traffic.', unit: 'percentunit', stacked: 'percent',
      queries: [{ expr: `isthmus_upstream_share_ratio{${TARGET_FAMILY}, plane="data"}`, legend: 'AS{{upstream_asn}} IPv{{family}}' }] }))
    .withPanel(timeSeries({
      title: 'Share of the space, routed', description: 'The same as BGP peers believe it.', unit: 'percentunit', stacked: 'percent',
      queries: [{ expr: `isthmus_upstream_share_ratio{${TARGET_FAMILY}, plane="control"}`, legend: 'AS{{upstream_asn}} IPv{{family}}' }] }))
    .withPanel(timeSeries({
      title: 'Bounds of the share', description: 'The 5 % and the 95 % bound: they are far apart where few groups look.', unit: 'percentunit',
      queries: [{ expr: `isthmus_upstream_share_lower_ratio{${TARGET_FAMILY}}`, legend: 'AS{{upstream_asn}} {{plane}} 5 %' },
        { expr: `isthmus_upstream_share_upper_ratio{${TARGET_FAMILY}}`, legend: 'AS{{upstream_asn}} {{plane}} 95 %' }] }))
    .withPanel(timeSeries({
      title: 'AS hegemony', description: 'How far paths to the target depend on an AS, without the highest and the lowest tenth of the groups (Fontugne, Shah and Aben, 2018).', unit: 'percentunit',
      queries: [{ expr: `isthmus_upstream_hegemony_ratio{${TARGET_FAMILY}}`, legend: 'AS{{upstream_asn}} {{plane}} IPv{{family}}' }] }))
    .withPanel(timeSeries({
      title: 'Prefixes', description: 'Part of the vantage groups that reach a prefix over an upstream: here a prefix is seen to move.', unit: 'percentunit', width: 24,
      queries: [{ expr: `isthmus_prefix_upstream_share_ratio{${TARGET}}`, legend: '{{prefix}} over AS{{upstream_asn}} ({{plane}})' }] }))
    .withRow(row('Reachability and time'))
    .withPanel(timeSeries({
      title: 'Reachability', description: 'Part of the vantage groups that reach a prefix at all.', unit: 'percentunit',
      queries: [{ expr: `isthmus_target_reachable_ratio{${TARGET}}`, legend: '{{prefix}} ({{plane}})' }] }))
    .withPanel(timeSeries({
      title: 'Plane disagreement', description: 'How far packets and routes contradict each other.', unit: 'percentunit',
      queries: [{ expr: `isthmus_plane_disagreement_ratio{${TARGET_FAMILY}}`, legend: '{{target}} IPv{{family}}' }] }))
    .withPanel(timeSeries({
      title: 'Shortest round-trip time by upstream', description: 'The shortest fresh round-trip time to the target over an upstream. Each way has its own length: a step here is physical proof.', unit: 's', min: 0,
      queries: [{ expr: `isthmus_upstream_rtt_min_seconds{${TARGET_FAMILY}}`, legend: 'AS{{upstream_asn}} IPv{{family}}' }] }))
    .withPanel(heat({
      title: 'Round-trip times', description: 'Round-trip times to the target, over all chosen upstreams.', unit: 's',
      queries: [{ expr: `sum by (le) (increase(isthmus_upstream_rtt_seconds_bucket{${TARGET_FAMILY}}[$__rate_interval]))`, legend: '{{le}}', format: 'heatmap' }] }))
    .withRow(row('What was told'))
    .withPanel(timeSeries({
      title: 'Events', description: 'Events by type. Each is explained on the page of the collector, and by isthmusctl explain.', unit: 'short', min: 0, stacked: 'normal',
      queries: [{ expr: `sum by (type) (increase(isthmus_events_total{${TARGET}}[$__rate_interval]))`, legend: '{{type}}' }] }))
    .withPanel(rows({
      title: 'Who they are', description: 'Name, country and class of each upstream, and where the country is from.', width: 12,
      queries: [{ expr: `isthmus_upstream_info{${TARGET}}`, instant: true, format: 'table' }],
      transformations: [{ id: 'organize', options: { excludeByName: { Time: true, Value: true, __name__: true, instance: true, job: true } } }] }));
}

