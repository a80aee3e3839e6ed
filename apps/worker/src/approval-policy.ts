import type { ApprovalRule } from '#libs/config';
import { LIMITS, type JsonObject, type Tool, type ToolInfo } from '#libs/contract';

/**
 * The scope for which a call needs an approval, and under which the answer is remembered. undefined when it needs none.
 */
export type ApprovalPolicy = (tool: Tool, args: JsonObject) => string | undefined;

/**
 * The first rule whose tool and pattern match a call decides; without one, the tool's own default. Patterns are matched
 * against re-serialized arguments, so neither escapes nor spaces in the model's JSON can hide anything. An answer is
 * remembered for the tool, or for the tool under that rule: "always" for one pattern does not allow what another
 * pattern asks about.
 *
 * Matching may take time that grows with the square of the text, and every run of the worker waits meanwhile. So
 * arguments longer than LIMITS.approvalMatchCharsMax are not matched. Such a call needs approval under its own scope.
 */
export function approvalPolicy(rules: readonly ApprovalRule[]): ApprovalPolicy {
  const compiled = rules.map((rule) => ({ ...rule, name: globOf(rule.tool) }));
  return (tool, args) => {
    const text = JSON.stringify(args);
    const isLong = text.length > LIMITS.approvalMatchCharsMax;
    const rule = compiled.find(({ name, match }) => name.test(tool.name) && (isLong || (match?.test(text) ?? true)));
    if (isLong && rule?.match) return `${tool.name} (long arguments)`;
    if ((rule?.policy ?? tool.approval) === 'never') return undefined;
    return rule?.match ? `${tool.name} /${rule.match.source}/` : tool.name;
  };
}

/** What the rules make of every call of a tool, as far as that is known before there is one. */
export function approvalOf(
  rules: readonly ApprovalRule[],
): (tool: Pick<Tool, 'name' | 'approval'>) => ToolInfo['approval'] {
  const compiled = rules.map((rule) => ({ ...rule, name: globOf(rule.tool) }));
  return (tool) => {
    const fitting = compiled.filter(({ name }) => name.test(tool.name));
    const sure = fitting.findIndex(({ match }) => !match);
    const outcomes = new Set(fitting.slice(0, sure < 0 ? fitting.length : sure + 1).map(({ policy }) => policy));
    if (sure < 0) outcomes.add(tool.approval);
    const [only = tool.approval] = outcomes;
    return outcomes.size === 1 ? only : 'by_arguments';
  };
}

/** `*` matches anything; letters, digits, `_` and `-` match themselves. */
function globOf(glob: string): RegExp {
  return new RegExp(`^${glob.replaceAll('*', '.*')}$`);
}
