import type { Parser } from '../values/parsers.js';
import type { Problems } from '../values/problems.js';

/** The contents of a YAML file when every scalar is taken as plain text. */
export type Node = string | readonly Node[] | { readonly [key: string]: Node };
type Mapping = Exclude<Node, string | readonly Node[]>;

/**
 * Reads a value that is not a single text. Its contents are never shown in a problem. `undefined`: the value is not as
 * expected.
 */
export interface NodeReader<T> {
  readonly expected: string;
  read(node: Node): T | undefined;
}

interface TextField {
  readonly parser: Parser<unknown>;
  readonly required?: true;
  readonly secret?: true;
}
type Field = TextField | { readonly node: NodeReader<unknown> };
export type Fields = Readonly<Record<string, Field>>;

/** The readable fields of one record; `path` is its position in the file. */
export type RecordOf<F extends Fields> = { readonly path: string } & {
  readonly [K in keyof F]?: F[K] extends { parser: Parser<infer T> } | { node: NodeReader<infer T> } ? T : never;
};

/** Reads a sequence of mappings. A field that is missing or bad is reported and left out; its record stays. */
export function readRecords<F extends Fields>(node: Node | undefined, at: SettingPlace, fields: F): RecordOf<F>[] {
  if (node === undefined || node === '') return [];
  if (!isList(node)) {
    at.problems.add(at.path, 'expected a list, each entry beginning with "- "');
    return [];
  }
  return node.flatMap((entry, index) => readRecord(entry, { ...at, path: `${at.path}[${index}]` }, fields) ?? []);
}

export interface SettingPlace {
  readonly path: string;
  readonly problems: Problems;
}

/** The text of a setting; a sequence becomes comma-separated text where the parser reads lists. */
export function readText(node: Node, parser: Parser<unknown>, { path, problems }: SettingPlace): string | undefined {
  if (typeof node === 'string') return node.trim();
  if (parser.list && isList(node) && node.every((item) => typeof item === 'string')) return node.join(',');
  problems.add(path, `expected ${parser.expected}, not a ${isList(node) ? 'list' : 'group of keys'}`);
  return undefined;
}

export function isMapping(node: Node | undefined): node is Mapping {
  return typeof node === 'object' && !isList(node);
}

export function isList(node: Node | undefined): node is readonly Node[] {
  return Array.isArray(node);
}

function readRecord<F extends Fields>(node: Node, at: SettingPlace, fields: F): RecordOf<F> | undefined {
  if (!isMapping(node)) {
    at.problems.add(at.path, `expected the keys ${Object.keys(fields).join(', ')}`);
    return undefined;
  }
  for (const key of Object.keys(node).filter((name) => !Object.hasOwn(fields, name))) {
    at.problems.add(`${at.path}.${key}`, `unknown key; known here: ${Object.keys(fields).join(', ')}`);
  }
  const record: Record<string, unknown> = { path: at.path };
  for (const [key, field] of Object.entries(fields)) {
    const value = readField(node[key] ?? '', field, { ...at, path: `${at.path}.${key}` });
    if (value !== undefined) record[key] = value;
  }
  return record as RecordOf<F>;
}

function readField(node: Node, field: Field, at: SettingPlace): unknown {
  if ('parser' in field) return readTextField(node, field, at);
  if (node === '') return undefined;
  const value = field.node.read(node);
  if (value === undefined) at.problems.add(at.path, `expected ${field.node.expected}`);
  return value;
}

function readTextField(node: Node, field: TextField, at: SettingPlace): unknown {
  const text = readText(node, field.parser, at);
  if (text === '' && field.required) at.problems.add(at.path, `missing; expected ${field.parser.expected}`);
  if (text === undefined || text === '') return undefined;
  const value = field.parser.parse(text);
  if (value === undefined && field.secret) at.problems.add(at.path, `not usable; expected ${field.parser.expected}`);
  if (value === undefined && !field.secret) at.problems.add(at.path, field.parser.expected, text);
  return value;
}

/** Texts, unchanged, including commas. */
export const textList: NodeReader<readonly string[]> = {
  expected: 'a list of texts',
  read: (node) => (isList(node) && node.every((item) => typeof item === 'string') ? node : undefined),
};

/** Names and their texts, as for variables and headers. */
export const textMap: NodeReader<Readonly<Record<string, string>>> = {
  expected: 'names with a text each, such as { NAME: value }; names are made of A-Z a-z 0-9 _ -',
  read(node) {
    if (!isMapping(node)) return undefined;
    const entries = Object.entries(node);
    const isPlain = ([name, value]: [string, unknown]): boolean => /^[\w-]+$/.test(name) && typeof value === 'string';
    return entries.every(isPlain) ? (Object.fromEntries(entries) as Record<string, string>) : undefined;
  },
};
