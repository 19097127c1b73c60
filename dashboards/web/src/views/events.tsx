import { useEffect, useState } from 'preact/hooks';
import { type IsthmusEvent, type Page, curl, get, url } from '../api';
import { percent, time, words } from '../format';
import { Filters } from '../parts/filters';
import { Notice, Source } from '../parts/notice';
import { link, useApi, useGeneration } from '../state';

export function EventList({ events, pick }: { events: IsthmusEvent[]; pick?: (event: IsthmusEvent) => void }) {
  return (
    <ol class="events">
      {events.map((each) => (
        <li key={each.id} class={each.severity}>
          <time dateTime={each.time}>{time(each.time)}</time>
          <span class={`severity ${each.severity}`}>{each.severity}</span>
          <span class="what"><a href={link(['events', each.id])}>{words(each.type)}</a> <span>{each.summary}</span>{each.confidence > 0 && <span class="muted"> ({percent(each.confidence)} sure)</span>}</span>
          {pick && <button type="button" class="quiet" onClick={() => pick(each)} aria-label={`Show the moment of ${words(each.type)} at ${time(each.time)}`}>show</button>}
        </li>))}
    </ol>
  );
}

const TYPES = ['upstream_new', 'upstream_candidate', 'upstream_probable', 'upstream_discovered', 'upstream_established', 'upstream_withdrawn',
  'upstream_lost', 'upstream_returned', 'upstream_flapping', 'upstream_inserted', 'prefix_moved', 'share_shift', 'transit_shift', 'failover',
  'origin_change', 'suspected_leak', 'suspected_hijack', 'propagation_loss', 'target_unreachable', 'target_reachable', 'plane_disagreement',
  'coverage_low', 'coverage_ok', 'amended', 'dismissed'];

export function EventsView({ query }: { query: Record<string, string> }) {
  const asked = { target: query.target, type: query.type, severity: query.severity, upstream: query.upstream, prefix: query.prefix, from: query.from, until: query.until };
  const first = useApi<Page<IsthmusEvent>>('events', { ...asked, fields: 'summary', limit: 100 }, useGeneration());
  const [more, setMore] = useState<IsthmusEvent[]>([]);
  const [cursor, setCursor] = useState<string | undefined>();
  const [error, setError] = useState('');
  useEffect(() => { setMore([]); setCursor(first.data?.next_cursor); setError(''); }, [first.data]);
  const load = (): void => {
    get<Page<IsthmusEvent>>('events', { ...asked, fields: 'summary', limit: 100, cursor }).then(
      (page) => { setMore((before) => [...before, ...page.items]); setCursor(page.next_cursor); }, (problem: Error) => setError(problem.message));
  };
  const shown = [...(first.data?.items ?? []), ...more];
  return (
    <>
      <h1>Events</h1>
      <Filters fields={[
        { name: 'target', label: 'Target', value: query.target }, { name: 'upstream', label: 'Upstream', value: query.upstream, hint: 'AS20485', width: 10 },
        { name: 'prefix', label: 'Prefix', value: query.prefix, hint: '175.45.178.0/24' },
        { name: 'type', label: 'Type', value: query.type, options: [['', 'all'], ...TYPES.map((each): [string, string] => [each, words(each)])] },
        { name: 'severity', label: 'At least', value: query.severity, options: [['', 'info'], ['notice', 'notice'], ['warning', 'warning'], ['critical', 'critical']] },
        { name: 'from', label: 'From (UTC)', value: query.from, hint: '2017-10-01', width: 20 }, { name: 'until', label: 'Until (UTC)', value: query.until, hint: 'now', width: 20 }]} />
      <Notice of={first} empty={shown.length === 0}>No such events.</Notice>
      <EventList events={shown} />
      {error && <p class="problem" role="alert">{error}</p>}
      {cursor && <p><button type="button" onClick={load}>Earlier ones</button></p>}
      <Source text={curl('export/events', { ...asked, type: undefined, severity: undefined, format: 'ndjson' })} download={url('export/events', { target: query.target, prefix: query.prefix, upstream: query.upstream, from: query.from, until: query.until, format: 'ndjson' })} />
    </>
  );
}
