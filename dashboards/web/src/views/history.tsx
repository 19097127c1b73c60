import { type Page, type Route, curl, url } from '../api';
import { asn, time } from '../format';
import { Filters, PLANES } from '../parts/filters';
import { Notice, Source } from '../parts/notice';
import { change, useApi } from '../state';

export function HistoryView({ query }: { query: Record<string, string> }) {
  const asked = { target: query.target, prefix: query.prefix, upstream: query.upstream, plane: query.plane, from: query.from, until: query.until };
  const answer = useApi<Page<Route>>('routes', { ...asked, limit: 200, cursor: query.cursor });
  const items = answer.data?.items ?? [];
  const exported = { target: query.target, prefix: query.prefix, upstream: query.upstream, from: query.from, until: query.until };
  return (
    <>
      <h1>Route history</h1>
      <Filters fields={[
        { name: 'target', label: 'Target', value: query.target }, { name: 'prefix', label: 'Prefix', value: query.prefix, hint: '175.45.178.0/24' },
        { name: 'upstream', label: 'Upstream', value: query.upstream, hint: 'AS20485', width: 10 }, { name: 'plane', label: 'Seen by', value: query.plane, options: [['', 'both'], ...PLANES] },
        { name: 'from', label: 'From (UTC)', value: query.from, width: 20 }, { name: 'until', label: 'Until (UTC)', value: query.until, width: 20 }]} />
      <Notice of={answer} empty={items.length === 0}>No route like that is in the history.</Notice>
      {items.length > 0 && (
        <div class="scroll"><table>
          <caption>Who carried a prefix for which vantage point, from when until when</caption>
          <thead><tr><th scope="col">Prefix</th><th scope="col">Vantage</th><th scope="col">Upstream</th><th scope="col">From</th><th scope="col">Until</th><th scope="col">Path</th></tr></thead>
          <tbody>
            {items.map((each, index) => (
              <tr key={index}>
                <td>{each.prefix}</td><td>AS{each.vantage.asn} <span class="muted">{each.vantage.source} {each.vantage.address}</span></td>
                <td>{each.verdict === 'upstream' ? asn(each.upstream) : each.verdict}</td><td>{time(each.from)}</td><td>{each.until ? time(each.until) : 'still'}</td><td class="path">{each.path}</td>
              </tr>))}
          </tbody>
        </table></div>)}
      {answer.data?.next_cursor && <p><button type="button" onClick={() => change({ cursor: answer.data?.next_cursor })}>Next page</button></p>}
      <section aria-labelledby="export"><h2 id="export">Export</h2>
        <p>All of what is asked for above, however much it is: {(['ndjson', 'csv'] as const).map((format) => <><a href={url('export/routes', { ...exported, format })} download>routes.{format}</a> </>)}
          {(['ndjson', 'csv'] as const).map((format) => <><a href={url('export/events', { ...exported, format })} download>events.{format}</a> </>)}</p>
        <Source text={`${curl('export/routes', { ...exported, format: 'csv' })} >routes.csv`} />
        <p class="muted"><code>isthmusctl export</code> writes the same rows with a manifest that <code>isthmusctl verify</code> checks.</p>
      </section>
    </>
  );
}
