// Remembers what dist/ was built of, so that a build of an unchanged checkout has nothing to do.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { contentHash, statHash } from './hash-files.mjs';

const { include } = JSON.parse(readFileSync(fileURLToPath(new URL('../tsconfig.build.json', import.meta.url)), 'utf8'));

/** All that a build reads: what is compiled, with all that its folders have besides, and what that imports. */
const SOURCES = [
  ...include.map((pattern) => pattern.replace(/\/\*.*$/, '')),
  'test/support',
  'scripts/build.mjs',
  'scripts/build-state.mjs',
  'scripts/build-web.mjs',
  'scripts/hash-files.mjs',
  'tsconfig.json',
  'tsconfig.build.json',
  'package.json',
  'package-lock.json',
];
/** All that goes into the web page. */
export const WEB_SOURCES = [
  'apps/web',
  'libs/wire/src',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'scripts/build-state.mjs',
  'scripts/build-web.mjs',
  'scripts/hash-files.mjs',
];
const STAMP = '.built.json';
/** Kept in dist/ beside what was built: the stamp itself, the compiler's notes, and V8's. */
const NOTES = /^(\.built\.json|\.tsbuildinfo|\.compile-cache\/)/;

/**
 * What is left to do: `none`; `check`: all is built, but nobody has looked at the types; `build`: sources have changed;
 * `all`: what lies in dist/ is not what the last build left there, so the compiler's notes about it are worth nothing.
 */
export function buildState(root) {
  const stamp = readStamp(root);
  if (stamp?.outputs !== outputsOf(root)) return 'all';
  if (stamp.sources !== contentHash(root, SOURCES)) return 'build';
  return stamp.checked === true ? 'none' : 'check';
}

/** The hash of all sources as they are now: take it before the build, so that a change during it counts as one. */
export const sourcesOf = (root) => contentHash(root, SOURCES);

/** Notes that dist/ is whole, made of `sources`, and whether their types were checked. */
export function markBuilt(root, { sources, checked }) {
  const path = join(root, 'dist', STAMP);
  const aside = `${path}.${process.pid}`;
  const outputs = outputsOf(root);
  writeFileSync(aside, JSON.stringify({ sources, outputs, checked }));
  renameSync(aside, path);
}

const outputsOf = (root) => statHash(join(root, 'dist'), (name) => !NOTES.test(name));

function readStamp(root) {
  try {
    return JSON.parse(readFileSync(join(root, 'dist', STAMP), 'utf8'));
  } catch {
    return undefined; // never built, or cut off: the build makes another
  }
}
