import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { startFileProcess, type FileOutcome } from '../../../../apps/api/src/attachments/file-process.js';

const BOUNDS = { heapMbMax: 64, residentMbMax: 200, lookMs: 20 };
const JOB = { bytes: Buffer.from('abc'), pagesMax: 7, charsMax: 8 };

describe('startFileProcess', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'file-process-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** What comes of a process that does this with its job. */
  async function outcomeOf(body: string): Promise<FileOutcome> {
    const path = join(folder, `${Math.random()}.mjs`);
    await writeFile(path, `process.once('message', async (job) => { ${body} });`);
    return new Promise((resolve) => startFileProcess(pathToFileURL(path), JOB, BOUNDS, resolve));
  }

  test('the process gets the job and nothing of the environment, and its answer counts', async () => {
    const text = await outcomeOf(`
      const names = Object.keys(process.env).filter((name) => !name.startsWith('NODE_'));
      process.send({ kind: 'text', text: Buffer.from(job.bytes) + ' ' + job.pagesMax + names.join() });`);
    expect(text).toEqual({ kind: 'text', text: 'abc 7' });
  });

  test('buffers outside the heap count for its memory', async () => {
    const outcome = await outcomeOf(`
      const kept = [];
      for (let i = 0; i < 64; i++) {
        kept.push(new Uint8Array(8 * 1_048_576).fill(1));
        await new Promise((go) => setTimeout(go, 10));
      }
      process.send({ kind: 'text', text: String(kept.length) });`);
    expect(outcome).toEqual({ kind: 'too_much_memory' });
  });

  test('a process that ends without an answer died', async () => {
    expect(await outcomeOf('process.exit(3);')).toEqual({ kind: 'died' });
  });

  test('a script that is not there died', async () => {
    const missing = pathToFileURL(join(folder, 'missing.mjs'));
    const outcome = await new Promise((resolve) => startFileProcess(missing, JOB, BOUNDS, resolve));
    expect(outcome).toEqual({ kind: 'died' });
  });
});
