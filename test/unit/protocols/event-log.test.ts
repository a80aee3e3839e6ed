import fc from '../../support/property.js';
import type { RunEventType } from '#libs/contract';
import { checkLog } from '../../support/event-grammar.js';
import { eventLogs } from '../../support/event-log.js';

describe('the generator of event logs', () => {
  test('makes legal logs only', () => {
    fc.assert(
      fc.property(eventLogs(), (events) => {
        expect(checkLog(events)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test('makes every type of event, and both kinds of loss', () => {
    const logs = fc.sample(eventLogs(), { numRuns: 500, seed: 7 });
    const seen = new Set(logs.flat().map((event) => event.type));
    const all: Record<RunEventType, true> = {
      'run.queued': true,
      'run.started': true,
      'step.started': true,
      'text.delta': true,
      'reasoning.delta': true,
      'refusal.delta': true,
      'tool_call.started': true,
      'tool_call.arguments.delta': true,
      'tool_call.ready': true,
      'approval.requested': true,
      'approval.resolved': true,
      'tool.started': true,
      'tool.progress': true,
      'tool.completed': true,
      'step.completed': true,
      'step.interrupted': true,
      'run.parked': true,
      'run.steered': true,
      'run.completed': true,
      'run.incomplete': true,
      'run.failed': true,
      'run.cancelled': true,
    };
    expect([...seen].sort()).toEqual(Object.keys(all).sort());
    const isResumed = logs.some((log) =>
      log.some((event, i) => event.type === 'run.started' && log[i + 1]?.type.startsWith('tool.')),
    );
    expect(isResumed).toBe(true);
  });
});
