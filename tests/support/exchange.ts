import { isDeepStrictEqual } from "node:util";
import type { Packet, ProtocolVersion } from "../../lib/codec/mod.ts";
import {
  ANY,
  defaultsOf,
  type Fields,
  fieldsOf,
  readBytes,
  readFields,
  showFields,
} from "./notation.ts";
import { type Setup, TestBroker } from "./test_broker.ts";
import type { TestLink } from "./test_link.ts";

/** Lines that the failure of a long exchange shows. */
const SHOWN_LINES = 40;

/**
 * Plays scripts between clients and the real broker, one event a line:
 *
 * ```
 * a> CONNECT v=5 clientId=a cleanStart     a client sends a packet; v is 5 and clientId the link's name unless said otherwise
 * a< CONNACK success receiveMaximum=500    the broker has sent this
 * a> PINGREQ & PINGREQ                     two packets in one read
 * a> hex 30 00 'text'                      raw bytes
 * a< nothing                               nothing more has come
 * a< others                                whatever else has come, for the test to `take`
 * a! closed                                the broker has closed the connection
 * a x                                      the client's link is gone
 * a opens                                  a link without a packet
 * a stops reading, a reads, a reads 10     the client takes nothing, all again, ten bytes more
 * wait 30s, wait 500ms                     time passes
 * hold commits, commit, commit all         commits wait; the oldest, or all of them and those to come, are done
 * crash                                    the process ends, another begins with what the store has
 * dropped queue_full=1 expired=2           all that the broker counts as dropped; `dropped nothing`
 * ```
 *
 * Text in parentheses at the end of a line is a remark; a line that begins with `+` continues the one before. A name stands for one link
 * after another: after the end of a's first connection `a> CONNECT` opens another.
 *
 * Nothing may be left over: every packet sent, and every connection closed, must be expected before the next event. An expected packet must
 * match exactly, except texts for people (`reasonString`) and the properties of CONNACK, which are compared only if they are named.
 * `name=*` matches any value, `!name` requires none.
 */
export class Exchange {
  readonly test: TestBroker;
  readonly #clients = new Map<string, Client>();
  readonly #transcript: string[] = [];

  constructor(setup: Setup = {}) {
    this.test = new TestBroker(setup);
  }

  /** Plays a script to its end; throws with its line if something else happens. */
  play(script: string): this {
    for (const line of linesOf(script)) {
      try {
        this.#step(line);
        this.#transcript.push(line);
      } catch (error) {
        throw this.#failure(line, error as Error);
      }
    }
    try {
      this.#expectNothing();
    } catch (error) {
      throw this.#failure("(the end)", error as Error);
    }
    return this;
  }

  /** Takes the packets that came as `others`. */
  take(name: string): Packet[] {
    return this.#client(name).others.splice(0);
  }

  /** The client's present link. */
  link(name: string): TestLink {
    return this.#client(name).link;
  }

  #step(line: string): void {
    const expected = /^(\w+)(?:< (.+)|! closed)$/.exec(line);
    if (expected !== null) {
      const client = this.#client(expected[1]!);
      return expected[2] === undefined ? expectClosed(client) : this.#expect(client, expected[2]);
    }
    if (line.startsWith("dropped ")) return this.#expectDropped(line.slice("dropped ".length));
    this.#expectNothing();
    const sent = /^(\w+)> (.+)$/.exec(line);
    if (sent !== null) return this.#send(sent[1]!, sent[2]!);
    this.#act(line.split(" "));
  }

  #act([first = "", verb, what, ...rest]: string[]): void {
    const { test } = this;
    const phrase = [verb, what, ...rest].filter((word) => word !== undefined).join(" ");
    if (first === "wait") return test.wait(readMs(phrase));
    if (first === "hold" && phrase === "commits") return void (test.store!.isHolding = true);
    if (first === "commit" && phrase === "") return test.turn(() => test.store!.commitNext());
    if (first === "commit" && phrase === "all") {
      test.store!.isHolding = false;
      return test.turn(() => {
        while (test.store!.waiting > 0) test.store!.commitNext();
      });
    }
    if (first === "crash") {
      for (const client of this.#clients.values()) client.isOver = true;
      return test.crash();
    }
    if (phrase === "opens") return void this.#open(first);
    const client = this.#client(first);
    if (phrase === "x") {
      client.isOver = true;
      client.link.lose();
    } else if (phrase === "stops reading") client.link.isReading = false;
    else if (verb === "reads") client.link.read(what === undefined ? undefined : Number(what));
    else throw new Error("This is no line of the notation");
  }

  #send(name: string, text: string): void {
    let client = this.#clients.get(name);
    if (client === undefined || client.isOver) client = this.#open(name);
    const parts = text.startsWith("hex ") ? [text] : text.split(" & ");
    const bytes = parts.flatMap((part) => {
      let written = part;
      if (part.startsWith("CONNECT")) {
        const { protocolVersion, clientId } = readFields(part);
        client.version = (protocolVersion ?? 5) as ProtocolVersion;
        if (clientId === undefined) written += ` clientId="${name}"`;
      }
      return [...readBytes(written, client.version)];
    });
    client.link.send(Uint8Array.from(bytes));
  }

  #open(name: string): Client {
    const client: Client = {
      name,
      link: this.test.open(name),
      version: 5,
      packets: [],
      others: [],
      isOver: false,
    };
    this.#clients.set(name, client);
    return client;
  }

  #expect(client: Client, text: string): void {
    if (text === "others") return void client.others.push(...this.#packets(client).splice(0));
    const [packet] = this.#packets(client);
    if (text === "nothing") {
      if (packet !== undefined) throw new Error(`Got ${showFields(fieldsOf(packet))}`);
      return;
    }
    if (packet === undefined) throw new Error(`Nothing has come to ${client.name}`);
    const actual = fieldsOf(packet);
    const expected = { ...defaultsOf(text, client.version), ...readFields(text) };
    const wrong = difference(actual, expected);
    if (wrong !== undefined) {
      throw new Error(
        `${wrong}\n  expected ${showFields(expected)}\n  got      ${showFields(actual)}`,
      );
    }
    client.packets.shift();
  }

  #expectNothing(): void {
    for (const client of this.#clients.values()) {
      const [packet] = this.#packets(client);
      if (packet !== undefined) {
        throw new Error(`${client.name} has got ${showFields(fieldsOf(packet))} before this`);
      }
      if (client.link.isClosed && !client.isOver) {
        throw new Error(`${client.name} was closed before this`);
      }
    }
  }

  #expectDropped(text: string): void {
    const expected = text === "nothing" ? [] : text.split(" ").toSorted();
    const actual = [...this.test.broker.metrics.dropped].map(([reason, count]) =>
      `${reason}=${count}`
    ).toSorted();
    if (!isDeepStrictEqual(actual, expected)) throw new Error(`Counted ${actual.join(" ")}`);
  }

  #client(name: string): Client {
    const client = this.#clients.get(name);
    if (client === undefined) throw new Error(`There is no ${name}`);
    return client;
  }

  #packets(client: Client): Packet[] {
    client.packets.push(...client.link.take());
    return client.packets;
  }

  #failure(line: string, error: Error): Error {
    const done = this.#transcript.slice(-SHOWN_LINES).map((earlier) => `    ${earlier}`).join("\n");
    const left = [...this.#clients.values()].flatMap((client) =>
      client.packets.slice(0, SHOWN_LINES).map((packet) =>
        `      ${client.name} has ${showFields(fieldsOf(packet))}`
      )
    ).join("\n");
    return new Error(`${error.message}\n\n${done}\n  → ${line}\n${left}`, { cause: error });
  }
}

/** Registers a test that plays one script. Its name contains the ids of the statements that it shows. */
export function testExchange(name: string, script: string, setup?: Setup): void {
  Deno.test(name, () => void new Exchange(setup).play(script));
}

/** A name in the script, with the link that it stands for at present. */
interface Client {
  readonly name: string;
  readonly link: TestLink;
  version: ProtocolVersion;
  /** Received packets that have not been expected yet. */
  readonly packets: Packet[];
  /** Received packets left to the test. */
  readonly others: Packet[];
  /** Whether its link is lost, or its end has been expected. */
  isOver: boolean;
}

function expectClosed(client: Client): void {
  if (!client.link.isClosed) throw new Error(`${client.name} is still open`);
  client.isOver = true;
}

/** The difference between two packets; `undefined` if there is none. */
function difference(actual: Fields, expected: Fields): string | undefined {
  const isLenient = (key: string) =>
    key === "reasonString" ||
    actual.type === "connack" && key !== "sessionPresent" && key !== "reasonCode";
  for (const key of new Set(["type", ...Object.keys(expected), ...Object.keys(actual)])) {
    if (!(key in expected) && isLenient(key)) continue;
    const isSame = expected[key] === ANY
      ? actual[key] !== undefined
      : isDeepStrictEqual(plain(actual[key]), plain(expected[key]));
    if (!isSame) return `${key} is wrong`;
  }
  return undefined;
}

/** Converts bytes so that they compare by value, whatever their buffer. */
function plain(value: unknown): unknown {
  return value instanceof Uint8Array ? [...value] : value;
}

function* linesOf(script: string): Generator<string> {
  let whole = "";
  for (const raw of script.split("\n")) {
    const line = raw.replace(/(?:^|\s+)\([^"]*\)\s*$/, "").trim();
    if (line.startsWith("+ ")) {
      whole += line.slice(1);
      continue;
    }
    if (whole !== "") yield whole;
    whole = line;
  }
  if (whole !== "") yield whole;
}

function readMs(text: string): number {
  const [, amount, unit] = /^([\d.]+)(ms|s|m|h|d)$/.exec(text) ?? [];
  if (unit === undefined) throw new Error(`"${text}" is no time`);
  return Number(amount) * { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit]!;
}
