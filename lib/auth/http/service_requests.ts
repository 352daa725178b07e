import type { AccessFiles } from "../access_files.ts";
import type { Fields } from "./forms.ts";
import type { HeaderList } from "./header_file.ts";
import type { HttpAccessOptions } from "./options.ts";
import { type TextAnswer, TextFetcher } from "./text_fetcher.ts";

/** Bytes that an answer may have. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** How questions are sent. */
export interface Requests {
  /** Throws where there is no answer, with the reason in words. */
  send(url: string, fields: Fields): Promise<TextAnswer>;
  /** Reads its files again; returns what is wrong with them. */
  reload(onlyChanged: boolean): readonly string[];
  /** Nothing is sent any more. */
  close(): void;
}

/** Sends questions as the options say: by POST, with the secret header. */
export class ServiceRequests implements Requests {
  readonly #options: HttpAccessOptions;
  readonly #files: AccessFiles;
  #fetcher: TextFetcher;

  /** The files that the options name are open in `files`. */
  constructor(options: HttpAccessOptions, files: AccessFiles) {
    this.#options = options;
    this.#files = files;
    this.#fetcher = this.#newFetcher();
  }

  /** {@linkcode Requests.send} */
  send(url: string, fields: Fields): Promise<TextAnswer> {
    const { params, headerFile } = this.#options;
    const headers = new Headers(
      headerFile === "" ? [] : this.#files.get<HeaderList>(headerFile).map(([...pair]) => pair),
    );
    headers.set("accept", "application/json, text/plain;q=0.5, */*;q=0.1");
    headers.set(
      "content-type",
      params === "json" ? "application/json" : "application/x-www-form-urlencoded",
    );
    const body = params === "json"
      ? JSON.stringify(fields)
      : new URLSearchParams(Object.entries(fields).map(([name, value]) => [name, String(value)]))
        .toString();
    return this.#fetcher.fetch(fill(url, fields), { method: "POST", headers, body });
  }

  /** {@linkcode Requests.reload} */
  reload(onlyChanged: boolean): readonly string[] {
    const paths = onlyChanged ? this.#files.changed() : undefined;
    if (paths?.length === 0) return [];
    const { isNew, problems } = this.#files.reload(paths);
    if (isNew) {
      this.#fetcher.close();
      this.#fetcher = this.#newFetcher();
    }
    return problems;
  }

  /** {@linkcode Requests.close} */
  close(): void {
    this.#fetcher.close();
  }

  #newFetcher(): TextFetcher {
    const { caFile, timeoutSeconds, maxRequests } = this.#options;
    return new TextFetcher({
      caCertificates: caFile === "" ? "" : this.#files.get<string>(caFile),
      timeLimitMs: timeoutSeconds * 1000,
      maxBytes: MAX_ANSWER_BYTES,
      maxIdle: maxRequests,
    });
  }
}

/** Puts names in the place of `${clientid}` and its like, as EMQX does, in the query alone; a password has no place in a URL. */
function fill(url: string, fields: Fields): string {
  let filled = url;
  for (const [name, value] of Object.entries(fields)) {
    const place = `\${${name}}`;
    if (name !== "password" && filled.includes(place)) {
      filled = filled.replaceAll(place, () => encodeURIComponent(String(value)));
    }
  }
  return filled;
}
