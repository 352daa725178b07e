// @ts-check
/// <reference lib="dom" />
import { takePackets, Writer } from "./mqtt_bytes.js";
import { Message } from "./mqtt_message.js";
import { readProperties, writeProperties } from "./mqtt_properties.js";

/** @typedef {import("./mqtt_bytes.js").Reader} Reader */
/** @typedef {import("./mqtt_properties.js").Properties} Properties */
/** @typedef {{ filter: string, onMessage: (message: Message) => void, onRefused: (why: string) => void, wantsRetained: boolean }} Subscription */
/** @typedef {{ resolve: () => void, reject: (error: Error) => void }} Waiting */

const KEEP_ALIVE_SECONDS = 30;
/** Subscription Options, at QoS 0. */
const RETAIN_AS_PUBLISHED = 0x08;
const WITHOUT_RETAINED = 0x20;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 10_000;

/** @type {Readonly<Record<number, string>>} */
const REASONS = {
  0x10: "nobody has subscribed to it",
  0x80: "the broker does not say why",
  0x87: "not authorized: the ACL or the role does not allow it",
  0x8f: "the Topic Filter is not valid",
  0x90: "the Topic Name is not valid",
  0x97: "a quota is exceeded, or the store is full or failing",
  0x98: "disconnected by an administrator",
};

/**
 * A small client of MQTT 5.0 in a WebSocket of the page's own origin. It connects when it is first needed, and again by itself; what
 * was subscribed to is subscribed to again.
 */
export class Mqtt {
  /** @type {WebSocket | undefined} */
  #socket;
  #isConnected = false;
  #isWanted = false;
  #retryMs = FIRST_RETRY_MS;
  #nextId = 1;
  /** @type {Uint8Array} */
  #rest = new Uint8Array();
  /** @type {Map<number, Subscription>} */
  #subscriptions = new Map();
  /** What waits for its acknowledgement. @type {Map<number, Waiting>} */
  #waiting = new Map();
  /** By Packet Identifier, the subscription that SUBACK speaks of. @type {Map<number, number>} */
  #granting = new Map();
  /** @type {Set<(isConnected: boolean, why: string) => void>} */
  #watchers = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #why = "";

  /**
   * Calls `tell` when the connection comes and goes; the function returned ends it.
   * @param {(isConnected: boolean, why: string) => void} tell
   */
  watch(tell) {
    this.#watchers.add(tell);
    tell(this.#isConnected, this.#why);
    return () => void this.#watchers.delete(tell);
  }

  /**
   * Subscribes at QoS 0; the function returned ends it.
   * @param {string} filter
   * @param {(message: Message) => void} onMessage
   * @param {{ onRefused?: (why: string) => void, wantsRetained?: boolean }} [init]
   */
  subscribe(filter, onMessage, { onRefused = () => {}, wantsRetained = true } = {}) {
    const id = this.#newId();
    const subscription = { filter, onMessage, onRefused, wantsRetained };
    this.#subscriptions.set(id, subscription);
    this.#want();
    if (this.#isConnected) this.#sendSubscribe(id, subscription);
    return () => this.#unsubscribe(id, filter);
  }

  /**
   * Publishes; resolves when the broker has acknowledged it, at QoS 0 when it is sent.
   * @param {{ topic: string, payload: Uint8Array, qos: number, retain: boolean, properties: Properties }} message
   * @returns {Promise<void>}
   */
  async publish({ topic, payload, qos, retain, properties }) {
    await this.#untilConnected();
    const packetId = this.#newId();
    const body = new Writer().text(topic);
    if (qos > 0) body.uint16(packetId);
    body.sized(writeProperties(properties)).bytes(payload);
    this.#send(body.packet(0x30 | qos << 1 | (retain ? 1 : 0)));
    if (qos === 0) return;
    await new Promise((/** @type {(value: void) => void} */ resolve, reject) => {
      this.#waiting.set(packetId, { resolve, reject });
    });
  }

  /** Leaves, for good: the page was logged out. */
  close() {
    this.#isWanted = false;
    this.#subscriptions.clear();
    clearTimeout(this.#timer);
    if (this.#isConnected) this.#send(new Writer().packet(0xe0));
    this.#socket?.close();
  }

  #newId() {
    const id = this.#nextId;
    this.#nextId = id % 65_535 + 1;
    return id;
  }

  #want() {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#open();
  }

  /** @returns {Promise<void>} */
  #untilConnected() {
    this.#want();
    if (this.#isConnected) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        stop();
        reject(new Error(this.#why || "The broker does not answer"));
      }, 5000);
      const stop = this.watch((isConnected) => {
        if (!isConnected) return;
        clearTimeout(timer);
        queueMicrotask(() => stop());
        resolve();
      });
    });
  }

  #open() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/mqtt`, ["mqtt"]);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#rest = new Uint8Array();
    socket.onopen = () => this.#sendConnect();
    socket.onmessage = ({ data }) => this.#receive(new Uint8Array(data));
    socket.onclose = () => this.#lost();
  }

  #sendConnect() {
    const name = `page-${crypto.getRandomValues(new Uint32Array(1))[0]?.toString(36)}`;
    // Clean Start; no properties; the Client Identifier.
    const body = new Writer().text("MQTT").byte(5).byte(2).uint16(KEEP_ALIVE_SECONDS)
      .sized(new Writer()).text(name);
    this.#send(body.packet(0x10));
  }

  #lost() {
    clearInterval(this.#timer);
    this.#setConnected(false, this.#why || "The connection was lost");
    for (const { reject } of this.#waiting.values()) reject(new Error("The connection was lost"));
    this.#waiting.clear();
    if (!this.#isWanted) return;
    this.#timer = setTimeout(() => this.#open(), this.#retryMs);
    this.#retryMs = Math.min(LAST_RETRY_MS, this.#retryMs * 2);
  }

  /**
   * @param {boolean} isConnected
   * @param {string} why
   */
  #setConnected(isConnected, why) {
    this.#isConnected = isConnected;
    this.#why = why;
    for (const tell of [...this.#watchers]) tell(isConnected, why);
  }

  /** @param {Uint8Array} bytes */
  #receive(bytes) {
    let whole = bytes;
    if (this.#rest.length > 0) {
      whole = new Uint8Array(this.#rest.length + bytes.length);
      whole.set(this.#rest);
      whole.set(bytes, this.#rest.length);
    }
    this.#rest = takePackets(whole, (firstByte, body) => this.#handle(firstByte, body));
  }

  /**
   * @param {number} firstByte
   * @param {Reader} body
   */
  #handle(firstByte, body) {
    switch (firstByte >> 4) {
      case 2:
        return this.#connected(body);
      case 3:
        return this.#message(firstByte, body);
      case 4:
      case 7:
        return this.#acknowledged(body);
      case 5:
        return this.#received(body);
      case 9:
        return this.#granted(body);
      case 14:
        this.#why = reasonOf(body.left > 0 ? body.byte() : 0);
    }
  }

  /** @param {Reader} body */
  #connected(body) {
    body.byte();
    const code = body.byte();
    if (code !== 0) {
      this.#why = `The broker refuses the page: ${reasonOf(code)}`;
      return;
    }
    this.#retryMs = FIRST_RETRY_MS;
    this.#timer = setInterval(
      () => this.#send(new Writer().packet(0xc0)),
      KEEP_ALIVE_SECONDS * 500,
    );
    for (const [id, subscription] of this.#subscriptions) this.#sendSubscribe(id, subscription);
    this.#setConnected(true, "");
  }

  /**
   * @param {number} firstByte
   * @param {Reader} body
   */
  #message(firstByte, body) {
    const message = new Message(firstByte, body);
    for (const id of message.properties.subscriptionIdentifiers ?? []) {
      this.#subscriptions.get(id)?.onMessage(message);
    }
  }

  /** @param {Reader} body */
  #acknowledged(body) {
    const packetId = body.uint16();
    const code = body.left > 0 ? body.byte() : 0;
    const waiting = this.#waiting.get(packetId);
    this.#waiting.delete(packetId);
    if (code >= 0x80) waiting?.reject(new Error(`The broker refuses it: ${reasonOf(code)}`));
    else waiting?.resolve();
  }

  /** PUBREC: the message is let go, or refused. @param {Reader} body */
  #received(body) {
    const start = body.at;
    const packetId = body.uint16();
    if (body.left > 0 && body.byte() >= 0x80) {
      body.at = start;
      return this.#acknowledged(body);
    }
    this.#send(new Writer().uint16(packetId).packet(0x62));
  }

  /** @param {Reader} body */
  #granted(body) {
    const packetId = body.uint16();
    readProperties(body);
    const id = this.#granting.get(packetId);
    this.#granting.delete(packetId);
    const code = body.left > 0 ? body.byte() : 0;
    if (id === undefined || code < 0x80) return;
    this.#subscriptions.get(id)?.onRefused(`The broker refuses the filter: ${reasonOf(code)}`);
    this.#subscriptions.delete(id);
  }

  /**
   * @param {number} id
   * @param {Subscription} subscription
   */
  #sendSubscribe(id, { filter, wantsRetained }) {
    const packetId = this.#newId();
    this.#granting.set(packetId, id);
    const body = new Writer().uint16(packetId)
      .sized(writeProperties({ subscriptionIdentifiers: [id] }))
      .text(filter).byte(RETAIN_AS_PUBLISHED | (wantsRetained ? 0 : WITHOUT_RETAINED));
    this.#send(body.packet(0x82));
  }

  /**
   * @param {number} id
   * @param {string} filter
   */
  #unsubscribe(id, filter) {
    if (!this.#subscriptions.delete(id)) return;
    // Another part of the page may want the same filter: then that one holds again.
    const other = [...this.#subscriptions].find(([, subscription]) =>
      subscription.filter === filter
    );
    if (!this.#isConnected) return;
    if (other !== undefined) return this.#sendSubscribe(...other);
    const body = new Writer().uint16(this.#newId()).sized(new Writer()).text(filter);
    this.#send(body.packet(0xa2));
  }

  /** @param {Uint8Array<ArrayBuffer>} packet */
  #send(packet) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(packet);
  }
}

/** @param {number} code */
function reasonOf(code) {
  return REASONS[code] ?? `Reason Code 0x${code.toString(16).padStart(2, "0")}`;
}
