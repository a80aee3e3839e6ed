#!/usr/bin/env node
// Names the packages of the lock file that do not say they run on a version of Node that package.json promises, and
// those whose install scripts nobody has decided on: `npm ci` would warn of each. Exits with 1 when there are any.
import { readFileSync } from 'node:fs';
import semver from 'semver';

const { engines, allowScripts } = JSON.parse(readFileSync('package.json', 'utf8'));
const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const found = [];
for (const [path, entry] of Object.entries(packages)) {
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  const node = entry.engines?.node;
  if (node && !semver.subset(engines.node, node)) found.push(`${name} ${entry.version} needs Node ${node}`);
  if (entry.hasInstallScript && !(name in allowScripts)) found.push(`${name} ${entry.version} has an install script`);
}
process.stdout.write(found.map((line) => `${line}\n`).join(''));
process.exitCode = found.length > 0 ? 1 : 0;
