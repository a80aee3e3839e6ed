// Two turns over the Responses API: the second names the first, and the gateway knows the rest: node
// examples/responses.mjs
import OpenAI from 'openai';

const client = new OpenAI({
  baseURL: process.env.TALARIA_URL ?? 'http://127.0.0.1:8642/v1',
  apiKey: process.env.API_SERVER_KEY ?? 'none',
});

const first = await client.responses.create({ model: 'talaria', input: 'My name is Ada.' });
console.log(`${first.id} ${first.status}`);

const second = await client.responses.create({
  model: 'talaria',
  previous_response_id: first.id,
  input: 'What time is it in Berlin?',
});
console.log(second.output_text);

// It is kept, and every replica can show it.
const kept = await client.responses.retrieve(second.id);
console.log(kept.output_text === second.output_text ? 'kept' : 'lost', 'behind', kept.previous_response_id);
