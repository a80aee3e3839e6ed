import { countTokens as o200k } from 'gpt-tokenizer/encoding/o200k_base';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { countTokens } from '../../../../libs/protocols/src/anthropic-messages/sub-routes.js';

interface Sample {
  readonly name: string;
  readonly text: string;
  /** As `countTokens` of `@anthropic-ai/tokenizer` 0.0.4 gives them. */
  readonly tokens: number;
}

const samples = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../support/token-samples.json'), 'utf8'),
) as readonly Sample[];

async function counted(text: string): Promise<number> {
  const body = { messages: [{ role: 'user', content: text }] };
  const context = { hermesClient: false, messageTextCharsMax: 100_000, headers: {} };
  const ports = { countTokens: async () => o200k(text) };
  const answer = await countTokens.answer({ body, context }, ports);
  return Number(answer['input_tokens']);
}

test('there are samples of English, code and Chinese', () => {
  expect(samples.map(({ name }) => name.replace(/\d/, ''))).toEqual(['zh', 'zh', 'zh', 'en', 'en', 'code', 'code']);
});

test.each(samples)('$name is counted within a tenth of what a tokenizer of Claude counts', async ({ text, tokens }) => {
  const ratio = (await counted(text)) / tokens;
  expect(ratio).toBeGreaterThan(0.9);
  expect(ratio).toBeLessThan(1.1);
});
