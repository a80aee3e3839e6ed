import type { RunFrame } from '#libs/wire';
import { CliError, EXIT, type ExitCode } from '../gateway/cli-error.js';
import type { GatewayEvent } from '../gateway/gateway.js';
import type { Output } from '../output/output.js';
import { inPath, type CommandParts } from './command-parts.js';

/** A stream that breaks is joined again behind the last event; each time after a longer pause. */
const JOINS_MAX = 5;
const PAUSE_MS = 500;

/**
 * Follows a run to its end: its text as it grows, its calls in lines of their own, or with `--json` one event per line.
 * Gives the exit code. Throws CliError when the gateway refuses, or cannot be reached for some time.
 */
export async function tailRun(parts: CommandParts, runId: string): Promise<ExitCode> {
  const seen: Seen = { broken: 0 };
  for (;;) {
    const code = await listen(parts, runId, seen);
    if (code !== undefined) return code;
    seen.broken += 1;
    if (seen.broken > JOINS_MAX) {
      throw new CliError(`The stream of ${runId} ends before the run does.`, EXIT.unreachable);
    }
    await parts.pause(PAUSE_MS * 2 ** (seen.broken - 1));
  }
}

/** What is known between two attempts to listen. */
interface Seen {
  lastId?: string | undefined;
  /** Streams that broke since the last event. */
  broken: number;
}

/** One stream, until it breaks; gives the exit code when the run has ended. */
async function listen({ gateway, output }: CommandParts, runId: string, seen: Seen): Promise<ExitCode | undefined> {
  try {
    for await (const event of gateway.events(`/v1/runs/${inPath(runId)}/events`, seen.lastId)) {
      seen.broken = 0;
      seen.lastId = event.id ?? seen.lastId;
      const code = show(output, event);
      if (code !== undefined) return code;
    }
  } catch (cause) {
    const mayComeBack = cause instanceof CliError && cause.exitCode === EXIT.unreachable;
    if (!mayComeBack || seen.broken >= JOINS_MAX) throw cause;
  }
  return undefined;
}

/** Shows one event; gives the exit code when it is the run's last one. */
function show(output: Output, { data }: GatewayEvent): ExitCode | undefined {
  let frame: RunFrame;
  try {
    frame = JSON.parse(data) as RunFrame;
  } catch {
    return undefined; // no event of a run
  }
  if (output.isJson) output.answer(frame, () => '');
  else output.piece(inWords(frame));
  switch (frame.event) {
    case 'run.completed':
      return EXIT.done;
    case 'run.failed':
    case 'run.incomplete':
    case 'run.cancelled':
      return EXIT.failed;
    default:
      return undefined;
  }
}

const line = (...words: readonly unknown[]): string => `\n[${words.filter(Boolean).join(' ')}]\n`;

function inWords(frame: RunFrame): string {
  switch (frame.event) {
    case 'message.delta':
    case 'refusal.delta':
      return frame.delta;
    case 'tool.started':
      return line(frame.tool, frame.preview);
    case 'tool.completed':
      return line(frame.tool, frame.error ? 'failed' : 'done', `${frame.duration.toFixed(1)}s`);
    case 'tool_call':
      return line('the caller executes', `${frame.name}(${frame.arguments})`);
    case 'approval.request':
      return line('waits for an answer:', `${frame.tool}(${frame.arguments})`, `approve ${frame.run_id}`);
    case 'approval.responded':
      return line('answered:', frame.choice, 'by', frame.by);
    case 'step.interrupted':
      return line('this step begins again:', frame.reason);
    case 'run.limit_reached':
      return line('the cost has reached', `${frame.limit}: ${frame.max_cost}`);
    case 'run.completed':
      return line('completed', `${frame.usage.total_tokens} tokens`);
    case 'run.failed':
      return line('failed:', frame.error.message);
    case 'run.incomplete':
    case 'run.cancelled':
      return line(frame.event.slice('run.'.length), frame.reason);
    default:
      return '';
  }
}
