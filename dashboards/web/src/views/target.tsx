import type { Graph, IsthmusEvent, Page, Shares, Target, Upstream } from '../api';
import { curl, url } from '../api';
import { asn, colour, fromSeconds, milliseconds, percent, time, toSeconds, words } from '../format';
import { FAMILIES, Filters, PLANES } from '../parts/filters';
import { GraphPicture } from '../parts/graph';
import { Notice, Source } from '../parts/notice';
import { ShareChart } from '../parts/shares';
import { Table } from '../parts/table';
import { Timeline } from '../parts/timeline';
import { change, link, useApi, useGeneration } from '../state';
import { EventList } from './events';

const SPANS: [string, string][] = [['10800', '3 hours'], ['43200', '12 hours'], ['86400', '1 day'], ['172800', '2 days'], ['604800', '7 days'], ['2592000', '30 days']];
/// Types that say of an upstream that it came.
const ARRIVALS = ['upstream_new', 'upstream_returned', 'upstream_discovered', 'upstream_probable', 'upstream_candidate'];

/// Steps that a chart can show one by one.
function stepFor(span: number): number {
  return [60, 300, 900, 3600, 10800, 21600, 86400].find((each) => span / each <= 700) ?? 604800;
}

/// The event that says why an upstream is there: the weightiest one that was told last before a moment, or else soon after it.
export function arrivalOf(events: IsthmusEvent[], upstream: number, at: number): IsthmusEvent | undefined {
  const fits = events.filter((each) => each.upstream.asn === upstream && ARRIVALS.includes(each.type) && toSeconds(each.first_seen ?? each.time) <= at + 1);
  const last = Math.max(...fits.map((each) => toSeconds(each.first_seen ?? each.time)));
  return fits.filter((each) => toSeconds(each.first_seen ?? each.time) === last).sort((a, b) => ARRIVALS.indexOf(a.type) - ARRIVALS.indexOf(b.type))[0];
}

function Upstreams({ target, plane }: { target: Target; plane: string }) {
  const share = (each: Upstream) => each.planes.find((one) => one.plane === plane);
  const coverage = target.vantages.find((each) => each.plane === plane);
  return (
    <Table caption={`As judged at ${time(target.time)}, by ${coverage?.conclusive ?? 0} vantage groups`} quiet rows={target.upstreams} keyOf={(each) => String(each.asn)} columns={[
      { title: 'Upstream', head: true, cell: (each) => <><span class="swatch" style={{ background: colour(each.asn) }} /> {asn(each.asn, each.name)} {each.cc && <span class="muted">{each.cc}</span>}{each.front_of !== null && <span class="tag">before AS{each.front_of}</span>}</> },
      { title: 'State', cell: (each) => <span class={`tag ${each.state}`}>{words(each.state)}</span> },
      { title: 'Share (5 to 95 %)', cell: (each) => {
        const one = share(each);
        return one ? <span class="bar"><span class="track" aria-hidden="true"><i style={{ width: `${one.share * 100}%`, background: colour(each.asn) }} /></span> <b>{percent(one.share)}</b> <span class="muted">{percent(one.lower)} to {percent(one.upper)}</span></span> : '–';
      } },
      { title: 'Hegemony', number: true, cell: (each) => percent(share(each)?.hegemony) },
      { title: 'Class', cell: (each) => `${each.class}${each.via_ixp ? ', over an IXP' : ''}` },
      { title: 'Confidence', number: true, cell: (each) => percent(each.confidence) },
      { title: 'RTT, median', number: true, cell: (each) => milliseconds(each.rtt?.median_us) },
      { title: 'First seen', cell: (each) => time(each.first_seen) }]} />
  );
}

export function TargetView({ name, query }: { name: string; query: Record<string, string> }) {
  const generation = useGeneration();
  const family = query.family ?? 'ipv4';
  const state = useApi<{ time: string; families: Target[] }>(`targets/${encodeURIComponent(name)}`, {}, generation);
  const target = state.data?.families.find((each) => each.family === family) ?? null;
  const plane = query.plane ?? ((target?.vantages.find((each) => each.plane === 'data')?.conclusive ?? 0) >= 3 ? 'data' : 'control');
  const now = state.data ? toSeconds(state.data.time) : 0;
  const span = Number(query.span ?? 172800);
  const until = query.until ? toSeconds(query.until) : now;
  const from = until - span;
  const at = query.at ? Math.min(Math.max(toSeconds(query.at), from), until) : until;
  const ready = state.data !== null && until > 0;
  const hops = query.hops ?? (innerWidth < 600 ? '2' : '3');
  const asked = { target: name, family, plane, prefix: query.prefix };
  const graphQuery = { ...asked, at: fromSeconds(Math.round(at)), hops, nodes: 40 };
  const sharesQuery = { ...asked, from: fromSeconds(Math.round(from)), until: fromSeconds(Math.round(until)), step: stepFor(span) };
  const graph = useApi<Graph>(ready ? 'graph' : null, graphQuery, query.at ? 0 : generation);
  const shares = useApi<Shares>(ready ? 'shares' : null, sharesQuery);
  const events = useApi<Page<IsthmusEvent>>(ready ? 'events' : null, { target: name, fields: 'summary', limit: 100, from: fromSeconds(Math.round(from)), until: query.until }, generation);
  const told = events.data?.items.filter((each) => each.family === family) ?? [];
  const explain = (upstream: number): string | null => {
    const event = arrivalOf(told, upstream, at);
    return event ? link(['events', event.id]) : null;
  };
  return (
    <>
      <h1>{name}</h1>
      <Notice of={state} />
      {target?.learning && <p class="hint">The upstreams of this target are still being learned: what is there now is no news.</p>}
      {target && target.plane_disagreement > 0.5 && <p class="problem">Packets and routes contradict each other ({percent(target.plane_disagreement)}).</p>}
      {state.data && !target && <p class="hint">Nothing is known of this target in {family === 'ipv4' ? 'IPv4' : 'IPv6'}.</p>}
      {target && <section aria-labelledby="now"><h2 id="now">Upstreams now</h2><Upstreams target={target} plane={plane} /></section>}
      {state.data && (
        <>
          <section aria-labelledby="graph"><h2 id="graph">How it is reached</h2>
            <Filters fields={[
              { name: 'family', label: 'Family', value: family, options: FAMILIES }, { name: 'plane', label: 'Seen by', value: plane, options: PLANES },
              { name: 'prefix', label: 'Prefix', value: query.prefix, options: [['', 'all'], ...(target?.prefixes ?? []).map((each): [string, string] => [each.prefix, each.prefix])] },
              { name: 'span', label: 'Time', value: String(span), options: SPANS }, { name: 'until', label: 'Until (UTC)', value: query.until, hint: 'now', width: 20 },
              { name: 'hops', label: 'AS hops', value: hops, options: [['1', '1'], ['2', '2'], ['3', '3'], ['4', '4'], ['6', '6']] }]} />
            <Timeline graph={graph.data} from={from} until={until} at={at} live={!query.at} events={told} />
            <Notice of={graph} />
            {graph.data && <GraphPicture graph={graph.data} explain={explain} />}
            <Source text={curl('graph', graphQuery)} />
          </section>
          <section aria-labelledby="share"><h2 id="share">Share over time</h2>
            <Notice of={shares} empty={shares.data?.upstreams.length === 0}>Nobody had a route in this time.</Notice>
            {shares.data && shares.data.upstreams.length > 0 && <ShareChart shares={shares.data} at={at} events={told} pick={(seconds) => change({ at: fromSeconds(Math.round(seconds)) })} />}
            <Source text={curl('shares', { ...sharesQuery, format: 'csv' })} download={url('shares', { ...sharesQuery, format: 'csv' })} />
          </section>
          <section aria-labelledby="events"><h2 id="events">Events</h2>
            <Notice of={events} empty={told.length === 0}>Nothing was told of this target in this time.</Notice>
            <EventList events={told} pick={(event) => { change({ at: event.time }); document.getElementById('graph')?.scrollIntoView(); }} />
            <p class="more"><a href={link(['events'], { target: name })}>All events of {name}</a> <a href={link(['history'], { target: name })}>Route history</a> <a href={link(['paths'], { target: name })}>Paths</a></p>
          </section>
        </>)}
    </>
  );
}
