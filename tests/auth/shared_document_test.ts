import { strict as assert } from "node:assert";
import { ControlTopic } from "../../lib/auth/dynamic/control_topic.ts";
import { CONTROL_TOPIC, RESPONSE_TOPIC } from "../../lib/auth/dynamic/document.ts";
import { DynamicAccess } from "../../lib/auth/dynamic/dynamic_access.ts";
import type { SharedTextPort } from "../../lib/auth/dynamic/shared_document.ts";
import type { ClientIdentity, Message, MessageHub, MessageInit } from "../../lib/broker/mod.ts";
import { LogLines } from "./access_support.ts";

/** What several brokers have: a write counts on the last one. */
class Shared implements SharedTextPort {
  value: { text: string; revision: number } | undefined;
  failure: string | undefined;
  /** Called before a write, once. */
  before: (() => Promise<void>) | undefined;

  read() {
    if (this.failure !== undefined) return Promise.reject(new Error(this.failure));
    return Promise.resolve(this.value);
  }

  async write(text: string, after: number) {
    const { before } = this;
    this.before = undefined;
    await before?.();
    if (after !== (this.value?.revision ?? 0)) return undefined;
    this.value = { text, revision: after + 1 };
    return this.value.revision;
  }
}

/** A broker's end: its file in memory, and its topic. */
class Broker implements MessageHub {
  readonly log = new LogLines();
  readonly files = new Map<string, string>();
  readonly access: DynamicAccess;
  readonly topic: ControlTopic;
  isDiskFull = false;
  #deliver: ((message: Message) => void) | undefined;
  #answered: ((text: string) => void) | undefined;
  #stamp = 0;

  constructor(shared: SharedTextPort, roles: readonly string[] = []) {
    this.files.set("d", JSON.stringify({ roles: roles.map((rolename) => ({ rolename })) }));
    const access = DynamicAccess.open({
      path: "d",
      listeners: new Set(["l"]),
      log: this.log,
      maxFailureDelaySeconds: 0,
      files: { readFile: (path) => this.files.get(path)!, stamp: () => `${this.#stamp}` },
      save: (path, text) => {
        if (this.isDiskFull) return Promise.reject(new Error("No space left"));
        this.files.set(path, text);
        this.#stamp++;
        return Promise.resolve();
      },
    });
    assert(access instanceof DynamicAccess);
    this.access = access;
    this.topic = new ControlTopic({
      access,
      hub: this,
      identityOf: (clientId) => ({ clientId, listener: "l" }) as ClientIdentity,
      addressesOf: () => [],
      recheck: () => {},
      log: this.log,
      shared,
    });
  }

  publish({ topicName, payload }: MessageInit): void {
    assert.equal(topicName, RESPONSE_TOPIC);
    this.#answered?.(new TextDecoder().decode(payload as Uint8Array));
  }

  subscribe(topicFilter: string, deliver: (message: Message) => void): () => void {
    assert.equal(topicFilter, CONTROL_TOPIC);
    this.#deliver = deliver;
    return () => {};
  }

  failed(what: string, error: unknown): void {
    throw new Error(what, { cause: error });
  }

  /** Makes a role; returns the error of the answer. */
  async create(rolename: string): Promise<string | undefined> {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#answered = resolve;
    const text = JSON.stringify({ commands: [{ command: "createRole", rolename }] });
    const payload = new TextEncoder().encode(text);
    this.#deliver!({ topicName: CONTROL_TOPIC, payload, publisherId: "c" } as unknown as Message);
    return JSON.parse(await promise).responses[0].error;
  }

  /** Looks what others have changed. */
  async look(): Promise<void> {
    this.topic.look();
    await new Promise((resolve) => setTimeout(resolve, 0));
  }

  get roles(): string {
    return [...this.access.document.roles.keys()].join(" ");
  }

  get stored(): string {
    return [...this.files.get("d")!.matchAll(/"rolename":\s*"(\w+)"/g)].map(([, name]) => name)
      .join(" ");
  }
}

async function two(): Promise<[Shared, Broker, Broker]> {
  const shared = new Shared();
  const brokers = [new Broker(shared, ["a"]), new Broker(shared, ["b"])] as const;
  for (const { topic } of brokers) await topic.begin();
  return [shared, ...brokers];
}

Deno.test("The first broker gives its document, and others set their file aside for it", async () => {
  const [, a, b] = await two();
  assert.deepEqual([a.roles, b.roles, b.stored], ["a", "a", "a"]);
  assert.match(b.files.get("d.replaced")!, /"b"/);
});

Deno.test("A command that meets another broker's is carried out on what that one has made", async () => {
  const [shared, a, b] = await two();
  shared.before = async () => assert.equal(await b.create("second"), undefined);
  assert.equal(await a.create("first"), undefined);
  await b.look();
  assert.deepEqual([a.stored, b.stored], ["a second first", "a first second"].map(sorted));
  assert.equal(await b.create("first"), "Role already exists");
});

Deno.test("Where others cannot be asked a command changes nothing", async () => {
  const [shared, a] = await two();
  shared.failure = "no server";
  assert.equal(await a.create("new"), "Cannot tell the other nodes");
  assert.equal(a.roles, "a");
  shared.failure = undefined;
  assert.equal(await a.create("new"), undefined);
});

Deno.test("What this program does not understand of another broker is neither taken nor overwritten", async () => {
  const [shared, a] = await two();
  const text = JSON.stringify({ roles: [{ rolename: "x", acls: [{ acltype: "of later" }] }] });
  shared.value = { text, revision: 7 };
  await a.look();
  assert.equal(await a.create("new"), "Cannot tell the other nodes");
  assert.equal(a.roles, "a");
  assert.equal(shared.value.text, text);
});

Deno.test("What the servers have lost is put there again", async () => {
  const [shared, a, b] = await two();
  const earlier = shared.value;
  assert.equal(await a.create("new"), undefined);
  for (const lost of [earlier, undefined]) {
    shared.value = lost;
    await a.look();
    await b.look();
    assert.deepEqual([a.roles, b.roles], ["a new", "a new"]);
  }
});

Deno.test("A change holds where others have it, also at a broker whose disk is full", async () => {
  const [, a, b] = await two();
  b.isDiskFull = true;
  assert.equal(await a.create("new"), undefined);
  await b.look();
  assert.deepEqual([b.roles, b.stored], ["a new", "a"]);
  assert.equal(await b.create("more"), undefined);
  assert.deepEqual([b.roles, b.stored], ["a new more", "a"]);
  assert(b.log.lines.some((line) => line.includes("it is older than what holds")));
});

function sorted(names: string): string {
  return names.split(" ").sort().join(" ");
}
