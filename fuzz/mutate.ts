import type { Random } from './random.js';

const nested = (depth: number, open: string, close: string): string => open.repeat(depth) + close.repeat(depth);

/** Values that somebody forgot to think of. */
const JUNK: readonly unknown[] = [
  null, true, false, 0, -1, 1.5, -0, 1e308, 2 ** 53 + 1, -(2 ** 63), 1e-320, '', ' ', '0', '5', 'null', '\u0000',
  'a\u0000b', '\r\nx-injected: 1', '\ud800', '\udfff\ud800', '\u202egnp.exe', '\ufeff', '💥'.repeat(50), '../../etc/passwd',
  '__proto__', 'constructor', "'; drop table runs; --", '${7*7}', '{{7*7}}', '%s%n', '\u001b[31m', 'x'.repeat(300),
  'x'.repeat(70_000), [], {}, [[]], [null], [[[[]]]], { type: 'text' }, { role: 'system' }, { length: 1e9 },
  { toString: 'x' }, { then: 1 }, { constructor: { prototype: { polluted: true } } }, Array(3_000).fill(0),
  'http://169.254.169.254/', 'file:///etc/passwd', 'data:text/html,<script>', 'http://[::ffff:127.0.0.1]/', 'NaN',
]; // prettier-ignore

const junk = (random: Random): unknown => structuredClone(random.pick(JUNK));

const KEYS = [
  'id',
  'status',
  'owner',
  'usage',
  'created_at',
  'constructor',
  'prototype',
  'toString',
  '',
  '$where',
  'n',
  'then',
];

/** Changes one to four places of a value: another value, a key more, a key less, an entry many times. */
export function mutateValue(value: unknown, random: Random): unknown {
  const root = { value: structuredClone(value) };
  for (let left = 1 + random.below(4); left > 0; left--) mutateOnce(root, random);
  return root.value;
}

function mutateOnce(root: { value: unknown }, random: Random): void {
  const [holder, key] = placeIn(root, random);
  const target = holder[key];
  switch (random.below(5)) {
    case 0:
      if (holder !== (root as object)) delete holder[key];
      return;
    case 1:
      holder[key] = typeof target === 'string' ? [target] : (JSON.stringify(target) ?? '');
      return;
    case 2:
      holder[key] = Array.isArray(target)
        ? Array(random.pick([2, 130, 2_100])).fill(target[0])
        : { value: target, [random.pick(KEYS)]: junk(random) };
      return;
    case 3:
      if (typeof target === 'object' && target !== null && !Array.isArray(target)) {
        Object.assign(target, { [random.pick(KEYS)]: junk(random) });
        return;
      }
      break;
  }
  holder[key] = junk(random);
}

/** Somewhere in the value, rather deep than not. */
function placeIn(root: { value: unknown }, random: Random): [holder: Record<string, unknown>, key: string] {
  let holder: Record<string, unknown> = root;
  let key = 'value';
  while (random.chance(0.75)) {
    const inner = holder[key];
    if (typeof inner !== 'object' || inner === null || Object.keys(inner).length === 0) break;
    holder = inner as Record<string, unknown>;
    key = random.pick(Object.keys(holder));
  }
  return [holder, key];
}

/** Text that is not quite JSON, or JSON that a parser should not love. Takes the text of a valid body. */
const TEXTS: readonly ((text: string, random: Random) => string | Buffer)[] = [
  (text, random) => text.slice(0, random.below(text.length)),
  (text) => text.replace('{', '{"__proto__":{"polluted":true},'),
  (text) => text.replace('{', '{"\\u005f_proto__":{"polluted":true},'),
  (text) => text.replace('{', '{"constructor":{"prototype":{"polluted":true}},'),
  (text) => text.replace('{', '{"model":"a","model":{"b":1},'),
  (text) => text.replace(/\d+(\.\d+)?/, '1e400'),
  (text) => text.replace(/\d+(\.\d+)?/, '123456789012345678901234567890'),
  (text) => text.replace(/"[^"]*"/, '"\\ud800"'),
  (text) => `${text}${text}`,
  (text) => `${text} trailing`,
  (text) => `\ufeff${text}`,
  (text) => text.replaceAll('"', "'"),
  (text) => `${text.slice(0, -1)},}`,
  () => '',
  () => ' \n\t',
  () => 'null',
  () => '"text"',
  () => '[1,2,3]',
  () => 'NaN',
  (_, random) => nested(random.pick([64, 65, 1_000, 100_000]), '[', ']'),
  (_, random) => nested(random.pick([65, 5_000]), '{"a":', '}').replace(':}', ':1}'),
  (text, random) => Buffer.concat([Buffer.from(text.slice(0, 10)), junkBytes(random), Buffer.from(text.slice(10))]),
  (text) => Buffer.from(text, 'utf16le'),
  (_, random) => Buffer.from(Array.from({ length: 1 + random.below(200) }, () => random.below(256))),
];

function junkBytes(random: Random): Buffer {
  return random.pick(
    [[0xc3, 0x28], [0xff, 0xfe], [0xed, 0xa0, 0x80], [0xf8, 0x88], [0x00], [0xc0, 0xae]].map((b) => Buffer.from(b)),
  );
}

/** The bytes of a body made from a valid one: mostly other values, sometimes no JSON at all, rarely far too large. */
export function mutateBody(body: unknown, random: Random): Buffer {
  if (random.chance(0.002)) return Buffer.from(`{"messages":"${'x'.repeat(11_000_000)}"}`);
  if (random.chance(0.3)) return Buffer.from(random.pick(TEXTS)(JSON.stringify(body), random));
  return Buffer.from(JSON.stringify(mutateValue(body, random)) ?? '');
}
