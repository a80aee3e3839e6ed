import type { Variable } from './variable.js';
import { VARIABLES } from './variables.js';

/** One line of the list of settings, in words. */
export interface SettingRow {
  readonly name: string;
  /** Path in the settings file; '-' for settings of the environment only. */
  readonly path: string;
  readonly default: string;
  readonly meaning: string;
}

/** Every setting, in the order of the documentation. */
export function describeSettings(): SettingRow[] {
  return VARIABLES.map((variable: Variable) => ({
    name: variable.secret ? `${variable.name}[_FILE]` : variable.name,
    path: variable.path ?? '-',
    default: variable.default ?? '-',
    meaning: variable.meaning,
  }));
}
