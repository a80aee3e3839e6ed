import { METRICS, type MetricSpec } from '#libs/platform';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { projectRoot } from '../../support/project-root.js';

/** Rules and dashboard in deploy/monitoring, against the metrics that there are. */
const FOLDER = join(projectRoot(), 'deploy/monitoring');
const read = (file: string): string => readFileSync(join(FOLDER, file), 'utf8');

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly action: string };
}

const { groups } = parse(read('rules.yaml')) as { groups: { rules: Alert[] }[] };
const alerts = groups.flatMap(({ rules }) => rules);
const hasPromtool = spawnSync('promtool', ['--version']).status === 0;
const specs: readonly MetricSpec[] = Object.values(METRICS);

/** The series that a metric of the catalog has. */
function seriesOf({ name, buckets }: MetricSpec): string[] {
  return buckets ? ['_bucket', '_sum', '_count'].map((end) => name + end) : [name];
}

const known = new Set(specs.flatMap(seriesOf));

function unknownIn(text: string): string[] {
  return (text.match(/\btalaria_[a-z_]+/g) ?? []).filter((name) => !known.has(name));
}

/** Labels in braces and behind `by`, of a metric that has them. */
function strangeLabelsIn(expr: string): string[] {
  const ours = new Set([...specs.flatMap(({ labels = [] }) => labels), 'le', 'job']);
  const matched = [...expr.matchAll(/(\w+)\s*(?:=~|!=|!~|=)\s*"/g)].map(([, label = '']) => label);
  const grouped = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/,\s*/));
  return [...matched, ...grouped].filter((label) => !ours.has(label));
}

test('every alert names metrics and labels that there are, and says what to do', () => {
  expect(alerts.length).toBeGreaterThan(10);
  for (const { alert, expr, labels, annotations } of alerts) {
    expect([alert, unknownIn(expr), strangeLabelsIn(expr)]).toEqual([alert, [], []]);
    expect(labels.severity).toMatch(/^(warning|critical)$/);
    expect(annotations.summary.length * annotations.action.length).toBeGreaterThan(0);
  }
});

test('docs/monitoring.md has every alert, and none that is not there', () => {
  const documented = readFileSync(join(projectRoot(), 'docs/monitoring.md'), 'utf8').match(/\bTalaria[A-Z]\w+/g) ?? [];
  expect([...new Set(documented)].sort()).toEqual(alerts.map(({ alert }) => alert).sort());
});

test('every panel of the dashboard asks for metrics and labels that there are', () => {
  const { panels } = JSON.parse(read('dashboard.json')) as {
    panels: { title: string; targets: { expr: string }[] }[];
  };
  expect(panels.length).toBeGreaterThan(10);
  for (const { title, targets } of panels) {
    for (const { expr } of targets) expect([title, unknownIn(expr), strangeLabelsIn(expr)]).toEqual([title, [], []]);
  }
});

(hasPromtool ? test : test.skip)('promtool takes the rules, and they fire when they should', () => {
  const run = (...args: string[]): string => execFileSync('promtool', args, { cwd: FOLDER, encoding: 'utf8' });
  expect(run('check', 'rules', 'rules.yaml')).toContain(`SUCCESS: ${alerts.length} rules found`);
  expect(run('test', 'rules', 'rules.test.yaml')).toContain('SUCCESS');
});
