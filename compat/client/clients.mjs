const AI_SDK = ['ai', '@ai-sdk/openai', '@ai-sdk/openai-compatible', '@ai-sdk/anthropic'];
const LANGCHAIN = ['@langchain/openai', '@langchain/anthropic', '@langchain/core'];

/**
 * The clients of the matrix, in the order of the page. `packages` are the ones whose versions the page names; `sdk`s
 * run in `npm test`, too, `cli`s in the full form alone.
 */
export const CLIENTS = [
  { name: 'openai 7', kind: 'sdk', file: './sdk/openai.mjs', packages: ['openai-7'] },
  { name: 'openai 6', kind: 'sdk', file: './sdk/openai.mjs', packages: ['openai-6'] },
  { name: 'AI SDK', kind: 'sdk', file: './sdk/ai-sdk.mjs', packages: AI_SDK },
  { name: 'AI SDK useChat', kind: 'sdk', file: './sdk/use-chat.mjs', packages: ['@ai-sdk/react', 'ai'] },
  { name: 'OpenAI Agents SDK', kind: 'sdk', file: './sdk/agents.mjs', packages: ['@openai/agents'] },
  { name: 'LangChain', kind: 'sdk', file: './sdk/langchain.mjs', packages: LANGCHAIN },
  { name: 'Anthropic SDK', kind: 'sdk', file: './sdk/anthropic.mjs', packages: ['@anthropic-ai/sdk'] },
  { name: 'Codex', kind: 'cli', file: './cli/codex.mjs', packages: ['@openai/codex'] },
  { name: 'opencode', kind: 'cli', file: './cli/opencode.mjs', packages: ['opencode-ai'] },
  { name: 'Claude Code', kind: 'cli', file: './cli/claude-code.mjs', packages: ['@anthropic-ai/claude-code'] },
];
