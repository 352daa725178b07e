import type { BridgeAdmission } from "../broker/mod.ts";
import { BridgeDriver } from "./driver.ts";
import { type BridgeHomes, HomeWatch } from "./homes.ts";
import type { BridgeHost } from "./host.ts";
import {
  admissionOf,
  type BridgeOptions,
  localClientIdOf,
  notificationTopicOf,
} from "./options.ts";
import { BridgeCounters, type BridgeStatus } from "./state.ts";

const LOOK_MS = 250;
/** Until then all nodes may have read a configuration that was changed. */
const CONTESTED_MS = 60_000;

/** A bridge of a cluster: it runs at the node that has its session, and waits at the others. */
export class RovingBridge {
  /** Every setting. */
  readonly options: BridgeOptions;
  readonly #host: BridgeHost;
  readonly #homes: BridgeHomes;
  readonly #watch: HomeWatch;
  readonly #clientId: string;
  readonly #admission: BridgeAdmission;
  readonly #counters = new BridgeCounters();
  #formerFilters: readonly string[];
  #driver: BridgeDriver | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #home = "";
  #sinceMs = 0;
  #contestedAtMs = Infinity;
  #isToldContested = false;

  /** Nothing happens before `start`. `formerFilters`: {@linkcode BridgeDriver}'s. */
  constructor(
    options: BridgeOptions,
    host: BridgeHost,
    homes: BridgeHomes,
    formerFilters: readonly string[],
  ) {
    this.options = options;
    this.#homes = homes;
    this.#watch = new HomeWatch(homes);
    this.#clientId = localClientIdOf(options);
    this.#admission = admissionOf(options);
    this.#formerFilters = formerFilters;
    this.#host = {
      ...host,
      isOfCluster: true,
      publish: (topicName, payload) => {
        // What a node says that is cut off would come behind what the next one has said. Below `$SYS/` each says its own.
        if (this.#isHere || topicName.startsWith("$SYS/")) host.publish(topicName, payload);
      },
    };
  }

  /** Begins to look whether this node has it. */
  start(): void {
    this.#sinceMs = this.#host.nowMs();
    this.#look();
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  /** Ends it here; resolves when the remote broker has been told. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#driver?.stop();
  }

  /** Its status here. */
  get status(): BridgeStatus {
    const node = this.#homes.homeOf(this.#clientId) ?? "";
    if (this.#driver !== undefined) return { ...this.#driver.status, node };
    const { name, addresses: [first] } = this.options;
    const isCutOff = node === this.#homes.node && !this.#homes.isReached;
    return {
      name,
      state: "elsewhere",
      node,
      reason: isCutOff ? "no_cluster" : "",
      message: isCutOff
        ? "This node does not reach its cluster, so another one may have the bridge"
        : "",
      address: `${first!.hostname}:${first!.port}`,
      protocolVersion: 0,
      sinceMs: this.#sinceMs,
      retryAtMs: Infinity,
      localClientId: this.#clientId,
      counters: this.#counters,
    };
  }

  /** Whether this node may have it. */
  get mayBeHere(): boolean {
    const { nodes } = this.options;
    return nodes.length === 0 || nodes.includes(this.#homes.node);
  }

  get #isHere(): boolean {
    const isHome = this.#homes.homeOf(this.#clientId) === this.#homes.node;
    return isHome && (this.#homes.isReached || this.#isPinned);
  }

  get #isPinned(): boolean {
    return this.options.nodes.length === 1;
  }

  #look(): void {
    const clientId = this.#clientId;
    // Where it comes to this node, messages come before it connects.
    this.#host.limit(clientId, this.#admission);
    const isHere = this.mayBeHere && this.#watch.look({
      clientId,
      isPinned: this.#isPinned,
      hasSession: this.#host.session(clientId) !== undefined,
    }, this.#host.nowMs());
    if (isHere && this.#driver === undefined) this.#begin();
    else if (!isHere && this.#driver !== undefined) this.#leave();
    this.#noteHome();
    this.#warnOfNodes();
  }

  #begin(): void {
    this.#host.log.info("The bridge is at this node", { bridge: this.options.name });
    // The node that it was at may have died without a word.
    if (this.options.notifications) this.#host.publish(notificationTopicOf(this.options), "0");
    this.#driver = new BridgeDriver(this.options, this.#host, this.#formerFilters);
    this.#formerFilters = [];
    this.#driver.start();
  }

  #leave(): void {
    const { name } = this.options;
    const home = this.#homes.homeOf(this.#clientId);
    const reason = home === undefined
      ? "its session has ended"
      : home === this.#homes.node
      ? "the cluster is not reached"
      : "another node has it";
    this.#host.log.warning("The bridge leaves this node", { bridge: name, reason });
    const driver = this.#driver!;
    this.#driver = undefined;
    this.#sinceMs = this.#host.nowMs();
    void driver.stop();
  }

  #noteHome(): void {
    const home = this.#homes.homeOf(this.#clientId) ?? "";
    if (home === this.#home) return;
    this.#home = home;
    if (this.#driver !== undefined) return;
    this.#sinceMs = this.#host.nowMs();
    if (home !== "" && home !== this.#homes.node) {
      this.#host.log.info("The bridge is at another node", {
        bridge: this.options.name,
        node: home,
      });
    }
  }

  /** Nodes that name others each for itself: one of them has the bridge, and the rest would wait without a word. */
  #warnOfNodes(): void {
    const isContested = this.#isPinned && this.mayBeHere && this.#home !== this.#homes.node &&
      this.#homes.candidates(this.#clientId).includes(this.#home);
    if (!isContested) return void (this.#contestedAtMs = Infinity);
    const nowMs = this.#host.nowMs();
    this.#contestedAtMs = Math.min(this.#contestedAtMs, nowMs);
    if (this.#isToldContested || nowMs - this.#contestedAtMs < CONTESTED_MS) return;
    this.#isToldContested = true;
    this.#host.log.warning(
      "`bridge_node` names this node, and another one has the bridge, whose configuration lets it: one of a name is there in a cluster, and its block is the same at all nodes",
      { bridge: this.options.name, node: this.#home },
    );
  }
}
