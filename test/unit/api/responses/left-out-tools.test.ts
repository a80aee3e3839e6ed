import type { Logger } from '#libs/platform';
import { openaiResponses, parseDto } from '#libs/protocols';
import { PrepareResponse, type PrepareParts } from '../../../../apps/api/src/responses/prepare-response.js';

/** What is logged when a run with these tools is opened, over HTTP or over a WebSocket. */
async function logOf(tools: readonly object[]): Promise<unknown[]> {
  const lines: unknown[] = [];
  const logger = { info: (fields: object, message: string) => lines.push([fields, message]) } as unknown as Logger;
  const prepare = new PrepareResponse({ logger } as PrepareParts);
  const dto = parseDto(openaiResponses.dto, { input: 'Hello', tools });
  const draft = openaiResponses.decode(dto, { hermesClient: false, messageTextCharsMax: 1_000 });
  await prepare.complete(draft, { owner: 'alice', runId: 'run_1' });
  return lines;
}

test('tools that nobody here executes are named in the log, each type once and without what it was told', async () => {
  const tools = [{ type: 'web_search', user_location: 'secret' }, { type: 'local_shell' }, { type: 'web_search' }];
  expect(await logOf(tools)).toEqual([
    [{ runId: 'run_1', keyName: 'alice', leftOut: 'tools.web_search, tools.local_shell' }, 'left out'],
  ]);
});

test('when none is left out there is no line', async () => {
  expect(await logOf([{ type: 'function', name: 'f' }])).toEqual([]);
});
