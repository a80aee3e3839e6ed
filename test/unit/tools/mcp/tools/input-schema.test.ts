import type { JsonObject, JsonValue } from '#libs/contract';
import { readInputSchema } from '../../../../../libs/tools/src/mcp/tools/input-schema.js';

const text = { type: 'string' };
const number = { type: 'number' };
const $defs = { P: { type: 'object', properties: { a: text }, required: ['a'] } };

test.each<[what: string, raw: JsonObject, schema: JsonObject]>([
  ['no properties', { type: 'object' }, { type: 'object', properties: {} }],
  ['nothing at all', {}, { type: 'object', properties: {} }],
  ['null in its fields', { type: 'object', properties: null, required: null }, { type: 'object', properties: {} }],
  ['two types', { type: ['object', 'null'], properties: { a: text } }, { type: 'object', properties: { a: text } }],
  [
    'references and alternatives below the top',
    { type: 'object', $defs, properties: { p: { $ref: '#/$defs/P' }, q: { anyOf: [text, number] } } },
    { $defs, type: 'object', properties: { p: { $ref: '#/$defs/P' }, q: { anyOf: [text, number] } } },
  ],
  [
    'no further properties',
    { type: 'object', properties: { a: text }, required: ['a'], additionalProperties: false },
    { type: 'object', properties: { a: text }, required: ['a'], additionalProperties: false },
  ],
  [
    'alternatives: any property, and what all of them require',
    {
      type: 'object',
      properties: { a: text },
      additionalProperties: false,
      anyOf: [
        { properties: { b: text, c: text }, required: ['a', 'b'] },
        { properties: { c: number }, required: ['a'] },
        { type: 'null' },
      ],
    },
    { type: 'object', properties: { a: text, b: text, c: { anyOf: [text, number] } }, required: ['a'] },
  ],
  [
    'parts: all properties, and what any of them requires',
    { allOf: [{ $ref: '#/$defs/P' }, { type: 'object', properties: { b: text }, required: ['b'] }], $defs },
    { $defs, type: 'object', properties: { a: text, b: text }, required: ['a', 'b'] },
  ],
  ['a reference', { $ref: '#/$defs/P', $defs }, { $defs, type: 'object', properties: { a: text }, required: ['a'] }],
  ['a property that is no schema', { type: 'object', properties: { a: 5 } }, { type: 'object', properties: {} }],
  [
    'a property with a name of JavaScript',
    { type: 'object', properties: JSON.parse('{"__proto__": {"type": "string"}}') as JsonObject },
    { type: 'object', properties: JSON.parse('{"__proto__": {"type": "string"}}') as JsonObject },
  ],
])('%s', (_what, raw, schema) => {
  expect(JSON.stringify(readInputSchema(raw).schema)).toBe(JSON.stringify(schema));
});

test.each<[raw: JsonValue]>([
  [null],
  ['object'],
  [[]],
  [{ type: 'string' }],
  [{ anyOf: [{ type: 'string' }, { type: 'array' }] }],
  [{ allOf: [{ type: 'object' }, { type: 'string' }] }],
  [{ $ref: '#/$defs/none' }],
  [{ $ref: 'https://example.com/schema.json' }],
  [{ $ref: '#/$defs/loop', $defs: { loop: { $ref: '#/$defs/loop' } } }],
])('%j is no schema of arguments', (raw) => {
  expect(readInputSchema(raw)).toEqual({ why: expect.stringContaining('its inputSchema') });
});

test('a schema whose parts lead to each other again and again is no work', () => {
  const parts = Array.from({ length: 1_000 }, () => ({ $ref: '#' }));
  expect(
    readInputSchema({ type: 'object', properties: { a: text }, anyOf: parts, oneOf: parts }).schema,
  ).toBeUndefined();
});
