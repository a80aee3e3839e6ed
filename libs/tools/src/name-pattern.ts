/** Whether a name equals one of the patterns, or begins like a pattern that ends in `*`. */
export function isNamed(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern));
}
