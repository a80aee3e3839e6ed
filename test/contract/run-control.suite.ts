import { isTerminal, LIMITS, type LoggedEvent, NO_USAGE, type RunEvent, type RunLog } from '#libs/contract';
import { runSpec } from '../support/run-spec.js';

const DONE: RunEvent = { type: 'run.completed', finishReason: 'stop' };
const text = (n: number): RunEvent => ({ type: 'text.delta', step: 1, text: `${n}` });

/** Parking, answers and steering on every implementation of the run log. */
export function runControlSuite(name: string, get: () => RunLog): void {
  describe(`run control: ${name}`, () => {
    const running = async (): Promise<string> => {
      const spec = runSpec();
      await get().open(spec);
      await get().claim(spec.runId, 1, 'w1');
      return spec.runId;
    };
    const append = async (runId: string, attempt: number, firstSeq: number, events: readonly RunEvent[]) => {
      const texts = events.map((event, i) => JSON.stringify({ seq: firstSeq + i, at: 1, ...event }));
      const terminal = events.some(isTerminal);
      return (await get().append([{ runId, attempt, firstSeq, events: texts, terminal }]))[0];
    };
    const park = (runId: string, fields: { attempt?: number; generation?: number; approvalIds?: string[] } = {}) =>
      get().park({
        runId,
        attempt: 1,
        event: { type: 'run.parked', step: 1, usage: NO_USAGE },
        deadline: 2_000_000_000_000,
        generation: 1,
        approvalIds: ['apr_1', 'apr_2'],
        ...fields,
      });
    const typesOf = async (runId: string): Promise<string[]> =>
      (await get().read(runId, 0)).map((event: LoggedEvent) => event.type);

    test('parking writes its event once, and says until when', async () => {
      const runId = await running();
      expect(await park(runId)).toBe('parked');
      expect(await park(runId)).toBe('parked');
      expect(await typesOf(runId)).toEqual(['run.queued', 'run.parked']);
      expect(await get().head(runId)).toMatchObject({
        lastSeq: 2,
        generation: 1,
        ended: false,
        parked: { deadline: 2_000_000_000_000, woken: false },
      });
    });

    test('only the owner parks a run, and only one that goes on', async () => {
      const runId = await running();
      await get().claim(runId, 2, 'w2');
      expect(await park(runId, { attempt: 1 })).toBe('fenced');
      await append(runId, 2, 2, [DONE]);
      expect(await park(runId, { attempt: 2 })).toBe('ended');
      expect(await park('run_unknown')).toBe('unknown');
    });

    test('a parked run is taken up by the job of its generation, not by a leftover one', async () => {
      const runId = await running();
      await park(runId);
      expect(await get().claim(runId, 2, 'w1')).toEqual({ kind: 'fenced' });
      expect(await get().claim(runId, 2_001, 'w1', { generation: 2 })).toEqual({ kind: 'fenced' });
      expect((await get().head(runId))?.parked).toBeDefined();
      expect(await get().claim(runId, 1_001, 'w2', { generation: 1 })).toMatchObject({ kind: 'claimed', lastSeq: 2 });
      expect((await get().head(runId))?.parked).toBeUndefined();
      expect(await append(runId, 1, 3, [text(1)])).toEqual({ kind: 'fenced' });
      expect(await append(runId, 1_001, 3, [text(1)])).toMatchObject({ kind: 'ok', lastSeq: 3 });
    });

    test('an answer to a parked run names the job to wake; the first answer counts', async () => {
      const runId = await running();
      await park(runId);
      expect(await get().answer(runId, 'apr_2', 'once')).toEqual({ kind: 'recorded', wake: 1 });
      expect(await get().answer(runId, 'apr_2', 'once')).toEqual({ kind: 'repeated', wake: 1 });
      expect(await get().answer(runId, 'apr_2', 'deny')).toEqual({ kind: 'refused' });
      expect(await get().answer(runId, 'apr_1', 'deny')).toEqual({ kind: 'recorded', wake: 1 });
      expect((await get().head(runId))?.parked?.woken).toBe(true);
      const claim = await get().claim(runId, 1_001, 'w2', { generation: 1 });
      const answers = claim.kind === 'claimed' ? [...claim.controls.answers] : [];
      expect(answers.sort()).toEqual([
        ['apr_1', 'deny'],
        ['apr_2', 'once'],
      ]);
    });

    test('answers to questions are kept with the decision, and count as a part of it', async () => {
      const runId = await running();
      await park(runId);
      const content = { who: { name: 'Ada\n{ once deny }', tags: ['a b', ' '] } };
      expect(await get().answer(runId, 'apr_2', 'once', content)).toEqual({ kind: 'recorded', wake: 1 });
      expect(await get().answer(runId, 'apr_2', 'once', content)).toEqual({ kind: 'repeated', wake: 1 });
      expect(await get().answer(runId, 'apr_2', 'once', { who: { name: 'Bob' } })).toEqual({ kind: 'refused' });
      expect(await get().answer(runId, 'apr_2', 'once')).toEqual({ kind: 'refused' });
      expect(await get().answer(runId, 'apr_1', 'deny')).toEqual({ kind: 'recorded', wake: 1 });
      const { answers, contents } = await get().controls(runId);
      expect([...answers].sort()).toEqual([
        ['apr_1', 'deny'],
        ['apr_2', 'once'],
      ]);
      expect([...(contents ?? [])]).toEqual([['apr_2', content]]);
    });

    test('of an answer and the end of its time the first counts, and the other is refused', async () => {
      const late = await running();
      expect(await get().timeOut(late, 'apr_1')).toEqual({ kind: 'recorded' });
      expect(await get().timeOut(late, 'apr_1')).toEqual({ kind: 'repeated' });
      for (const decision of ['once', 'deny'] as const) {
        expect(await get().answer(late, 'apr_1', decision)).toEqual({ kind: 'refused' });
      }
      expect(await get().answer(late, 'apr_2', 'deny')).toEqual({ kind: 'recorded' });
      const { answers, timedOut } = await get().controls(late);
      // Builds that do not know of it read a denial.
      expect(answers.get('apr_1')).toBe('deny');
      expect([...(timedOut ?? [])]).toEqual(['apr_1']);

      const answered = await running();
      for (const decision of ['once', 'deny'] as const) {
        await get().answer(answered, `apr_${decision}`, decision);
        expect(await get().timeOut(answered, `apr_${decision}`)).toEqual({ kind: 'refused' });
      }
      expect((await get().controls(answered)).timedOut).toBeUndefined();
      expect(await get().timeOut('run_unknown', 'apr_1')).toEqual({ kind: 'unknown' });
      await append(answered, 1, 2, [DONE]);
      expect(await get().timeOut(answered, 'apr_3')).toEqual({ kind: 'ended' });
    });

    test('an answer or a cancel that came before the parking keeps the run awake', async () => {
      const answered = await running();
      expect(await get().answer(answered, 'apr_2', 'always')).toEqual({ kind: 'recorded' });
      expect(await park(answered)).toBe('awake');
      expect(await typesOf(answered)).toEqual(['run.queued']);
      expect((await get().controls(answered)).answers.get('apr_2')).toBe('always');
      // Answers to requests that are not waited for any more do not.
      expect(await park(answered, { approvalIds: ['apr_3', 'apr_22', 'apr'] })).toBe('parked');

      const cancelled = await running();
      await get().requestCancel(cancelled, 'requested');
      expect(await park(cancelled)).toBe('awake');
      expect((await get().controls(cancelled)).cancel).toBe('requested');
    });

    test('a parked run is cancelled at once, also when its job is on its way', async () => {
      const runId = await running();
      await park(runId);
      await get().answer(runId, 'apr_1', 'once');
      expect(await get().requestCancel(runId, 'requested')).toEqual({ kind: 'cancelled', generation: 1 });
      expect((await typesOf(runId)).at(-1)).toBe('run.cancelled');
      expect(await get().claim(runId, 1_001, 'w2', { generation: 1 })).toEqual({ kind: 'ended' });
      expect(await get().answer(runId, 'apr_2', 'once')).toEqual({ kind: 'ended' });
      expect(await get().answer(runId, 'apr_1', 'once')).toEqual({ kind: 'repeated' });
      expect(await get().answer(runId, 'apr_1', 'deny')).toEqual({ kind: 'refused' });
      expect(await get().answer('run_unknown', 'apr_2', 'once')).toEqual({ kind: 'unknown' });
    });

    test('a run can be parked again and again', async () => {
      const runId = await running();
      for (const generation of [1, 2, 3]) {
        const attempt = generation === 1 ? 1 : (generation - 1) * 1_000 + 1;
        expect(await park(runId, { attempt, generation, approvalIds: [`apr_${generation}`] })).toBe('parked');
        await get().answer(runId, `apr_${generation}`, 'once');
        expect(await get().claim(runId, generation * 1_000 + 1, 'w', { generation })).toMatchObject({
          kind: 'claimed',
        });
      }
      expect((await typesOf(runId)).filter((type) => type === 'run.parked')).toHaveLength(3);
    });

    test('texts to a run wait in order, and those the model never saw stand in the end', async () => {
      const runId = await running();
      const texts = ['one "quoted"\nline', 'zwei \u2028 \ud83c\udf0d', 'three'];
      for (const said of texts) expect(await get().steer(runId, said)).toBe('recorded');
      expect((await get().controls(runId)).steers).toEqual(texts);
      await append(runId, 1, 2, [{ type: 'run.steered', text: texts[0] ?? '' }, text(1)]);
      // Repeated because its reply was lost, with one event more.
      await append(runId, 1, 2, [{ type: 'run.steered', text: texts[0] ?? '' }, text(1), text(2)]);
      await append(runId, 1, 5, [text(3), DONE]);
      const last = (await get().read(runId, 0)).at(-1);
      expect(last).toMatchObject({ type: 'run.completed', leftover: texts.slice(1) });
      expect(await get().steer(runId, 'late')).toBe('ended');
      expect(await get().steer('run_unknown', 'x')).toBe('unknown');
    });

    test('an end without the owner keeps the leftover, an end with none left has none', async () => {
      const ended = await running();
      await get().steer(ended, 'too late');
      await get().end(ended, { type: 'run.failed', error: { code: 'worker_lost', message: 'gone' } });
      expect((await get().read(ended, 0)).at(-1)).toMatchObject({ type: 'run.failed', leftover: ['too late'] });

      const queued = runSpec();
      await get().open(queued);
      await get().steer(queued.runId, 'never seen');
      await get().requestCancel(queued.runId, 'requested');
      expect((await get().read(queued.runId, 0)).at(-1)).toMatchObject({ leftover: ['never seen'] });

      const seen = await running();
      await get().steer(seen, 'seen');
      await append(seen, 1, 2, [{ type: 'run.steered', text: 'seen' }, DONE]);
      expect((await get().read(seen, 0)).at(-1)).not.toHaveProperty('leftover');
    });

    test('a run takes so many texts and no more', async () => {
      const runId = await running();
      for (let i = 0; i < LIMITS.steersPerRunMax; i++) await get().steer(runId, `${i}`);
      expect(await get().steer(runId, 'one too many')).toBe('refused');
    });
  });
}
