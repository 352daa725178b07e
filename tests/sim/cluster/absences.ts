/** How long a node may be away where it may be for minutes. */
export const LONG_MS = 300_000;
