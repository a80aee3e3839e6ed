import type { ApprovalRule } from '#libs/config';
import { LIMITS, type JsonObject, type Tool } from '#libs/contract';
import { approvalOf, approvalPolicy } from '../../../apps/worker/src/approval-policy.js';

const tool = (name: string, approval: Tool['approval'] = 'never'): Tool => ({
  name,
  description: name,
  parameters: { type: 'object' },
  idempotent: true,
  approval,
  execute: async () => ({ output: '' }),
});

const scope = (rules: ApprovalRule[], asked: Tool, args: JsonObject = {}): string | undefined =>
  approvalPolicy(rules)(asked, args);

test("without a rule the tool's own default counts", () => {
  expect(scope([], tool('clock'))).toBeUndefined();
  expect(scope([], tool('terminal', 'always'))).toBe('terminal');
});

test('the first rule that fits decides', () => {
  const rules: ApprovalRule[] = [
    { tool: 'files__*', policy: 'never' },
    { tool: 'terminal', match: /^\{"command":"ls( [\w.]+)*"\}$/u, policy: 'never' },
    { tool: '*', policy: 'always' },
  ];
  expect(scope(rules, tool('files__write', 'always'))).toBeUndefined();
  expect(scope(rules, tool('files'))).toBe('files');
  expect(scope(rules, tool('terminal', 'always'), { command: 'ls src' })).toBeUndefined();
  expect(scope(rules, tool('terminal', 'always'), { command: 'ls; rm x' })).toBe('terminal');
});

test('a pattern sees the arguments without escapes, and is remembered apart from others', () => {
  const rules: ApprovalRule[] = [
    { tool: 'terminal', match: /rm -rf/u, policy: 'always' },
    { tool: 'terminal', match: /sudo/u, policy: 'always' },
  ];
  const hidden = JSON.parse('{"command":"\\u0072m -rf /"}') as JsonObject;
  expect(scope(rules, tool('terminal'), hidden)).toBe('terminal /rm -rf/');
  expect(scope(rules, tool('terminal'), { command: 'sudo ls' })).toBe('terminal /sudo/');
  expect(scope(rules, tool('terminal'), { command: 'ls' })).toBeUndefined();
});

/** Remembers how much it was shown. */
class WatchedPattern extends RegExp {
  charsMax = 0;
  override exec(text: string): RegExpExecArray | null {
    this.charsMax = Math.max(this.charsMax, text.length);
    return super.exec(text);
  }
}

test('arguments that are too long for a pattern are asked for without it', () => {
  const pattern = new WatchedPattern('rm\\s+.*-rf', 'u');
  const rules: ApprovalRule[] = [
    { tool: 'notes', policy: 'never' },
    { tool: '*', match: pattern, policy: 'never' },
  ];
  // JSON of it: {"command":"..."}
  const fitting = { command: 'rm '.repeat((LIMITS.approvalMatchCharsMax - 14) / 3) };
  const long = { command: 'rm '.repeat(87_000) };
  expect(scope(rules, tool('terminal'), fitting)).toBeUndefined();
  expect(scope(rules, tool('terminal'), long)).toBe('terminal (long arguments)');
  expect(scope(rules, tool('notes'), long)).toBeUndefined();
  expect(scope([], tool('terminal', 'always'), long)).toBe('terminal');
  // The pattern would take a minute and more over the long ones.
  expect(pattern.charsMax).toBe(LIMITS.approvalMatchCharsMax);
});

test('a name with an asterisk stands for names, not for parts of patterns', () => {
  expect(scope([{ tool: 'a*c', policy: 'always' }], tool('abbc'))).toBe('abbc');
  expect(scope([{ tool: 'a*c', policy: 'always' }], tool('xabc'))).toBeUndefined();
});

test('what the rules make of a tool is told before there is a call', () => {
  const rules: ApprovalRule[] = [
    { tool: 'files__*', policy: 'never' },
    { tool: 'terminal', match: /ls/, policy: 'never' },
    { tool: 'todo', match: /x/, policy: 'never' },
  ];
  const told = approvalOf(rules);
  expect(told(tool('files__write', 'always'))).toBe('never');
  expect(told(tool('terminal', 'always'))).toBe('by_arguments');
  expect(told(tool('todo', 'never'))).toBe('never');
  expect(told(tool('other', 'always'))).toBe('always');
});
