import type { Command } from 'commander';
import { CliError, EXIT } from '../gateway/cli-error.js';
import { objectsTable } from '../output/table.js';
import type { Attach } from './command-parts.js';

interface List {
  readonly data: readonly object[];
  /** The end of this page; null or absent on the last. */
  readonly next?: string | null;
}

interface UsageOptions {
  readonly from?: string;
  readonly to?: string;
  readonly after?: string;
}

/** Fields that say the same in every row, or more than a line can hold. */
const LEFT_OUT = new Set(['object', 'description']);
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** `tools` and `usage`: lists of flat objects, shown with all their fields. */
export function addLists(program: Command, attach: Attach): void {
  const tools = program.command('tools').description('tools that the gateway executes for this key');
  attach(tools, async ({ gateway, output }) => {
    output.answer(await gateway.get<List>('/v1/tools'), (list) => shown(list, 'No tools.'));
  });
  const usage = program
    .command('usage')
    .description('runs, tokens and cost of this key, by model and day')
    .option('--from <day>', 'first day, such as 2026-11-01')
    .option('--to <day>', 'last day')
    .option('--after <cursor>', 'what the page before named as its end');
  attach<UsageOptions>(usage, async ({ gateway, output }, _args, { from, to, after }) => {
    for (const [name, day] of Object.entries({ from, to })) {
      if (day === undefined || (DAY.test(day) && !Number.isNaN(Date.parse(day)))) continue;
      throw new CliError(`--${name} is ${JSON.stringify(day)}; expected a day such as 2026-11-01`, EXIT.usage);
    }
    output.answer(await gateway.get<List>('/v1/usage', { from, to, after }), (list) =>
      shown(list, 'Nothing was used.'),
    );
  });
}

function shown({ data, next }: List, empty: string): string {
  const list = data.length === 0 ? empty : objectsTable(data, LEFT_OUT);
  return next ? `${list}\nmore: --after ${next}` : list;
}
