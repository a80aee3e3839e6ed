import type { LoggedEvent } from '#libs/contract';
import { attempt, says, scriptedProvider } from '../../support/agent-lab.js';
import { checkLog, checkPrefix } from '../../support/event-grammar.js';
import { runSpec } from '../../support/run-spec.js';

/** A legal log with one server call. */
async function legalLog(): Promise<LoggedEvent[]> {
  const provider = scriptedProvider(({ messages }) =>
    messages.length > 1
      ? [says.text('done'), says.end()]
      : [says.text('look'), ...says.call('call_1', 'echo', '{"a":1}'), says.end('tool_calls')],
  );
  const execute = async (): Promise<{ output: string }> => ({ output: 'ok' });
  const fields = { description: 'e', parameters: { type: 'object' }, idempotent: true, approval: 'never' } as const;
  const echo = { name: 'echo', ...fields, execute };
  return (await attempt({ spec: runSpec(), provider, tools: [echo] })).log;
}

const renumbered = (log: readonly LoggedEvent[]): LoggedEvent[] => log.map((event, i) => ({ ...event, seq: i + 1 }));

describe('the checker that other tests rest on', () => {
  test('accepts a legal log and every beginning of it', async () => {
    const log = await legalLog();
    expect(checkLog(log)).toEqual([]);
    for (let k = 0; k <= log.length; k++) expect(checkPrefix(log.slice(0, k))).toEqual([]);
    expect(checkLog(log.slice(0, -1))).not.toEqual([]);
    expect(checkLog([])).not.toEqual([]);
  });

  test('finds a hole, a repeat and a swap in the numbers', async () => {
    const log = await legalLog();
    for (let k = 0; k < log.length - 1; k++) {
      expect(checkLog(log.toSpliced(k, 1))).not.toEqual([]);
      expect(checkLog(log.toSpliced(k, 0, log[k] as LoggedEvent))).not.toEqual([]);
      expect(checkLog(log.toSpliced(k, 2, log[k + 1] as LoggedEvent, log[k] as LoggedEvent))).not.toEqual([]);
    }
  });

  test('finds every missing or repeated event but text by its place alone', async () => {
    const log = await legalLog();
    const structural = log.flatMap((event, k) => (event.type === 'text.delta' ? [] : [k]));
    for (const k of structural) {
      expect([k, checkLog(renumbered(log.toSpliced(k, 1)))]).not.toEqual([k, []]);
      expect([k, checkLog(renumbered(log.toSpliced(k, 0, log[k] as LoggedEvent)))]).not.toEqual([k, []]);
    }
  });

  test('finds an end that does not fit, and text that goes on in a lost answer', async () => {
    const log = await legalLog();
    const last = log.length - 1;
    const wrong = { type: 'run.completed', finishReason: 'tool_calls', seq: last + 1, at: 0 } as const;
    expect(checkLog(log.with(last, wrong))).not.toEqual([]);
    const text = log.findIndex((event) => event.type === 'text.delta');
    const restarted = { type: 'run.started', attempt: 2, worker: 'w', seq: 0, at: 0 } as const;
    expect(checkLog(renumbered(log.toSpliced(text, 0, restarted)))).not.toEqual([]);
  });
});
