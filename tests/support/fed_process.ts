/** How a process has ended. */
export interface Ended {
  readonly status: number;
  readonly out: string;
  readonly error: string;
}

/** Gives the process its standard input, which is piped if there is any, and waits for its end. */
export async function feed(child: Deno.ChildProcess, input?: string | Uint8Array): Promise<Ended> {
  if (input !== undefined) {
    const writer = child.stdin.getWriter();
    await writer.write(typeof input === "string" ? new TextEncoder().encode(input) : input);
    await writer.close();
  }
  const { code, stdout, stderr } = await child.output();
  const text = new TextDecoder();
  return { status: code, out: text.decode(stdout), error: text.decode(stderr) };
}
