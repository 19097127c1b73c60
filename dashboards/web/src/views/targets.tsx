import type { Target, Upstream } from '../api';
import { asn, colour, percent, time, words } from '../format';
import { Filters } from '../parts/filters';
import { Notice } from '../parts/notice';
import { Table } from '../parts/table';
import { link, useApi, useGeneration } from '../state';

/// The plane on which most vantage groups look.
function planeOf(target: Target): string {
  return [...target.vantages].sort((a, b) => b.conclusive - a.conclusive)[0]?.plane ?? 'control';
}

function shareOf(upstream: Upstream, plane: string): number | null {
  return (upstream.planes.find((each) => each.plane === plane) ?? upstream.planes[0])?.share ?? null;
}

function Upstreams({ target }: { target: Target }) {
  const plane = planeOf(target);
  const there = target.upstreams.filter((each) => each.state !== 'withdrawn');
  if (there.length === 0) return <span class="muted">none</span>;
  return (
    <>
      <span class="split" aria-hidden="true">{there.map((each) => <i key={each.asn} style={{ width: `${(shareOf(each, plane) ?? 0) * 100}%`, background: colour(each.asn) }} />)}</span>
      <ul class="upstreams">
        {there.map((each) => (
          <li key={each.asn}><span class="swatch" style={{ background: colour(each.asn) }} /> {asn(each.asn, each.name)} <b>{percent(shareOf(each, plane))}</b>{' '}
            {each.state !== 'established' && <span class={`tag ${each.state}`}>{words(each.state)}</span>}</li>))}
      </ul>
    </>
  );
}

export function TargetsView({ query }: { query: Record<string, string> }) {
  const answer = useApi<{ time: string; targets: Target[] }>('targets', {}, useGeneration());
  const wanted = (query.find ?? '').toLowerCase();
  const all = answer.data?.targets ?? [];
  const shown = all.filter((each) => !wanted || each.target.toLowerCase().includes(wanted) ||
    each.upstreams.some((upstream) => asn(upstream.asn, upstream.name).toLowerCase().includes(wanted)));
  return (
    <>
      <h1>Targets</h1>
      {all.length > 0 && <Filters fields={[{ name: 'find', label: 'Find', value: query.find, hint: 'a name or an upstream', width: 24 }]} />}
      <Notice of={answer} empty={all.length === 0}>No target is watched, or nothing is known of one yet. <a href={link(['docs', 'how-to', 'configure-a-target.md'])}>How to configure a target</a></Notice>
      {all.length > 0 && shown.length === 0 && <p class="void">No target has this in its name or among its upstreams.</p>}
      {shown.length > 0 && (
        <Table caption={`As judged at ${time(answer.data?.time)}`} rows={shown} keyOf={(each) => `${each.target} ${each.family}`} columns={[
          { title: 'Target', head: true, cell: (each) => <a href={link(['targets', each.target], { family: each.family === 'ipv4' ? undefined : each.family })}>{each.target}</a> },
          { title: 'Family', cell: (each) => (each.family === 'ipv4' ? 'IPv4' : 'IPv6') },
          { title: 'Upstreams and their share', cell: (each) => <Upstreams target={each} /> },
          { title: 'Reachable', number: true, cell: (each) => (each.prefixes.length > 0 ? percent(Math.min(1, ...each.prefixes.flatMap((one) => one.planes.map((plane) => plane.reachable)))) : '–') },
          { title: 'Vantage groups', number: true, cell: (each) => each.vantages.reduce((sum, one) => sum + one.conclusive, 0) },
          { title: 'State', cell: (each) => <span class={`tag ${each.learning ? 'candidate' : 'up'}`}>{each.learning ? 'learning' : 'watching'}</span> }]} />)}
    </>
  );
}
