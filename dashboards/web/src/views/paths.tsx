// What vantage points saw, one by one, and what differs between two of them.
import type { Page, Vantage } from '../api';
import { curl } from '../api';
import { colour, time } from '../format';
import { Filters, PLANES } from '../parts/filters';
import { Notice, Source } from '../parts/notice';
import { Table } from '../parts/table';
import { change, useApi } from '../state';
import { PathWords } from './event';

interface Observation {
  evidence_id: string; time: string; vantage: Vantage; prefix: string; verdict: string; upstreams: number[]; grade: string; reasons: string[];
  path: number[]; raw_path: string;
  trace: { upstream_addresses?: string[]; run_length?: number; gap?: number; reached?: boolean; rtt_us?: number | null } | null;
}

function Side({ title, one, other }: { title: string; one: Observation; other: Observation }) {
  return (
    <div class="side">
      <h3>{title}</h3>
      <p>{time(one.time)}, AS{one.vantage.asn} {one.vantage.source}, {one.prefix}</p>
      <p><PathWords path={one.path.join(' ')} other={other.path.join(' ')} /></p>
      <p class="muted">{one.verdict}{one.upstreams.length > 0 && ` ${one.upstreams.map((each) => `AS${each}`).join(', ')}`}, grade {one.grade}{one.reasons.length > 0 && `: ${one.reasons.join(', ')}`}</p>
      {one.trace && <p class="muted">run {one.trace.run_length ?? '–'}, gap {one.trace.gap ?? '–'}, {one.trace.reached ? 'reached' : 'not reached'}</p>}
    </div>
  );
}

export function PathsView({ query }: { query: Record<string, string> }) {
  const asked = { target: query.target, prefix: query.prefix, upstream: query.upstream, plane: query.plane, from: query.from, until: query.until };
  const answer = useApi<Page<Observation>>('observations', { ...asked, limit: 100, cursor: query.cursor });
  const left = useApi<Observation>(query.left ? `observations/${query.left}` : null);
  const right = useApi<Observation>(query.right ? `observations/${query.right}` : null);
  const items = answer.data?.items ?? [];
  return (
    <>
      <h1>Paths</h1>
      <Filters fields={[
        { name: 'target', label: 'Target', value: query.target }, { name: 'prefix', label: 'Prefix', value: query.prefix, hint: '175.45.178.0/24' },
        { name: 'upstream', label: 'Upstream', value: query.upstream, hint: 'AS20485', width: 10 }, { name: 'plane', label: 'Seen by', value: query.plane, options: [['', 'both'], ...PLANES] },
        { name: 'from', label: 'From (UTC)', value: query.from, width: 20 }, { name: 'until', label: 'Until (UTC)', value: query.until, width: 20 }]} />
      {query.left && query.right && left.data && right.data && (
        <section aria-labelledby="diff"><h2 id="diff">What differs</h2>
          <div class="diff"><Side title="A" one={left.data} other={right.data} /><Side title="B" one={right.data} other={left.data} /></div>
        </section>)}
      <Notice of={answer} empty={items.length === 0}>No observation changed what a vantage point says.</Notice>
      {items.length > 0 && (
        <Table caption="Observations that changed what a vantage point says, newest first. Choose A and B to compare two." rows={items} keyOf={(each) => each.evidence_id} columns={[
          ...(['left', 'right'] as const).map((side, index) => ({
            title: index === 0 ? 'A' : 'B',
            cell: (each: Observation) => <input type="radio" name={side} checked={query[side] === each.evidence_id} onChange={() => change({ [side]: each.evidence_id }, false)}
              aria-label={`${index === 0 ? 'A' : 'B'}: AS${each.vantage.asn} ${each.prefix} at ${time(each.time)}`} />,
          })),
          { title: 'Time', cell: (each) => time(each.time) },
          { title: 'Vantage', head: true, cell: (each) => <>AS{each.vantage.asn} <span class="muted">{each.vantage.source}</span></> },
          { title: 'Prefix', cell: (each) => each.prefix },
          { title: 'Upstream', cell: (each) => (each.upstreams.length > 0 ? <><span class="swatch" style={{ background: colour(each.upstreams[0] ?? null) }} /> {each.upstreams.map((one) => `AS${one}`).join(', ')}</> : <span class="muted">{each.verdict}</span>) },
          { title: 'Grade', cell: (each) => each.grade },
          { title: 'Path', cell: (each) => <span class="path">{each.path.join(' ')}</span> }]} />)}
      {answer.data?.next_cursor && <p><button type="button" onClick={() => change({ cursor: answer.data?.next_cursor })}>Earlier ones</button></p>}
      <Source text={curl('observations', { ...asked, format: 'ndjson' })} />
    </>
  );
}
