/** Why the broker does not start, and the exit status that says so. */
export class StartError extends Error {
  override readonly name = "StartError";
  /** One line each. */
  readonly problems: readonly string[];
  /** {@linkcode EXIT} */
  readonly status: number;

  constructor(status: number, ...problems: readonly string[]) {
    super(problems.join("\n"));
    this.status = status;
    this.problems = problems;
  }
}
