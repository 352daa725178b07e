import { printError } from "./output.ts";

/** Asks for a line at the terminal; an empty answer means `preset`. */
export async function ask(question: string, preset: string): Promise<string> {
  printError(`${question}${preset === "" ? "" : ` [${preset}]`}: `);
  const answer = (await readLine()).trim();
  return answer === "" ? preset : answer;
}

/** Reads a password from standard input, or asks for it twice. `undefined`: the two differ. */
export async function askPassword(fromStdin: boolean): Promise<string | undefined> {
  if (fromStdin) return await readLine();
  if (!Deno.stdin.isTerminal()) {
    throw new Error("There is no terminal to ask at; use --stdin");
  }
  const first = await readLine("Password: ");
  return await readLine("Again: ") === first ? first : undefined;
}

/** Reads a line of standard input. With a question, it is asked at the terminal, which does not echo the answer. */
export async function readLine(question?: string): Promise<string> {
  const isHidden = question !== undefined;
  // Before the question, so that letters typed at once are not echoed either.
  if (isHidden) Deno.stdin.setRaw(true);
  printError(question ?? "");
  try {
    const bytes: number[] = [];
    const buffer = new Uint8Array(1);
    while (await Deno.stdin.read(buffer) !== null) {
      const [byte = 0] = buffer;
      if (byte === 0x0a || (isHidden && (byte === 0x0d || byte === 0x04))) break;
      if (isHidden && byte === 0x03) throw new Error("Interrupted; nothing is changed");
      if (!isHidden || (byte !== 0x7f && byte !== 0x08)) bytes.push(byte);
      // Backspace removes all bytes of a character in UTF-8.
      else while (bytes.length > 0 && (bytes.pop()! & 0xc0) === 0x80);
    }
    if (bytes.at(-1) === 0x0d) bytes.pop();
    return new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(bytes));
  } finally {
    if (isHidden) {
      Deno.stdin.setRaw(false);
      printError("\n");
    }
  }
}
