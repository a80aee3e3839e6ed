import type { PendingApproval } from '#libs/wire';
import type { Command } from 'commander';
import { CliError, EXIT } from '../gateway/cli-error.js';
import type { Gateway } from '../gateway/gateway.js';
import { localTime } from '../output/table.js';
import { Output } from '../output/output.js';
import { inPath, type Attach } from './command-parts.js';
import { runIdOf } from './run-ids.js';

interface PendingList {
  readonly data: readonly PendingApproval[];
  readonly has_more: boolean;
}

interface AnswerOptions {
  readonly request?: string;
  readonly all?: boolean;
  readonly session?: boolean;
  readonly always?: boolean;
}

/** `approvals`, `approve` and `deny`: what waits for a human, and the answers. */
export function addApprovals(program: Command, attach: Attach): void {
  const list = program.command('approvals').description('calls that wait to be allowed');
  attach(list, async ({ gateway, output }) => output.answer(await pending(gateway), listed));
  const answer = (name: 'approve' | 'deny', what: string): Command =>
    program
      .command(`${name} <run>`)
      .description(what)
      .option('--request <id>', 'the call, when several of the run wait')
      .option('--all', 'every call of the run that waits');
  const approve = answer('approve', 'allow a call that waits: this one only, unless told otherwise')
    .option('--session', 'later calls of its kind in this session as well')
    .option('--always', 'all later calls of its kind made with this key as well');
  attach<AnswerOptions>(approve, async ({ gateway, output }, [run = ''], options) => {
    if (options.session && options.always) {
      throw new CliError('--session and --always are two different answers: give one of them.', EXIT.usage);
    }
    const choice = options.always ? 'always' : options.session ? 'session' : 'once';
    output.answer(await send(gateway, run, choice, options), () => `allowed: ${choice}`);
  });
  attach<AnswerOptions>(
    answer('deny', 'refuse a call that waits; the model learns of it'),
    async ({ gateway, output }, [run = ''], options) => {
      output.answer(await send(gateway, run, 'deny', options), () => 'denied');
    },
  );
}

const pending = (gateway: Gateway): Promise<PendingList> => gateway.get<PendingList>('/v1/approvals/pending');

async function send(gateway: Gateway, given: string, choice: string, options: AnswerOptions): Promise<object> {
  const { request, all } = options;
  if (request !== undefined && all) throw new CliError('Give --request or --all, not both.', EXIT.usage);
  const id = await runIdOf(gateway, given);
  const body = { choice, ...(request !== undefined && { request_id: request }), ...(all && { all: true }) };
  return gateway.send<object>('POST', `/v1/runs/${inPath(id)}/approval`, body);
}

function listed({ data, has_more: hasMore }: PendingList): string {
  const rows = data.map(({ run_id: run, request }) => [
    run,
    request.request_id,
    request.tool,
    request.preview ?? request.arguments,
    localTime(request.expires_at),
  ]);
  const list = Output.rows(['RUN', 'REQUEST', 'TOOL', 'CALL', 'UNTIL'], rows, 'Nothing waits for you.');
  return hasMore ? `${list}\nOthers wait, too.` : list;
}
