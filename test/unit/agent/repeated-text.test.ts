import fc from '../../support/property.js';
import { foldAll, outputText, type LoggedEvent, type ModelEvent } from '#libs/contract';
import { attempt, type Lab, queued, says, scriptedProvider, typesOf } from '../../support/agent-lab.js';
import { checkLog } from '../../support/event-grammar.js';
import { runSpec } from '../../support/run-spec.js';

/** Splits a text at these places into deltas. */
function split(text: string, places: readonly number[]): string[] {
  const cuts = [...new Set([0, ...places.map((place) => place % (text.length + 1)), text.length])].sort(
    (a, b) => a - b,
  );
  return cuts.slice(1).map((end, i) => text.slice(cuts[i], end));
}

interface Says {
  readonly deltas: readonly string[];
  readonly thinks?: string;
  readonly upstream?: string;
  readonly calls?: boolean;
}

function lab(spec: Lab['spec'], { deltas, thinks, upstream, calls }: Says): Lab {
  const script = function* (): Iterable<ModelEvent> {
    if (thinks !== undefined) yield { type: 'reasoning', text: thinks };
    for (const delta of deltas) yield says.text(delta);
    if (calls) yield* says.call('call_1', 'ask', '{}');
    yield says.end(calls ? 'tool_calls' : 'stop');
  };
  return { spec, provider: scriptedProvider(script, upstream ?? 'lab') };
}

/** A first worker that dies after `shown` was logged, and a second one whose model says `then`. */
async function lostIn(shown: Says, count: number, then: Says): Promise<LoggedEvent[]> {
  const spec = runSpec({ tools: [{ name: 'ask' }] });
  const first = await attempt(lab(spec, shown), [queued(spec)]);
  const texts = first.log.flatMap((event, i) => (event.type === 'text.delta' ? [i] : []));
  const kept = first.log.slice(0, (texts[count - 1] ?? 0) + 1);
  const { log, error } = await attempt(lab(spec, then), kept);
  if (error) throw error;
  expect(checkLog(log)).toEqual([]);
  return log;
}

const streamed = (log: readonly LoggedEvent[]): string =>
  log.map((event) => (event.type === 'text.delta' ? event.text : '')).join('');

describe('an answer that is asked for again in the middle of its text', () => {
  test('goes on seamlessly when it is the same, however it is cut into deltas', async () => {
    const places = fc.array(fc.nat(), { maxLength: 6 });
    const texts = fc.string({ minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(texts, places, places, fc.nat(), async (text, a, b, lost) => {
        const shown = split(text, a);
        const log = await lostIn({ deltas: shown }, 1 + (lost % shown.length), { deltas: split(text, b) });
        expect(streamed(log)).toBe(text);
        expect(typesOf(log)).not.toContain('step.interrupted');
        expect(foldAll(log)).toMatchObject({
          status: 'completed',
          attempt: 2,
          steps: [{ step: 1, status: 'completed' }],
        });
      }),
      { numRuns: 200 },
    );
  });

  test('whatever it says, listeners see either the answer as one, or the break and then all of the new one', async () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(word, word, fc.array(fc.nat(), { maxLength: 3 }), async (shown, answer, places) => {
        const log = await lostIn({ deltas: [shown] }, 1, { deltas: split(answer, places) });
        const isSame = answer.startsWith(shown);
        expect(typesOf(log).includes('step.interrupted')).toBe(!isSame);
        expect(outputText(foldAll(log))).toBe(answer);
        expect(streamed(log)).toBe(isSame ? answer : shown + answer);
      }),
      { numRuns: 300 },
    );
  });

  test('new reasoning before the same text is not shown again; before another text it is', async () => {
    const shown = { deltas: ['Yes, ', 'sure.'], thinks: 'hm' };
    const same = await lostIn(shown, 1, { ...shown, thinks: 'let me see' });
    expect(typesOf(same).filter((type) => type === 'reasoning.delta')).toHaveLength(1);
    const other = await lostIn(shown, 1, { deltas: ['No.'], thinks: 'let me see' });
    expect(typesOf(other)).toContain('step.interrupted');
    expect(foldAll(other).items.at(-2)).toMatchObject({ type: 'reasoning', text: 'let me see', step: 2 });
  });

  test('calls may follow the text; a call where text had been shown breaks it', async () => {
    const shown = { deltas: ['Let me ', 'ask.'], calls: true };
    const same = await lostIn(shown, 1, shown);
    expect(streamed(same)).toBe('Let me ask.');
    expect(same.at(-1)).toMatchObject({ type: 'run.completed', finishReason: 'tool_calls' });
    const other = await lostIn(shown, 1, { deltas: [], calls: true });
    expect(typesOf(other)).toContain('step.interrupted');
  });

  test('another upstream does not speak for the one that was broken off', async () => {
    const log = await lostIn({ deltas: ['Yes'] }, 1, { deltas: ['Yes, sure.'], upstream: 'elsewhere' });
    expect(typesOf(log)).toContain('step.interrupted');
    expect(foldAll(log).steps.map(({ upstream, status }) => `${upstream} ${status}`)).toEqual([
      'lab interrupted',
      'elsewhere completed',
    ]);
  });
});
