import { ApiClient, ApiError } from "./api_client.ts";
import type { Flags } from "./commands.ts";
import { EXIT, printError } from "./output.ts";

const DASHBOARD = "http://127.0.0.1:9883";

/** The flags of commands that ask the API of a broker. */
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

/** What their help ends with. */
export const API_NOTE = `
Exit status: 0 all went well, 1 the broker does not answer or refuses, 2 the command line is not understood.
`;

/** The API that the flags name; throws where the URL is none, or the file cannot be read. */
export function openApi(values: Readonly<Record<string, string | boolean | undefined>>): ApiClient {
  const { url = DASHBOARD, "token-file": file } = values;
  const token = file === undefined ? "" : Deno.readTextFileSync(String(file)).trim();
  return new ApiClient(String(url), token);
}

/** Does it, and returns the exit status; what the API refuses is printed. */
export async function askingApi(act: () => Promise<number>): Promise<number> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    printError(`${error.message}\n`);
    return EXIT.failed;
  }
}
