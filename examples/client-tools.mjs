// A function that the caller executes, in a round trip: node examples/client-tools.mjs
import OpenAI from 'openai';

const client = new OpenAI({
  baseURL: process.env.TALARIA_URL ?? 'http://127.0.0.1:8642/v1',
  apiKey: process.env.API_SERVER_KEY ?? 'none',
});

const tools = [
  {
    type: 'function',
    function: {
      name: 'get_weather',
      description: 'The weather in a city.',
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    },
  },
];
const messages = [{ role: 'user', content: 'Use get_weather for Oslo.' }];
const first = await client.chat.completions.create({ model: 'talaria', messages, tools });
const [choice] = first.choices;
console.log(`finish_reason: ${choice.finish_reason}`);

messages.push(choice.message);
for (const call of choice.message.tool_calls ?? []) {
  console.log(`the model calls ${call.function.name}(${call.function.arguments})`);
  messages.push({ role: 'tool', tool_call_id: call.id, content: 'Sunny, 3 degrees.' });
}
const second = await client.chat.completions.create({ model: 'talaria', messages, tools });
console.log(second.choices[0].message.content);
