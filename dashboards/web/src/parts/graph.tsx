// The ASes over which a target is reached: widths are shares, colours are upstreams, and a link that is young stands out.
import { sankey, sankeyLinkHorizontal } from 'd3-sankey';
import type { Graph, GraphLink, GraphNode } from '../api';
import { asn, clock, colour, percent, time, toSeconds } from '../format';
import { useWidth } from '../state';
import { Table } from './table';

const NEW_FOR = 2 * 3600;
const ROW = 30;

/// Whether a link to the target is young at the moment shown.
export function isNew(link: GraphLink, graph: Graph): boolean {
  return toSeconds(graph.at) - toSeconds(link.since) < NEW_FOR;
}

type Place = GraphNode & { x0?: number; x1?: number; y0?: number; y1?: number };
interface Drawn { node: GraphNode }

function label(node: GraphNode): string {
  return node.asn === null ? 'others' : `AS${node.asn}`;
}

const LETTER = 7.8; // pixels that a bold letter takes

/// An upstream says its name, as much as has room before the target, and what it carries; the others only their number where it is narrow.
function NodeLabel({ node, x, y, room, into, graph, narrow }: { node: GraphNode; x: number; y: number; room: number; into: GraphLink | undefined; graph: Graph; narrow: boolean }) {
  if (!into) return <text x={x} y={y} dy="0.35em">{label(node)}{!narrow && node.name && node.role !== 'target' ? ` ${node.name.slice(0, 12)}` : ''}</text>;
  const fresh = isNew(into, graph);
  const since = `${percent(into.share)}, new since ${clock(into.since)}`;
  const short = since.length * LETTER > room ? `${percent(into.share)}, new` : since;
  return (
    <text x={x} y={y} class="who">
      <tspan x={x} dy="-0.25em">{`${label(node)} ${node.name ?? ''}`.slice(0, Math.max(label(node).length, Math.floor(room / LETTER))).trim()}</tspan>
      <tspan x={x} dy="1.25em" class={fresh ? 'fresh' : 'much'}>{fresh ? short : percent(into.share)}</tspan>
    </text>
  );
}

function Picture({ graph, width, links, explain }: { graph: Graph; width: number; links: GraphLink[]; explain?: (asn: number) => string | null }) {
  const known = new Map(graph.nodes.map((node) => [node.id, node]));
  const target = graph.nodes.find((node) => node.role === 'target');
  const narrow = width < 560;
  const perLayer = new Map<number, number>();
  for (const node of graph.nodes) perLayer.set(node.layer, (perLayer.get(node.layer) ?? 0) + 1);
  const height = Math.max(180, Math.max(1, ...perLayer.values()) * ROW);
  const depth = Math.max(1, ...graph.nodes.map((node) => node.layer));
  const connected = new Set(links.flatMap((link) => [link.from, link.to]));
  const drawn = sankey<Drawn, { link: GraphLink }>()
    .nodeId((each) => each.node.id)
    .nodeAlign((each) => Math.max(0, depth - each.node.layer))
    .nodeWidth(10).nodePadding(12)
    .extent([[1, 8], [width - (narrow ? 68 : 80), height - 8]])({
      nodes: graph.nodes.filter((node) => connected.has(node.id)).map((node) => ({ node })),
      links: links.map((link) => ({ source: link.from, target: link.to, value: link.share, link })),
    });
  const path = sankeyLinkHorizontal();
  const end = drawn.nodes.find((each) => each.node.role === 'target')?.x0 ?? width;
  const into = new Map(links.filter((link) => link.to === target?.id).map((link) => [link.from, link]));
  const words = [...into.values()].map((link) => `${asn(known.get(link.from)?.asn ?? null, known.get(link.from)?.name)} ${percent(link.share)}${isNew(link, graph) ? ', new' : ''}`).join('; ');
  // Colour belongs to the upstreams: the last two steps of the way have theirs, what lies before is grey.
  const ink = (link: GraphLink): string | null => {
    const over = into.has(link.from) && link.to === target?.id ? link.from : into.has(link.to) ? link.to : null;
    return over === null ? null : colour(known.get(over)?.asn ?? null);
  };
  return (
    <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={`Into ${asn(target?.asn ?? null, target?.name)}: ${words}`}>
      {drawn.links.map((each) => {
        const fresh = each.link.to === target?.id && isNew(each.link, graph);
        const from = known.get(each.link.from);
        const where = fresh && from?.asn ? explain?.(from.asn) ?? null : null;
        return (
          <path key={`${each.link.from}-${each.link.to}`} d={path(each) ?? ''} fill="none"
            class={['edge', fresh && 'new', each.link.to === target?.id && 'last', where && 'leads'].filter(Boolean).join(' ')} stroke={ink(each.link) ?? 'var(--edge)'}
            stroke-width={Math.max(1.5, each.width ?? 0)} onClick={() => { if (where) location.hash = where; }}>
            <title>{`${asn(from?.asn ?? null, from?.name)} to ${asn(known.get(each.link.to)?.asn ?? null)}: ${percent(each.link.share)}, ${each.link.vantages} vantage groups, since ${time(each.link.since)}`}</title>
          </path>);
      })}
      {drawn.nodes.map((each) => {
        const at = each as unknown as Place;
        const [x0, x1, y0, y1] = [at.x0 ?? 0, at.x1 ?? 0, at.y0 ?? 0, at.y1 ?? 0];
        const own = into.get(each.node.id);
        return (
          <g key={each.node.id}>
            <rect x={x0} y={y0} width={x1 - x0} height={Math.max(2, y1 - y0)} rx="1.5" class={`node ${each.node.role}`} style={own ? { fill: colour(each.node.asn) } : {}} />
            <NodeLabel node={each.node} x={x1 + 5} y={(y0 + y1) / 2} room={end - x1 - 8} into={own} graph={graph} narrow={narrow} />
          </g>);
      })}
    </svg>
  );
}

/// `explain` gives the page that says why a new link is one.
export function GraphPicture({ graph, explain, plain }: { graph: Graph; explain?: (asn: number) => string | null; plain?: boolean }) {
  const [box, width] = useWidth();
  const known = new Map(graph.nodes.map((node) => [node.id, node]));
  const target = graph.nodes.find((node) => node.role === 'target');
  const links = graph.links.filter((link) => link.share > 0 && known.has(link.from) && known.has(link.to));
  const into = links.filter((link) => link.to === target?.id).sort((a, b) => b.share - a.share);
  return (
    <div ref={box} class="graph">
      {into.length === 0
        ? <p class="void">No vantage point had a route at {time(graph.at)}.</p>
        : <Picture graph={graph} width={width} links={links} {...(explain ? { explain } : {})} />}
      {!plain && into.length > 0 && (
        <Table caption={`Links into ${asn(target?.asn ?? null, target?.name)} at ${time(graph.at)}`} rows={into} keyOf={(link) => link.from} rowClass={(link) => (isNew(link, graph) ? 'new' : '')} columns={[
          { title: 'Upstream', head: true, cell: (link) => {
            const node = known.get(link.from);
            const where = node?.asn ? explain?.(node.asn) ?? null : null;
            return <><span class="swatch" style={{ background: colour(node?.asn ?? null) }} /> {asn(node?.asn ?? null, node?.name)} {isNew(link, graph) && <strong class="tag fresh">new</strong>} {where && <a href={where}>why?</a>}</>;
          } },
          { title: 'Share', number: true, cell: (link) => percent(link.share) },
          { title: 'Vantage groups', number: true, cell: (link) => link.vantages },
          { title: 'Since', cell: (link) => time(link.since) }]} />)}
    </div>
  );
}
