// Who carried how much over time, stacked; a click goes to that moment.
import uPlot from 'uplot';
import { useEffect, useRef } from 'preact/hooks';
import type { Shares } from '../api';
import { asn, paint, percent } from '../format';

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

function draw(box: HTMLElement, shares: Shares, at: number | null, pick: (seconds: number) => void): uPlot {
  const stacked = stack(shares);
  // The highest first, so that lower ones are painted over it.
  const order = shares.upstreams.map((_, index) => index).reverse();
  const line = (plot: uPlot): void => {
    if (at === null) return;
    const x = Math.round(plot.valToPos(at, 'x', true));
    plot.ctx.save();
    plot.ctx.strokeStyle = css('--text');
    plot.ctx.lineWidth = 2;
    plot.ctx.beginPath();
    plot.ctx.moveTo(x, plot.bbox.top);
    plot.ctx.lineTo(x, plot.bbox.top + plot.bbox.height);
    plot.ctx.stroke();
    plot.ctx.restore();
  };
  const axis = { stroke: css('--text'), grid: { stroke: css('--line'), width: 1 }, ticks: { stroke: css('--line') } };
  const plot = new uPlot({
    width: Math.max(280, box.clientWidth), height: 220,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
    scales: { x: { time: true }, y: { range: [0, 1] } },
    axes: [axis, { ...axis, values: (_, values) => values.map((value) => percent(value)) }],
    legend: { live: true },
    cursor: { points: { show: false } },
    series: [{ label: 'UTC', value: '{YYYY}-{MM}-{DD} {HH}:{mm}' }, ...order.map((index) => {
      const each = shares.upstreams[index];
      const ink = paint(each?.asn ?? null);
      return {
        label: asn(each?.asn ?? null, each?.name), stroke: ink, fill: ink, width: 1, paths: uPlot.paths.stepped?.({ align: 1 }),
        value: (_: uPlot, __: number, ___: number, point: number | null) => (point === null ? '–' : percent(each?.share[point])),
      } as uPlot.Series;
    })],
    hooks: {
      draw: [line],
      ready: [(made) => made.over.addEventListener('click', () => { if (made.cursor.left !== undefined && made.cursor.left >= 0) pick(made.posToVal(made.cursor.left, 'x')); })],
    },
  }, [shares.times, ...order.map((index) => stacked[index] ?? [])] as uPlot.AlignedData, box);
  return plot;
}

export function ShareChart({ shares, at, pick }: { shares: Shares; at: number | null; pick: (seconds: number) => void }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    let plot = draw(element, shares, at, pick);
    const again = (): void => { plot.destroy(); plot = draw(element, shares, at, pick); };
    const watch = new ResizeObserver(() => plot.setSize({ width: Math.max(280, element.clientWidth), height: 220 }));
    watch.observe(element);
    addEventListener('isthmus-theme', again);
    return () => { removeEventListener('isthmus-theme', again); watch.disconnect(); plot.destroy(); };
  }, [shares, at]);
  return <div ref={box} class="chart" role="img" aria-label="Share of the target's space by upstream over time; the same numbers are in the data behind this" />;
}
