// Who carried how much over time, stacked; a click goes to that moment.
import uPlot from 'uplot';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { IsthmusEvent, Shares } from '../api';
import { asn, colour, fromSeconds, paint, percent, time, toSeconds } from '../format';

const HEIGHT = 220;
const INK: Record<string, string> = { critical: '--bad', warning: '--warn', notice: '--link' };
const DATE = '\n{YYYY}-{MM}-{DD}';
// Step, text, and the text where a year, month, day, hour, minute or second begins; 1 appends it to the first.
const TIMES = [
  [31536000, '{YYYY}', null, null, null, null, null, null, 1],
  [2419200, '{YYYY}-{MM}', null, null, null, null, null, null, 1],
  [86400, '{MM}-{DD}', '\n{YYYY}', null, null, null, null, null, 1],
  [60, '{HH}:{mm}', DATE, null, DATE, null, null, null, 1],
  [1, '{HH}:{mm}:{ss}', DATE, null, DATE, null, null, null, 1]];

function css(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/// Each series on top of those before it; where nobody had a route there is a gap.
function stack(shares: Shares): (number | null)[][] {
  const sum = shares.times.map(() => 0);
  return shares.upstreams.map((each) => each.share.map((value, index) => {
    if (value === null) return null;
    sum[index] = (sum[index] ?? 0) + value;
    return sum[index] ?? 0;
  }));
}

/// The moment shown as a line, and what was told as marks above.
function decorate(plot: uPlot, at: number | null, events: IsthmusEvent[]): void {
  const { ctx, bbox } = plot;
  const inside = (seconds: number): number | null => {
    const x = Math.round(plot.valToPos(seconds, 'x', true));
    return x >= bbox.left && x <= bbox.left + bbox.width ? x : null;
  };
  const size = 5 * devicePixelRatio;
  ctx.save();
  for (const event of events) {
    const x = inside(toSeconds(event.time));
    const ink = INK[event.severity];
    if (x === null || !ink) continue;
    ctx.fillStyle = css(ink);
    ctx.beginPath();
    ctx.moveTo(x - size, bbox.top - 2 * size);
    ctx.lineTo(x + size, bbox.top - 2 * size);
    ctx.lineTo(x, bbox.top - 1);
    ctx.fill();
  }
  const x = at === null ? null : inside(at);
  if (x !== null) {
    ctx.fillStyle = css('--text');
    ctx.fillRect(x - devicePixelRatio, bbox.top, 2 * devicePixelRatio, bbox.height);
  }
  ctx.restore();
}

interface Wishes { at: number | null; events: IsthmusEvent[]; pick: (seconds: number) => void; hover: (index: number | null) => void }

function draw(box: HTMLElement, shares: Shares, wishes: Wishes): uPlot {
  const stacked = stack(shares);
  // The highest first, so that lower ones are painted over it.
  const order = shares.upstreams.map((_, index) => index).reverse();
  const axis = { stroke: css('--muted'), font: '12px system-ui, sans-serif', grid: { stroke: css('--line'), width: 1 }, ticks: { stroke: css('--line') } };
  return new uPlot({
    width: Math.max(280, box.clientWidth), height: HEIGHT, padding: [14, 12, 0, 0],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
    scales: { x: { time: true }, y: { range: [0, 1] } },
    axes: [{ ...axis, space: 64, values: TIMES as never }, { ...axis, size: 52, values: (_, values) => values.map((value) => percent(value)) }],
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { setScale: false, x: false, y: false } },
    series: [{}, ...order.map((index) => {
      const ink = paint(shares.upstreams[index]?.asn ?? null);
      return { stroke: ink, fill: ink, width: 0, points: { show: false }, paths: uPlot.paths.stepped?.({ align: 1 }) } as uPlot.Series;
    })],
    hooks: {
      draw: [(plot) => decorate(plot, wishes.at, wishes.events)],
      setCursor: [(plot) => wishes.hover(plot.cursor.idx ?? null)],
      ready: [(made) => made.over.addEventListener('click', () => { if ((made.cursor.left ?? -1) >= 0) wishes.pick(made.posToVal(made.cursor.left ?? 0, 'x')); })],
    },
  }, [shares.times, ...order.map((index) => stacked[index] ?? [])] as uPlot.AlignedData, box);
}

/// The step of a series that a moment lies in.
function stepAt(shares: Shares, seconds: number | null): number {
  return seconds === null ? shares.times.length - 1 : Math.min(shares.times.length - 1, Math.max(0, Math.floor((seconds - (shares.times[0] ?? 0)) / shares.step)));
}

export function ShareChart({ shares, at, events, pick }: { shares: Shares; at: number | null; events: IsthmusEvent[]; pick: (seconds: number) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const [hovered, hover] = useState<number | null>(null);
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const wishes = { at, events, pick, hover };
    let plot = draw(element, shares, wishes);
    const again = (): void => { plot.destroy(); plot = draw(element, shares, wishes); };
    const watch = new ResizeObserver(() => plot.setSize({ width: Math.max(280, element.clientWidth), height: HEIGHT }));
    watch.observe(element);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', again);
    addEventListener('isthmus-theme', again);
    return () => { removeEventListener('isthmus-theme', again); scheme.removeEventListener('change', again); watch.disconnect(); plot.destroy(); };
  }, [shares, at, events]);
  const step = hovered ?? stepAt(shares, at);
  return (
    <>
      <ul class="legend" aria-label={`Shares at ${time(fromSeconds(shares.times[step] ?? 0))}`}>
        {shares.upstreams.map((each) => <li key={each.asn}><span class="swatch" style={{ background: colour(each.asn) }} /> {asn(each.asn, each.name)} <b>{percent(each.share[step])}</b></li>)}
        <li class="muted">{time(fromSeconds(shares.times[step] ?? 0))}</li>
      </ul>
      <div ref={box} class="chart" role="img" aria-label="Share of the target's space by upstream over time; the same numbers are in the data behind this" />
    </>
  );
}
