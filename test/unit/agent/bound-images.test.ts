import { EMPTY_SNAPSHOT, LIMITS } from '#libs/contract';
import { boundImages, imageRoom } from '../../../libs/agent/src/calls/bound-images.js';

const of = (bytes: number): string => 'x'.repeat(bytes);
const { toolImagesBytesMax, runImagesBytesMax } = LIMITS;

test('images of one result fit into its limit; the model is told of those that do not', () => {
  expect(boundImages(['a', 'b'], runImagesBytesMax)).toEqual({ images: ['a', 'b'] });
  const large = of(toolImagesBytesMax);
  const note = '[1 of 2 images left out: too large for this run.]';
  expect(boundImages([large, 'b'], runImagesBytesMax)).toEqual({ images: [large], note });
  expect(boundImages([`${large}x`, 'b'], runImagesBytesMax)).toEqual({ images: ['b'], note });
});

test('images of all results fit into the limit of the run', () => {
  const item = { type: 'tool_call', images: [of(runImagesBytesMax - 2)] } as never;
  expect(imageRoom({ items: [item] })).toBe(2);
  expect(imageRoom(EMPTY_SNAPSHOT)).toBe(runImagesBytesMax);
  expect(boundImages(['ab', 'c'], 2).images).toEqual(['ab']);
});
