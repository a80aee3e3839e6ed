import type { LoadResult } from './load.js';
import type { Usage } from './processes.js';
import type { Summary } from './samples.js';
import type { Aim, Scenario, Times } from './scenarios.js';

export interface Row {
  readonly round: number;
  readonly scenario: Scenario;
  /** `floor`, `pipe`, `talaria`, or the name of another commit. */
  readonly target: string;
  readonly result: LoadResult;
  readonly used: Readonly<Record<string, Usage>>;
  readonly seconds: number;
}

const COLUMNS = [8, 9, 10, 9, 20, 20, 18, 6] as const;
const HEADS = ['', 'target', 'tokens/s', 'req/s', 'TTFT ms', 'token ms', 'request ms', 'bad'] as const;

export function printHeader(): void {
  print('p50/p95/p99 in milliseconds; token: from the write of the model server to the read of the client');
  print(HEADS.map((head, i) => head.padStart(COLUMNS[i] ?? 0)).join(''));
}

export function printRow({ scenario, target, result, used, seconds }: Row): void {
  const cells = [
    scenario.name,
    target,
    result.tokensPerSecond.toLocaleString('en'),
    String(result.requestsPerSecond),
    times(result.ttft),
    times(result.token),
    times(result.request),
    String(result.lost + result.disordered + result.errors),
  ];
  print(cells.map((cell, i) => cell.padStart(COLUMNS[i] ?? 0)).join(''));
  if (result.firstError !== undefined) print(`         first error: ${result.firstError}`);
  if (target === 'floor') return;
  if (target === 'talaria') print(`         ${whatOf(scenario)}; aim: ${aimText(scenario.aim)}`);
  print(`         CPU ms per 1,000 tokens (or per request), memory: ${costs(used, result, seconds, scenario.stream)}`);
}

/**
 * The gateway's times as multiples of the bare pipe's in the same round, beside what the aim is of the pipe on the
 * machine that the aims were set on: this comparison survives a slow machine.
 */
export function printRatios({ aimOfPipe }: Scenario, ours: LoadResult, pipe: LoadResult): void {
  const of = (mine: Summary | null, theirs: Summary | null): string =>
    mine && theirs ? `${(mine.p50 / theirs.p50).toFixed(1)}/${(mine.p99 / theirs.p99).toFixed(1)}` : '-';
  const rate = (ours.tokensPerSecond / pipe.tokensPerSecond).toFixed(3);
  print(
    `         of the pipe, p50/p99: tokens/s ${rate}, TTFT ${of(ours.ttft, pipe.ttft)}, token ${of(ours.token, pipe.token)}` +
      (aimOfPipe === undefined ? '' : `; aim: ${aimOfPipe}`),
  );
}

/**
 * This build's figures as multiples of another commit's, the median of all rounds for each scenario. Rates: more is
 * better; times and costs: less is.
 */
export function printAgainst(rows: readonly Row[], other: string): void {
  print(`against ${other}, medians of the rounds; CPU: of all services, per 1,000 tokens or per request`);
  for (const { name } of new Set(rows.map(({ scenario }) => scenario))) {
    const of = (target: string, figure: (row: Row) => number | undefined): number =>
      median(
        rows.filter((row) => row.scenario.name === name && row.target === target).flatMap((row) => figure(row) ?? []),
      );
    const shown = FIGURES.flatMap(([label, figure]) => {
      const ratio = of('talaria', figure) / of(other, figure);
      return Number.isFinite(ratio) && ratio > 0 ? [`${label} ${ratio.toFixed(2)}`] : [];
    });
    print(`${name.padStart(8)}  ${shown.join(', ')}`);
  }
}

/** The twin's figures as multiples of the scenario's own, medians of the rounds; CPU in milliseconds more, too. */
export function printTwins(rows: readonly Row[]): void {
  const twins = new Map(rows.flatMap(({ scenario }) => (scenario.twin ? [[scenario.name, scenario.twin.name]] : [])));
  for (const [name, twin] of twins) {
    const of = (target: string, figure: (row: Row) => number | undefined): number =>
      median(
        rows.filter((row) => row.scenario.name === name && row.target === target).flatMap((row) => figure(row) ?? []),
      );
    const ratios = FIGURES.flatMap(([label, figure]) => {
      const ratio = of(twin, figure) / of('talaria', figure);
      return Number.isFinite(ratio) && ratio > 0 ? [`${label} ${ratio.toFixed(2)}`] : [];
    });
    const cpu = FIGURES.find(([label]) => label === 'CPU')?.[1] ?? (() => undefined);
    const more = (of(twin, cpu) - of('talaria', cpu)) * 1_000;
    print(`${name.padStart(8)}  ${twin} as a multiple: ${ratios.join(', ')}; CPU ms more: ${more.toFixed(2)}`);
  }
}

const FIGURES: readonly (readonly [label: string, figure: (row: Row) => number | undefined])[] = [
  ['tokens/s', ({ result }) => result.tokensPerSecond],
  ['requests/s', ({ result }) => result.requestsPerSecond],
  ['TTFT p50', ({ result }) => result.ttft?.p50],
  ['TTFT p99', ({ result }) => result.ttft?.p99],
  ['token p50', ({ result }) => result.token?.p50],
  ['token p99', ({ result }) => result.token?.p99],
  ['request p50', ({ result }) => result.request?.p50],
  ['CPU', ({ used, result, seconds, scenario }) => cpuSecondsOf(used) / unitsOf(result, seconds, scenario.stream)],
];

const cpuSecondsOf = (used: Row['used']): number =>
  Object.values(used).reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle) - 1] ?? NaN)) / 2;
}

export function printIdle(name: string, used: ReadonlyMap<string, Usage>): void {
  const rows = [...used].map(([name, { rssMb }]) => `${name} ${Math.round(rssMb)} MB`);
  const ours = ['api', 'worker', 'scheduler'].reduce((sum, name) => sum + (used.get(name)?.rssMb ?? 0), 0);
  print(`${name}, idle: ${rows.join(', ')}; api + worker + scheduler ${Math.round(ours)} MB`);
}

function whatOf({ users, gapMs, stream }: Scenario): string {
  const pace = gapMs === 0 ? 'unpaced' : `${gapMs} ms`;
  return `${users} ${stream ? 'streams' : 'users, no streaming'}, ${pace}`;
}

function aimText({ tokensPerSecond, requestsPerSecond, ttft, token, requestP99 }: Aim): string {
  const rate = (perSecond: number | undefined, unit: string): string[] =>
    perSecond === undefined ? [] : [`${Math.round(perSecond).toLocaleString('en')} ${unit}/s`];
  const pair = (name: string, times: Times | undefined): string[] => {
    const shown = times?.map((ms) => Math.round(ms * 10) / 10);
    return shown ? [`${name} ${shown.join('/')} ms`] : [];
  };
  const rates = [...rate(tokensPerSecond, 'tokens'), ...rate(requestsPerSecond, 'requests')];
  const request = requestP99 === undefined ? [] : [`request p99 ${Math.round(requestP99)} ms`];
  return [...rates, ...pair('TTFT', ttft), ...pair('token', token), ...request].join(', ') || '-';
}

function costs(used: Readonly<Record<string, Usage>>, result: LoadResult, seconds: number, stream: boolean): string {
  const units = unitsOf(result, seconds, stream);
  return Object.entries(used)
    .map(([name, { cpuSeconds, rssMb }]) => {
      const perUnit = units > 0 ? ((cpuSeconds * 1_000) / units).toFixed(stream ? 1 : 2) : '-';
      return `${name} ${perUnit} (${((100 * cpuSeconds) / seconds).toFixed(0)} %, ${Math.round(rssMb)} MB)`;
    })
    .join(', ');
}

/** Thousands of tokens of a stream, else requests. */
const unitsOf = (result: LoadResult, seconds: number, stream: boolean): number =>
  (stream ? result.tokensPerSecond / 1_000 : result.requestsPerSecond) * seconds;

const times = (summary: Summary | null): string =>
  summary ? `${summary.p50.toFixed(1)}/${summary.p95.toFixed(1)}/${summary.p99.toFixed(1)}` : '-';

const print = (line: string): void => void process.stdout.write(`${line}\n`);
