import { type Page, type Route, curl, url } from '../api';
import { asn, colour, time, toSeconds } from '../format';
import { Filters, PLANES } from '../parts/filters';
import { Lanes } from '../parts/lanes';
import { Notice, Source } from '../parts/notice';
import { Table } from '../parts/table';
import { change, useApi } from '../state';

const ROWS = 200;

export function HistoryView({ query }: { query: Record<string, string> }) {
  const asked = { target: query.target, prefix: query.prefix, upstream: query.upstream, plane: query.plane, from: query.from, until: query.until };
  const answer = useApi<Page<Route>>('routes', { ...asked, limit: ROWS, cursor: query.cursor });
  const items = answer.data?.items ?? [];
  const exported = { target: query.target, prefix: query.prefix, upstream: query.upstream, from: query.from, until: query.until };
  const ends = items.map((each) => toSeconds(each.until ?? each.from));
  const first = query.from ? toSeconds(query.from) : Math.min(...items.map((each) => toSeconds(each.from)));
  const last = query.until ? toSeconds(query.until) : Math.max(...ends);
  return (
    <>
      <h1>Route history</h1>
      <Filters fields={[
        { name: 'target', label: 'Target', value: query.target }, { name: 'prefix', label: 'Prefix', value: query.prefix, hint: '175.45.178.0/24' },
        { name: 'upstream', label: 'Upstream', value: query.upstream, hint: 'AS20485', width: 10 }, { name: 'plane', label: 'Seen by', value: query.plane, options: [['', 'both'], ...PLANES] },
        { name: 'from', label: 'From (UTC)', value: query.from, width: 20 }, { name: 'until', label: 'Until (UTC)', value: query.until, width: 20 }]} />
      <section class="export" aria-labelledby="export"><h2 id="export">Export</h2>
        <p>All of what is asked for above, however much it is:</p>
        <ul class="files">{(['routes', 'events', 'observations'] as const).flatMap((table) => (['ndjson', 'csv'] as const).map((format) =>
          <li key={table + format}><a href={url(`export/${table}`, { ...exported, format })} download>{table}.{format}</a></li>))}</ul>
        <Source text={`${curl('export/routes', { ...exported, format: 'csv' })} >routes.csv`} />
        <p class="muted"><code>isthmusctl export</code> writes the same rows with a manifest that <code>isthmusctl verify</code> checks.</p>
      </section>
      <Notice of={answer} empty={items.length === 0}>No route like that is in the history.</Notice>
      {items.length > 0 && (
        <>
          <Lanes routes={items} from={first} until={last} onePrefix={new Set(items.map((each) => each.prefix)).size === 1} />
          <Table caption="Who carried a prefix for which vantage point, from when until when" rows={items} keyOf={(_, index) => String(index)} columns={[
            { title: 'Prefix', head: true, cell: (each) => <a href={`#/history?target=${encodeURIComponent(each.target)}&prefix=${encodeURIComponent(each.prefix)}`}>{each.prefix}</a> },
            { title: 'Vantage', cell: (each) => <>AS{each.vantage.asn} <span class="muted">{each.vantage.source} {each.vantage.address}</span></> },
            { title: 'Upstream', cell: (each) => (each.verdict === 'upstream' ? <><span class="swatch" style={{ background: colour(each.upstream) }} /> {asn(each.upstream)}</> : <span class="muted">{each.verdict}</span>) },
            { title: 'From', cell: (each) => time(each.from) },
            { title: 'Until', cell: (each) => (each.until ? time(each.until) : 'still') },
            { title: 'Path', cell: (each) => <span class="path">{each.path}</span> }]} />
        </>)}
      <p class="more">
        {query.cursor && <button type="button" onClick={() => change({ cursor: '' })}>First page</button>}
        {answer.data?.next_cursor && <button type="button" onClick={() => change({ cursor: answer.data?.next_cursor })}>Next page</button>}
      </p>
    </>
  );
}
