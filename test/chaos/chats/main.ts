import { parseArgs } from 'node:util';
import { idle } from './idle.js';
import { storm } from './storm.js';

/**
 * `npm run chaos:chats`: many chats at once, while messenger, worker, API and Redis are killed in turn.
 *   --platform slack   or telegram, discord, all   --chats 200     --rounds 3, 0: nothing is broken     --words 60
 *   --seed 7           other penalties and troubles             --idle 10000: memory of chats that nobody writes in
 */
const { values } = parseArgs({
  options: {
    platform: { type: 'string', default: 'telegram' },
    chats: { type: 'string', default: '200' },
    rounds: { type: 'string', default: '3' },
    words: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '900' },
    idle: { type: 'string' },
  },
});
const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<boolean> {
  if (values.idle !== undefined) {
    const { before, after } = await idle(Number(values.idle));
    print(`${values.idle} idle chats: a messenger has ${before} MB without and ${after} MB with them`);
    return after - before < 100;
  }
  const { platform, chats, rounds, words, seed, seconds } = values;
  const numbers = { chats: Number(chats), rounds: Number(rounds), words: Number(words), seed: Number(seed) };
  const found = await storm({ platform, ...numbers, secondsMax: Number(seconds) });
  const { whole, doubled, lost, unfinished, firstTexts } = found;
  print(`${platform}: ${whole} of ${chats} chats end with the final text once, ${found.seconds.toFixed(0)} s`);
  print(
    `  ${doubled} doubled, ${lost} lost, ${unfinished} unfinished, ${found.violations.length} violations of limits`,
  );
  print(`  ${found.kills} kills, ${found.penalties} penalties, ${found.troubles} troubles, ${found.calls} calls`);
  print(`  first text within 1 s of the first token: ${firstTexts.inTime} of ${firstTexts.all}`);
  print(`  the largest messenger has ${found.megabytes} MB`);
  for (const problem of [...found.problems, ...found.violations].slice(0, 20)) print(`  ${problem}`);
  return found.problems.length === 0 && found.violations.length === 0;
}

process.exit((await main()) ? 0 : 1);
