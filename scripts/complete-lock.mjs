#!/usr/bin/env node
// Completes package-lock.json for platforms whose optional packages the registry at hand does not serve, so that `npm
// ci` accepts the lock here and installs the native packages there. Run it after `npm install` changed the lock.
import { readFileSync, writeFileSync } from 'node:fs';

const FILE = 'package-lock.json';
const OS = {
  darwin: 'darwin',
  win32: 'win32',
  windows: 'win32',
  linux: 'linux',
  freebsd: 'freebsd',
  android: 'android',
  openharmony: 'openharmony',
};
const CPU = ['arm64', 'x64', 'ia32', 'arm', 'ppc64', 's390x', 'riscv64', 'loong64'];

const lock = JSON.parse(readFileSync(FILE, 'utf8'));
let added = 0;
for (const entry of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    const os = Object.keys(OS).find((word) => name.includes(word));
    if (lock.packages[key] || !os || !/^\d/.test(version)) continue;
    const cpu = CPU.find((word) => name.split(/[-.]/).includes(word) || name.includes(`-${word}`));
    lock.packages[key] = { version, ...(cpu && { cpu: [cpu] }), optional: true, os: [OS[os]] };
    added++;
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(FILE, `${JSON.stringify(lock, null, 2)}\n`);
process.stdout.write(`${added} optional packages added to ${FILE}\n`);
