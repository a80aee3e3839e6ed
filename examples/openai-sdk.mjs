// The official OpenAI SDK against Talaria: node examples/openai-sdk.mjs
import OpenAI from 'openai';

const client = new OpenAI({
  baseURL: process.env.TALARIA_URL ?? 'http://127.0.0.1:8642/v1',
  apiKey: process.env.API_SERVER_KEY ?? 'none',
});

const stream = await client.chat.completions.create({
  model: 'talaria',
  stream: true,
  stream_options: { include_usage: true },
  messages: [{ role: 'user', content: 'What time is it in Berlin?' }],
});
for await (const chunk of stream) {
  process.stdout.write(chunk.choices[0]?.delta.content ?? '');
  if (chunk.usage) console.log(`\n(${chunk.usage.total_tokens} tokens)`);
}
