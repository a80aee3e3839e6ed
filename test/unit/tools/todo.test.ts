import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { todo } from '../../../libs/tools/src/todo/todo.js';
import { use, workspaceLab, type WorkspaceLab } from '../../support/tool-lab.js';

let lab: WorkspaceLab;
beforeEach(async () => void (lab = await workspaceLab()));
afterEach(() => lab.remove());

const items = [{ text: 'plan', state: 'done' }, { text: ' build ', state: 'doing' }, { text: 'test' }];
const shown = '[x] plan\n[>] build\n[ ] test';

test('the list is kept for the session, and for no other', async () => {
  expect(await use(todo(lab.workspaces), {})).toEqual({ output: '[The list is empty.]' });
  expect(await use(todo(lab.workspaces), { items })).toEqual({ output: shown });
  expect(await use(todo(lab.workspaces), { items: null }, { runId: 'run_2' })).toEqual({ output: shown });
  expect(await use(todo(lab.workspaces), {}, { sessionId: 'other' })).toEqual({ output: '[The list is empty.]' });
  expect(await use(todo(lab.workspaces), { items: [] })).toEqual({ output: '[The list is empty.]' });
});

test.each([
  ['no list', 'x'],
  ['no objects', ['x']],
  ['no text', [{ state: 'open' }]],
  ['an empty text', [{ text: ' ' }]],
  ['a long text', [{ text: 'x'.repeat(501) }]],
  ['an unknown state', [{ text: 'x', state: 'blocked' }]],
  ['too many', Array.from({ length: 101 }, () => ({ text: 'x' }))],
])('%s is refused and changes nothing', async (_what, wrong) => {
  await use(todo(lab.workspaces), { items });
  expect(await use(todo(lab.workspaces), { items: wrong })).toMatchObject({ isError: true });
  expect(await use(todo(lab.workspaces), {})).toEqual({ output: shown });
});

test('a list that a program has broken is said to be so, and can be written anew', async () => {
  await writeFile(join(await lab.folder(), '.talaria-todo.json'), '{');
  expect(await use(todo(lab.workspaces), {})).toMatchObject({ isError: true });
  expect(await use(todo(lab.workspaces), { items })).toEqual({ output: shown });
});
