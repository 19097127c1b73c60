// The collector itself: is it keeping up?
import { board, number, row, timeSeries } from '../panels.mjs';

export function collectorBoard() {
  return board('isthmus-collector', 'Isthmus / Collector', 'Whether the collector keeps up: queues, detector, alerts, requests, memory.')
    .withRow(row('Health'))
    .withPanel(number({
      title: 'Configuration', description: 'Whether the configuration could be used when it was read last; else the old one is in force.', unit: 'bool_yes_no', width: 6,
      thresholds: [[null, 'red'], [1, 'green']], queries: [{ expr: 'min(isthmus_config_last_reload_successful)', instant: true }] }))
    .withPanel(number({
      title: 'Detector behind', description: 'How far the detector is behind now. Its lateness is two minutes.', unit: 's', width: 6, thresholds: [[null, 'green'], [300, 'orange'], [900, 'red']],
      queries: [{ expr: 'time() - max(isthmus_detector_timestamp_seconds)', instant: true }] }))
    .withPanel(number({
      title: 'Alerts waiting', description: 'Alerts that wait for a receiver.', unit: 'short', width: 6, thresholds: [[null, 'green'], [1, 'orange']],
      queries: [{ expr: 'sum(isthmus_alert_queue_length) or vector(0)', instant: true }] }))
    .withPanel(number({
      title: 'Running for', description: 'Time since the collector started.', unit: 's', width: 6,
      queries: [{ expr: 'time() - max(process_start_time_seconds{job=~".*isthmus.*"})', instant: true }] }))
    .withRow(row('Work'))
    .withPanel(timeSeries({
      title: 'Observations', description: 'Observations a second by plane and grade.', unit: 'ops', min: 0,
      queries: [{ expr: 'sum by (plane, grade) (rate(isthmus_observations_total[$__rate_interval]))', legend: '{{plane}} {{grade}}' }] }))
    .withPanel(timeSeries({
      title: 'Not used', description: 'Observations that were rejected, late or there already.', unit: 'ops', min: 0,
      queries: [{ expr: 'sum by (plane, reason) (rate(isthmus_observations_rejected_total[$__rate_interval]))', legend: 'rejected: {{plane}} {{reason}}' },
        { expr: 'sum by (plane) (rate(isthmus_observations_late_total[$__rate_interval]))', legend: 'late: {{plane}}' },
        { expr: 'sum by (plane) (rate(isthmus_observations_duplicate_total[$__rate_interval]))', legend: 'duplicate: {{plane}}' }] }))
    .withPanel(timeSeries({
      title: 'Queues', description: 'How full the queues between the threads are. A full one makes its producer wait; nothing is dropped.', unit: 'percentunit',
      queries: [{ expr: 'isthmus_queue_length / isthmus_queue_capacity', legend: '{{queue}}' }] }))
    .withPanel(timeSeries({
      title: 'Sweeps', description: 'Sweeps that the detector asked the probes for.', unit: 'short', min: 0,
      queries: [{ expr: 'sum by (target, kind) (increase(isthmus_sweeps_total[$__rate_interval]))', legend: '{{target}} {{kind}}' }] }))
    .withPanel(timeSeries({
      title: 'Time from first sight to event', description: 'The median and the 95th percentile, by type.', unit: 's', min: 0,
      queries: [{ expr: 'histogram_quantile(0.5, sum by (le, type) (rate(isthmus_event_detection_delay_seconds_bucket[$__rate_interval])))', legend: '{{type}} p50' },
        { expr: 'histogram_quantile(0.95, sum by (le, type) (rate(isthmus_event_detection_delay_seconds_bucket[$__rate_interval])))', legend: '{{type}} p95' }] }))
    .withPanel(timeSeries({
      title: 'Alert deliveries', description: 'Attempts to hand alerts to receivers, by result.', unit: 'short', min: 0,
      queries: [{ expr: 'sum by (receiver, result) (increase(isthmus_alert_deliveries_total[$__rate_interval]))', legend: '{{receiver}} {{result}}' }] }))
    .withRow(row('Process'))
    .withPanel(timeSeries({
      title: 'Requests', description: 'Requests a second by handler and status.', unit: 'reqps', min: 0,
      queries: [{ expr: 'sum by (handler, code) (rate(isthmus_http_requests_total[$__rate_interval]))', legend: '{{handler}} {{code}}' }] }))
    .withPanel(timeSeries({
      title: 'Slow requests', description: 'The 95th percentile of the time until an answer begins.', unit: 's', min: 0,
      queries: [{ expr: 'histogram_quantile(0.95, sum by (le, handler) (rate(isthmus_http_request_duration_seconds_bucket[$__rate_interval])))', legend: '{{handler}}' }] }))
    .withPanel(timeSeries({
      title: 'Memory', description: 'Memory of the collector that is in RAM.', unit: 'bytes', min: 0,
      queries: [{ expr: 'process_resident_memory_bytes{job=~".*isthmus.*"}', legend: '{{instance}}' }] }))
    .withPanel(timeSeries({
      title: 'Processor', description: 'Cores that the collector keeps busy.', unit: 'short', min: 0,
      queries: [{ expr: 'rate(process_cpu_seconds_total{job=~".*isthmus.*"}[$__rate_interval])', legend: '{{instance}}' }] }));
}
