import type { Target, Upstream } from '../api';
import { asn, colour, percent, time, words } from '../format';
import { Filters } from '../parts/filters';
import { Notice } from '../parts/notice';
import { link, useApi, useGeneration } from '../state';

/// The share on the plane that was asked for, or else on the other one.
export function shareOf(upstream: Upstream, plane?: string): number | null {
  const found = upstream.planes.find((each) => each.plane === plane) ?? [...upstream.planes].sort((a, b) => b.vantages - a.vantages)[0];
  return found?.share ?? null;
}

function Row({ target }: { target: Target }) {
  const there = target.upstreams.filter((each) => each.state !== 'withdrawn');
  const worst = Math.min(1, ...target.prefixes.flatMap((each) => each.planes.map((plane) => plane.reachable)));
  return (
    <tr>
      <th scope="row"><a href={link(['targets', target.target], { family: target.family })}>{target.target}</a></th>
      <td>{target.family === 'ipv4' ? 'IPv4' : 'IPv6'}</td>
      <td>
        <ul class="upstreams">
          {there.map((each) => (
            <li key={each.asn}><span class="swatch" style={{ background: colour(each.asn) }} /> {asn(each.asn, each.name)} <span class="muted">{percent(shareOf(each))}</span>
              {(each.state === 'candidate' || each.state === 'probable' || each.state === 'confirmed') && <span class={`tag ${each.state}`}>{words(each.state)}</span>}</li>))}
          {there.length === 0 && <li class="muted">none</li>}
        </ul>
      </td>
      <td>{target.prefixes.length > 0 ? percent(worst) : '–'}</td>
      <td>{target.vantages.reduce((sum, each) => sum + each.conclusive, 0)}</td>
      <td>{target.learning ? 'learning' : 'watching'}</td>
    </tr>
  );
}

export function TargetsView({ query }: { query: Record<string, string> }) {
  const answer = useApi<{ time: string; targets: Target[] }>('targets', {}, useGeneration());
  const wanted = (query.find ?? '').toLowerCase();
  const shown = (answer.data?.targets ?? []).filter((each) => !wanted || each.target.toLowerCase().includes(wanted) ||
    each.upstreams.some((upstream) => asn(upstream.asn, upstream.name).toLowerCase().includes(wanted)));
  return (
    <>
      <h1>Targets</h1>
      <Filters fields={[{ name: 'find', label: 'Find', value: query.find, hint: 'a name or an upstream', width: 24 }]} />
      <Notice of={answer} empty={shown.length === 0}>No target has this in its name or among its upstreams.</Notice>
      {shown.length > 0 && (
        <div class="scroll"><table>
          <caption>As judged at {time(answer.data?.time)}</caption>
          <thead><tr><th scope="col">Target</th><th scope="col">Family</th><th scope="col">Upstreams and their share</th><th scope="col">Reachable</th><th scope="col">Vantage groups</th><th scope="col">State</th></tr></thead>
          <tbody>{shown.map((each) => <Row key={`${each.target} ${each.family}`} target={each} />)}</tbody>
        </table></div>)}
    </>
  );
}
