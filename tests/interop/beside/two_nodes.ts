import { EvenNodes } from "../../support/even_nodes.ts";
import type { Place } from "./talk.ts";

/** Two nodes of a cluster: the first connection of a script goes to the first node, the second to the second, and so on in turn. */
export class TwoNodesPlace implements Place {
  readonly #ports: readonly [number, number];
  readonly #nodes: EvenNodes;

  private constructor(ports: readonly [number, number], nodes: EvenNodes) {
    this.#ports = ports;
    this.#nodes = nodes;
  }

  /** `free`: ports of listeners of the two without users, rules and limits; default: those that the script's connections go to. */
  static async open(
    ports: readonly [number, number],
    free: readonly [number, number] = ports,
  ): Promise<TwoNodesPlace> {
    return new TwoNodesPlace(ports, await EvenNodes.open(free));
  }

  portOf(_: string, index: number): number {
    return this.#ports[index % 2]!;
  }

  async pass(): Promise<void> {
    await this.#nodes.even();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#nodes[Symbol.asyncDispose]();
  }
}
