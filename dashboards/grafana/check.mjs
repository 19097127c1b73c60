// Fails when boards/*.json is not what the sources make, or a panel asks for what does not exist.
//
// Never rendered by Grafana here: what is checked is the JSON, the syntax of each query, and that its metrics are those of
// docs/reference/metrics.md or recorded by dashboards/prometheus.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { parser } from '@prometheus-io/lezer-promql';
import { allBoards } from './src/boards.mjs';

const failures = [];
const expect = (holds, message) => { if (!holds) failures.push(message); };
const here = (path) => new URL(path, import.meta.url);

function knownMetrics() {
  const known = new Set();
  const page = here('../../docs/reference/metrics.md');
  for (const [, name, type] of readFileSync(page, 'utf8').matchAll(/^\| `([a-z0-9_]+)` \| (\w+) \|/gm)) {
    known.add(name);
    if (type === 'histogram') ['_bucket', '_sum', '_count'].forEach((each) => known.add(name + each));
  }
  const rules = here('../prometheus/isthmus-records.yaml');
  if (existsSync(rules)) {
    for (const [, name] of readFileSync(rules, 'utf8').matchAll(/record: (\S+)/g)) known.add(name);
  }
  return known;
}

/// The metrics that a query names; a text that is no PromQL is a failure.
function metricsOf(where, expr) {
  // Grafana puts values in place of these before Prometheus sees the query.
  const text = expr.replaceAll('$__rate_interval', '5m').replaceAll('$__interval', '1m');
  const found = new Set();
  parser.parse(text).iterate({ enter: (node) => {
    if (node.type.isError) failures.push(`${where}: no PromQL at ${node.from}: ${expr}`);
    if (node.name === 'VectorSelector') {
      const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(text.slice(node.from, node.to));
      if (name) found.add(name[0]);
    }
  } });
  return found;
}

function panelsOf(board) {
  return board.panels.flatMap((each) => (each.type === 'row' ? each.panels ?? [] : [each]));
}

const known = knownMetrics();
const made = allBoards();
const uids = new Set();
let queries = 0;
for (const [name, text] of Object.entries(made)) {
  const committed = here(`boards/${name}`);
  expect(existsSync(committed) && readFileSync(committed, 'utf8') === text, `boards/${name} is not what the sources make: run npm run build`);
  const board = JSON.parse(text);
  expect(!uids.has(board.uid), `${name}: uid ${board.uid} is there twice`);
  uids.add(board.uid);
  expect(board.timezone === 'utc', `${name}: the time zone is not UTC`);
  const ids = new Set();
  for (const panel of panelsOf(board)) {
    const where = `${name}, ${panel.title}`;
    expect(panel.title && panel.description, `${where}: no title or description`);
    expect(panel.fieldConfig?.defaults?.unit, `${where}: no unit`);
    expect(panel.datasource?.uid === '${datasource}', `${where}: a fixed data source`);
    expect(!ids.has(panel.id), `${where}: panel id ${panel.id} is there twice`);
    ids.add(panel.id);
    expect(panel.targets?.length > 0, `${where}: no query`);
    for (const target of panel.targets ?? []) {
      queries += 1;
      for (const metric of metricsOf(where, target.expr)) expect(known.has(metric), `${where}: there is no metric ${metric}`);
    }
  }
  for (const mark of board.annotations?.list ?? []) {
    if (mark.expr) metricsOf(`${name}, marks of ${mark.name}`, mark.expr).forEach((metric) => expect(known.has(metric), `${name}: there is no metric ${metric}`));
  }
}
for (const name of readdirSync(here('boards/'))) expect(made[name], `boards/${name} is made by nothing`);
if (metricsOf('self-test', 'sum(rate(x[5m])').size > 1 || !failures.pop()?.startsWith('self-test')) failures.push('the syntax check finds nothing');
console.log(failures.join('\n') || `${uids.size} boards, ${queries} queries: all well`);
process.exit(failures.length > 0 ? 1 : 0);
