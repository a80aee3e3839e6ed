import Sequencer from '@jest/test-sequencer';

/**
 * Suites that take most of a minute or more, longest first. Only a matter of time: what is missing here begins later.
 */
const LONG = [
  'e2e/launcher',
  'e2e/jobs',
  'e2e/recovery',
  'e2e/chaos-short',
  'e2e/compat',
  'unit/tools/mcp/mcp-server',
  'e2e/parking',
];
const KINDS = ['e2e', 'contract', 'arch', 'unit', 'golden'];

/**
 * The order in which suites begin. On a clean clone Jest knows of no times and goes by the sizes of files, by which a
 * suite of a minute may begin last and keep all but one worker waiting.
 */
export default class LongestFirst extends Sequencer {
  /** @param tests a list of `{path}`; gives the same in another order. */
  sort(tests) {
    return [...super.sort(tests)].sort((a, b) => rank(a.path) - rank(b.path));
  }
}

function rank(path) {
  const name = path
    .replaceAll('\\', '/')
    .replace(/^.*\/test\//, '')
    .replace(/\.test\.ts$/, '');
  const long = LONG.indexOf(name);
  return long >= 0 ? long : LONG.length + KINDS.indexOf(name.split('/')[0]);
}
