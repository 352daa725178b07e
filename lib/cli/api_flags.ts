import { ApiClient, ApiError } from "./api_client.ts";
import type { Flags } from "./commands.ts";
import { EXIT, printError } from "./output.ts";

const DASHBOARD = "http://127.0.0.1:9883";

/** The flags of commands that use the API of a broker. */
export const API_FLAGS = {
  url: {
    type: "string",
    value: "URL",
    text: `Where the broker's dashboard is. [${DASHBOARD}]`,
  },
  "token-file": {
    type: "string",
    value: "FILE",
    text: "A file with nothing but a token of the broker's http_token_file.",
  },
} as const satisfies Flags;

/** The last lines of their help. */
export const API_NOTE = `
Exit status: 0 all went well, 1 the broker does not answer or refuses, 2 the command line is not understood.
`;

/** A client of the API that the flags name. Throws if the URL is invalid or the token file cannot be read. */
export function openApi(values: Readonly<Record<string, string | boolean | undefined>>): ApiClient {
  const { url = DASHBOARD, "token-file": file } = values;
  const token = file === undefined ? "" : Deno.readTextFileSync(String(file)).trim();
  return new ApiClient(String(url), token);
}

/** Runs a command and returns its exit status. An {@linkcode ApiError} is printed. */
export async function askingApi(act: () => Promise<number>): Promise<number> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    printError(`${error.message}\n`);
    return EXIT.failed;
  }
}
