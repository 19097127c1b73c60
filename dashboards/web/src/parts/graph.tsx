// The ASes over which a target is reached: widths are shares, and a link that is young stands out.
import { sankey, sankeyLinkHorizontal } from 'd3-sankey';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Graph, GraphLink, GraphNode } from '../api';
import { asn, colour, percent, time, toSeconds } from '../format';

const NEW_FOR = 2 * 3600;
const ROW = 34;

/// Whether a link to the target is young at the moment shown.
export function isNew(link: GraphLink, graph: Graph): boolean {
  return toSeconds(graph.at) - toSeconds(link.since) < NEW_FOR;
}

function useWidth(): [preact.RefObject<HTMLDivElement>, number] {
  const box = useRef<HTMLDivElement>(null);
  const [width, set] = useState(900);
  useEffect(() => {
    if (!box.current) return undefined;
    const watch = new ResizeObserver(([entry]) => entry && set(Math.max(300, entry.contentRect.width)));
    watch.observe(box.current);
    return () => watch.disconnect();
  }, []);
  return [box, width];
}

export function GraphPicture({ graph }: { graph: Graph }) {
  const [box, width] = useWidth();
  const known = new Map(graph.nodes.map((node) => [node.id, node]));
  const target = graph.nodes.find((node) => node.role === 'target');
  const links = graph.links.filter((link) => link.share > 0 && known.has(link.from) && known.has(link.to));
  const perLayer = new Map<number, number>();
  for (const node of graph.nodes) perLayer.set(node.layer, (perLayer.get(node.layer) ?? 0) + 1);
  const height = Math.max(220, Math.max(1, ...perLayer.values()) * ROW);
  const narrow = width < 640;
  const layout = sankey<{ node: GraphNode }, { link: GraphLink }>()
    .nodeId((each) => each.node.id)
    .nodeAlign((each) => Math.max(0, depth - each.node.layer))
    .nodeWidth(12).nodePadding(14)
    .extent([[2, 10], [width - (narrow ? 84 : 150), height - 10]]);
  const depth = Math.max(1, ...graph.nodes.map((node) => node.layer));
  const connected = new Set(links.flatMap((link) => [link.from, link.to]));
  if (links.length === 0 || !target) return <p class="muted">No vantage point had a route at this time.</p>;
  const drawn = layout({
    nodes: graph.nodes.filter((node) => connected.has(node.id)).map((node) => ({ node })),
    links: links.map((link) => ({ source: link.from, target: link.to, value: link.share, link })),
  });
  const path = sankeyLinkHorizontal();
  const into = links.filter((link) => link.to === target.id);
  const words = into.map((link) => `${asn(known.get(link.from)?.asn ?? null)} ${percent(link.share)}`).join(', ');
  return (
    <div ref={box} class="graph">
      <svg width={width} height={height} role="img" aria-label={`Into ${asn(target.asn, target.name)}: ${words}`}>
        {drawn.links.map((each) => {
          const fresh = each.link.to === target.id && isNew(each.link, graph);
          const from = known.get(each.link.from);
          return (
            <path key={`${each.link.from}-${each.link.to}`} d={path(each) ?? ''} fill="none"
              class={fresh ? 'edge new' : 'edge'} stroke={colour(each.link.to === target.id ? from?.asn ?? null : known.get(each.link.to)?.asn ?? null)}
              stroke-width={Math.max(1.5, each.width ?? 0)}>
              <title>{`${asn(from?.asn ?? null, from?.name)} to ${asn(known.get(each.link.to)?.asn ?? null)}: ${percent(each.link.share)}, ${each.link.vantages} vantage groups, since ${time(each.link.since)}`}</title>
            </path>);
        })}
        {drawn.nodes.map((each) => (
          <g key={each.node.id}>
            <rect x={each.x0} y={each.y0} width={(each.x1 ?? 0) - (each.x0 ?? 0)} height={Math.max(2, (each.y1 ?? 0) - (each.y0 ?? 0))} class={`node ${each.node.role}`} />
            <text x={(each.x1 ?? 0) + 5} y={((each.y0 ?? 0) + (each.y1 ?? 0)) / 2} dy="0.35em">
              {each.node.asn === null ? 'others' : each.node.asn}
              {!narrow && each.node.name ? ` ${each.node.name.slice(0, 14)}` : ''}
            </text>
          </g>))}
      </svg>
      <table class="into">
        <caption>Links into {asn(target.asn, target.name)} at {time(graph.at)}</caption>
        <thead><tr><th scope="col">Upstream</th><th scope="col">Share</th><th scope="col">Vantage groups</th><th scope="col">Since</th></tr></thead>
        <tbody>
          {[...into].sort((a, b) => b.share - a.share).map((link) => (
            <tr key={link.from} class={isNew(link, graph) ? 'new' : ''}>
              <td><span class="swatch" style={{ background: colour(known.get(link.from)?.asn ?? null) }} /> {asn(known.get(link.from)?.asn ?? null, known.get(link.from)?.name)} {isNew(link, graph) && <strong class="tag">new</strong>}</td>
              <td>{percent(link.share)}</td><td>{link.vantages}</td><td>{time(link.since)}</td>
            </tr>))}
        </tbody>
      </table>
    </div>
  );
}
