import { readdirSync, readFileSync, rmSync } from 'node:fs';

/**
 * Jest's globalTeardown: ends what tests left running, which is what a test whose `beforeAll` took too long does, and
 * names it. Finds them by the mark of this run in their environment; only where there is a /proc. The folder of what
 * tests share goes, too.
 */
export default function endLeftovers() {
  rmSync(process.env['TALARIA_TEST_SHARED'] ?? '', { recursive: true, force: true });
  const mark = `TALARIA_TEST_RUN=${process.env['TALARIA_TEST_RUN']}`;
  for (const pid of pids()) {
    if (pid === process.pid || !read(pid, 'environ').includes(mark)) continue;
    const command = read(pid, 'cmdline').join(' ').trim();
    // Jest's own workers inherit the mark, too; they end with it.
    if (command.includes('jest-worker')) continue;
    console.error(`left over by a test and ended now: ${pid} ${command}`);
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
}

function pids() {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

function read(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
