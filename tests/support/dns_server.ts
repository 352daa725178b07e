import { createSocket } from "node:dgram";

/** A record that the server has. */
export interface Srv {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: string;
}

const [SRV, INTERNET] = [33, 1];
const NO_SUCH_NAME = 3;

/** A DNS server of the tests, for SRV records (RFC 2782) alone. */
export class DnsServer implements AsyncDisposable {
  /** The names that were asked for. */
  readonly asked: string[] = [];
  readonly #socket = createSocket("udp4");
  readonly #records: Readonly<Record<string, readonly Srv[]>>;

  private constructor(records: Readonly<Record<string, readonly Srv[]>>) {
    this.#records = records;
    this.#socket.on("message", (query, { port, address }) => {
      this.#socket.send(this.#answer(new Uint8Array(query)), port, address);
    });
  }

  /** Starts one on a free port of this machine; `records` by their full names. */
  static async start(records: Readonly<Record<string, readonly Srv[]>>): Promise<DnsServer> {
    const server = new DnsServer(records);
    await new Promise<void>((resolve) => server.#socket.bind(0, "127.0.0.1", resolve));
    return server;
  }

  /** Asks this server. */
  readonly resolve = (name: string): Promise<Deno.SrvRecord[]> =>
    Deno.resolveDns(name, "SRV", {
      nameServer: { ipAddr: "127.0.0.1", port: this.#socket.address().port },
    });

  #answer(query: Uint8Array): Uint8Array {
    const labels: string[] = [];
    let at = 12;
    for (let length; (length = query[at]!) > 0; at += length + 1) {
      labels.push(new TextDecoder().decode(query.subarray(at + 1, at + 1 + length)));
    }
    const question = query.slice(12, at + 5);
    const name = labels.join(".");
    this.asked.push(name);
    const records = this.#records[name] ?? [];
    const code = records.length === 0 ? NO_SUCH_NAME : 0;
    const head = [query[0]!, query[1]!, 0x84, 0x80 | code, 0, 1, 0, records.length, 0, 0, 0, 0];
    return new Uint8Array([...head, ...question, ...records.flatMap(record)]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }
}

function record({ priority, weight, port, target }: Srv): number[] {
  const name = [
    ...target.split(".").filter((label) => label !== "")
      .flatMap((label) => [label.length, ...new TextEncoder().encode(label)]),
    0,
  ];
  const data = [...[priority, weight, port].flatMap(two), ...name];
  // The name is that of the question, at byte 12.
  return [0xc0, 12, ...two(SRV), ...two(INTERNET), 0, 0, 0, 60, ...two(data.length), ...data];
}

function two(value: number): readonly number[] {
  return [value >> 8, value & 0xff];
}
