import type { Graph, IsthmusEvent, Page, Shares, Target } from '../api';
import { curl, url } from '../api';
import { asn, fromSeconds, milliseconds, percent, time, toSeconds, words } from '../format';
import { FAMILIES, Filters, PLANES } from '../parts/filters';
import { GraphPicture } from '../parts/graph';
import { Notice, Source } from '../parts/notice';
import { ShareChart } from '../parts/shares';
import { change, link, useApi, useGeneration } from '../state';
import { EventList } from './events';

const SPANS: [string, string][] = [['10800', '3 hours'], ['43200', '12 hours'], ['86400', '1 day'], ['172800', '2 days'], ['604800', '7 days'], ['2592000', '30 days']];

/// Steps that a chart can show one by one.
function stepFor(span: number): number {
  return [60, 300, 900, 3600, 10800, 21600, 86400].find((each) => span / each <= 700) ?? 604800;
}

function Slider({ graph, from, until, at }: { graph: Graph | null; from: number; until: number; at: number }) {
  const go = (seconds: number): void => change({ at: fromSeconds(Math.round(seconds)) }, false);
  return (
    <div class="slider">
      <button type="button" disabled={!graph?.since} onClick={() => graph?.since && go(toSeconds(graph.since) - 1)}>◀ change before</button>
      <input type="range" min={from} max={until} step={30} value={at} aria-label="Time shown" aria-valuetext={time(fromSeconds(at))}
        onInput={(event) => go(Number(event.currentTarget.value))} />
      <button type="button" disabled={!graph?.until} onClick={() => graph?.until && go(toSeconds(graph.until) + 1)}>change after ▶</button>
      <output>{time(fromSeconds(at))}</output>
    </div>
  );
}

function Upstreams({ target, plane }: { target: Target; plane: string }) {
  return (
    <div class="scroll"><table>
      <caption>Upstreams now</caption>
      <thead><tr><th scope="col">Upstream</th><th scope="col">State</th><th scope="col">Share (5 to 95 %)</th><th scope="col">Hegemony</th><th scope="col">Class</th><th scope="col">Confidence</th><th scope="col">RTT, median</th><th scope="col">First seen</th></tr></thead>
      <tbody>
        {target.upstreams.map((each) => {
          const share = each.planes.find((one) => one.plane === plane);
          return (
            <tr key={each.asn}>
              <th scope="row">{asn(each.asn, each.name)} {each.cc && <span class="muted">{each.cc}</span>}{each.front_of !== null && <span class="tag">before AS{each.front_of}</span>}</th>
              <td><span class={`tag ${each.state}`}>{words(each.state)}</span></td>
              <td>{share ? `${percent(share.share)} (${percent(share.lower)} to ${percent(share.upper)})` : '–'}</td>
              <td>{percent(share?.hegemony)}</td><td>{each.class}{each.via_ixp ? ', over an IXP' : ''}</td><td>{percent(each.confidence)}</td>
              <td>{milliseconds(each.rtt?.median_us)}</td><td>{time(each.first_seen)}</td>
            </tr>);
        })}
      </tbody>
    </table></div>
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
  const asked = { target: name, family, plane, prefix: query.prefix };
  const graphQuery = { ...asked, at: fromSeconds(Math.round(at)), hops: query.hops ?? '3', nodes: 40 };
  const sharesQuery = { ...asked, from: fromSeconds(Math.round(from)), until: fromSeconds(Math.round(until)), step: stepFor(span) };
  const graph = useApi<Graph>(ready ? 'graph' : null, graphQuery, query.at ? 0 : generation);
  const shares = useApi<Shares>(ready ? 'shares' : null, sharesQuery);
  const events = useApi<Page<IsthmusEvent>>(ready ? 'events' : null, { target: name, fields: 'summary', limit: 20, until: query.until }, generation);
  return (
    <>
      <h1>{name}</h1>
      <Filters fields={[
        { name: 'family', label: 'Family', value: family, options: FAMILIES }, { name: 'plane', label: 'Seen by', value: plane, options: PLANES },
        { name: 'prefix', label: 'Prefix', value: query.prefix, options: [['', 'all'], ...(target?.prefixes ?? []).map((each): [string, string] => [each.prefix, each.prefix])] },
        { name: 'span', label: 'Time', value: String(span), options: SPANS }, { name: 'until', label: 'Until (UTC)', value: query.until, hint: 'now', width: 20 },
        { name: 'hops', label: 'AS hops', value: query.hops ?? '3', options: [['1', '1'], ['2', '2'], ['3', '3'], ['4', '4'], ['6', '6']] }]} />
      <Notice of={state} />
      {target && target.learning && <p class="hint">The upstreams of this target are still being learned: what is there now is no news.</p>}
      {target && target.plane_disagreement > 0.5 && <p class="problem">Packets and routes contradict each other ({percent(target.plane_disagreement)}).</p>}
      {state.data && (
        <>
          <section aria-labelledby="graph"><h2 id="graph">How it is reached</h2>
            <Slider graph={graph.data} from={from} until={until} at={at} />
            <Notice of={graph} />
            {graph.data && <GraphPicture graph={graph.data} />}
            <Source text={curl('graph', graphQuery)} />
          </section>
          <section aria-labelledby="share"><h2 id="share">Share over time</h2>
            <Notice of={shares} empty={shares.data?.upstreams.length === 0}>Nobody had a route in this time.</Notice>
            {shares.data && shares.data.upstreams.length > 0 && <ShareChart shares={shares.data} at={at} pick={(seconds) => change({ at: fromSeconds(Math.round(seconds)) })} />}
            <Source text={curl('shares', { ...sharesQuery, format: 'csv' })} download={url('shares', { ...sharesQuery, format: 'csv' })} />
          </section>
          {target && <section aria-labelledby="now"><h2 id="now">Now</h2><Upstreams target={target} plane={plane} /></section>}
          <section aria-labelledby="events"><h2 id="events">Events</h2>
            <Notice of={events} empty={events.data?.items.length === 0}>Nothing was told of this target.</Notice>
            {events.data && <EventList events={events.data.items} pick={(event) => change({ at: event.time })} />}
            <p><a href={link(['events'], { target: name })}>All events of {name}</a> · <a href={link(['history'], { target: name })}>Route history</a> · <a href={link(['paths'], { target: name })}>Paths</a></p>
          </section>
        </>)}
    </>
  );
}
