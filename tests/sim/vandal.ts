import { encodePacket } from "../../lib/codec/mod.ts";
import type { Random } from "../support/random.ts";
import type { Network, Peer } from "./link.ts";
import { PLAIN } from "./connect_packet.ts";
import type { World } from "./world.ts";

/** A peer that breaks the rules: it has to end itself, and nobody else may notice. */
export class Vandal implements Peer {
  readonly #world: World;
  readonly #random: Random;

  constructor(world: World, random: Random) {
    this.#world = world;
    this.#random = random;
  }

  strike(network: Network): void {
    const { vandals } = this.#world;
    this.#world.vandals++;
    const facts = { ...PLAIN, clientId: `vandal${vandals}`, version: 4 as const };
    const link = this.#world.openLink(this, facts, network);
    const random = this.#random;
    const bytes = random.bool()
      ? random.bytes(1 + random.int(40))
      : encodePacket({ type: "unsubscribe", packetId: 1, topicFilters: ["a/#"] }, 4);
    if (random.bool()) bytes[random.int(bytes.length)] = random.int(256);
    link.write(bytes);
    link.finish();
  }

  onBytes(): void {}
  onEnd(): void {}
}
