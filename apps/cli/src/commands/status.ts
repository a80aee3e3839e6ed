import type { ServiceReport } from '#libs/wire';
import type { Command } from 'commander';
import { EXIT } from '../gateway/cli-error.js';
import { facts, objectsTable, table } from '../output/table.js';
import type { Attach } from './command-parts.js';

/** `status`: the deployment as one API process sees it. Exit code 1 when a part of it is missing. */
export function addStatus(program: Command, attach: Attach): void {
  const command = program.command('status').description('whether everything is there: workers, queues, Redis, store');
  attach(command, async ({ gateway, output }) => {
    const report = await gateway.get<ServiceReport>('/health/detailed');
    output.answer(report, (shown) => describe(shown, gateway.origin));
    return report.status === 'ok' ? EXIT.done : EXIT.failed;
  });
}

function describe(report: ServiceReport, origin: string): string {
  const { status, version, redis, store, queues, workers, uptime_seconds: uptime, in_flight: inFlight } = report;
  const head = facts([
    ['gateway', origin],
    ['status', report.draining ? `${status}, draining` : status],
    ['version', version],
    ['up for', `${Math.round(uptime)} s`],
    ['redis', redis.status],
    ['store', store.status],
    ['answers under way', inFlight],
  ]);
  const crew = workers.map(({ id, alive, active, capacity, models }) => [
    id,
    alive ? 'alive' : 'silent',
    `${active ?? '?'}/${capacity}`,
    models.join(', '),
  ]);
  const none = 'No worker is alive: runs wait until one starts.';
  const rows = Object.entries(queues).map(([queue, state]) => ({ queue, ...state }));
  const parts = [head, crew.length === 0 ? none : table(['WORKER', 'STATE', 'RUNS', 'MODELS'], crew)];
  // Newer gateways report more than these; what is a list of objects is shown as one.
  const others = Object.entries(report).filter(([name, value]) => name !== 'workers' && isList(value));
  const lists = others.map(([name, value]) => `${name}\n${objectsTable(value as object[])}`);
  return [...parts, objectsTable(rows), ...lists].join('\n\n');
}

const isList = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'object' && each !== null);
