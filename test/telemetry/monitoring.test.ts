/** What watches over Tempograph names only what there is: the documentation, the alerts, the dashboard. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { QUERIED, rowsOf, SERVER_METRICS, WORKER_METRICS } from '../support/metric-table.js';

const read = (...path: string[]): string =>
  readFileSync(join(__dirname, '..', '..', ...path), 'utf8');

/** Labels that a query names, in braces or after by, that no metric in it has; and metrics that are none. */
function unknownIn(query: string): string[] {
  const names = query.match(/\b\w*tempograph_\w+/g) ?? [];
  const known = new Set(names.flatMap((name) => [...(QUERIED.get(name) ?? [])]));
  const grouped = [...query.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) =>
    list.split(',').map((label) => label.trim()),
  );
  const matched = [...query.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g)].map(([, label = '']) => label);
  const noMetric = names.length === 0 ? ['no metric at all'] : [];
  return [
    ...noMetric,
    ...names.filter((name) => !QUERIED.has(name)),
    ...[...grouped, ...matched].filter((label) => !known.has(label)),
  ];
}

/** Brackets that close in the order that they were opened in, strings aside. */
function isBalanced(query: string): boolean {
  const open: string[] = [];
  for (const character of query.replace(/"[^"]*"/g, '').match(/[()[\]{}]/g) ?? []) {
    const opener = { ')': '(', ']': '[', '}': '{' }[character];
    if (opener === undefined) open.push(character);
    else if (open.pop() !== opener) return false;
  }
  return open.length === 0;
}

describe('docs/monitoring.md', () => {
  const sections = read('docs', 'monitoring.md').split(/^## /m);
  const tableOf = (title: string): string[] =>
    (sections.find((section) => section.startsWith(title)) ?? '')
      .replace(/ +/g, ' ')
      .split('\n')
      .filter((line) => line.startsWith('| `tempograph_'));

  it.each([
    ['Metrics of a worker', WORKER_METRICS],
    ['Metrics of the HTTP server', SERVER_METRICS],
  ])('lists the %s as the code has them, and no others', (title, metrics) => {
    expect(tableOf(title)).toEqual(rowsOf(metrics));
  });
});

describe('deploy/prometheus/alerts.yml', () => {
  const Rules = z.strictObject({
    groups: z.array(
      z.strictObject({
        name: z.string(),
        rules: z.array(
          z.strictObject({
            alert: z.string().regex(/^Tempograph[A-Z]/),
            expr: z.string(),
            for: z
              .string()
              .regex(/^\d+[smhd]$/)
              .optional(),
            labels: z.strictObject({ severity: z.enum(['critical', 'warning', 'info']) }),
            annotations: z.strictObject({
              summary: z.string().min(20),
              action: z.string().min(40),
            }),
          }),
        ),
      }),
    ),
  });
  const { groups } = Rules.parse(parse(read('deploy', 'prometheus', 'alerts.yml')));
  const rules = groups.flatMap((group) => group.rules);

  it('has each alert once, in the documentation too', () => {
    const names = rules.map(({ alert }) => alert);
    expect(new Set(names).size).toBe(names.length);
    const documented = read('docs', 'monitoring.md').match(/(?<=^\| `)Tempograph\w+/gm);
    expect(documented).toEqual(names);
  });

  it.each(rules.map((rule) => [rule.alert, rule] as const))(
    '%s asks for metrics and labels that there are, and shows labels that its query keeps',
    (_name, { expr, annotations }) => {
      expect(unknownIn(expr)).toEqual([]);
      expect(isBalanced(expr)).toBe(true);
      const kept = expr.match(/(?<=\bby \()[^)]*/g)?.flatMap((list) => list.split(/, ?/)) ?? [];
      for (const [label] of annotations.summary.matchAll(/(?<=\$labels\.)\w+/g))
        expect(kept).toContain(label);
    },
  );
});

describe('deploy/grafana/tempograph.json', () => {
  const source = z.strictObject({
    type: z.literal('prometheus'),
    uid: z.literal('${datasource}'),
  });
  const place = z.strictObject({ h: z.int(), w: z.int(), x: z.int(), y: z.int() });
  const Row = z.looseObject({ id: z.int(), type: z.literal('row'), gridPos: place });
  const Panel = z.looseObject({
    id: z.int(),
    type: z.enum(['timeseries', 'table']),
    title: z.string().min(3),
    description: z.string().min(3),
    gridPos: place,
    datasource: source,
    targets: z
      .array(
        z.looseObject({
          refId: z.string(),
          expr: z.string(),
          legendFormat: z.string(),
          datasource: source,
        }),
      )
      .min(1),
  });
  const { panels, templating } = z
    .looseObject({
      uid: z.literal('tempograph'),
      schemaVersion: z.int(),
      templating: z.object({
        list: z.array(z.looseObject({ name: z.string(), type: z.string() })),
      }),
      panels: z.array(z.union([Row, Panel])),
    })
    .parse(JSON.parse(read('deploy', 'grafana', 'tempograph.json')));
  const drawn = panels.filter((one) => one.type !== 'row').map((one) => Panel.parse(one));

  it('chooses its data source by a variable', () => {
    expect(templating.list).toContainEqual(
      expect.objectContaining({ name: 'datasource', type: 'datasource', query: 'prometheus' }),
    );
  });

  it('has panels with ids and places of their own', () => {
    const ids = panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const cells = panels.flatMap(({ gridPos: { h, w, x, y } }) =>
      Array.from(
        { length: h * w },
        (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`,
      ),
    );
    expect(new Set(cells).size).toBe(cells.length);
    for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  });

  it.each(drawn.map((one) => [one.title, one.targets] as const))(
    '%s asks for metrics and labels that there are',
    (_title, targets) => {
      for (const { expr, legendFormat } of targets) {
        expect(unknownIn(expr)).toEqual([]);
        expect(isBalanced(expr)).toBe(true);
        for (const [label] of legendFormat.matchAll(/(?<=\{\{)\w+/g)) expect(expr).toContain(label);
      }
    },
  );
});
