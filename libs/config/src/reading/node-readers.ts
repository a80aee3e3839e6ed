import { isList, isMapping, type NodeReader } from './read-fields.js';

/** Texts as they stand there, commas included. */
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
