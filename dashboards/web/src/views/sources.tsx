import type { Feed, LabelTable, Probe } from '../api';
import { count, duration, time, words } from '../format';
import { Notice } from '../parts/notice';
import { Table } from '../parts/table';
import { useApi, useGeneration } from '../state';

function FeedCard({ feed }: { feed: Feed }) {
  const good = feed.state === 'live' && !feed.blind;
  const skipped = Object.entries(feed.skipped).map(([reason, number]) => `${count(number)} ${words(reason)}`).join(', ');
  return (
    <article class="card">
      <h3>{feed.name} <span class="muted">{words(feed.kind)}</span> <span class={good ? 'tag up' : 'tag down'}>{feed.blind ? 'blind' : words(feed.state)}</span></h3>
      {feed.detail && <p class="hint">{feed.detail}</p>}
      <dl class="numbers">
        <div><dt>Last message</dt><dd>{time(feed.last_message)}</dd></div><div><dt>Behind by</dt><dd>{duration(feed.lag_s)}</dd></div>
        <div><dt>Messages</dt><dd>{count(feed.messages)}</dd></div><div><dt>Route elements</dt><dd>{count(feed.elements)}</dd></div><div><dt>Gaps</dt><dd>{count(feed.gaps)}</dd></div>
        {skipped && <div><dt>Skipped</dt><dd>{skipped}</dd></div>}
      </dl>
      {feed.peers.length > 0 && (
        <details open={feed.peers.length <= 12}><summary>{feed.peers.length === 1 ? '1 peer' : `${feed.peers.length} peers`}</summary>
          <Table caption={`Peers of ${feed.name}`} quiet rows={feed.peers} keyOf={(_, index) => String(index)} columns={[
            { title: 'Peer', head: true, cell: (peer) => <>AS{peer.asn} <span class="muted">{peer.address}</span></> }, { title: 'View', cell: (peer) => words(peer.view) || '–' },
            { title: 'State', cell: (peer) => <span class={peer.state === 'up' ? 'tag up' : 'tag down'}>{peer.state}</span> },
            { title: 'Routes', number: true, cell: (peer) => count(peer.routes) }, { title: 'Last message', cell: (peer) => time(peer.last_message) }]} /></details>)}
    </article>
  );
}

export function SourcesView() {
  const generation = useGeneration();
  const probes = useApi<{ probes: Probe[] }>('probes', {}, generation);
  const feeds = useApi<{ feeds: Feed[]; tables: LabelTable[] }>('feeds', {}, generation);
  return (
    <>
      <h1>Probes and feeds</h1>
      <section aria-labelledby="probes"><h2 id="probes">Probes</h2>
        <Notice of={probes} empty={probes.data?.probes.length === 0}>No probe is enrolled. <code>isthmusctl probe add NAME</code> makes a token for one.</Notice>
        {(probes.data?.probes.length ?? 0) > 0 && (
          <Table caption="Who measures" quiet rows={probes.data?.probes ?? []} keyOf={(each) => each.name} columns={[
            { title: 'Probe', head: true, cell: (each) => each.name },
            { title: 'State', cell: (each) => <span class={each.up ? 'tag up' : 'tag down'}>{each.up ? 'connected' : 'away'}</span> },
            { title: 'AS', cell: (each) => <>{each.group === null ? '–' : `AS${each.group}`} <span class="muted">{each.address}</span></> },
            { title: 'Last result', cell: (each) => time(each.last_result) },
            { title: 'Clock', number: true, cell: (each) => (each.clock_offset_us === null ? '–' : `${(each.clock_offset_us / 1e6).toFixed(3)} s`) },
            { title: 'Traceroutes', cell: (each) => Object.entries(each.results).map(([name, number]) => `${count(number)} ${words(name)}`).join(', ') || '–' },
            { title: 'Certificate until', cell: (each) => time(each.certificate_expires) },
            { title: 'Software', cell: (each) => each.software || '–' }]} />)}
      </section>
      <section aria-labelledby="feeds"><h2 id="feeds">Feeds of routes</h2>
        <Notice of={feeds} empty={feeds.data?.feeds.length === 0}>No feed is configured.</Notice>
        {feeds.data?.feeds.map((each) => <FeedCard key={each.name} feed={each} />)}
      </section>
      <section aria-labelledby="tables"><h2 id="tables">Label tables</h2>
        {feeds.data?.tables.length === 0 && <p class="void">No table is read: addresses and ASes have no names.</p>}
        {(feeds.data?.tables.length ?? 0) > 0 && (
          <Table caption="What addresses and ASes get their names from" quiet rows={feeds.data?.tables ?? []} keyOf={(each) => each.source} columns={[
            { title: 'Source', head: true, cell: (each) => each.source }, { title: 'Version', cell: (each) => each.version },
            { title: 'Age', number: true, cell: (each) => duration(each.age_s) }, { title: 'Entries', number: true, cell: (each) => count(each.prefixes) }]} />)}
      </section>
    </>
  );
}
