import { type BridgeOptions, notificationTopicOf } from "./options.ts";
import type { Output } from "./output.ts";
import type { BridgePorts } from "./ports.ts";
import { putPacket } from "./relay.ts";
import type { RemoteLimits } from "./remote_limits.ts";

/** Publishes whether a bridge is connected, if that is configured. */
export class Notices {
  readonly #options: BridgeOptions;
  readonly #ports: Pick<BridgePorts, "notify">;

  /** `ports` belong to this broker. */
  constructor(options: BridgeOptions, ports: Pick<BridgePorts, "notify">) {
    this.#options = options;
    this.#ports = ports;
  }

  /** Publishes in this broker. */
  locally(payload: "0" | "1"): void {
    if (this.#options.notifications) this.#ports.notify(payload);
  }

  /** Publishes in the remote broker. */
  remotely(payload: "0" | "1", output: Output, limits: RemoteLimits): void {
    const { notifications, notificationsLocalOnly } = this.#options;
    if (!notifications || notificationsLocalOnly) return;
    putPacket(output, {
      type: "publish",
      topicName: notificationTopicOf(this.#options),
      payload: new TextEncoder().encode(payload),
      qos: 0,
      retain: limits.retainAvailable,
      dup: false,
      packetId: 0,
      properties: undefined,
    }, limits.version);
  }
}
