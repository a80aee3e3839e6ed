/** Limits of one workspace: the folder in which the tools of one session work. */
export const WORKSPACE_LIMITS = {
  /** Of a file that is read or written by a tool; a terminal may make larger ones. */
  fileBytesMax: 2_000_000,
  filesMax: 5_000,
  pathCharsMax: 1_024,
  pathPartBytesMax: 255,
  foldersDeepMax: 32,
  /** Entries that one listing or search looks at. */
  entriesSeenMax: 20_000,
} as const;

/** Files that the tools keep for themselves begin with it; paths of the model may not. */
export const OWN_FILE_PREFIX = '.talaria-';
