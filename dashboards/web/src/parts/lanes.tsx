// The route history as lanes: one for each vantage point and prefix, coloured by who carried it.
import type { Route } from '../api';
import { asn, colour, time, toSeconds } from '../format';
import { useWidth } from '../state';

const ROW = 16;
const MOST = 60;

function key(route: Route): string {
  return `AS${route.vantage.asn} ${route.vantage.source} ${route.vantage.address} ${route.prefix}`;
}

export function Lanes({ routes, from, until, onePrefix }: { routes: Route[]; from: number; until: number; onePrefix: boolean }) {
  const [box, width] = useWidth();
  const lanes = new Map<string, Route[]>();
  for (const each of routes) lanes.set(key(each), [...(lanes.get(key(each)) ?? []), each]);
  const shown = [...lanes].slice(0, MOST);
  const carried = [...new Set(routes.filter((each) => each.verdict === 'upstream').map((each) => each.upstream))];
  const left = width < 560 ? 70 : onePrefix ? 150 : 230;
  const x = (seconds: number): number => left + ((Math.min(until, Math.max(from, seconds)) - from) / Math.max(1, until - from)) * (width - left);
  const height = shown.length * ROW + 20;
  return (
    <div ref={box} class="lanes">
      <ul class="legend">
        {carried.map((each) => <li key={each}><span class="swatch" style={{ background: colour(each) }} /> {asn(each)}</li>)}
        <li><span class="swatch none" /> unreachable or unknown</li>
      </ul>
      <svg width={width} height={height} role="img" aria-label={`${shown.length} vantage points and prefixes over time; the table says the same`}>
        {shown.map(([name, list], row) => {
          const [first] = list;
          return (
            <g key={name}>
              <text x="0" y={row * ROW + 12}>AS{first?.vantage.asn}{width >= 560 ? ` ${first?.vantage.source.slice(0, 12)}` : ''}{!onePrefix && width >= 560 ? ` ${first?.prefix}` : ''}</text>
              {list.map((each) => {
                const [start, end] = [x(toSeconds(each.from)), x(each.until ? toSeconds(each.until) : until)];
                return (
                  <rect key={each.from} x={start} y={row * ROW + 2} width={Math.max(0.75, end - start)} height={ROW - 4} class={each.verdict === 'upstream' ? '' : 'none'}
                    style={each.verdict === 'upstream' ? { fill: colour(each.upstream) } : {}}>
                    <title>{`${name}: ${each.verdict === 'upstream' ? asn(each.upstream) : each.verdict}, ${time(each.from)} to ${each.until ? time(each.until) : 'now'}${each.path ? `, ${each.path}` : ''}`}</title>
                  </rect>);
              })}
            </g>);
        })}
        <text x={left} y={height - 4} class="muted">{time(new Date(from * 1000).toISOString()).slice(0, 16)}</text>
        <text x={width} y={height - 4} text-anchor="end" class="muted">{time(new Date(until * 1000).toISOString()).slice(0, 16)} UTC</text>
      </svg>
      {lanes.size > MOST && <p class="muted">{lanes.size - MOST} more lanes are not drawn: ask for one prefix, or for less time.</p>}
    </div>
  );
}
