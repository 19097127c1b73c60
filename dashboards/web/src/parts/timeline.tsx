// The moment shown: a slider with what was told above it, steps from change to change, and play.
import { useEffect, useState } from 'preact/hooks';
import type { Graph, IsthmusEvent } from '../api';
import { fromSeconds, time, toSeconds, words } from '../format';
import { change } from '../state';

const FRAMES = 160;
const PAUSE = 180; // ms after each picture

export function Timeline({ graph, from, until, at, live, events }: { graph: Graph | null; from: number; until: number; at: number; live: boolean; events: IsthmusEvent[] }) {
  const [playing, play] = useState(false);
  const go = (seconds: number): void => change({ at: fromSeconds(Math.round(seconds)) }, false);
  // The next picture is asked for when this one is there: a slow collector plays slowly, and is not pressed.
  useEffect(() => {
    if (!playing || !graph) return undefined;
    const next = at + (until - from) / FRAMES;
    const timer = setTimeout(() => { if (next >= until) play(false); go(Math.min(next, until)); }, PAUSE);
    return () => clearTimeout(timer);
  }, [playing, graph]);
  const start = (): void => {
    if (!playing && at >= until - 1) go(from);
    play(!playing);
  };
  const marks = events.filter((each) => each.severity !== 'info' && toSeconds(each.time) >= from && toSeconds(each.time) <= until);
  return (
    <div class="timeline">
      <div class="marks" aria-hidden="true">
        {marks.map((each) => (
          <i key={each.id} class={each.severity} title={`${time(each.time)} ${words(each.type)}`} onClick={() => go(toSeconds(each.time))}
            style={{ left: `calc(8px + (100% - 16px) * ${((toSeconds(each.time) - from) / (until - from)).toFixed(5)})` }} />))}
      </div>
      <input type="range" min={from} max={until} step={30} value={at} aria-label="Time shown" aria-valuetext={time(fromSeconds(at))}
        onInput={(event) => { play(false); go(Number(event.currentTarget.value)); }} />
      <div class="steps">
        <button type="button" disabled={!graph?.since || toSeconds(graph.since) <= from} onClick={() => graph?.since && go(toSeconds(graph.since) - 1)} aria-label="Change before"><span aria-hidden="true">←</span> change before</button>
        <button type="button" onClick={start} aria-pressed={playing}><span aria-hidden="true">{playing ? '❚❚' : '▶'}</span> {playing ? 'pause' : 'play'}</button>
        <button type="button" disabled={!graph?.until || toSeconds(graph.until) >= until} onClick={() => graph?.until && go(toSeconds(graph.until) + 1)} aria-label="Change after">change after <span aria-hidden="true">→</span></button>
        <output>{time(fromSeconds(at))}</output>
        {!live && <button type="button" class="quiet" onClick={() => { play(false); change({ at: '' }); }}>back to now</button>}
      </div>
    </div>
  );
}
