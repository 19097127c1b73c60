import type { Explanation, ScoreTerm, Witness } from '../api';
import { curl } from '../api';
import { asn, percent, time, words } from '../format';
import { Notice, Source } from '../parts/notice';
import { link, useApi } from '../state';

function Terms({ terms, again }: { terms: ScoreTerm[]; again: ScoreTerm[] }) {
  const most = Math.max(1, ...terms.map((each) => Math.abs(each.nats)));
  return (
    <div class="scroll"><table>
      <caption>The score, term by term, in nats</caption>
      <thead><tr><th scope="col">Term</th><th scope="col">Of</th><th scope="col">Nats</th><th scope="col">Computed again</th><td /></tr></thead>
      <tbody>
        {terms.map((each, index) => (
          <tr key={`${each.name} ${each.subject}`}>
            <th scope="row"><code>{each.name}</code></th><td>{each.subject}</td><td class="number">{each.nats.toFixed(3)}</td>
            <td class="number">{again[index]?.nats.toFixed(3) ?? '–'}</td>
            <td><svg width="120" height="12" aria-hidden="true"><rect x={each.nats < 0 ? 60 - (60 * -each.nats) / most : 60} y="1" width={(60 * Math.abs(each.nats)) / most} height="10" class={each.nats < 0 ? 'against' : 'for'} /></svg></td>
          </tr>))}
      </tbody>
    </table></div>
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
      <div class="scroll"><table>
        <thead><tr><th scope="col">Since</th><th scope="col">Vantage</th><th scope="col">Prefix</th><th scope="col">Grade</th><th scope="col">Before</th><th scope="col">After</th></tr></thead>
        <tbody>
          {list.map((each) => (
            <tr key={`${each.evidence_id} ${each.prefix}`}>
              <td>{time(each.time)}</td><td>AS{each.vantage.asn} <span class="muted">{each.vantage.source}</span></td><td>{each.prefix}</td><td>{each.grade}</td>
              <td><PathWords path={each.path_before} other={each.path_after} /></td><td><PathWords path={each.path_after} other={each.path_before} /></td>
            </tr>))}
        </tbody>
      </table></div>
    </details>
  );
}

export function EventView({ id }: { id: string }) {
  const answer = useApi<Explanation>(`events/${encodeURIComponent(id)}/explain`);
  const event = answer.data?.event;
  return (
    <>
      <h1>{event ? `${words(event.type)}: ${asn(event.upstream.asn, event.upstream.name)}` : 'Event'}</h1>
      <Notice of={answer} />
      {answer.data && event && (
        <>
          <p class={`summary ${event.severity}`}>{event.summary}</p>
          <dl class="facts">
            <dt>Target</dt><dd><a href={link(['targets', event.target], { family: event.family, at: event.time })}>{event.target}</a>, {event.family === 'ipv4' ? 'IPv4' : 'IPv6'}</dd>
            <dt>Told of</dt><dd>{time(event.time)}</dd>
            <dt>First seen</dt><dd>{time(event.first_seen)}</dd>
            {event.confirmed_at && <><dt>Confirmed</dt><dd>{time(event.confirmed_at)}</dd></>}
            {event.ended_at && <><dt>Ended</dt><dd>{time(event.ended_at)}</dd></>}
            <dt>Severity</dt><dd>{event.severity}</dd>
            <dt>Share after</dt><dd>{percent(event.share)} ({percent(event.share_lower)} to {percent(event.share_upper)}), hegemony {percent(event.hegemony)}</dd>
            <dt>Confidence</dt><dd>{percent(event.confidence)}</dd>
            <dt>Seen by</dt><dd>{event.planes.join(', ') || '–'}</dd>
            <dt>Rule</dt><dd>{event.rule || '–'} {answer.data.rule_text && <span class="muted">{answer.data.rule_text}</span>}</dd>
          </dl>
          {event.prefixes.length > 0 && (
            <div class="scroll"><table>
              <caption>Prefixes</caption>
              <thead><tr><th scope="col">Prefix</th><th scope="col">Share before</th><th scope="col">Share after</th></tr></thead>
              <tbody>{event.prefixes.map((each) => <tr key={each.prefix}><th scope="row">{each.prefix}</th><td>{percent(each.share_before)}</td><td>{percent(each.share_after)}</td></tr>)}</tbody>
            </table></div>)}
          {(event.score?.terms.length ?? 0) > 0 && (
            <section aria-labelledby="score"><h2 id="score">Score {event.score?.total.toFixed(3)}</h2>
              <p>{answer.data.recomputed.error ? `It could not be computed again: ${answer.data.recomputed.error}`
                : answer.data.recomputed.matches ? 'Computed again from the stored observations: the same, term by term.' : 'Computed again from the stored observations it is different.'}</p>
              <Terms terms={event.score?.terms ?? []} again={answer.data.recomputed.terms} />
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
