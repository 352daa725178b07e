/** A small mistake that some test must find. */
export interface Mutation {
  /** What the broker then does wrong. */
  readonly what: string;
  /** From the root of the project. */
  readonly file: string;
  /** Stands in the file once. */
  readonly find: string;
  /** Stands there instead. */
  readonly put: string;
  /** The test files that are run, of which one must fail. */
  readonly tests: readonly string[];
}

/** The file's text with the mutation in it; throws where its text does not stand there exactly once. */
export function apply(text: string, { file, find, put }: Mutation): string {
  const parts = text.split(find);
  if (parts.length !== 2) {
    throw new Error(
      `Cannot mutate ${file}: its text stands there ${parts.length - 1} times, not once: ${find}`,
    );
  }
  return parts.join(put);
}
