// @ts-check
import { readProperties } from "./mqtt_properties.js";

const DECODER = new TextDecoder();

/**
 * A message as it came. Of ten thousand in a second a page shows thirty: the text of a topic is made when somebody asks for it, and
 * what is kept longer than the call that brought it is `kept`.
 */
export class Message {
  #topicBytes;
  /** @type {string | undefined} */
  #topic;

  /**
   * @param {number} firstByte
   * @param {import("./mqtt_bytes.js").Reader} body
   */
  constructor(firstByte, body) {
    this.atMs = Date.now();
    this.#topicBytes = body.binary();
    this.qos = firstByte >> 1 & 3;
    this.retain = (firstByte & 1) === 1;
    if (this.qos > 0) body.uint16();
    this.properties = readProperties(body);
    /** A view of what came: `kept` has a copy. */
    this.payload = body.bytes(body.left);
  }

  /** The Topic Name. */
  get topic() {
    return this.#topic ??= DECODER.decode(this.#topicBytes);
  }

  /** The same, for those who keep it: without the bytes around it. */
  kept() {
    const { topic, payload, properties, retain, atMs } = this;
    return { topic, payload: payload.slice(), properties, retain, atMs };
  }
}
