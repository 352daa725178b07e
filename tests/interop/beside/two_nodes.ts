import { EvenNodes } from "../../support/even_nodes.ts";
import type { Place } from "./talk.ts";

/** Two nodes of a cluster: the first connection of a script goes to the first node, the second to the second, and so on in turn. */
export class TwoNodesPlace implements Place {
  readonly #places: readonly [Place, Place];
  readonly #nodes: EvenNodes;

  private constructor(places: readonly [Place, Place], nodes: EvenNodes) {
    this.#places = places;
    this.#nodes = nodes;
  }

  /** `free`: ports of listeners of the two without users, rules and limits. */
  static async open(
    places: readonly [Place, Place],
    free: readonly [number, number],
  ): Promise<TwoNodesPlace> {
    return new TwoNodesPlace(places, await EvenNodes.open(free));
  }

  portOf(name: string, index: number): number {
    return this.#places[index % 2]!.portOf(name, index);
  }

  async pass(): Promise<void> {
    await this.#nodes.even();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#nodes[Symbol.asyncDispose]();
  }
}
