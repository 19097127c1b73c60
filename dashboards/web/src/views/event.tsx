import type { Explanation, Graph, IsthmusEvent, ScoreTerm, Witness } from '../api';
import { curl } from '../api';
import { PLANE_WORDS, asn, duration, fromSeconds, percent, time, toSeconds, words } from '../format';
import { GraphPicture } from '../parts/graph';
import { Notice, Source } from '../parts/notice';
import { Table } from '../parts/table';
import { link, useApi } from '../state';

function Terms({ terms, again }: { terms: ScoreTerm[]; again: ScoreTerm[] }) {
  const most = Math.max(1, ...terms.map((each) => Math.abs(each.nats)));
  return (
    <Table caption="The score, term by term, in nats" quiet rows={terms} keyOf={(each) => `${each.name} ${each.subject}`} columns={[
      { title: 'Term', head: true, cell: (each) => <code>{each.name}</code> },
      { title: 'Of', cell: (each) => each.subject || 'all' },
      { title: 'Weight', cell: (each) => <svg class="weight" viewBox="-60 0 120 10" aria-hidden="true"><line x1="0" x2="0" y1="0" y2="10" /><rect x={each.nats < 0 ? (60 * each.nats) / most : 0} y="1" width={(60 * Math.abs(each.nats)) / most} height="8" class={each.nats < 0 ? 'against' : 'for'} /></svg> },
      { title: 'Nats', number: true, cell: (each) => each.nats.toFixed(3) },
      { title: 'Computed again', number: true, cell: (_, index) => again[index]?.nats.toFixed(3) ?? '–' }]} />
  );
}

/// The ASes of a path, with those marked that the other one does not have.
export function PathWords({ path, other }: { path: string; other: string }) {
  const there = new Set(other.split(' '));
  return <span class="path">{path ? path.split(' ').map((each, index) => <span key={index} class={there.has(each) ? '' : 'differs'}>{each}</span>) : <em>no route</em>}</span>;
}

function Witnesses({ title, list }: { title: string; list: Witness[] }) {
  if (list.length === 0) return null;
  return (
    <details open={list.length <= 30}>
      <summary>{title} ({list.length})</summary>
      <Table caption={`${title}: paths before and after, with what differs marked`} quiet rows={list} keyOf={(each) => `${each.evidence_id} ${each.prefix}`} columns={[
        { title: 'Vantage', head: true, cell: (each) => <>AS{each.vantage.asn} <span class="muted">{each.vantage.source}</span></> },
        { title: 'Since', cell: (each) => time(each.time) },
        { title: 'Prefix', cell: (each) => each.prefix },
        { title: 'Grade', cell: (each) => each.grade },
        { title: 'Before', cell: (each) => <PathWords path={each.path_before} other={each.path_after} /> },
        { title: 'After', cell: (each) => <PathWords path={each.path_after} other={each.path_before} /> }]} />
    </details>
  );
}

/// From the first sight to the word of it.
function Course({ event }: { event: IsthmusEvent }) {
  const start = event.first_seen ? toSeconds(event.first_seen) : null;
  const steps: [string, string | null][] = [['first seen', event.first_seen], ['probable', event.probable_at], ['confirmed', event.confirmed_at], ['ended', event.ended_at],
    ['told', event.time === event.confirmed_at || event.time === event.ended_at ? null : event.time]];
  const known = steps.filter((each): each is [string, string] => each[1] !== null).sort((a, b) => a[1].localeCompare(b[1]));
  return (
    <ol class="course">
      {known.map(([name, when]) => (
        <li key={name}><b>{name}</b> <time dateTime={when}>{time(when)}</time>
          <span class="muted">{start !== null && toSeconds(when) > start ? `+${duration(toSeconds(when) - start)}` : ''}</span></li>))}
    </ol>
  );
}

/// The graph just before the first sight and when it was told.
function BeforeAfter({ event }: { event: IsthmusEvent }) {
  const asked = { target: event.target, family: event.family, plane: event.planes[0] ?? 'control', hops: 2, nodes: 24, prefix: event.prefixes.length === 1 ? event.prefixes[0]?.prefix : undefined };
  const before = useApi<Graph>('graph', { ...asked, at: fromSeconds(Math.floor(toSeconds(event.first_seen ?? event.time)) - 1) });
  const after = useApi<Graph>('graph', { ...asked, at: event.time });
  return (
    <div class="diff">
      {([['Before', before], ['After', after]] as const).map(([title, answer]) => (
        <div key={title} class="side"><h3>{title} <span class="muted">{time(answer.data?.at)}</span></h3>
          <Notice of={answer} />{answer.data && <GraphPicture graph={answer.data} plain />}</div>))}
    </div>
  );
}

export function EventView({ id }: { id: string }) {
  const answer = useApi<Explanation>(`events/${encodeURIComponent(id)}/explain`);
  const event = answer.data?.event;
  const again = answer.data?.recomputed;
  return (
    <>
      <p class="back"><a href={link(['events'], { target: event?.target })}>Events{event ? ` of ${event.target}` : ''}</a></p>
      <h1>{event ? `${words(event.type)}${event.upstream.asn === null ? '' : `: ${asn(event.upstream.asn, event.upstream.name)}`}` : 'Event'}</h1>
      <Notice of={answer} />
      {answer.data && event && (
        <>
          <p class={`summary ${event.severity}`}>{event.summary}</p>
          <Course event={event} />
          <dl class="facts">
            <dt>Target</dt><dd><a href={link(['targets', event.target], { family: event.family === 'ipv4' ? undefined : event.family, at: event.time })}>{event.target}</a>, {event.family === 'ipv4' ? 'IPv4' : 'IPv6'}</dd>
            <dt>Severity</dt><dd><span class={`severity ${event.severity}`}>{event.severity}</span></dd>
            {event.confidence > 0 && <><dt>Confidence</dt><dd>{percent(event.confidence)}</dd></>}
            {event.share > 0 && <><dt>Share after</dt><dd>{percent(event.share)} <span class="muted">({percent(event.share_lower)} to {percent(event.share_upper)})</span>, hegemony {percent(event.hegemony)}</dd></>}
            {event.previous_upstreams.length > 0 && <><dt>Until then</dt><dd>{event.previous_upstreams.map((each) => `AS${each.asn} ${percent(each.share)}`).join(', ')}</dd></>}
            {event.planes.length > 0 && <><dt>Seen by</dt><dd>{event.planes.map((each) => PLANE_WORDS[each]).join(', ')}</dd></>}
            {event.rule && <><dt>Rule</dt><dd><code>{event.rule}</code> {answer.data.rule_text}</dd></>}
          </dl>
          {event.upstream.asn !== null && <section aria-labelledby="change"><h2 id="change">What changed</h2><BeforeAfter event={event} /></section>}
          {event.prefixes.length > 0 && (
            <Table caption="Prefixes" rows={event.prefixes} keyOf={(each) => each.prefix} columns={[
              { title: 'Prefix', head: true, cell: (each) => <a href={link(['history'], { target: event.target, prefix: each.prefix })}>{each.prefix}</a> },
              { title: 'Share before', number: true, cell: (each) => percent(each.share_before) },
              { title: 'Share after', number: true, cell: (each) => percent(each.share_after) }]} />)}
          {(event.score?.terms.length ?? 0) > 0 && (
            <section aria-labelledby="score"><h2 id="score">Score {event.score?.total.toFixed(3)}</h2>
              <p class={again?.matches ? 'good' : 'problem'}>{again?.error ? `It could not be computed again: ${again.error}`
                : again?.matches ? 'Computed again from the stored observations: the same, term by term.' : 'Computed again from the stored observations it is different.'}</p>
              <Terms terms={event.score?.terms ?? []} again={again?.terms ?? []} />
            </section>)}
          <section aria-labelledby="evidence"><h2 id="evidence">Evidence</h2>
            <Witnesses title="Witnesses" list={event.witnesses ?? []} />
            <Witnesses title="Counter-evidence" list={event.counter_evidence ?? []} />
            <details><summary>In words</summary><pre tabIndex={0}>{answer.data.text}</pre></details>
            <details><summary>Thresholds and tables in force</summary>
              <dl class="facts">{[...(event.thresholds ?? []), ...(event.dataset_versions ?? [])].map((each) => <><dt>{each.name}</dt><dd>{each.value}</dd></>)}</dl></details>
          </section>
          <Source text={curl(`events/${id}/explain`)} download={`./api/v1/events/${id}`} />
        </>)}
    </>
  );
}
