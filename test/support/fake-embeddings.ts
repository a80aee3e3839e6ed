import { openaiWire, type FakeWire } from './fake-upstream-wires.js';

const DIMENSIONS = 3;
/** 32-bit floats hold these numbers exactly. */
const STEP = 0.25;

/**
 * The vector of input `index`: its first number is the index, and the others follow in steps of a quarter. A model
 * whose name contains `numbers` ignores the wish for base64; `few` leaves the last vector out, `turned` sends the last
 * one first.
 */
export function fakeVector(index: number, dimensions = DIMENSIONS): number[] {
  return Array.from({ length: dimensions }, (_, i) => index + i * STEP);
}

/** How POST /v1/embeddings answers a request. */
export function embeddingsWire(body: Record<string, unknown>): FakeWire {
  return { ...openaiWire, whole: () => answerTo(body) };
}

function answerTo({ input, model, dimensions, encoding_format: format }: Record<string, unknown>): object {
  const name = String(model);
  const count = typeof input === 'string' || typeof (input as unknown[])[0] === 'number' ? 1 : (input as []).length;
  const data = Array.from({ length: name.includes('few') ? count - 1 : count }, (_, index) => {
    const numbers = fakeVector(index, dimensions as number | undefined);
    const isText = format === 'base64' && !name.includes('numbers');
    const embedding = isText ? Buffer.from(new Float32Array(numbers).buffer).toString('base64') : numbers;
    return { object: 'embedding', index, embedding };
  });
  if (name.includes('turned')) data.reverse();
  const usage = { prompt_tokens: 2 * count, total_tokens: 2 * count };
  return { object: 'list', model, data, usage };
}
