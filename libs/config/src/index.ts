export { isNetworkVisible } from './checks/check-binding.js';
export { chosenPorts, type ChosenPort } from './checks/check-ports.js';
export type * from './config.js';
export { describeSettings, type SettingRow } from './settings/describe-settings.js';
export { loadConfig, reachable, readConfig, type ReadConfig } from './load-config.js';
export { ConfigError, type Problem } from './values/problems.js';
export { readTextFile, type Environment, type ReadFile, type ServiceName } from './reading/sources.js';
export { VARIABLES, type VariableName } from './settings/variables.js';
export { priceTable } from './reading/read-models.js';
