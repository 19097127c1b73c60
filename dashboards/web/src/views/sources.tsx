import type { Feed, Probe, Table } from '../api';
import { count, duration, time, words } from '../format';
import { Notice } from '../parts/notice';
import { useApi, useGeneration } from '../state';

export function SourcesView() {
  const generation = useGeneration();
  const probes = useApi<{ probes: Probe[] }>('probes', {}, generation);
  const feeds = useApi<{ feeds: Feed[]; tables: Table[] }>('feeds', {}, generation);
  return (
    <>
      <h1>Probes and feeds</h1>
      <section aria-labelledby="probes"><h2 id="probes">Probes</h2>
        <Notice of={probes} empty={probes.data?.probes.length === 0}>No probe is enrolled. <code>isthmusctl probe add NAME</code> makes a token for one.</Notice>
        {(probes.data?.probes.length ?? 0) > 0 && (
          <div class="scroll"><table>
            <thead><tr><th scope="col">Probe</th><th scope="col">State</th><th scope="col">AS</th><th scope="col">Last result</th><th scope="col">Clock</th><th scope="col">Traceroutes</th><th scope="col">Certificate until</th><th scope="col">Software</th></tr></thead>
            <tbody>{probes.data?.probes.map((each) => (
              <tr key={each.name}><th scope="row">{each.name}</th><td><span class={each.up ? 'tag up' : 'tag down'}>{each.up ? 'connected' : 'away'}</span></td><td>{each.group === null ? '–' : `AS${each.group}`} <span class="muted">{each.address}</span></td>
                <td>{time(each.last_result)}</td><td>{each.clock_offset_us === null ? '–' : `${(each.clock_offset_us / 1e6).toFixed(3)} s`}</td>
                <td>{Object.entries(each.results).map(([name, number]) => `${count(number)} ${words(name)}`).join(', ')}</td><td>{time(each.certificate_expires)}</td><td>{each.software}</td></tr>))}</tbody>
          </table></div>)}
      </section>
      <section aria-labelledby="feeds"><h2 id="feeds">Feeds of routes</h2>
        <Notice of={feeds} empty={feeds.data?.feeds.length === 0}>No feed is configured.</Notice>
        {feeds.data?.feeds.map((each) => (
          <article key={each.name}>
            <h3>{each.name} <span class="muted">{words(each.kind)}</span> <span class={each.state === 'live' && !each.blind ? 'tag up' : 'tag down'}>{each.blind ? 'blind' : words(each.state)}</span></h3>
            <p>{each.detail}{each.detail && '. '}{count(each.messages)} messages, {count(each.elements)} route elements, last one {time(each.last_message)}; behind by {duration(each.lag_s)}; {each.gaps} gaps
              {Object.entries(each.skipped).map(([reason, number]) => `; ${count(number)} skipped: ${words(reason)}`)}</p>
            {each.peers.length > 0 && (
              <details><summary>{each.peers.length} peers</summary><div class="scroll"><table>
                <thead><tr><th scope="col">Peer</th><th scope="col">View</th><th scope="col">State</th><th scope="col">Routes</th><th scope="col">Last message</th></tr></thead>
                <tbody>{each.peers.map((peer, index) => <tr key={index}><th scope="row">AS{peer.asn} {peer.address}</th><td>{words(peer.view)}</td><td>{peer.state}</td><td>{count(peer.routes)}</td><td>{time(peer.last_message)}</td></tr>)}</tbody>
              </table></div></details>)}
          </article>))}
      </section>
      <section aria-labelledby="tables"><h2 id="tables">Label tables</h2>
        {feeds.data && (
          <div class="scroll"><table>
            <thead><tr><th scope="col">Source</th><th scope="col">Version</th><th scope="col">Age</th><th scope="col">Entries</th></tr></thead>
            <tbody>{feeds.data.tables.map((each) => <tr key={each.source}><th scope="row">{each.source}</th><td>{each.version}</td><td>{duration(each.age_s)}</td><td>{count(each.prefixes)}</td></tr>)}</tbody>
          </table></div>)}
      </section>
    </>
  );
}
