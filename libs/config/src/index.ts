export { isNetworkVisible } from './check-binding.js';
export { chosenPorts, type ChosenPort } from './check-ports.js';
export type * from './config.js';
export { describeSettings, type SettingRow } from './describe-settings.js';
export { loadConfig, reachable, readConfig, type ReadConfig } from './load-config.js';
export { ConfigError, type Problem } from './problems.js';
export { readTextFile, type Environment, type ReadFile, type ServiceName } from './sources.js';
export { VARIABLES, type VariableName } from './variables.js';
export { priceTable } from './read-models.js';
