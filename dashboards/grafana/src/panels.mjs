// What the panels of all boards have in common.
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as statetimeline from '@grafana/grafana-foundation-sdk/statetimeline';
import * as statushistory from '@grafana/grafana-foundation-sdk/statushistory';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
import * as heatmap from '@grafana/grafana-foundation-sdk/heatmap';

/// Whichever Prometheus the operator chose: never a fixed one.
export const SOURCE = { type: 'prometheus', uid: '${datasource}' };
/// Series of the chosen targets and the chosen address family.
export const TARGET = 'target=~"$target"';
export const TARGET_FAMILY = 'target=~"$target", family=~"$family"';

function query(refId, { expr, legend = '', instant = false, format }) {
  const made = new prometheus.DataqueryBuilder().refId(refId).expr(expr).legendFormat(legend);
  if (instant) {
    made.instant();
  } else {
    made.range();
  }
  if (format) {
    made.format(format);
  }
  return made;
}

/// Every panel says in a sentence what it shows, and in which unit.
function describe(builder, { title, description, unit, width, height, queries, links = [] }) {
  if (!title || !description || !unit) {
    throw new Error(`a panel needs a title, a description and a unit: ${title}`);
  }
  builder.title(title).description(description).unit(unit).datasource(SOURCE).span(width).height(height);
  queries.forEach((each, index) => builder.withTarget(query(String.fromCharCode(65 + index), each)));
  if (links.length > 0) {
    builder.links(links.map(([name, url]) => new dashboard.DashboardLinkBuilder(name).type(dashboard.DashboardLinkType.Link).url(url)));
  }
  return builder;
}

const steps = (...pairs) =>
  new dashboard.ThresholdsConfigBuilder().mode(dashboard.ThresholdsMode.Absolute).steps(pairs.map(([value, color]) => ({ value, color })));

export function timeSeries(options) {
  const builder = describe(new timeseries.PanelBuilder(), { width: 12, height: 8, ...options });
  builder
    .legend(new common.VizLegendOptionsBuilder().showLegend(true).displayMode(common.LegendDisplayMode.List).placement(common.LegendPlacement.Bottom))
    .tooltip(new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.Descending))
    .lineWidth(1)
    .fillOpacity(options.stacked ? 60 : 10);
  if (options.stacked) {
    builder.stacking(new common.StackingConfigBuilder().mode(options.stacked === 'percent' ? common.StackingMode.Percent : common.StackingMode.Normal));
  }
  if (options.unit === 'percentunit') {
    builder.min(0).max(1);
  } else if (options.min !== undefined) {
    builder.min(options.min);
  }
  return builder;
}

export function number(options) {
  const builder = describe(new stat.PanelBuilder(), { width: 4, height: 4, ...options });
  builder
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .colorMode(options.thresholds ? common.BigValueColorMode.Background : common.BigValueColorMode.Value)
    .graphMode(options.spark ? common.BigValueGraphMode.Area : common.BigValueGraphMode.None)
    .thresholds(steps(...(options.thresholds ?? [[null, 'text']])));
  return builder;
}

export function states(options) {
  const builder = describe(new statetimeline.PanelBuilder(), { width: 24, height: 8, unit: 'short', ...options });
  builder.mergeValues(true).rowHeight(0.8).fillOpacity(80).mappings(options.mappings).showValue(common.VisibilityMode.Auto);
  return builder;
}

export function health(options) {
  const builder = describe(new statushistory.PanelBuilder(), { width: 24, height: 8, unit: 'short', ...options });
  builder.mappings(options.mappings).rowHeight(0.9);
  return builder;
}

export function rows(options) {
  const builder = describe(new table.PanelBuilder(), { width: 24, height: 8, unit: 'short', ...options });
  for (const each of options.transformations ?? []) {
    builder.withTransformation(each);
  }
  return builder;
}

export function heat(options) {
  return describe(new heatmap.PanelBuilder(), { width: 12, height: 8, ...options }).calculate(false);
}

/// Values that a series takes, with the words and colours for them.
export function words(...each) {
  const options = {};
  each.forEach(([value, text, color], index) => { options[value] = { text, color, index }; });
  return [{ type: 'value', options }];
}

export function row(title) {
  return new dashboard.RowBuilder(title);
}

export function labelsVariable(name, label, metric, { multi = true, matcher = '' } = {}) {
  return new dashboard.QueryVariableBuilder(name)
    .label(label)
    .datasource(SOURCE)
    .query(`label_values(${metric}${matcher}, ${name})`)
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(dashboard.VariableSort.AlphabeticalAsc)
    .multi(multi)
    .includeAll(multi)
    .current({ selected: true, text: multi ? 'All' : '', value: multi ? '$__all' : '' });
}

/// A board with what all boards have: the choice of the Prometheus, links between the boards, UTC.
export function board(uid, title, description) {
  return new dashboard.DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags(['isthmus'])
    .timezone('utc')
    .refresh('30s')
    .time({ from: 'now-6h', to: 'now' })
    .editable()
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .link(new dashboard.DashboardLinkBuilder('Isthmus').type(dashboard.DashboardLinkType.Dashboards).tags(['isthmus']).asDropdown(true).includeVars(true).keepTime(true))
    .withVariable(new dashboard.DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'));
}

/// Marks each event of a kind where it became known.
export function marks(builder, name, expr, color, title) {
  return builder.annotation(
    new dashboard.AnnotationQueryBuilder()
      .name(name).datasource(SOURCE).enable(true).iconColor(color)
      .expr(expr)
      .builtIn(0));
}
