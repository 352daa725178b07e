import type { Mutation } from "./apply.ts";
import { of } from "./rows.ts";

/** The mistakes of `lib/bridge`. */
export const BRIDGE_MUTATIONS: readonly Mutation[] = [
  ...of(
    "bridge/relay.ts",
    [
      "messages leave before the subscriptions, whose Packet Identifiers they have",
      "if (!this.mayPublish || this.allowance < 1) return false;",
      "if (this.allowance < 1) return false;",
      "bridge/relay",
    ],
    [
      "a message for which the remote broker has no room is over",
      'throw new BridgeFault("quota", "The remote broker has no room for a message (0x97)");',
      'counters.drop("quota");',
      "bridge/relay",
    ],
    [
      "a message goes back to where it was",
      'if (passed.includes(this.#there)) return "came_from_there";',
      "",
      "bridge/relay",
    ],
    [
      "a message of QoS 2 that went out at QoS 1 is never over",
      "type === FirstByte.Puback >> 4 && this.#lowered.delete(packetId)",
      "false",
      "bridge/relay",
    ],
    [
      "what does not go out stays in flight for ever",
      "this.#init.counters.drop(reason);\n    this.#ackLocally(ReasonCode.Success);",
      "this.#init.counters.drop(reason);",
      "bridge/relay",
    ],
  ),
  ...of(
    "bridge/publish_view.ts",
    [
      "Subscription Identifiers of one broker go to another",
      "id !== SUBSCRIPTION_IDENTIFIER && id !== TOPIC_ALIAS",
      "id !== TOPIC_ALIAS",
      "bridge/relay",
    ],
  ),
  ...of(
    "bridge/dial_plan.ts",
    [
      "a network that fails makes a bridge speak an older version",
      'if (reason !== "closed" || attempt === this.#provenAttempt) return false;',
      'if (reason !== "closed") return false;',
      "bridge/machine",
    ],
    [
      "a round does not begin with the primary",
      "if (!roundRobin) this.addressIndex = 0;",
      "",
      "bridge/machine",
    ],
    [
      "the first address is tried twice in a round",
      "this.#addressesLeft = addresses.length - 1;",
      "this.#addressesLeft = addresses.length;",
      "bridge/machine",
    ],
  ),
  ...of(
    "bridge/remote_half.ts",
    [
      "the secondary is not left when the primary serves",
      "      this.sayGoodbye();\n      this.#hasSubscribed = false;",
      "      this.#hasSubscribed = false;",
      "bridge/machine",
    ],
  ),
  ...of(
    "bridge/local_half.ts",
    [
      "more is under way than the remote broker takes",
      "limits.receiveMaximum ?? this.#init.window",
      "this.#init.window",
      "bridge/machine",
    ],
    [
      "Packet Identifiers of a remote session that is gone still mean messages",
      "forgetsReceived: limits?.sessionPresent === false",
      "forgetsReceived: false",
      "bridge/machine",
    ],
  ),
  ...of(
    "bridge/sides.ts",
    [
      "a remote broker is given up when it is pinged",
      "this.keepAliveSeconds * 1500",
      "this.keepAliveSeconds * 1000 - 1",
      "bridge/machine",
    ],
  ),
  ...of(
    "bridge/pace.ts",
    [
      "an idle bridge looks without a pause what waits",
      "Math.max(idleSinceMs, this.#activeAtMs) + LAZY_LOOK_MS",
      "idleSinceMs + LAZY_LOOK_MS",
      "bridge/machine",
    ],
  ),
  ...of(
    "bridge/transitions.ts",
    [
      "a bridge that waits counts as connected when it tries again",
      'waiting: { dials: "connecting"',
      'waiting: { dials: "connected"',
      "bridge/transitions",
    ],
  ),
  ...of(
    "bridge/output.ts",
    [
      "bytes are put into the buffer that was there before",
      "const at = this.reserve(bytes.length);\n    this.bytes.set(bytes, at);",
      "this.bytes.set(bytes, this.reserve(bytes.length));",
      "bridge/output",
    ],
  ),
];
