import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { install } from '../../compat/install.js';
import { startLab, type CompatLab } from '../../compat/lab.js';
import { clients, failuresOf, runClient, type Column } from '../../compat/matrix.js';
import { pageNow, results } from '../../compat/results.js';
import { projectRoot } from '../support/project-root.js';
import { withSlack } from '../support/slack.js';

/** The short form of `npm run compat`: the official SDKs as they are pinned, and what the page says of them. */
const INSTALL_MS_MAX = 150_000;
const kept = await results();
const sdks = (await clients()).filter(({ kind }) => kind === 'sdk');
let lab: CompatLab;

beforeAll(async () => {
  await install('sdk');
  lab = await startLab();
}, withSlack(INSTALL_MS_MAX));
afterAll(() => lab?.stop());

const outcomesOf = ({ cells }: Column): string[] =>
  cells.map(({ protocol, feature, outcome }) => `${protocol}, ${feature}: ${outcome}`).sort();

test.each(sdks.map((client) => [client.name, client] as const))(
  '%s does what the page says, in the versions it says',
  async (name, client) => {
    const column = await runClient(client, lab);
    expect(failuresOf(column)).toEqual([]);
    const said = kept.find((one) => one.client.name === name);
    expect(said && { versions: said.versions, outcomes: outcomesOf(said) }).toEqual({
      versions: column.versions,
      outcomes: outcomesOf(column),
    });
  },
  withSlack(90_000),
);

test('the page is the one of the results', async () => {
  expect(await readFile(join(projectRoot(), 'docs/compatibility.md'), 'utf8')).toBe(await pageNow(kept));
});
