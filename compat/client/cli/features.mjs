import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { IMAGE_SEEN, OBJECT, words } from '../lab.mjs';
import { freshPlace, GIVEN } from './program.mjs';

const SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string' }, degrees: { type: 'number' } },
  required: ['city', 'degrees'],
  additionalProperties: false,
};

/**
 * What every coding agent is asked to do.
 * @param run `(lab, place, {model, prompt, schema, image, resumes, onStart})` gives `{code, text, whole}`: the last
 * words of the agent, and all that it printed
 * @param known a name of a model that the agent treats as one that it knows
 */
export const agentFeatures = (run, known) => {
  const inPlace = async (use) => {
    const place = await freshPlace();
    try {
      return await use(place);
    } finally {
      await place.remove();
    }
  };
  const ask = (lab, options) => inPlace((place) => run(lab, place, { prompt: 'Please begin.', ...options }));
  const answered = ({ code, text, whole }, expected) => {
    assert.equal(code, 0, whole);
    if (expected instanceof RegExp) assert.match(text, expected, whole);
    else assert.equal(text.trim(), expected.trim(), whole);
  };
  /** Two calls of its shell, one after the other, carried out in its folder. */
  const works = (lab, model) =>
    inPlace(async (place) => {
      const result = await run(lab, place, { model, prompt: 'Make a file and read two.' });
      answered(result, new RegExp(`It said: [^]*first[^]*${GIVEN}`));
      assert.equal(await readFile(join(place.work, 'made.txt'), 'utf8'), 'first\n');
    });
  return {
    stream: async (lab) => answered(await ask(lab, { model: lab.model('ok:gap=60') }), words(8)),
    async clientTools(lab) {
      await works(lab, lab.scripted('coder'));
      await works(lab, known);
      return `its shell, twice in a row; asked for an unknown model and for \`${known}\``;
    },
    serverTools: async (lab) =>
      answered(await ask(lab, { model: lab.scripted('server-tool') }), /It said: .*"timezone":"UTC"/),
    mixed: async (lab) =>
      answered(await ask(lab, { model: lab.scripted('mixed') }), new RegExp(`It said: [^]*${GIVEN}`)),
    async structured(lab) {
      const result = await ask(lab, { model: lab.scripted('structured'), schema: SCHEMA });
      assert.equal(result.code, 0, result.whole);
      assert.deepEqual(JSON.parse(result.text), OBJECT);
    },
    images: async (lab) => answered(await ask(lab, { model: lab.scripted('image'), image: 'dot.png' }), IMAGE_SEEN),
    async cancel(lab) {
      const model = lab.model('ok:n=2000,gap=50');
      const interrupted = async (interrupt) => {
        while ((await lab.seen(model)).length === 0) await sleep(100);
        interrupt();
      };
      const { whole } = await ask(lab, { model, onStart: (interrupt) => void interrupted(interrupt) });
      assert.ok(!whole.includes('word1999'));
      await lab.untilAborted(model);
      return 'by SIGINT';
    },
    async resume(lab) {
      const model = lab.model('ok');
      await inPlace(async (place) => {
        answered(await run(lab, place, { model, prompt: 'The first question.' }), words(8));
        answered(await run(lab, place, { model, prompt: 'The second question.', resumes: true }), words(8));
      });
      const texts = (await lab.seen(model)).map(({ body }) => JSON.stringify(body.messages));
      const both = texts.filter((text) => /The first question[^]*word0 word1[^]*The second question/.test(text));
      assert.ok(both.length > 0, `${texts}`);
      return 'a session that ended goes on; a broken stream is asked for again as a whole';
    },
    async errors(lab) {
      const { code, whole } = await ask(lab, { model: lab.model('error-in-stream:after=2') });
      assert.notEqual(code, 0, whole);
      assert.match(whole, /upstream|error/i);
    },
    busy: (lab) => lab.whileBusy(async (narrow) => answered(await ask(narrow, { model: lab.model('ok') }), words(8))),
    silence: async (lab) => answered(await ask(lab, { model: lab.model(`ok:n=4,first=${lab.silenceMs}`) }), words(4)),
  };
};
