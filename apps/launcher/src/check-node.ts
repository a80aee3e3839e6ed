const NODE_MIN = [20, 19] as const;

/** What is wrong with this Node.js (`process.versions.node`); undefined when it is new enough. */
export function nodeProblem(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [majorMin, minorMin] = NODE_MIN;
  if (major > majorMin || (major === majorMin && minor >= minorMin)) return undefined;
  return `Talaria needs Node.js ${majorMin}.${minorMin} or newer; this is ${version}. See https://nodejs.org/en/download`;
}
