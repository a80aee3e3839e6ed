/** Limits of one workspace: the folder in which the tools of one session work. */
export const WORKSPACE_LIMITS = {
  /** Bytes of a file that a tool reads or writes. A terminal may make larger ones. */
  fileBytesMax: 2_000_000,
  filesMax: 5_000,
  pathCharsMax: 1_024,
  pathPartBytesMax: 255,
  foldersDeepMax: 32,
  /** Entries that one listing or search looks at. */
  entriesSeenMax: 20_000,
} as const;

/** Prefix of files that the tools keep for themselves; paths of the model may not begin with it. */
export const OWN_FILE_PREFIX = '.talaria-';
