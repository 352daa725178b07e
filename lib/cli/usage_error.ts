/** A command line that is not understood; its message says what would be right. */
export class UsageError extends Error {}
