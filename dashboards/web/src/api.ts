// The collector's API, as docs/reference/openapi.yaml describes it: what the page uses of it.

export type Plane = 'data' | 'control';
export type Family = 'ipv4' | 'ipv6';
export type UpstreamState = 'candidate' | 'probable' | 'confirmed' | 'established' | 'suspended' | 'withdrawn';

export interface PlaneShare { plane: Plane; share: number; lower: number; upper: number; hegemony: number; vantages: number }
export interface Upstream {
  asn: number; name: string; cc: string | null; state: UpstreamState; class: string; via_ixp: boolean; front_of: number | null;
  planes: PlaneShare[]; score: number; confidence: number; first_seen: string | null; last_seen: string | null;
  confirmed_at: string | null; rtt: { count: number; median_us: number | null; min_us: number | null; gap_us: number | null } | null;
}
export interface Target {
  target: string; family: Family; time: string; learning: boolean; plane_disagreement: number;
  vantages: { plane: Plane; conclusive: number; inconclusive: number; unreachable: number; stale: number }[];
  upstreams: Upstream[];
  prefixes: { prefix: string; planes: { plane: Plane; reachable: number; shares: { asn: number; share: number }[] }[] }[];
}
export interface Vantage { plane: Plane; source: string; address: string; asn: number }
export interface Witness {
  vantage: Vantage; prefix: string; time: string; grade: string; evidence_id: string; path_before: string; path_after: string;
  switched: boolean;
}
export interface ScoreTerm { name: string; subject: string; nats: number }
export interface IsthmusEvent {
  id: string; type: string; severity: string; time: string; target: string; family: Family;
  upstream: { asn: number | null; name: string }; previous_upstreams: { asn: number; share: number }[];
  prefixes: { prefix: string; share_before: number; share_after: number }[];
  first_seen: string | null; probable_at: string | null; confirmed_at: string | null; ended_at: string | null;
  share: number; share_lower: number; share_upper: number; hegemony: number; confidence: number;
  score?: { total: number; terms: ScoreTerm[] }; witnesses?: Witness[]; counter_evidence?: Witness[];
  planes: Plane[]; rule: string; summary: string; thresholds?: { name: string; value: string }[];
  dataset_versions?: { name: string; value: string }[]; amends: string | null;
}
export interface Explanation {
  event: IsthmusEvent; rule_text: string; text: string;
  recomputed: { terms: ScoreTerm[]; score: number | null; matches: boolean; error?: string };
}
export interface Route {
  target: string; prefix: string; vantage: Vantage; verdict: string; upstream: number | null; path: string; from: string;
  until: string | null;
}
export interface Shares {
  from: string; until: string; step: number; times: number[]; vantages: number[];
  upstreams: { asn: number; name: string; share: (number | null)[] }[];
}
export interface GraphNode { id: string; asn: number | null; name: string; role: string; layer: number; share: number }
export interface GraphLink { from: string; to: string; share: number; vantages: number; since: string }
export interface Graph {
  target: string; at: string; since: string | null; until: string | null; vantages: number; nodes: GraphNode[]; links: GraphLink[];
}
export interface Probe {
  name: string; group: number | null; address: string | null; up: boolean; last_result: string | null; clock_offset_us: number | null;
  results: Record<string, number>; software: string; certificate_expires: string | null;
}
export interface Feed {
  name: string; kind: string; state: string; detail: string; blind: boolean; lag_s: number | null; last_message: string | null;
  messages: number; elements: number; gaps: number; skipped: Record<string, number>;
  peers: { asn: number; address: string; view: string; state: string; last_message: string | null; routes: number }[];
}
export interface LabelTable { source: string; version: string; age_s: number | null; prefixes: number }
export interface Page<T> { items: T[]; next_cursor?: string }

/// What the collector says is wrong, in its words.
export class ApiError extends Error {}

export type Query = Record<string, string | number | undefined>;

export function url(path: string, query: Query = {}): string {
  const text = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') text.set(name, String(value));
  }
  const tail = text.toString();
  return `./api/v1/${path}${tail ? `?${tail}` : ''}`;
}

export async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  const answer = await fetch(url(path, query), signal ? { signal } : {});
  if (answer.ok) return (await answer.json()) as T;
  const problem = (await answer.json().catch(() => ({}))) as { title?: string; detail?: string; field?: string };
  throw new ApiError([problem.field, problem.detail ?? problem.title ?? `HTTP ${answer.status}`].filter(Boolean).join(': '));
}

/// The same request for a terminal.
export function curl(path: string, query: Query = {}): string {
  return `curl --compressed '${new URL(url(path, query), document.baseURI).href}'`;
}
