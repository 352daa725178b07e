import { Core } from "../../lib/broker/core/core.ts";
import { RetainedMessages } from "../../lib/broker/core/retained.ts";
import { Router } from "../../lib/broker/core/router.ts";
import { Fanout } from "../../lib/broker/ground/fanout.ts";
import { Outbox } from "../../lib/broker/state/outbox.ts";
import { DeliveryQueue, Sender } from "../../lib/session/mod.ts";
import { RetainedTopics } from "../../lib/topic/mod.ts";
import { type Breaking, breaking } from "../support/breaking.ts";
import type { Random } from "../support/random.ts";
import { SimStore } from "./store.ts";

/**
 * Faults of our own, at random: methods in the middle of handlers, deliveries and encoders throw before they have done anything.
 *
 * Not `putSession` and `putWill`: what a connection that has ended leaves behind cannot be told to anybody, so that a crash
 * soon after finds what was stored before, as the model cannot know.
 */
export class Chaos {
  readonly #broken: readonly Breaking[];

  /** One call in `oneIn` throws. */
  constructor(random: Random, oneIn: number) {
    this.#broken = [
      breaking(Outbox.prototype, "relayPublish"),
      breaking(Outbox.prototype, "sendPublish"),
      breaking(Fanout.prototype, "copyInto"),
      breaking(Fanout.prototype, "keep"),
      breaking(Fanout.prototype, "keepForLong"),
      breaking(DeliveryQueue.prototype, "push"),
      breaking(Sender.prototype, "start"),
      breaking(RetainedTopics.prototype, "set"),
      breaking(RetainedMessages.prototype, "store"),
      breaking(Router.prototype, "subscribe"),
      breaking(Core.prototype, "postpone"),
      breaking(SimStore.prototype, "putSubscription"),
      breaking(SimStore.prototype, "putDelivery"),
      breaking(SimStore.prototype, "putInFlight"),
      breaking(SimStore.prototype, "putReceived"),
      breaking(SimStore.prototype, "putRetained"),
    ];
    for (const broken of this.#broken) broken.when = () => this.isOn && random.int(oneIn) === 0;
  }

  /** While not, nothing throws. */
  isOn = true;

  /** How often something has thrown. */
  get count(): number {
    return this.#broken.reduce((sum, { count }) => sum + count, 0);
  }

  [Symbol.dispose](): void {
    for (const broken of this.#broken) broken[Symbol.dispose]();
  }
}
