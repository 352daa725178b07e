import { deepEqual, equal } from "node:assert/strict";
import { type BridgeHomes, Bridges, hostOf } from "../../lib/bridge/mod.ts";
import { Server } from "../../lib/net/mod.ts";
import { until } from "../support/bridge_ends.ts";
import { DEFAULT_BRIDGE_OPTIONS } from "../support/bridge_options.ts";

/** A node `a` whose bridge is at the given node, which may have it. */
class Stage implements BridgeHomes, AsyncDisposable {
  readonly node = "a";
  readonly warnings: string[] = [];
  readonly #server = new Server();
  readonly #bridges: Bridges;
  isReached = true;
  nowMs = 0;

  constructor(public home: string | undefined, nodes: readonly string[]) {
    const tell = (message: string, { reason, node }: Record<string, unknown> = {}) =>
      void this.warnings.push(`${message}: ${reason ?? node}`);
    const log = { error: tell, warning: tell, info: () => {}, debug: () => {}, debugOn: false };
    const init = { brokerId: "1", log, nowMs: () => this.nowMs, homes: this };
    this.#bridges = new Bridges(hostOf(this.#server, init));
    const addresses = [{ hostname: "127.0.0.1", port: 9, scheme: "mqtt", path: "" }] as const;
    void this.#bridges.configure([
      { ...DEFAULT_BRIDGE_OPTIONS, name: "far", remoteClientId: "far", addresses, nodes },
    ]);
  }

  homeOf(): string | undefined {
    return this.home;
  }

  isThere(): boolean {
    return true;
  }

  candidates(): readonly string[] {
    return ["a", "b"];
  }

  isLeaving(): boolean {
    return false;
  }

  offer(): void {}

  leave(): void {}

  claim(): void {}

  get status() {
    return this.#bridges.statuses[0]!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bridges.close();
    await this.#server.close();
  }
}

Deno.test("a node that is cut off says why it does not have its bridge", async () => {
  await using stage = new Stage("a", []);
  equal(stage.status.state === "elsewhere", false);
  stage.isReached = false;
  await until(() => stage.status.state === "elsewhere");
  const { node, reason } = stage.status;
  deepEqual([node, reason], ["a", "no_cluster"]);
  stage.home = "b";
  equal(stage.status.reason, "");
});

Deno.test("a bridge leaves its node for a reason that is said", async () => {
  for (
    const [home, reason] of [["b", "another node has it"], [undefined, "its session has ended"]]
  ) {
    await using stage = new Stage("a", []);
    stage.home = home;
    await until(() => stage.status.state === "elsewhere");
    deepEqual(stage.warnings.filter((line) => line.includes("leaves")), [
      `The bridge leaves this node: ${reason}`,
    ]);
  }
});

Deno.test("a node that should have a bridge alone, and does not because another one may, says so once", async () => {
  await using stage = new Stage("b", ["a"]);
  for (const atMs of [59_000, 61_000, 200_000]) {
    await new Promise((resolve) => setTimeout(resolve, 600));
    equal(stage.warnings.length, atMs > 61_000 ? 1 : 0);
    stage.nowMs = atMs;
  }
  await using other = new Stage("b", ["a", "b"]);
  other.nowMs = 61_000;
  await new Promise((resolve) => setTimeout(resolve, 600));
  deepEqual(other.warnings, []);
  equal(stage.warnings.length, 1);
});
